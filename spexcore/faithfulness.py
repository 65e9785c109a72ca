"""Faithfulness: how well a spectrum predicts values it has not seen, under uniform masks and near the full prompt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.game import Game, Values
from spexcore.masks import ENUMERABLE, Masks, all_masks, draw, near_limit, pack
from spexcore.spectrum import Spectrum

_FEWEST_UNSEEN = 32  # below this many masks left unseen, the whole table is what there is to judge by


@dataclass(frozen=True)
class Faithfulness:
    """R2 and mean absolute error on held-out masks; `_near` where few players are removed."""

    r2: float
    r2_near: float
    mae: float
    mae_near: float
    n_held_out: int


@dataclass(frozen=True)
class HeldOut:
    """Masks kept away from the estimator, with their values and distribution ("uniform" or "near")."""

    masks: Masks
    values: Values


def r2_score(values: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """1 - unexplained / total sum of squares; on constant values 1.0 when they are met and 0.0 otherwise."""
    error = float(((values - predicted) ** 2).sum())
    total = float(((values - values.mean()) ** 2).sum())
    scale = float((values**2).sum()) + 1e-300
    if total <= 1e-24 * scale:
        return 1.0 if error <= 1e-18 * scale else 0.0
    return 1.0 - error / total


def held_out_masks(distribution: str, n_players: int, n_masks: int, seed: int, seen: Masks) -> Masks:
    """Masks of a distribution that are not among the seen ones, (at most n_masks, n_players).

    In a game so small that almost nothing is unseen, all its masks: they are the truth itself.
    """
    rng = np.random.default_rng([seed, 1 if distribution == "uniform" else 2])
    known = set(pack(seen))
    drawn = draw(distribution, n_players, n_masks + len(known) if n_players <= ENUMERABLE else n_masks, rng)
    fresh = drawn[[key not in known for key in pack(drawn)]][:n_masks]
    if len(fresh) >= min(n_masks, _FEWEST_UNSEEN):
        return fresh
    everything = all_masks(n_players) if n_players <= ENUMERABLE else drawn
    if distribution == "uniform":
        return everything
    removed = n_players - everything.sum(axis=1)
    return everything[(removed >= 1) & (removed <= near_limit(n_players))]


def hold_out(game: Game, distribution: str, n_masks: int, seed: int, seen: Masks) -> HeldOut:
    """Evaluate held-out masks of a distribution on the game."""
    masks = held_out_masks(distribution, game.n_players, n_masks, seed, seen)
    return HeldOut(masks, game(masks))


def faithfulness(spectrum: Spectrum, uniform: HeldOut, near: HeldOut) -> Faithfulness:
    """Judge a spectrum on uniform and on near held-out masks."""
    there, here = spectrum.predict(uniform.masks), spectrum.predict(near.masks)
    return Faithfulness(
        r2=r2_score(uniform.values, there),
        r2_near=r2_score(near.values, here),
        mae=float(np.abs(uniform.values - there).mean()),
        mae_near=float(np.abs(near.values - here).mean()),
        n_held_out=len(uniform.masks) + len(near.masks),
    )
