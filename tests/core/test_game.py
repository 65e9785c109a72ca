"""A game answers in order, pays once, keeps what it paid, and says what is wrong with a value."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spexcore.errors import BadBudget, BadInput, BadValue, Cancelled, SpexError
from spexcore.game import FunctionGame, Game, MeteredGame, TableGame, content_key
from spexcore.masks import Masks, all_masks, pack


class Recording(Game):
    """Value: 2^i summed over the players kept, so that each mask has its own. Remembers every batch it was asked."""

    batch = 4
    players = tuple("abcdef")
    key = "recording"

    def __init__(self) -> None:
        self.batches: list[Masks] = []

    def _values(self, masks: Masks) -> np.ndarray:
        self.batches.append(masks.copy())
        return masks @ (1 << np.arange(6))

    @property
    def evaluated(self) -> list[int]:
        return [int(value) for batch in self.batches for value in batch @ (1 << np.arange(6))]


class Shelf:
    """A memory that says when it was written to."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.kept: dict[bytes, float] = {}
        self.log = log if log is not None else []

    def get(self, keys: list[bytes]) -> dict[bytes, float]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def put(self, values: dict[bytes, float]) -> None:
        self.log.append(f"put {len(values)}")
        self.kept.update(values)


def numbered(*numbers: int) -> Masks:
    return all_masks(6)[list(numbers)]


# --- games -------------------------------------------------------------------------------------------------------


def test_table_is_numbered_by_bits() -> None:
    game = TableGame(np.arange(8.0), players=["a", "b", "c"])
    assert game([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]]).tolist() == [1.0, 2.0, 4.0, 7.0, 0.0]
    np.testing.assert_array_equal(game(all_masks(3)), game.table)
    assert TableGame([1, 2, 3, 4]).players == ("0", "1")
    assert TableGame([1, 2, 3, 4])([[True, True]]).dtype == np.float64


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [1.0], [], np.zeros((2, 2))])
def test_table_must_have_a_value_for_every_mask(values: object) -> None:
    with pytest.raises(BadInput, match="2\\^n numbers"):
        TableGame(values)


def test_players_must_be_as_many_as_the_table_says() -> None:
    with pytest.raises(BadInput, match="2 players of 4 values; got 3 names"):
        TableGame(np.zeros(4), players=["a", "b", "c"])
    with pytest.raises(BadInput, match="at least one player"):
        FunctionGame(lambda masks: masks.sum(axis=1), players=[])


def test_no_masks_have_no_values() -> None:
    game = FunctionGame(lambda masks: 1 / 0, players=["a"])
    assert game(np.empty((0, 1), bool)).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_value_that_is_not_finite_names_the_mask(bad: float) -> None:
    game = TableGame([0.0, 1.0, 2.0, 3.0, 4.0, bad, 6.0, 7.0])
    with pytest.raises(BadValue, match=f"got {bad} for mask 2, which keeps players \\[0, 2\\]"):
        game([[0, 0, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]])


def test_wrong_number_of_values_is_refused() -> None:
    game = FunctionGame(lambda masks: np.zeros((len(masks), 2)), players=["a", "b"])
    with pytest.raises(BadValue, match="shape \\(3,\\); got \\(3, 2\\)"):
        game(np.ones((3, 2), bool))


def test_masks_of_another_width_are_refused() -> None:
    with pytest.raises(BadInput, match="shape \\(n_masks, 2\\)"):
        TableGame(np.zeros(4))(np.ones((3, 5), bool))


def test_equal_games_have_equal_keys() -> None:
    values = np.random.default_rng(0).normal(size=8)
    key = TableGame(values, ["a", "b", "c"]).key
    assert len(key) == 64
    assert key == TableGame(values.tolist(), ("a", "b", "c")).key
    assert key != TableGame(values, ["a", "b", "d"]).key
    assert key != TableGame(values + 1e-12, ["a", "b", "c"]).key


def test_function_has_a_key_of_its_own_unless_named() -> None:
    count = lambda masks: masks.sum(axis=1)
    assert FunctionGame(count, ["a"]).key != FunctionGame(count, ["a"]).key
    assert FunctionGame(count, ["a"], key="count").key == FunctionGame(count, ["a"], key="count").key
    assert FunctionGame(count, ["a"], key="count").key != FunctionGame(count, ["b"], key="count").key


def test_content_key_is_the_same_in_every_process() -> None:
    content = {"b": [1, 2.5, None], "a": "ä \U0001f642"}
    code = f"from spexcore.game import content_key; print(content_key({content!r}))"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert there.stdout.strip() == content_key(dict(reversed(content.items())))
    assert content_key("\ud800") != content_key("?")  # half an emoji, as a tokenizer may cut it


# --- the meter ---------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 63), max_size=12), max_size=5))
def test_meter_changes_no_value_and_pays_once(calls: list[list[int]]) -> None:
    game = Recording()
    metered = MeteredGame(game)
    for numbers in calls:
        assert metered(numbered(*numbers)).tolist() == [float(number) for number in numbers]
    asked = [number for numbers in calls for number in numbers]
    assert metered.asked == len(asked)
    assert metered.paid == len(set(asked)) == len(game.evaluated)
    assert set(game.evaluated) == set(asked)


def test_samples_are_the_distinct_masks_in_the_order_first_asked() -> None:
    metered = MeteredGame(Recording())
    metered(numbered(9, 3, 9))
    metered(numbered(40, 3, 7))
    masks, values = metered.samples()
    assert values.tolist() == [9.0, 3.0, 40.0, 7.0]
    np.testing.assert_array_equal(masks, numbered(9, 3, 40, 7))


def test_masks_of_one_size_are_paid_together_in_batches() -> None:
    game = Recording()
    MeteredGame(game)(numbered(63, 1, 3, 31, 2, 0, 7, 4))
    assert [len(batch) for batch in game.batches] == [4, 4]
    sizes = [int(size) for batch in game.batches for size in batch.sum(axis=1)]
    assert sizes == sorted(sizes)


def test_what_the_memory_knows_is_not_paid_again() -> None:
    shelf = Shelf()
    MeteredGame(Recording(), memory=shelf)(numbered(1, 2, 3))
    game = Recording()
    metered = MeteredGame(game, memory=shelf)
    assert metered(numbered(3, 4, 1)).tolist() == [3.0, 4.0, 1.0]
    assert game.evaluated == [4]
    assert (metered.asked, metered.paid) == (3, 1)
    assert set(shelf.kept) == set(pack(numbered(1, 2, 3, 4)))


def test_each_batch_reaches_the_memory_before_the_next_is_reported() -> None:
    log: list[str] = []
    metered = MeteredGame(
        Recording(), memory=Shelf(log), on_progress=lambda done, total: log.append(f"{done} of {total}")
    )
    metered(numbered(*range(10), 0))
    assert log == ["1 of 11", "put 4", "5 of 11", "put 4", "9 of 11", "put 2", "11 of 11"]


def test_progress_of_what_is_known_is_done_at_once() -> None:
    seen: list[tuple[int, int]] = []
    metered = MeteredGame(Recording(), on_progress=lambda done, total: seen.append((done, total)))
    metered(numbered(1, 2))
    metered(numbered(2, 1))
    assert seen == [(0, 2), (2, 2), (2, 2)]


def test_stop_between_batches_keeps_what_was_paid() -> None:
    stop = threading.Event()
    shelf, game = Shelf(), Recording()
    metered = MeteredGame(
        game, memory=shelf, cancel=stop, on_progress=lambda done, total: stop.set() if done >= 8 else None
    )
    with pytest.raises(Cancelled, match="after 8 masks"):
        metered(numbered(*range(20)))
    assert metered.paid == len(game.evaluated) == len(shelf.kept) == 8
    again = MeteredGame(Recording(), memory=shelf)
    assert again(numbered(*range(20))).tolist() == [float(number) for number in range(20)]
    assert again.paid == 12


def test_stop_pressed_before_the_start_pays_nothing() -> None:
    stop = threading.Event()
    stop.set()
    game = Recording()
    with pytest.raises(Cancelled):
        MeteredGame(game, cancel=stop)(numbered(1))
    assert game.batches == []


def test_budget_bounds_what_is_asked_and_nothing_is_paid_beyond() -> None:
    game = Recording()
    metered = MeteredGame(game, budget=5)
    metered(numbered(1, 2, 2))
    with pytest.raises(BadBudget, match="`budget` is 5 masks; 6 were asked for"):
        metered(numbered(3, 4, 5))
    assert (metered.asked, metered.paid) == (3, 2)
    assert metered(numbered(3, 4)).tolist() == [3.0, 4.0]


def test_bad_value_in_a_later_batch_keeps_the_earlier_ones() -> None:
    shelf = Shelf()
    table = np.arange(64.0)
    table[63] = np.nan
    game = TableGame(table)
    game.batch = 4
    with pytest.raises(BadValue, match="keeps players \\[0, 1, 2, 3, 4, 5\\]"):
        MeteredGame(game, memory=shelf)(numbered(63, 0, 1, 2, 4))
    assert sorted(shelf.kept.values()) == [0.0, 1.0, 2.0, 4.0]


def test_meter_is_the_game_it_meters() -> None:
    game = TableGame(np.arange(4.0), ["a", "b"])
    metered = MeteredGame(game)
    assert (metered.players, metered.key, metered.recipe, metered.n_players) == (game.players, game.key, {}, 2)


def test_errors_are_one_family() -> None:
    for error in (BadBudget, BadInput, BadValue, Cancelled):
        assert issubclass(error, SpexError)
    assert issubclass(BadBudget, BadInput)
