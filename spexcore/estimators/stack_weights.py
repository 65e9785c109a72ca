"""Weights of the members of a blend, from what each predicts of masks it has not seen."""

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.walsh_kernel import Array

DOUBT = 1.0  # a member worse than the best by t standard errors weighs exp(-DOUBT t^2) before anything is fitted
PULL = 200.0  # samples that the first guess at the weights is worth: fitted ones follow it where samples are few


def likely_best(guesses: Array, values: Array, belief: Array) -> Array:
    """Weights (n_members,) that add up to one: belief x how far each may be the best, by paired errors mask by mask.

    guesses: out-of-fold predictions (n_masks, n_members). With few masks many members may be: they are averaged.
    """
    errors = (values[:, None] - guesses) ** 2
    excess = errors - errors[:, [int(errors.sum(axis=0).argmin())]]
    spread = np.maximum(excess.std(axis=0), np.finfo(float).tiny)
    likely = belief * np.exp(-DOUBT * len(values) * (excess.mean(axis=0) / spread) ** 2)
    return likely / likely.sum()


def blend_weights(guesses: Array, values: Array, belief: Array) -> Array:
    """Non-negative least-squares weights (n_members,) of guesses (n_masks, n_members), drawn towards `likely_best`."""
    from scipy.optimize import nnls

    first = likely_best(guesses, values, belief)
    strength = np.sqrt(PULL * values.var())
    columns = np.vstack([guesses, strength * np.eye(len(first))])
    weights: NDArray[np.float64] = nnls(columns, np.concatenate([values, strength * first]))[0]
    return weights if weights.any() else first
