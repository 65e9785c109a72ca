"""Exact: every mask, one fast Walsh-Hadamard transform."""

from dataclasses import dataclass

from spexcore.errors import BadInput
from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.whole_table import table_spectrum, whole_table
from spexcore.game import Game, Values
from spexcore.masks import ENUMERABLE, Masks
from spexcore.spectrum import Spectrum


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

    def _known(self, masks: Masks, values: Values, players: tuple[str, ...]) -> Spectrum | None:
        """Nothing, not even a constant, before all masks are known."""
        return None

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From values of all 2^n masks, in any order; raises BadInput when one is missing."""
        table = whole_table(masks, values)
        if table is None:
            raise BadInput(
                f"`masks` must hold all 2^{masks.shape[1]} masks for Exact; got {len(masks):,} rows. "
                "Evaluate the others, or use ProxySPEX."
            )
        return table_spectrum(table, players)

    def _way_out(self) -> str:
        return "Raise it, merge players, or use ProxySPEX."
