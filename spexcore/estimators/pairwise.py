"""Pairwise: remove one player, then two among the players whose removal mattered most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.estimators.base import Estimator
from spexcore.estimators.leave_one_out import removals
from spexcore.game import Game
from spexcore.masks import Coalition
from spexcore.spectrum import Spectrum
from spexcore.transforms import comobius_to_fourier


@dataclass(frozen=True)
class Pairwise(Estimator):
    """What removing two players costs beyond removing each, for all pairs of the players that matter most.

    score(a, b) = change(a, b) - change(a) - change(b), change(S) = f(N - S) - f(N): the co-Moebius value of {a, b},
    measured, never fitted. One mask a player, then one a pair among the `top` largest (default: as many as fit).
    """

    top: int | None = None

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 2:
            raise BadInput(f"`top` must be at least 2 players, or None; got {self.top}.")

    def min_budget(self, n_players: int) -> int:
        return n_players + min(n_players, 2)

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """n + 1 masks for the single removals, the rest for pairs, those of the largest players first."""
        self.check_budget(budget, game.n_players)
        full, singles = removals(game)
        pairs = self._pairs(full - singles)[: budget - game.n_players - 1]
        masks = np.ones((len(pairs), game.n_players), dtype=bool)
        np.put_along_axis(masks, pairs, False, axis=1)
        scores = full - singles[pairs].sum(axis=1) + game(masks)
        effects: dict[Coalition, float] = {(): full}
        effects |= {(i,): float(change) for i, change in enumerate(full - singles) if change}
        effects |= {(min(p), max(p)): float(score) for p, score in zip(pairs.tolist(), scores) if score}
        return Spectrum({(): 0.0, **comobius_to_fourier(effects)}, game.players)

    def _pairs(self, changes: NDArray[np.float64]) -> NDArray[np.intp]:
        """Pairs of players (n_pairs, 2): all among the two largest, then those the third adds, and so on."""
        ranked = np.argsort(-np.abs(changes), kind="stable")[: self.top]
        later, earlier = np.tril_indices(len(ranked), -1)
        return np.column_stack([ranked[earlier], ranked[later]])

    def _way_out(self) -> str:
        return "Raise it, merge players, or use LeaveOneOut."
