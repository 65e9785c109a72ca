"""Interactions: the scores of coalitions under one index, ranked and named."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spexcore.errors import BadInput
from spexcore.masks import Coalition
from spexcore.transforms import INDICES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Interactions:
    """Coalition -> score under one index, up to max_order; an absent coalition scores zero."""

    scores: Mapping[Coalition, float]
    index: str
    max_order: int
    players: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.index not in INDICES:
            raise BadInput(f"`index` must be one of {', '.join(INDICES)}; got {self.index!r}.")
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))
        object.__setattr__(self, "players", tuple(self.players))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, coalition: Coalition) -> float:
        """The score of a coalition, its players in any order; 0.0 when absent."""
        return self.scores.get(tuple(sorted(coalition)), 0.0)

    def __hash__(self) -> int:
        return hash((self.index, self.max_order, self.players, tuple(self.scores.items())))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return Interactions, (dict(self.scores), self.index, self.max_order, self.players)

    def names(self, coalition: Coalition) -> tuple[str, ...]:
        """The players of a coalition by name."""
        return tuple(self.players[player] for player in coalition)

    def of_order(self, order: int) -> "Interactions":
        """Only the coalitions of this many players."""
        scores = {coalition: score for coalition, score in self.scores.items() if len(coalition) == order}
        return Interactions(scores, self.index, self.max_order, self.players)

    def ranked(self) -> list[tuple[Coalition, float]]:
        """(coalition, score), largest magnitude first, then smaller, then earlier coalitions; without the empty one."""
        return sorted((item for item in self.scores.items() if item[0]), key=_rank)

    def top(self, k: int) -> list[tuple[tuple[str, ...], float]]:
        """The k first of `ranked`, by player names: [(("a", "b"), 0.98), ...]."""
        if k < 0:
            raise BadInput(f"`k` must be at least 0; got {k}.")
        best = heapq.nsmallest(k, (item for item in self.scores.items() if item[0]), key=_rank)
        return [(self.names(coalition), score) for coalition, score in best]

    def to_frame(self) -> "pd.DataFrame":
        """Data frame with columns coalition, players, order, score, ranked; without the empty coalition."""
        import pandas as pd

        rows = [(coalition, self.names(coalition), len(coalition), score) for coalition, score in self.ranked()]
        return pd.DataFrame(rows, columns=["coalition", "players", "order", "score"])


def _rank(item: tuple[Coalition, float]) -> tuple[float, int, Coalition]:
    coalition, score = item
    return -abs(score), len(coalition), coalition
