"""Coalitions measured: does taking them away together do more, or less, than the sum of taking each away alone?"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spexcore.game import Game
from spexcore.masks import Coalition
from spexcore.validation import checked_coalition


@dataclass(frozen=True)
class Joint:
    """A coalition's effects on the value, each by a retraining: every member alone, and all together.

    excess: together - sum of alone. redundancy: the members stand in for each other, so that together they do more;
    synergy: each needs the others, so that together they do less; none within `tolerance` of the sum.
    """

    coalition: Coalition
    players: tuple[str, ...]
    alone: tuple[float, ...]
    together: float
    kind: str

    @property
    def excess(self) -> float:
        return self.together - sum(self.alone)


def joint_effects(game: Game, coalitions: Iterable[Iterable[int]], *, tolerance: float = 1e-6) -> list[Joint]:
    """Measure coalitions of two and more players; |S| + 1 retrainings each, in one call, and one of everything."""
    checked = [checked_coalition(coalition, game.n_players) for coalition in coalitions]
    masks = [np.ones((1, game.n_players), dtype=bool)]
    for members in checked:
        rows = np.ones((len(members) + 1, game.n_players), dtype=bool)
        rows[np.arange(len(members)), list(members)] = False
        rows[-1, list(members)] = False
        masks.append(rows)
    values = game(np.vstack(masks))
    effects = values[0] - values[1:]
    found, start = [], 0
    for members in checked:
        alone, together = effects[start : start + len(members)], float(effects[start + len(members)])
        start += len(members) + 1
        names = tuple(game.players[i] for i in members)
        kind = _kind(float(together - alone.sum()), together, tolerance)
        found.append(Joint(members, names, tuple(alone.tolist()), together, kind))
    return found


def _kind(excess: float, together: float, tolerance: float) -> str:
    if abs(excess) <= tolerance:
        return "none"
    return "redundancy" if excess * together > 0 else "synergy"
