"""Additive models g(x) = base + sum_i effect_i x_i, x_i = 1 kept: weighted fits, and their Fourier form."""

import numpy as np
from numpy.typing import NDArray

from spexcore.game import Values
from spexcore.masks import Coalition, Masks
from spexcore.spectrum import Spectrum

Floats = NDArray[np.float64]


def additive_spectrum(full: float, effects: Floats, players: tuple[str, ...]) -> Spectrum:
    """Fourier form of g(x) = full - sum_i effect_i (1 - x_i): F({i}) = -effect_i / 2, since x_i = (1 - chi_i) / 2."""
    halves = effects / 2
    terms: dict[Coalition, float] = {(i,): -float(half) for i, half in enumerate(halves) if half}
    return Spectrum({(): full - float(halves.sum()), **terms}, players)


def weighted_additive(masks: Masks, values: Values, weights: Floats, ridge: float = 0.0) -> tuple[float, Floats]:
    """(g(all kept), effects) of min sum_r w_r (y_r - g(x_r))^2 + ridge |effects|^2, the base free.

    Without ridge the smallest effects are taken among equally good ones.
    """
    share = weights / weights.sum()
    kept = masks.astype(np.float64)
    centre, mean = share @ kept, float(share @ values)
    scale = np.sqrt(weights)[:, None]
    rows, rest = (kept - centre) * scale, (values - mean) * scale[:, 0]
    if ridge:
        n_players = masks.shape[1]
        rows = np.vstack([rows, np.sqrt(ridge) * np.eye(n_players)])
        rest = np.concatenate([rest, np.zeros(n_players)])
    effects = np.linalg.lstsq(rows, rest, rcond=None)[0]
    return mean + float((1 - centre) @ effects), effects
