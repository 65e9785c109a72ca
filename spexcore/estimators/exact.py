"""Exact: every mask, one fast Walsh-Hadamard transform. Also what other estimators answer when nothing is unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.estimators.base import MaskEstimator, checked_samples, player_names
from spexcore.game import Game, Values
from spexcore.masks import ENUMERABLE, Coalition, Masks
from spexcore.spectrum import Spectrum
from spexcore.transforms import walsh_hadamard

ROUNDING = 4 * np.finfo(np.float64).eps  # a coefficient below this share of the largest value is rounding


@dataclass(frozen=True)
class Exact(MaskEstimator):
    """Every interaction, exactly, from all 2^n masks: for games of at most 20 players.

    One fast Walsh-Hadamard transform of the whole table, n 2^n additions.
    """

    def min_budget(self, n_players: int) -> int:
        return 2**n_players

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """All masks, once each; raises BadInput beyond 20 players and BadBudget below 2^n masks."""
        if game.n_players > ENUMERABLE:
            raise BadInput(
                f"`game` must have at most {ENUMERABLE} players for Exact; got {game.n_players}. Use StackSPEX."
            )
        return super().estimate(game, budget=budget, seed=seed)

    def fit(self, masks: Masks, values: Values, *, seed: int = 0, players: Sequence[str] | None = None) -> Spectrum:
        """Spectrum from values of all 2^n masks, in any order; raises BadInput when one is missing."""
        masks, values = checked_samples(masks, values)
        table = whole_table(masks, values)
        if table is None:
            raise BadInput(
                f"`masks` must hold all 2^{masks.shape[1]} masks for Exact; got {len(masks):,} rows. "
                "Evaluate the others, or use ProxySPEX."
            )
        return table_spectrum(table, player_names(players, masks.shape[1]))

    def _way_out(self) -> str:
        return "Raise it, merge players, or use ProxySPEX."


def known(masks: Masks, values: Values, players: tuple[str, ...], *, max_order: int | None = None) -> Spectrum | None:
    """The spectrum where there is nothing to estimate: all values equal, or every one of the 2^n masks given."""
    if (values == values[0]).all():
        return Spectrum({(): float(values[0])}, players)
    table = whole_table(masks, values)
    return None if table is None else table_spectrum(table, players, max_order=max_order)


def whole_table(masks: Masks, values: Values) -> NDArray[np.float64] | None:
    """Values (2^n,), row k keeping player i where bit i of k is set, repeats averaged; None when a mask is missing."""
    n_players = masks.shape[1]
    if n_players > ENUMERABLE or len(masks) < 2**n_players:
        return None
    number = masks @ (1 << np.arange(n_players))
    count = np.bincount(number, minlength=2**n_players)
    if not count.all():
        return None
    return np.bincount(number, weights=values, minlength=2**n_players) / count


def table_spectrum(table: NDArray[np.float64], players: tuple[str, ...], *, max_order: int | None = None) -> Spectrum:
    """Every coefficient above rounding, up to max_order, of a whole table (2^n,)."""
    coefficients = walsh_hadamard(table)
    wanted = np.abs(coefficients) > ROUNDING * np.abs(table).max()
    if max_order is not None:
        wanted &= np.bitwise_count(np.arange(len(table))) <= max_order
    wanted[0] = True
    coalitions: list[Coalition] = [()]
    for player in range(len(players)):
        coalitions += [coalition + (player,) for coalition in coalitions]
    return Spectrum({coalitions[k]: float(coefficients[k]) for k in np.flatnonzero(wanted)}, players)
