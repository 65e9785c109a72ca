"""A head start: effects known before any mask is paid, of which an estimator explains only what they leave over."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from spexcore.estimators import WalshGP
from spexcore.estimators.base import MaskEstimator
from spexcore.game import Values
from spexcore.masks import Coalition, Masks
from spexcore.spectrum import Spectrum


def fit_from(
    effects: Values | None, estimator: MaskEstimator, samples: tuple[Masks, Values], players: Sequence[str], seed: int
) -> Spectrum:
    """Spectrum of samples (masks, values): the effects, scaled to the values, plus the estimator's fit of the rest.

    effects: (n_players,), the value each player is expected to add; None for the estimator's fit alone, which is also
    all there is to say of a whole table. The scale is that of least squares: effects that say nothing are left out.
    """
    masks, values = samples
    if effects is None or len(masks) >= 2 ** len(players):
        return estimator.fit(masks, values, seed=seed, players=players)
    added = masks @ effects
    spread = added - added.mean()
    scale = float(spread @ values) / max(float(spread @ spread), 1e-300)
    rest = _of_the_rest(estimator).fit(masks, values - scale * added, seed=seed, players=players)
    return Spectrum(_plus_additive(rest.coefficients, scale * effects), tuple(players))


def _of_the_rest(estimator: MaskEstimator) -> MaskEstimator:
    """A link bends the scale of values; what is left after effects were taken away has no such scale."""
    if isinstance(estimator, WalshGP) and estimator.link == "auto":
        return replace(estimator, link="identity")
    return estimator


def _plus_additive(coefficients: Mapping[Coalition, float], effects: Values) -> dict[Coalition, float]:
    """Fourier coefficients of f(x) + sum_i effects_i x_i: x_i = 1/2 - (-1)^x_i / 2."""
    total = dict(coefficients)
    total[()] = total.get((), 0.0) + float(np.sum(effects)) / 2
    for player, effect in enumerate(effects.tolist()):
        total[(player,)] = total.get((player,), 0.0) - effect / 2
    return total
