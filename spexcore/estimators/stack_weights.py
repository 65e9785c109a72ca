"""Weights of the members of a blend, from what each predicts of masks it has not seen.

Members hardly differ, and few samples tell them apart badly: weights fitted to those blend worse than weights fixed
beforehand. So the blend begins at `belief`, and leaves it only as far as the gain of doing so is beyond doubt.
"""

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.walsh_kernel import Array

DOUBT = 0.3  # a member worse than the best by t standard errors weighs exp(-DOUBT t^2) before anything is fitted
PULL = 60.0  # samples that this first guess is worth: fitted weights follow it where samples are few
CAUTION = 2.0  # standard errors of the gain below which belief is not left at all
ASKED_FOR = 0.1  # share of the samples from which one kind of masks is not there by chance
FAR_OFF = 2.0  # times the error of the mean
LEAST = 1e-3  # of the deviation of all values: smaller ones of a kind may be rounding
PARTS = 5  # of the samples: what fitted weights gain is measured on each part with weights fitted to the others


def units(values: Array, near: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Centre and unit (n_masks,) of each value in which masks near the prompt and all others, where both were asked
    for, weigh alike: the mean of its kind and its deviation, as R2 judges it.

    Where a value saturates it varies a hundred times less near the prompt, and errors there would count for nothing.
    """
    centre, unit = np.empty(len(values)), np.empty(len(values))
    kinds = _kinds(near)
    for kind in kinds:
        centre[kind] = values[kind].mean()
        unit[kind] = max(values[kind].std(), LEAST * values.std()) * np.sqrt(len(kinds) * kind.mean())
    return centre, unit


def _kinds(near: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    """Which masks are of either kind; of one, where the other is there by chance."""
    both = (near, ~near)
    return both if np.mean(both, axis=1).min() >= ASKED_FOR else (np.ones(len(near), dtype=bool),)


def likely_best(guesses: Array, values: Array) -> Array:
    """Weights (n_members,) that add up to one: how far each may be the best, by paired errors mask by mask.

    guesses: out-of-fold predictions (n_masks, n_members). With few masks many members may be: they are averaged.
    """
    errors = (values[:, None] - guesses) ** 2
    excess = errors - errors[:, [int(errors.sum(axis=0).argmin())]]
    spread = np.maximum(excess.std(axis=0), np.finfo(float).tiny)
    likely = np.exp(-DOUBT * len(values) * (excess.mean(axis=0) / spread) ** 2)
    return likely / likely.sum()


def fitted_weights(guesses: Array, values: Array) -> Array:
    """Non-negative least-squares weights of guesses (n_masks, n_members), drawn towards `likely_best`; they add up to
    one."""
    from scipy.optimize import nnls

    first = likely_best(guesses, values)
    strength = np.sqrt(PULL * values.var())
    columns = np.vstack([guesses, strength * np.eye(len(first))])
    weights: NDArray[np.float64] = nnls(columns, np.concatenate([values, strength * first]))[0]
    return weights / weights.sum() if weights.any() else first


def blend_weights(guesses: Array, values: Array, near: NDArray[np.bool_], belief: Array) -> Array:
    """Weights (n_members,) that add up to one: belief, and of the way from there to `fitted_weights` the share
    1 - (CAUTION standard errors of the gain / gain)^2, or nothing where that is negative (James and Stein 1961).

    near: which of the masks are near the prompt, (n_masks,); errors are in `units`.
    """
    centre, unit = units(values, near)
    guesses, values = (guesses - centre[:, None]) / unit[:, None], (values - centre) / unit
    first = _trusted(guesses, values, near, belief)
    before = (values - guesses @ first) ** 2
    gains = np.empty(len(values))
    for part in range(min(PARTS, len(values))):
        here = np.arange(len(values)) % PARTS == part
        weights = fitted_weights(guesses[~here], values[~here])
        gains[here] = before[here] - (values[here] - guesses[here] @ weights) ** 2
    gain = float(gains.mean())
    share = max(0.0, 1.0 - CAUTION**2 * gains.var() / len(gains) / gain**2) if gain > 0 else 0.0
    return (1 - share) * first + share * fitted_weights(guesses, values)


def _trusted(guesses: Array, values: Array, near: NDArray[np.bool_], belief: Array) -> Array:
    """Belief, as weights, without those that err FAR_OFF times as much as the mean of a kind of masks would."""
    errors, kinds = (values[:, None] - guesses) ** 2, _kinds(near)
    worst = np.max([errors[kind].sum(axis=0) for kind in kinds], axis=0)
    of_the_mean = len(values) / len(kinds)  # its squared errors, of either kind, in units
    kept = np.where(worst < FAR_OFF * of_the_mean, belief, 0.0)
    return kept / kept.sum() if kept.any() else belief / belief.sum()
