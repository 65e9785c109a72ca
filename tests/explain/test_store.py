"""The store: what was paid is kept, for every program at once, and a broken file is explained."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from patience import PATIENCE

from spexcore.errors import Cancelled, StoreError
from spexcore.game import FunctionGame, MeteredGame
from spexcore.masks import all_masks, pack
from spexcore.store import Store, home


class CountingGame(FunctionGame):
    """Sum of kept players, which remembers how many masks it was asked."""

    batch = 8

    def __init__(self, n_players: int = 6) -> None:
        self.evaluated = 0
        super().__init__(self._count, [str(i) for i in range(n_players)], key="count")

    def _count(self, masks: np.ndarray) -> np.ndarray:
        self.evaluated += len(masks)
        return masks.sum(axis=1) * 0.1


def test_values_survive_the_process_bit_for_bit(tmp_path: Path) -> None:
    values = {pack(all_masks(3))[5]: 0.1 + 0.2, b"\x00": -1e-300}
    Store(tmp_path / "s.sqlite").memory("game").put(values)
    assert Store(tmp_path / "s.sqlite").memory("game").get([*values, b"\xff"]) == values


def test_games_do_not_share_values(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.memory("one").put({b"\x01": 1.0})
    assert store.memory("two").get([b"\x01"]) == {}
    assert (store.count("one"), store.count("two"), store.count("never heard of")) == (1, 0, 0)


def test_a_second_run_pays_nothing(tmp_path: Path) -> None:
    first, second = CountingGame(), CountingGame()
    before = MeteredGame(first, memory=Store(tmp_path / "s.sqlite").memory(first.key))
    after = MeteredGame(second, memory=Store(tmp_path / "s.sqlite").memory(second.key))
    assert (before(all_masks(6)) == after(all_masks(6))).all()
    assert (first.evaluated, second.evaluated, before.paid, after.paid) == (64, 0, 64, 0)


def test_more_masks_than_one_query_holds(tmp_path: Path) -> None:
    game = CountingGame(11)
    memory = Store(tmp_path / "s.sqlite").memory(game.key)
    MeteredGame(game, memory=memory)(all_masks(11))
    assert len(memory.get(pack(all_masks(11)))) == 2**11


def test_a_stopped_run_keeps_its_finished_batches(tmp_path: Path) -> None:
    game, cancel = CountingGame(), threading.Event()
    store = Store(tmp_path / "s.sqlite")

    def stop_at_half(done: int, total: int) -> None:
        if done >= 32:
            cancel.set()

    metered = MeteredGame(game, memory=store.memory(game.key), on_progress=stop_at_half, cancel=cancel)
    with pytest.raises(Cancelled, match="32"):
        metered(all_masks(6))
    assert store.count(game.key) == 32 == game.evaluated


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from spexcore.store import Store; m = Store(sys.argv[1]).memory('g')\n"
        "for i in range(200): m.put({bytes([int(sys.argv[2]), i]): float(i)})"
    )
    path = str(tmp_path / "s.sqlite")
    running = [subprocess.Popen([sys.executable, "-c", program, path, str(k)]) for k in (1, 2)]
    assert [process.wait(PATIENCE) for process in running] == [0, 0]
    assert Store(path).count("g") == 400


def test_a_locked_store_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spexcore.store._WAIT_MS", 50)
    path = tmp_path / "s.sqlite"
    Store(path).memory("g").put({b"\x01": 1.0})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked by another program"):
        Store(path).memory("g").put({b"\x02": 2.0})
    other.execute("ROLLBACK")
    assert Store(path).memory("g").get([b"\x01"]) == {b"\x01": 1.0}


def test_a_damaged_store_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"this is no database at all, not even a small one" * 100)
    with pytest.raises(StoreError, match="damaged"):
        Store(path)


def test_a_store_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="SPEX_HOME"):
        Store(tmp_path / "file" / "s.sqlite")


def test_home_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPEX_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("SPEX_HOME")
    assert home().name == "spexcore"
