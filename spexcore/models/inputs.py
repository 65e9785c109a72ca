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
    rows, places = np.nonzero(kept)
    lengths = np.bincount(rows, minlength=len(kept)).astype(np.int64)
    return Inputs(ids[places], lengths, places if keep_positions else None)


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
