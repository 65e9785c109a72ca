"""Terms: coalition -> number, read-only, held as one sorted array an order, so that a million of them are no burden."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import cached_property
from itertools import chain

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
        _refuse(next((c for c in coalitions if not all(isinstance(i, int | np.integer) for i in c)), coalitions[0]))
    rows = flat.reshape(len(coalitions), size).astype(np.int64)
    bad = (np.diff(rows, axis=1) <= 0).any(axis=1) | ((rows < 0) | (rows > LAST_PLAYER)).any(axis=1)
    if bad.any():
        _refuse(coalitions[int(bad.argmax())])
    numbers = np.array(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        worst = int(np.isfinite(numbers).argmin())
        raise BadInput(f"A coalition's number must be finite; got {numbers[worst]} for {coalitions[worst]!r}.")
    order = np.lexsort(rows.T[::-1]) if size else np.arange(1)
    return rows[order].astype(np.int32), numbers[order]


def _refuse(coalition: object) -> int:
    raise BadInput(f"A coalition must be a tuple of ascending, distinct player indices from 0; got {coalition!r}.")
