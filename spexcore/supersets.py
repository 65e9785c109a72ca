"""Sums over the supersets of every sub-coalition, out(S) = sum_{U >= S} w(|S|, |U|) in(U), on arrays, not on sets."""

from collections.abc import Callable, Mapping
from itertools import chain, combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import ENUMERABLE
from spexcore.terms import Floats, Rows, Terms

Weight = Callable[[int, int], float]  # (|S|, |U|) -> w
Weights = Mapping[tuple[int, int], float]

SUB_COALITIONS = 2**24  # what one conversion may walk in memory
ROUNDING = 1e-14  # a sum smaller than this part of its terms has cancelled to rounding error


def superset_sums(terms: Terms, weight: Weight, max_order: int | None = None) -> Terms:
    """Every sub-coalition up to `max_order` with its sum; what cancels to zero is left out.

    Sparse terms are walked one sub-coalition at a time; terms that fill the lattice of few players, in one table of
    2^players. Raises BadInput when both are too many.
    """
    largest = terms.order if max_order is None else min(max_order, terms.order)
    weights = _weights(terms, weight, largest)
    walk = sum(len(terms.groups[u][1]) * comb(u, s) for s, u in weights)
    active = len(terms.players)
    if 0 < active <= ENUMERABLE and walk > min(active * 2**active, SUB_COALITIONS):
        return _dense_sums(terms, weight, largest)
    if walk > SUB_COALITIONS:
        raise BadInput(
            f"The sub-coalitions to score must number at most {SUB_COALITIONS:,}; {len(terms):,} terms of order up to "
            f"{terms.order} have {walk:,}. Give a lower `max_order`, or truncate the spectrum."
        )
    groups = {s: _sparse_sums(terms, s, weights) for s in range(largest + 1)}
    return Terms({s: group for s, group in groups.items() if len(group[1])})


def _weights(terms: Terms, weight: Weight, largest: int) -> dict[tuple[int, int], float]:
    """The weights that are not zero, by (|S|, |U|)."""
    try:
        weights = {(s, u): weight(s, u) for u in terms.groups for s in range(min(u, largest) + 1)}
    except OverflowError:
        raise BadInput(
            f"A score of a coalition of {terms.order:,} players does not fit a float64. "
            "Give a lower `max_order`, or truncate the spectrum."
        ) from None
    return {sizes: w for sizes, w in weights.items() if w}


def _sparse_sums(terms: Terms, size: int, weights: Weights) -> tuple[Rows, Floats]:
    """Sub-coalitions (m, size) in lexicographic order, and their sums (m,)."""
    larger = [u for u in terms.groups if (size, u) in weights]
    if not larger:
        return np.empty((0, size), np.int32), np.empty(0)
    parts = [_sub_coalitions(*terms.groups[u], size) for u in larger]
    rows = np.concatenate([rows for rows, _ in parts])
    shares = np.concatenate([values * weights[size, u] for u, (_, values) in zip(larger, parts, strict=True)])
    if larger == [size]:
        return _without_zeros(rows, shares, np.abs(shares))
    order, keys = _sorted_keys(rows, 1 + int(terms.players[-1]) if size else 1)
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    shares = shares[order]
    sums, scale = np.add.reduceat(shares, starts), np.add.reduceat(np.abs(shares), starts)
    return _without_zeros(rows[order[starts]], sums, scale)


def _sub_coalitions(rows: Rows, values: Floats, size: int) -> tuple[Rows, Floats]:
    """All sub-coalitions (m * C(order, size), size) of rows (m, order), and the value each comes from."""
    order = rows.shape[1]
    n_columns = comb(order, size)
    columns = np.fromiter(chain.from_iterable(combinations(range(order), size)), np.intp, n_columns * size)
    picked = rows[:, columns]  # (m, order) -> (m, C(order, size) * size)
    return picked.reshape(len(rows) * n_columns, size), np.repeat(values, n_columns)


def _without_zeros(rows: Rows, sums: Floats, scale: Floats) -> tuple[Rows, Floats]:
    real = np.abs(sums) > ROUNDING * scale
    return rows[real], sums[real]


def _sorted_keys(rows: Rows, players: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The order that sorts rows (m, size), and one integer a row in that order, equal where rows are equal."""
    keys = np.zeros(len(rows), dtype=np.int64)
    room = 1  # keys lie below it
    for column in rows.T:
        if room * players >= 2**63:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
            room = len(rows)
        keys = keys * players + column
        room *= players
    bits = len(rows).bit_length()
    if room << bits < 2**63:  # numpy sorts numbers several times faster than it argsorts them
        packed = np.sort(keys << bits | np.arange(len(rows)))
        return packed & ((1 << bits) - 1), packed >> bits
    order = np.argsort(keys)
    return order, keys[order]


def _dense_sums(terms: Terms, weight: Weight, largest: int) -> Terms:
    """The same from tables (2^players,); bit i of a row's number holds the i-th active player in the coalition."""
    bits = np.zeros(int(terms.players[-1]) + 1, dtype=np.int64)  # by player
    bits[terms.players] = 1 << np.arange(len(terms.players))
    sizes = np.bitwise_count(np.arange(2 ** len(terms.players)))
    sums, scale = np.zeros(len(sizes)), np.zeros(len(sizes))
    for column, orders in _columns(terms, weight, largest).items():
        table = np.zeros(len(sizes))
        for u, factor in orders.items():
            rows, values = terms.groups[u]
            table[bits[rows].sum(axis=1)] = factor * values
        by_size = np.array(column)[np.minimum(sizes, largest)]
        sums += by_size * _zeta(table.copy())
        scale += np.abs(by_size) * _zeta(np.abs(table))
    real = (np.abs(sums) > ROUNDING * scale) & (sizes <= largest)
    return Terms.from_table(np.where(real, sums, 0.0), terms.players)


def _columns(terms: Terms, weight: Weight, largest: int) -> dict[tuple[float, ...], dict[int, float]]:
    """Weights by |S| -> {|U|: factor}: orders whose weights are multiples of each other share one table."""
    columns: dict[tuple[float, ...], dict[int, float]] = {}
    for u in terms.groups:
        weights = [weight(s, u) for s in range(largest + 1)]
        factor = next((w for w in weights if w), 1.0)
        columns.setdefault(tuple(w / factor for w in weights), {})[u] = factor
    return columns


def _zeta(table: Floats) -> Floats:
    """Sums over supersets (2^n,), in place."""
    half = 1
    while half < len(table):
        pairs = table.reshape(-1, 2, half)  # (2^n,) -> (blocks, without or with this player, half)
        pairs[:, 0] += pairs[:, 1]
        half *= 2
    return table
