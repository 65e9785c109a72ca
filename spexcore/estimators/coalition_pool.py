"""All coalitions of low order, listed once: who they are, and sums over all parts of each.

Coalitions are rows of players (n, width), increasing, padded with -1 in front.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Players = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Every coalition of orders 1 to `order`, by order and then lexicographically."""

    n_players: int
    order: int

    def __len__(self) -> int:
        return self.starts[-1]

    @property
    def starts(self) -> list[int]:
        """Where each order begins, orders from 1; the last entry is the length."""
        sizes = [comb(self.n_players, order) for order in range(1, self.order + 1)]
        return [sum(sizes[:k]) for k in range(self.order + 1)]

    def rows(self, order: int) -> NDArray[np.int16]:
        return _rows(self.n_players, order)

    def players(self, indices: NDArray[np.intp], width: int) -> Players:
        """Coalitions by index, (n, width), padded with -1 in front."""
        found = np.full((len(indices), width), -1, dtype=np.int64)
        for order, start in enumerate(self.starts[:-1], 1):
            here = (indices >= start) & (indices < self.starts[order])
            found[here, width - order :] = self.rows(order)[indices[here] - start]
        return found

    def indices(self, players: Players) -> NDArray[np.intp]:
        """Where coalitions (n, width), padded with -1 in front, stand; those of other orders are left out."""
        sizes, found = (players >= 0).sum(axis=1), [np.empty(0, dtype=np.intp)]
        for order, start in enumerate(self.starts[:-1], 1):
            found.append(start + _rank(players[sizes == order, players.shape[1] - order :], self.n_players))
        return np.concatenate(found)

    def sums_over_parts(self, scores: Floats) -> Floats:
        """Sum of the scores (len(self),) of all non-empty parts of each coalition, itself included."""
        starts, totals = self.starts, [scores[: self.starts[1]]]
        by_size = totals[0][:, None]  # (n_coalitions, order): parts of each size apart
        for order in range(2, self.order + 1):
            first, *others = _parents(self.n_players, order)
            smaller = by_size[first]
            for parent in others:
                smaller += by_size[parent]
            lies_in = order - np.arange(1, order)  # parents that hold a part of each size
            smaller /= lies_in.astype(scores.dtype)
            by_size = np.column_stack([smaller, scores[starts[order - 1] : starts[order]]])
            totals.append(by_size.sum(axis=1))
        return np.concatenate(totals)


def toggled(terms: Players, players: NDArray[np.intp]) -> Players:
    """Each term with its player added, or removed where it was there; the empty row where there is no room."""
    inside = terms == players[:, None]
    there, full = inside.any(axis=1), (terms >= 0).all(axis=1)
    out = np.where(inside, -1, terms)
    out[~there & full] = -1
    out[~there & ~full, 0] = players[~there & ~full]
    return np.sort(out, axis=1)


def parts_of(players: Players) -> Players:
    """All parts of coalitions of one order, the empty one included: (n, width) -> (n, 2^order, width)."""
    order = int((players >= 0).sum(axis=1).max(initial=0))
    kept = (np.arange(2**order)[:, None] >> np.arange(order) & 1).astype(bool)
    parts = np.full((len(players), 2**order, players.shape[1]), -1)
    parts[:, :, players.shape[1] - order :] = np.where(kept, players[:, None, players.shape[1] - order :], -1)
    return np.sort(parts, axis=2)


def pool_for(n_players: int, max_order: int, most: int) -> Pool:
    """The largest pool of at most `most` coalitions, order 1 at least."""
    order, total = 1, n_players
    while order < min(max_order, n_players) and total + comb(n_players, order + 1) <= most:
        order += 1
        total += comb(n_players, order)
    return Pool(n_players, order)


@lru_cache(maxsize=16)
def _rows(n_players: int, order: int) -> NDArray[np.int16]:
    flat = chain.from_iterable(combinations(range(n_players), order))
    return np.fromiter(flat, dtype=np.int16, count=order * comb(n_players, order)).reshape(-1, order)


@lru_cache(maxsize=16)
def _parents(n_players: int, order: int) -> list[NDArray[np.intp]]:
    """For each i, where the coalitions of this order without their i-th player stand among those of one order less."""
    rows = _rows(n_players, order)
    return [_rank(np.delete(rows, i, axis=1), n_players) for i in range(order)]


def _rank(rows: NDArray[np.int16] | Players, n_players: int) -> NDArray[np.intp]:
    """Place of coalitions (n, order), increasing, in lexicographic order: all, less those that come after."""
    order = rows.shape[1]
    counts = np.array([[comb(m, k) for k in range(order + 1)] for m in range(n_players + 1)])
    after = sum(counts[n_players - 1 - rows[:, j], order - j] for j in range(order))
    return counts[n_players, order] - 1 - after
