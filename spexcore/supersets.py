"""Sums over the supersets of every sub-coalition, out = sum_{U >= S} w(|S|, |U|) in(U), on arrays instead of sets."""

from collections.abc import Callable, Mapping
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import Coalition

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Groups = dict[int, tuple[Rows, Floats]]  # order -> coalitions (m, order), coefficients (m,)
Weight = Callable[[int, int], float]  # (|S|, |U|) -> w

SUB_COALITIONS = 2**24  # what one conversion may walk in memory
ROUNDING = 1e-14  # a sum smaller than this part of its terms is a cancellation, not a score


def by_size(coefficients: Mapping[Coalition, float]) -> Groups:
    """Coalitions and coefficients as arrays, one pair an order, orders ascending; raises BadInput on a bad key."""
    keys: dict[int, list[Coalition]] = {}
    values: dict[int, list[float]] = {}
    for coalition, value in coefficients.items():
        keys.setdefault(len(coalition), []).append(coalition)
        values.setdefault(len(coalition), []).append(value)
    return {size: (_rows(keys[size], size), np.array(values[size], dtype=np.float64)) for size in sorted(keys)}


def _rows(coalitions: list[Coalition], size: int) -> Rows:
    rows = np.array(coalitions).reshape(len(coalitions), size)
    if size and rows.dtype.kind not in "iu":
        raise BadInput(f"A coalition must be a tuple of player indices (whole numbers); got {coalitions[0]!r}.")
    bad = (np.diff(rows, axis=1) <= 0).any(axis=1) | (rows < 0).any(axis=1)
    if size and bad.any():
        culprit = coalitions[int(np.flatnonzero(bad)[0])]
        raise BadInput(f"A coalition must be sorted, distinct player indices from 0; got {culprit!r}.")
    return rows.astype(np.int64)


def superset_sums(groups: Groups, weight: Weight, max_order: int | None = None) -> dict[Coalition, float]:
    """Every sub-coalition S up to `max_order` with its sum, sorted by (order, coalition); zeros are left out."""
    sizes = range(min(max(groups, default=0), max_order if max_order is not None else max(groups, default=0)) + 1)
    weights = {(s, u): weight(s, u) for s in sizes for u in groups if u >= s}
    weights = {pair: w for pair, w in weights.items() if w}
    _check_walk(groups, weights)
    players = 1 + max((int(rows.max()) for size, (rows, _) in groups.items() if size), default=0)
    result: dict[Coalition, float] = {}
    for s in sizes:
        parts = [_sub_coalitions(*groups[u], s, weights[s, u]) for u in groups if (s, u) in weights]
        if parts:
            rows, terms = (np.concatenate(part) for part in zip(*parts, strict=True))
            result.update(listed(*_added(rows, terms, players)))
    return result


def _check_walk(groups: Groups, weights: Mapping[tuple[int, int], float]) -> None:
    walk = sum(len(groups[u][1]) * comb(u, s) for s, u in weights)
    if walk > SUB_COALITIONS:
        raise BadInput(
            f"The sub-coalitions to score must number at most {SUB_COALITIONS:,}; terms of order up to "
            f"{max(groups)} have {walk:,}. Give a lower `max_order`, or truncate the spectrum."
        )


def _sub_coalitions(rows: Rows, values: Floats, size: int, weight: float) -> tuple[Rows, Floats]:
    """All sub-coalitions (m * C(order, size), size) of the rows (m, order), and what each adds to its sum."""
    order = rows.shape[1]
    columns = np.array(list(combinations(range(order), size)), dtype=np.int64)  # (C(order, size), size)
    walk = len(rows) * len(columns)
    return rows[:, columns].reshape(walk, size), np.repeat(values * weight, len(columns))


def _added(rows: Rows, terms: Floats, players: int) -> tuple[Rows, Floats]:
    """Equal rows added up, in lexicographic order, without those that cancel."""
    if not rows.shape[1]:
        rows, sums, sizes = rows[:1], terms.sum(keepdims=True), np.abs(terms).sum(keepdims=True)
    else:
        keys = _keys(rows, players)
        order = np.argsort(keys)
        starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
        rows, terms = rows[order[starts]], terms[order]
        sums, sizes = np.add.reduceat(terms, starts), np.add.reduceat(np.abs(terms), starts)
    real = np.abs(sums) > ROUNDING * sizes
    return rows[real], sums[real]


def _keys(rows: Rows, players: int) -> NDArray[np.int64]:
    """One integer a row (m, size), ordered as the rows are: its digits in base `players`, ranked when they overflow."""
    keys = np.zeros(len(rows), dtype=np.int64)
    room = 1
    for column in rows.T:
        if room * players >= 2**63:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
            room = len(rows)
        keys = keys * players + column
        room *= players
    return keys


def listed(rows: Rows, values: Floats) -> dict[Coalition, float]:
    """Rows (m, size) and values (m,) as a dict of tuples."""
    coalitions = zip(*rows.T.tolist(), strict=True) if rows.shape[1] else [()] * len(rows)
    return dict(zip(coalitions, values.tolist(), strict=True))
