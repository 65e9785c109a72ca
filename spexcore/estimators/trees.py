"""Boosted trees on masks, and their exact Fourier expansion: all trees at once, any number of players.

A tree is a martingale: its value at a mask is its mean plus, at each split passed, the step from the split's mean to
the child's. The step at a split on player j, reached through players P with signs s, is
(left - right) / 2 * chi_j(x) * prod_{i in P} (1 + s_i chi_i(x)) / 2, with s = +1 where the path removes i: at most
2^|P| terms, and none of them needs a walk over the leaves below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.refit import Members

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Keys = NDArray[np.uint64]

_EXACT_KEYS = 64  # a coalition of fewer players is its own 64-bit key; of more, its XOR of random words (Zobrist)


@dataclass(frozen=True)
class Terms:
    """A sparse spectrum as arrays: coalitions, rows padded with -1, (n_terms, order); values (n_terms,)."""

    rows: Members
    values: Floats


@dataclass(frozen=True)
class Forest:
    """Binary trees as arrays. A node below n_splits splits on `player`; node n_splits + k is the leaf of value k.

    removed / kept: child taken by masks without / with the player, (n_splits,); roots: (n_trees,).
    """

    player: Indices
    removed: Indices
    kept: Indices
    leaves: Floats
    roots: Indices


def read_forest(model: str) -> Forest:
    """The trees of a LightGBM model text over 0/1 features."""
    lines: dict[str, list[str]] = {}
    for line in model.split("\nend of trees")[0].split("\n"):
        name, _, text = line.partition("=")
        lines.setdefault(name, []).append(text)
    thresholds = {float(text) for text in set(" ".join(lines.get("threshold", [])).split())}
    assert all(0 <= threshold < 1 for threshold in thresholds), "0 must go left and 1 right at every split"
    per_tree = _numbers(lines, "num_leaves", np.intp)
    first_leaf = np.cumsum(per_tree) - per_tree
    first_split = first_leaf - np.arange(len(per_tree))  # a tree has one split fewer than leaves
    tree = np.repeat(np.arange(len(per_tree)), per_tree - 1)
    leaf, split = len(tree) + first_leaf[tree], first_split[tree]
    removed, kept = (_numbers(lines, name, np.intp) for name in ("left_child", "right_child"))
    return Forest(
        player=_numbers(lines, "split_feature", np.intp),
        removed=np.where(removed >= 0, split + removed, leaf + ~removed),  # ~k is LightGBM's name for leaf k
        kept=np.where(kept >= 0, split + kept, leaf + ~kept),
        leaves=_numbers(lines, "leaf_value", np.float64),
        roots=np.where(per_tree > 1, first_split, len(tree) + first_leaf),
    )


def _numbers(lines: dict[str, list[str]], name: str, kind: type) -> NDArray[Any]:
    """All numbers on the lines `name=...`, in order."""
    return np.fromstring(" ".join(lines.get(name, [])), dtype=kind, sep=" ")


def expand(forest: Forest, n_players: int) -> Terms:
    """The exact Fourier expansion of the sum of all trees; rows are distinct, the constant is the first."""
    levels = _levels(forest)
    means = _means(forest, levels)
    keys = _player_keys(n_players)
    parts = [_steps(level, below, keys, forest) for level, below in zip(levels, means[1:])]
    first, sums = _collect(*map(np.concatenate, zip(*parts))) if parts else (np.empty(0, np.intp), np.empty(0))
    rows = _rows_of(first, levels, forest)
    constant = np.full((1, rows.shape[1]), -1, dtype=np.intp)
    return Terms(np.concatenate([constant, rows]), np.concatenate([[means[0].sum()], sums]))


def added(parts: Sequence[Terms], n_players: int) -> Terms:
    """The sum of several spectra, terms of one coalition together."""
    width = max(part.rows.shape[1] for part in parts)
    padded = [np.pad(p.rows, ((0, 0), (0, width - p.rows.shape[1])), constant_values=-1) for p in parts]
    rows = np.concatenate(padded)
    keys = np.append(_player_keys(n_players), np.uint64(0))  # the last one, index -1, is the key of padding
    first, sums = _collect(np.bitwise_xor.reduce(keys[rows], axis=1), np.concatenate([p.values for p in parts]))
    return Terms(rows[first], sums)


def _collect(keys: Keys, values: Floats) -> tuple[Indices, Floats]:
    """Where each distinct key stands first, and the sum of its values; in the order of the keys."""
    order = np.argsort(keys)
    ranked = keys[order]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])
    return order[first], np.add.reduceat(values[order], first)


@dataclass(frozen=True)
class _Level:
    """Splits at one depth: node (k,), the players and signs of the path to each, (k, depth), and where its children
    lie on the level below, (k,) each; `leaves`: which entries of this level are leaves, with `nodes` of all entries."""

    nodes: Indices
    splits: NDArray[np.bool_]
    path: Indices
    signs: NDArray[np.int8]


def _levels(forest: Forest) -> list[_Level]:
    """Walk down all trees at once; the children of a level's splits are the next level, removed ones first."""
    nodes = forest.roots
    path, signs = np.empty((len(nodes), 0), np.intp), np.empty((len(nodes), 0), np.int8)
    levels: list[_Level] = []
    while True:
        nodes = _skip_repeated(forest, nodes, path, signs)
        splits = nodes < len(forest.player)
        levels.append(_Level(nodes, splits, path[splits], signs[splits]))
        if not splits.any():
            return levels
        at, path, signs = nodes[splits], path[splits], signs[splits]
        nodes = np.concatenate([forest.removed[at], forest.kept[at]])
        path = np.tile(np.column_stack([path, forest.player[at]]), (2, 1))
        sides = np.repeat(np.array([1, -1], np.int8), len(at))
        signs = np.column_stack([np.tile(signs, (2, 1)), sides])


def _skip_repeated(forest: Forest, nodes: Indices, path: Indices, signs: NDArray[np.int8]) -> Indices:
    """A split on a player that the path has already settled is no split: go on to the child that can be reached."""
    nodes = nodes.copy()
    while True:
        splits = np.flatnonzero(nodes < len(forest.player))
        again = path[splits] == forest.player[nodes[splits], None]
        rows = again.any(axis=1)
        if not rows.any():
            return nodes
        stuck = splits[rows]
        removed = signs[stuck, again[rows].argmax(axis=1)] > 0
        nodes[stuck] = np.where(removed, forest.removed[nodes[stuck]], forest.kept[nodes[stuck]])


def _means(forest: Forest, levels: list[_Level]) -> list[Floats]:
    """Mean of the tree over all masks that reach each node of each level."""
    means: list[Floats] = []
    for level in reversed(levels):
        mean = np.empty(len(level.nodes))
        mean[~level.splits] = forest.leaves[level.nodes[~level.splits] - len(forest.player)]
        if level.splits.any():
            mean[level.splits] = means[-1].reshape(2, -1).mean(axis=0)
        means.append(mean)
    return means[::-1]


def _player_keys(n_players: int) -> Keys:
    if n_players <= _EXACT_KEYS:
        return np.uint64(1) << np.arange(n_players, dtype=np.uint64)
    return np.random.default_rng(0).integers(1, 2**63, n_players, dtype=np.uint64)


def _steps(level: _Level, below: Floats, keys: Keys, forest: Forest) -> tuple[Keys, Floats]:
    """Keys and values of the terms of all splits of one level, subset b of the path at block b: (2^depth * k,) each."""
    removed, kept = below.reshape(2, -1)
    values = ((removed - kept) * 0.5 ** (level.path.shape[1] + 1))[None]
    coalition = keys[forest.player[level.nodes[level.splits]]][None]
    for players, signs in zip(level.path.T, level.signs.T):
        values = np.concatenate([values, values * signs])
        coalition = np.concatenate([coalition, coalition ^ keys[players]])
    return coalition.ravel(), values.ravel()


def _rows_of(chosen: Indices, levels: list[_Level], forest: Forest) -> Members:
    """The coalitions, padded rows, of the terms numbered `chosen` in the order `_steps` lays them out."""
    rows = np.full((len(chosen), max(1, len(levels) - 1)), -1, dtype=np.intp)
    start = 0
    for level in levels[:-1]:
        size = len(level.path) << level.path.shape[1]
        here = np.flatnonzero((chosen >= start) & (chosen < start + size))
        subset, split = np.divmod(chosen[here] - start, len(level.path))
        inside = subset[:, None] >> np.arange(level.path.shape[1]) & 1
        rows[here, 0] = forest.player[level.nodes[level.splits]][split]
        rows[here, 1 : 1 + level.path.shape[1]] = np.where(inside, level.path[split], -1)
        start += size
    return rows
