"""Values already paid for, on disk: one SQLite file under SPEX_HOME that page, CLI and notebooks share."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from spexcore.assets import home
from spexcore.errors import StoreError

_WAIT_MS = 5_000  # for another writer to finish its batch
_CHUNK = 500  # SQL parameters a query

_SCHEMA = """
CREATE TABLE IF NOT EXISTS games (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS ablations (
    game INTEGER NOT NULL REFERENCES games, mask BLOB NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (game, mask)
) WITHOUT ROWID;
"""


class Store:
    """The value of every mask ever paid for, by game key. Raises StoreError when locked, corrupt or unwritable."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path is not None else home() / "store.sqlite"
        self._lock = threading.Lock()
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Threads of one process share the connection under our lock; processes meet in SQLite's WAL.
            self._db = sqlite3.connect(self.path, timeout=_WAIT_MS / 1000, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)

    def memory(self, game_key: str) -> "StoredValues":
        """The shelf of one game, as MeteredGame wants it."""
        with self._explained(), self._lock, self._db:
            self._db.execute("INSERT OR IGNORE INTO games (key) VALUES (?)", (game_key,))
            (game,) = self._db.execute("SELECT id FROM games WHERE key = ?", (game_key,)).fetchone()
        return StoredValues(self, game)

    def count(self, game_key: str) -> int:
        """Masks of this game already paid for."""
        query = "SELECT COUNT(*) FROM ablations JOIN games ON id = game WHERE key = ?"
        with self._explained(), self._lock:
            return int(self._db.execute(query, (game_key,)).fetchone()[0])

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(
                    f"The store {self.path} is locked by another program. Close it and run again; "
                    "every batch that was finished is kept."
                ) from error
            raise StoreError(
                f"The store {self.path} cannot be used: {error}. Set SPEX_HOME to another folder."
            ) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The store {self.path} is damaged ({error}). Move that file away and run again; "
                "saved explanations are not in it and are not affected."
            ) from error
        except OSError as error:
            raise StoreError(
                f"The store {self.path} cannot be made: {error}. Set SPEX_HOME to another folder."
            ) from error


class StoredValues:
    """One game's values in the store; a Memory for MeteredGame. `put` returns once they are committed."""

    def __init__(self, store: Store, game: int) -> None:
        self._store = store
        self._game = game

    def get(self, keys: Sequence[bytes]) -> Mapping[bytes, float]:
        known: dict[bytes, float] = {}
        store = self._store
        with store._explained(), store._lock:
            for start in range(0, len(keys), _CHUNK):
                chunk = keys[start : start + _CHUNK]
                holes = ",".join("?" * len(chunk))
                query = f"SELECT mask, value FROM ablations WHERE game = ? AND mask IN ({holes})"
                known.update(store._db.execute(query, (self._game, *chunk)))
        return known

    def put(self, values: Mapping[bytes, float]) -> None:
        rows = [(self._game, mask, value) for mask, value in values.items()]
        store = self._store
        with store._explained(), store._lock, store._db:
            store._db.executemany("INSERT OR REPLACE INTO ablations (game, mask, value) VALUES (?, ?, ?)", rows)
