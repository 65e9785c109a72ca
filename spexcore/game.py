"""A game: players, and a value for every mask. The one noun of the core; everything explained is one."""

import hashlib
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadBudget, BadInput, BadValue, Cancelled
from spexcore.masks import ENUMERABLE, Masks, as_masks, pack, unpack

Values = NDArray[np.float64]
ROUNDING = 1e-5  # of float32 values of size one


def content_key(content: object) -> str:
    """sha256 hex of JSON-able content, the same in every process."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Game(ABC):
    """Players and a value for every mask. A new question is one final class with players, key and _values."""

    #: Masks evaluated between two looks at the progress, the stop button and the store.
    batch: int = 512

    @property
    @abstractmethod
    def players(self) -> tuple[str, ...]:
        """One name a player, in the order of the mask's columns."""

    @property
    @abstractmethod
    def key(self) -> str:
        """sha256 of everything the values depend on: equal keys, equal values."""

    @abstractmethod
    def _values(self, masks: Masks) -> Values:
        """Values of (n_masks, n_players) bool masks, shape (n_masks,)."""

    @property
    def recipe(self) -> dict[str, Any]:
        """JSON-able settings from which `spexcore.lenses.build` makes this game again; {} when nothing can."""
        return {}

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of the values must know of how they came about, a sentence each: what a run had to give up."""
        return ()

    @property
    def rounding(self) -> float:
        """By how much a value may differ when it is computed again, in a batch of another shape."""
        return ROUNDING

    @property
    def expected(self) -> Values | None:
        """What each player is expected to add before any mask is paid, (n_players,); None when nothing is known."""
        return None

    @property
    def n_players(self) -> int:
        return len(self.players)

    def __call__(self, masks: object) -> Values:
        """Values, (n_masks,) float64, of masks (n_masks, n_players); raises BadValue naming the first bad mask."""
        rows = as_masks(masks, self.n_players)
        if not len(rows):
            return np.empty(0)
        values = np.asarray(self._values(rows), dtype=np.float64)
        if values.shape != (len(rows),):
            raise BadValue(f"A game must return one value a mask, shape ({len(rows)},); got {values.shape}.")
        if not np.isfinite(values).all():
            bad = int(np.flatnonzero(~np.isfinite(values))[0])
            kept = np.flatnonzero(rows[bad])[:20].tolist()
            raise BadValue(f"The value must be finite; got {values[bad]} for mask {bad}, which keeps players {kept}.")
        return values


class FunctionGame(Game):
    """Any callable from bool masks (n_masks, n_players) to values (n_masks,)."""

    def __init__(self, function: Callable[[Masks], Any], players: Sequence[str], key: str | None = None) -> None:
        self._function = function
        self._players = _named(players)
        # A function has no content to hash: without a name of its own each game is a new one.
        self._key = content_key([key or uuid.uuid4().hex, self._players])

    players = property(lambda self: self._players)
    key = property(lambda self: self._key)

    def _values(self, masks: Masks) -> Values:
        return self._function(masks)


class TableGame(Game):
    """A value for each of the 2^n masks: values[k] belongs to the mask whose bit i keeps player i."""

    def __init__(self, values: object, players: Sequence[str] | None = None) -> None:
        self.table = np.asarray(values, dtype=np.float64)
        n = self.table.size.bit_length() - 1
        if self.table.ndim != 1 or self.table.size != 2**n or not 1 <= n <= ENUMERABLE:
            raise BadInput(
                f"`values` must be one row of 2^n numbers, n from 1 to {ENUMERABLE}; got {self.table.shape}."
            )
        self._players = _named(players if players is not None else [str(i) for i in range(n)])
        if len(self._players) != n:
            raise BadInput(f"`players` must name the {n} players of {2**n} values; got {len(self._players)} names.")
        self._key = content_key([hashlib.sha256(self.table.tobytes()).hexdigest(), self._players])

    players = property(lambda self: self._players)
    key = property(lambda self: self._key)

    def _values(self, masks: Masks) -> Values:
        return self.table[masks @ (1 << np.arange(self.n_players))]


class Memory(Protocol):
    """Where values already paid for are kept, by packed mask."""

    def get(self, keys: Sequence[bytes]) -> Mapping[bytes, float]:
        """The known ones among the keys."""

    def put(self, values: Mapping[bytes, float]) -> None:
        """Keep these, durably once this returns."""


class KeptValues:
    """A Memory that lasts as long as the process."""

    def __init__(self) -> None:
        self._values: dict[bytes, float] = {}

    def get(self, keys: Sequence[bytes]) -> Mapping[bytes, float]:
        return {key: self._values[key] for key in keys if key in self._values}

    def put(self, values: Mapping[bytes, float]) -> None:
        self._values.update(values)


class Progress(Protocol):
    """Called after every batch."""

    def __call__(self, done: int, total: int) -> None:
        """Masks done so far, of the total of this call (masks already known included)."""


class Stop(Protocol):
    """Whether to stop before the next batch: a threading.Event."""

    def is_set(self) -> bool: ...


class MeteredGame(Game):
    """A game that pays once for each mask, counts, reports progress, and stops when told to.

    `asked` counts masks asked for, `paid` those really evaluated: not in `memory`, not asked before.
    Masks are evaluated in order of size, so that inputs of one length stay together, `game.batch` at a time;
    each batch reaches `memory` before the next begins. `budget` bounds `asked` (BadBudget beyond it).
    """

    def __init__(
        self,
        game: Game,
        *,
        budget: int | None = None,
        memory: Memory | None = None,
        on_progress: Progress | None = None,
        cancel: Stop | None = None,
    ) -> None:
        self.game = game
        self.batch = game.batch
        self.bought: set[bytes] = set()  # packed masks paid here
        self._asked: dict[bytes, int] = {}  # packed mask -> times asked, in the order first asked
        self._budget = budget
        self._memory = memory if memory is not None else KeptValues()
        self._on_progress = on_progress
        self._cancel = cancel

    players = property(lambda self: self.game.players)
    key = property(lambda self: self.game.key)
    recipe = property(lambda self: self.game.recipe)
    notes = property(lambda self: self.game.notes)
    expected = property(lambda self: self.game.expected)
    rounding = property(lambda self: self.game.rounding)
    paid = property(lambda self: len(self.bought))

    @property
    def asked(self) -> int:
        """Masks asked for so far, repeats included."""
        return sum(self._asked.values())

    def samples(self) -> tuple[Masks, Values]:
        """Distinct masks asked so far, (n_distinct, n_players), in the order first asked, and their values."""
        keys = list(self._asked)
        known = self._memory.get(keys)
        return unpack(keys, self.n_players), np.array([known[key] for key in keys])

    def _values(self, masks: Masks) -> Values:
        if self._budget is not None and self.asked + len(masks) > self._budget:
            raise BadBudget(f"`budget` is {self._budget} masks; {self.asked + len(masks)} were asked for.")
        keys = pack(masks)
        first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))  # key -> its first row
        known = dict(self._memory.get(list(first)))
        rows = np.array(sorted(row for key, row in first.items() if key not in known), dtype=int)
        rows = rows[np.argsort(masks[rows].sum(axis=1), kind="stable")]
        self._report(len(masks) - len(rows), len(masks))
        try:
            for start in range(0, len(rows), self.batch):
                known.update(self._pay(masks, keys, rows[start : start + self.batch]))
                self._report(len(masks) - max(0, len(rows) - start - self.batch), len(masks))
        finally:  # what was known when somebody pressed stop can still be fitted
            for key in filter(known.__contains__, keys):
                self._asked[key] = self._asked.get(key, 0) + 1
        return np.array([known[key] for key in keys])

    def _pay(self, masks: Masks, keys: list[bytes], rows: NDArray[np.int_]) -> dict[bytes, float]:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled(f"Stopped after {self.paid} masks; they are kept.")
        fresh = dict(zip((keys[row] for row in rows), self.game(masks[rows]).tolist(), strict=True))
        self.bought.update(fresh)
        self._memory.put(fresh)
        return fresh

    def _report(self, done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(done, total)


def _named(players: Sequence[str]) -> tuple[str, ...]:
    if not len(players):
        raise BadInput("`players` must name at least one player; got none.")
    return tuple(str(player) for player in players)
