"""Token sequences of different lengths, kept end to end: told apart, grouped by exact length, cut into packs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Inputs:
    """What a model reads: ids (n_tokens,) of all sequences end to end, and lengths (n_inputs,).

    positions: (n_tokens,) where tokens keep places of their own (`drop`); None when each sequence counts 0, 1, 2, ...
    An id equal to the vocabulary's size stands for the mean embedding.
    """

    ids: Ints
    lengths: Ints
    positions: Ints | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> Ints:
        return np.cumsum(self.lengths) - self.lengths

    def contents(self) -> list[bytes]:
        """The content of each sequence as bytes: equal inputs, equal keys."""
        columns = self.ids[:, None] if self.positions is None else np.stack([self.ids, self.positions], axis=1)
        content = np.ascontiguousarray(columns, dtype=np.int32).tobytes()
        ends = (np.cumsum(self.lengths) * 4 * columns.shape[1]).tolist()
        return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def block(self, rows: Ints) -> tuple[Ints, Ints | None]:
        """ids and positions, each (len(rows), length), of sequences of one length."""
        where = self.starts[rows][:, None] + np.arange(self.lengths[rows[0]])
        return self.ids[where], None if self.positions is None else self.positions[where]


def from_kept(ids: Ints, kept: NDArray[np.bool_], *, keep_positions: bool = False) -> Inputs:
    """One sequence a row of kept (n_inputs, n_tokens): the ids kept in it, at their places in the whole or anew."""
    places = np.broadcast_to(np.arange(len(ids)), kept.shape)[kept] if keep_positions else None
    return Inputs(np.broadcast_to(ids, kept.shape)[kept], kept.sum(axis=1), places)


def from_lists(sequences: list[list[int]]) -> Inputs:
    """Sequences given one by one."""
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    return Inputs(np.concatenate([np.asarray(s, dtype=np.int64) for s in sequences]), lengths)


def packs(lengths: Ints, tokens: int) -> Iterator[list[Ints]]:
    """Rows in groups of one exact length, groups together in packs of about `tokens` tokens: nothing is padded."""
    order = np.argsort(lengths, kind="stable")
    pack: list[Ints] = []
    room = tokens
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        while len(group):
            fitting = max(1 if not pack else 0, room // max(1, int(lengths[group[0]])))
            if fitting:
                pack.append(group[:fitting])
                room -= int(lengths[group[0]]) * len(group[:fitting])
                group = group[fitting:]
            if len(group):
                yield pack
                pack, room = [], tokens
    if pack:
        yield pack


def extended(inputs: Inputs, suffix: tuple[int, ...], start_id: int | None, whole: int) -> Inputs:
    """Every sequence with the suffix behind it; an empty one gets start_id first, for something must predict.

    whole: length of the prompt with every player, behind which the suffix stands where positions are kept.
    """
    if start_id is not None and not inputs.lengths.all():
        inputs = _started(inputs, start_id)
    if not suffix:
        return inputs
    n, tail = len(inputs), np.asarray(suffix, dtype=np.int64)
    moved = np.arange(len(inputs.ids)) + np.repeat(np.arange(n) * len(tail), inputs.lengths)
    behind = (np.cumsum(inputs.lengths) + np.arange(n) * len(tail))[:, None] + np.arange(len(tail))
    columns = []
    for old, new in ((inputs.ids, tail), (inputs.positions, whole + np.arange(len(tail)))):
        column = np.empty(len(inputs.ids) + behind.size, dtype=np.int64)
        if old is not None:
            column[moved] = old
            column[behind] = new
        columns.append(column if old is not None else None)
    return Inputs(columns[0], inputs.lengths + len(tail), columns[1])  # type: ignore[arg-type]


def _started(inputs: Inputs, start_id: int) -> Inputs:
    empty = np.flatnonzero(inputs.lengths == 0)
    at = inputs.starts[empty]
    positions = None if inputs.positions is None else np.insert(inputs.positions, at, 0)
    return Inputs(np.insert(inputs.ids, at, start_id), np.maximum(inputs.lengths, 1), positions)


def without_first(inputs: Inputs, n_tokens: int) -> Inputs:
    """Every sequence without its first n_tokens."""
    kept = np.arange(len(inputs.ids)) - np.repeat(inputs.starts, inputs.lengths) >= n_tokens
    positions = None if inputs.positions is None else inputs.positions[kept]
    return Inputs(inputs.ids[kept], inputs.lengths - n_tokens, positions)


def first_tokens(inputs: Inputs, n_tokens: int) -> Inputs:
    """The first n_tokens of every sequence."""
    where = (inputs.starts[:, None] + np.arange(n_tokens)).ravel()
    positions = None if inputs.positions is None else inputs.positions[where]
    return Inputs(inputs.ids[where], np.full(len(inputs), n_tokens), positions)


def chosen(inputs: Inputs, rows: Ints) -> Inputs:
    """Some of the sequences, in the order of rows."""
    lengths = inputs.lengths[rows]
    where = np.repeat(inputs.starts[rows] - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
    return Inputs(inputs.ids[where], lengths, None if inputs.positions is None else inputs.positions[where])


def common_start(inputs: Inputs, most: int) -> int:
    """How many first tokens, places included, all sequences share; at most `most`."""
    if most < 1:
        return 0
    where = inputs.starts[:, None] + np.arange(most)
    same = (inputs.ids[where] == inputs.ids[:most]).all(axis=0)
    if inputs.positions is not None:
        same &= (inputs.positions[where] == inputs.positions[:most]).all(axis=0)
    return most if same.all() else int(same.argmin())
