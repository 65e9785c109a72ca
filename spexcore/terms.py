"""Terms: coalition -> number, read-only, held as one sorted array an order, so that a million of them are no burden."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import cached_property
from itertools import chain
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import Coalition

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]
Groups = dict[int, tuple[Rows, Floats]]

LAST_PLAYER = int(np.iinfo(np.int32).max)


class Terms(Mapping[Coalition, float]):
    """A mapping sorted by (order, coalition), equal to a dict of the same content; `Terms.of` makes one.

    groups: order -> (coalitions (m, order) in lexicographic order, their numbers (m,)), orders ascending. Tuples are
    made when somebody first looks one up; what works on whole spectra reads the groups.
    """

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        for rows, values in groups.values():
            rows.flags.writeable = values.flags.writeable = False

    @classmethod
    def of(cls, numbers: Mapping[Coalition, float]) -> "Terms":
        """Any mapping from sorted tuples of player indices to finite numbers; raises BadInput on anything else."""
        if isinstance(numbers, Terms):
            return numbers
        coalitions: dict[int, list[Coalition]] = {}
        values: dict[int, list[float]] = {}
        for coalition, value in numbers.items():
            size = len(coalition) if isinstance(coalition, tuple) else _refuse(coalition)
            coalitions.setdefault(size, []).append(coalition)
            values.setdefault(size, []).append(value)
        return cls({size: _group(coalitions[size], values[size], size) for size in sorted(coalitions)})

    @classmethod
    def from_table(cls, table: Floats, players: NDArray[np.int32] | None = None) -> "Terms":
        """The numbers of a table (2^n,) that are not zero; bit i of a row's number holds player i (or players[i])."""
        n = len(table).bit_length() - 1
        who = np.arange(n, dtype=np.int32) if players is None else players
        # With player 0 as the highest bit, numbers in descending order are coalitions of one size in ascending order.
        flipped = table.reshape((2,) * n).T.ravel()
        numbers = np.flatnonzero(flipped)[::-1]
        sizes = np.bitwise_count(numbers)
        groups = {}
        for size in np.unique(sizes).tolist():
            chosen = numbers[sizes == size]
            inside = (chosen[:, None] >> np.arange(n)[::-1] & 1).astype(bool)  # (m, n)
            groups[size] = who[np.nonzero(inside)[1].reshape(len(chosen), size)], flipped[chosen]
        return cls(groups)

    @property
    def order(self) -> int:
        """Size of the largest coalition; 0 when there is none."""
        return max(self.groups, default=0)

    @cached_property
    def players(self) -> NDArray[np.int32]:
        """Indices of the players in any coalition, ascending."""
        return np.unique(np.concatenate([np.empty(0, np.int32), *(rows.ravel() for rows, _ in self.groups.values())]))

    @cached_property
    def _dict(self) -> dict[Coalition, float]:
        terms: dict[Coalition, float] = {}
        for size, (rows, values) in self.groups.items():
            coalitions = zip(*rows.T.tolist(), strict=True) if size else [()]
            terms.update(zip(coalitions, values.tolist(), strict=True))
        return terms

    def __getitem__(self, coalition: Coalition) -> float:
        return self._dict[coalition]

    def __iter__(self) -> Iterator[Coalition]:
        return iter(self._dict)

    def __len__(self) -> int:
        return sum(len(values) for _, values in self.groups.values())

    def keys(self) -> KeysView[Coalition]:
        return self._dict.keys()

    def values(self) -> ValuesView[float]:
        return self._dict.values()

    def items(self) -> ItemsView[Coalition, float]:
        return self._dict.items()

    def __eq__(self, other: object) -> bool:
        return self._dict == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        # + 0.0 turns -0.0, which equals 0.0, into it.
        return hash(tuple((rows.tobytes(), (values + 0.0).tobytes()) for rows, values in self.groups.values()))

    def __repr__(self) -> str:
        return repr(self._dict)


def _group(coalitions: list[Coalition], values: list[float], size: int) -> tuple[Rows, Floats]:
    """One order's coalitions as a sorted array (m, size), and their numbers (m,)."""
    flat = np.array(list(chain.from_iterable(coalitions)))
    if size and flat.dtype.kind not in "iu":
        _refuse(next((coalition for coalition in coalitions if not all(map(_is_player, coalition))), coalitions[0]))
    rows = flat.reshape(len(coalitions), size).astype(np.int64)
    bad = (np.diff(rows, axis=1) <= 0).any(axis=1) | ((rows < 0) | (rows > LAST_PLAYER)).any(axis=1)
    if bad.any():
        _refuse(coalitions[int(bad.argmax())])
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"A coalition's number must be a number: {error}.") from None
    if not np.isfinite(numbers).all():
        worst = int(np.isfinite(numbers).argmin())
        raise BadInput(f"A coalition's number must be finite; got {numbers[worst]} for {coalitions[worst]!r}.")
    order = np.lexsort(rows.T[::-1]) if size else np.arange(1)
    return rows[order].astype(np.int32), numbers[order]


def _is_player(index: object) -> bool:
    return isinstance(index, int | np.integer) and 0 <= int(index) <= LAST_PLAYER


def _refuse(coalition: object) -> NoReturn:
    raise BadInput(f"A coalition must be a tuple of ascending, distinct player indices from 0; got {coalition!r}.")
