"""LeaveOneOut: what each player's removal costs, everything else kept."""

from dataclasses import dataclass

import numpy as np

from spexcore.estimators.additive import Floats, additive_spectrum, weighted_additive
from spexcore.estimators.base import SampleEstimator
from spexcore.game import Game, Values
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum


@dataclass(frozen=True)
class LeaveOneOut(SampleEstimator):
    """What the prompt loses when one player is removed and all others stay: n + 1 masks, no interactions.

    effect_i = f(N) - f(N - i), the co-Moebius value of {i}, in the model g(x) = f(N) - sum_i effect_i (1 - x_i).
    """

    def min_budget(self, n_players: int) -> int:
        return n_players + 1

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """The full mask and each single removal, whatever more the budget allows."""
        self.check_budget(budget, game.n_players)
        full, singles = removals(game)
        return additive_spectrum(full, full - singles, game.players)

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From masks somebody has: exact where the full mask and every single removal are among them.

        Where one is missing, the additive model whose squared error halves in weight with each player removed.
        """
        removed = (~masks).sum(axis=1)
        first = {int(r): float(v) for r, v in zip(_which(masks, removed)[::-1], values[::-1]) if r >= -1}
        if len(first) == len(players) + 1:
            effects = first[-1] - np.array([first[i] for i in range(len(players))])
            return additive_spectrum(first[-1], effects, players)
        return additive_spectrum(*weighted_additive(masks, values, 0.5 ** (removed - removed.min())), players)

    def _way_out(self) -> str:
        return "Raise it, or merge players."


def removals(game: Game) -> tuple[float, Floats]:
    """f(N) and f(N - i) for every player, (n_players,), in one call of n + 1 masks."""
    n = game.n_players
    values = game(np.vstack([np.ones((1, n), bool), ~np.eye(n, dtype=bool)]))
    return float(values[0]), values[1:]


def _which(masks: Masks, removed: Floats) -> list[int]:
    """The one player each mask removes; -1 for the full mask, -2 for a mask that removes more."""
    return np.where(removed > 1, -2, np.where(removed == 1, (~masks).argmax(axis=1), -1)).tolist()
