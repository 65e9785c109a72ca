"""Interactions: the scores of coalitions under one index, ranked and named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spexcore.errors import BadInput
from spexcore.masks import Coalition
from spexcore.terms import Terms
from spexcore.transforms import INDICES

if TYPE_CHECKING:
    import pandas as pd

REPORTED_ORDER = 4  # up to which interactions are reported: above it the alternating sums grow and nobody reads them


def checked_terms(numbers: Mapping[Coalition, float], players: Sequence[str]) -> Terms:
    """Numbers by coalition of these players, sorted; raises BadInput on a coalition or a number that cannot be."""
    if not players:
        raise BadInput("`players` must name at least one player; got none.")
    terms = Terms.of(numbers)
    if terms.order and terms.players[-1] >= len(players):
        raise BadInput(f"A coalition must hold players below {len(players)}, one a name; got {terms.players[-1]}.")
    return terms


@dataclass(frozen=True)
class Interactions:
    """Coalition -> score under one index, up to max_order, sorted by (order, coalition); an absent one scores zero.

    note: what a reader must know of these scores, one sentence or nothing.
    """

    scores: Mapping[Coalition, float]
    index: str
    max_order: int
    players: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if self.index not in INDICES:
            raise BadInput(f"`index` must be one of {', '.join(INDICES)}; got {self.index!r}.")
        players = tuple(str(player) for player in self.players)
        object.__setattr__(self, "scores", checked_terms(self.scores, players))
        object.__setattr__(self, "players", players)

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, coalition: Coalition) -> float:
        """The score of a coalition, its players in any order; 0.0 when absent."""
        return self.scores.get(tuple(sorted(coalition)), 0.0)

    def names(self, coalition: Coalition) -> tuple[str, ...]:
        """The players of a coalition by name."""
        return tuple(self.players[player] for player in coalition)

    def of_order(self, order: int) -> "Interactions":
        """Only the coalitions of this many players."""
        groups = Terms.of(self.scores).groups
        return replace(self, scores=Terms({order: groups[order]} if order in groups else {}))

    def ranked(self) -> list[tuple[Coalition, float]]:
        """(coalition, score), largest magnitude first, ties by (order, coalition); the empty coalition is left out."""
        return self._largest(len(self))

    def top(self, k: int) -> list[tuple[tuple[str, ...], float]]:
        """The first k of `ranked` by name: [(("a", "b"), 0.98), ...]."""
        if k < 0:
            raise BadInput(f"`k` must be at least 0; got {k}.")
        return [(self.names(coalition), score) for coalition, score in self._largest(k)]

    def to_frame(self) -> "pd.DataFrame":
        """As `ranked`, with columns coalition, players (by name), order, score."""
        import pandas as pd

        rows = [(coalition, self.names(coalition), len(coalition), score) for coalition, score in self.ranked()]
        return pd.DataFrame(rows, columns=["coalition", "players", "order", "score"])

    def _largest(self, k: int) -> list[tuple[Coalition, float]]:
        """The first k of the ranking; only these become tuples."""
        groups = [group for size, group in Terms.of(self.scores).groups.items() if size]
        if not groups:
            return []
        starts = np.cumsum([0] + [len(values) for _, values in groups])
        scores = np.concatenate([values for _, values in groups])
        first = np.argsort(-np.abs(scores), kind="stable")[:k]  # the groups are already in the order that settles ties
        owners = np.searchsorted(starts, first, side="right") - 1
        return [
            (tuple(groups[owner][0][row - starts[owner]].tolist()), float(scores[row]))
            for row, owner in zip(first.tolist(), owners.tolist(), strict=True)
        ]
