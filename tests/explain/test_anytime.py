"""Anytime: rounds that stop when enough is known, and say how faithful the answer has become."""

import threading

import numpy as np
import pytest

import spexcore as spex
from spexcore.anytime import FLAT, GROWTH, ROUNDS, START, ask_in_rounds, is_flat
from spexcore.errors import BadInput
from spexcore.masks import Masks

N = 12
NAMES = [f"p{i}" for i in range(N)]


def easy(masks: Masks) -> np.ndarray:
    return masks[:, 0] * masks[:, 1] * 2.0 - masks[:, 2] + 0.5 * masks[:, 3]


def hopeless(masks: Masks) -> np.ndarray:
    return np.random.default_rng(1).normal(size=2**N)[masks @ (1 << np.arange(N))]


def test_rounds_grow_until_the_wanted_r2_and_ask_for_nothing_more() -> None:
    asked: list[int] = []
    game = spex.FunctionGame(lambda m: asked.append(len(m)) or np.zeros(len(m)), NAMES, key="zero")
    scores = iter([0.1, 0.5, 0.92, 0.99])
    curve = ask_in_rounds(game, np.random.default_rng(0).random((500, N)) < 0.5, lambda: next(scores), 0.9)
    assert curve == [0.1, 0.5, 0.92]
    assert asked[0] == START
    assert sum(asked) == pytest.approx(START * GROWTH**2, abs=3)


def test_no_mask_is_asked_twice_and_the_last_round_ends_with_the_masks() -> None:
    seen: list[Masks] = []
    game = spex.FunctionGame(lambda m: seen.append(m) or np.zeros(len(m)), NAMES, key="zero")
    masks = np.random.default_rng(0).random((200, N)) < 0.5
    score = iter(np.linspace(0, 0.8, 50))
    ask_in_rounds(game, masks, lambda: float(next(score)), 0.99)
    np.testing.assert_array_equal(np.vstack(seen), masks)


def test_a_curve_is_flat_only_after_rounds_without_gain() -> None:
    assert not is_flat([0.5] * ROUNDS)
    assert is_flat([0.5] * (ROUNDS + 1))
    assert is_flat([0.5, 0.2, 0.3, 0.5 + FLAT / 2])
    assert not is_flat([0.5, 0.2, 0.3, 0.5 + 2 * FLAT])


def test_an_easy_game_stops_early_and_the_curve_is_heard() -> None:
    steps: list[spex.Step] = []
    game = spex.FunctionGame(easy, NAMES, key="easy")
    explanation = spex.explain(game, budget="auto", r2=0.95, masks="mixed", on_progress=steps.append)
    curve = [step.r2 for step in steps if step.r2 is not None]
    assert curve[-1] >= 0.95
    assert explanation.masks_asked < 400
    assert explanation.faithfulness.r2 > 0.9
    assert explanation.wanted_r2 == 0.95
    assert spex.Explanation.from_json(explanation.to_json()).wanted_r2 == 0.95


def test_a_hopeless_game_stops_when_flat_and_says_how_little_is_known() -> None:
    game = spex.FunctionGame(hopeless, NAMES, key="hopeless")
    explanation = spex.explain(game, spex.Lasso(), budget="auto", r2=0.9)
    assert explanation.masks_asked < 2000
    assert explanation.faithfulness.r2 < 0.3


def test_a_budget_given_is_the_limit_of_the_rounds() -> None:
    game = spex.FunctionGame(hopeless, NAMES, key="hopeless")
    explanation = spex.explain(game, spex.Lasso(), budget=150, r2=0.9)
    assert explanation.masks_asked <= 150


def test_the_same_seed_stops_at_the_same_place() -> None:
    game = spex.FunctionGame(easy, NAMES, key="easy")
    first, second = (spex.explain(game, budget="auto", seed=3, masks="mixed") for _ in range(2))
    assert first.masks_asked == second.masks_asked
    assert dict(first.spectrum.coefficients) == dict(second.spectrum.coefficients)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"budget": "auto", "r2": 0.0}, "`r2` must be above 0"),
        ({"budget": "auto", "r2": 1.5}, "`r2` must be above 0"),
        ({"budget": "much"}, "'auto'"),
        ({"budget": "auto", "estimator": spex.SPEX()}, "SPEX designs its own"),
    ],
)
def test_what_cannot_be_is_one_sentence(asked: dict, says: str) -> None:
    with pytest.raises((BadInput, spex.SpexError), match=says):
        spex.explain(spex.FunctionGame(easy, NAMES, key="easy"), **asked)


def test_who_watches_hears_r2_rise_and_changes_nothing() -> None:
    steps: list[spex.Step] = []
    game = spex.FunctionGame(easy, NAMES, key="easy")
    watched = spex.explain(game, budget=280, masks="mixed", on_progress=steps.append)
    alone = spex.explain(game, budget=280, masks="mixed")
    curve = [(step.asked, step.r2) for step in steps if step.r2 is not None]
    assert len(curve) >= 3
    assert curve[0][0] == START
    assert curve[-1][0] == watched.masks_asked
    assert curve[-1][1] > 0.99
    assert [done for done, _ in curve] == sorted(done for done, _ in curve)
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert all(step.done <= step.total for step in steps)
    assert dict(watched.spectrum.coefficients) == dict(alone.spectrum.coefficients)
    assert dict(watched.measured) == dict(alone.measured)


@pytest.mark.parametrize("budget", [400, "auto"])
def test_enough_ends_a_run_with_what_is_known_then_and_says_so(budget: int | str) -> None:
    enough = threading.Event()
    game = spex.FunctionGame(hopeless, NAMES, key="hopeless")

    def heard(step: spex.Step) -> None:
        if step.phase == "discover" and step.r2 is not None:
            enough.set()

    explanation = spex.explain(game, spex.Lasso(), budget=budget, masks="mixed", on_progress=heard, enough=enough)
    assert START <= explanation.masks_asked < 200
    assert explanation.budget == explanation.masks_asked
    assert any(note.startswith(f"Stopped by hand after {explanation.masks_asked} of") for note in explanation.notes)
    assert explanation.faithfulness.r2 < 0.5
    assert spex.explain(game, spex.Lasso(), budget=400, masks="mixed").id != explanation.id


def test_enough_before_anything_is_known_is_a_stop() -> None:
    enough = threading.Event()
    enough.set()
    with pytest.raises(spex.Cancelled):
        spex.explain(spex.FunctionGame(easy, NAMES, key="easy"), budget=300, enough=enough)


def test_a_run_that_is_cancelled_keeps_nothing_but_what_was_paid() -> None:
    cancel, enough = threading.Event(), threading.Event()

    def heard(step: spex.Step) -> None:
        if step.r2 is not None:
            enough.set()
            cancel.set()

    game = spex.FunctionGame(easy, NAMES, key="easy")
    with pytest.raises(spex.Cancelled):
        spex.explain(game, budget=400, on_progress=heard, cancel=cancel, enough=enough)


@pytest.mark.parametrize(("n", "budget"), [(9, 128), (11, 500)])
def test_watching_costs_nothing(n: int, budget: int) -> None:
    values = np.random.default_rng(n).normal(size=2**n)
    game = spex.TableGame(values)
    watched = spex.explain(game, spex.Lasso(), budget=budget, masks="mixed", on_progress=lambda step: None)
    alone = spex.explain(game, spex.Lasso(), budget=budget, masks="mixed")
    assert (watched.masks_paid, watched.held_out_paid) == (alone.masks_paid, alone.held_out_paid)
    assert watched.faithfulness == alone.faithfulness


def test_enough_pressed_while_the_run_is_judged_changes_nothing() -> None:
    enough = threading.Event()
    game = spex.TableGame(np.random.default_rng(0).normal(size=2**8))  # so small that nothing is held out on the way

    def heard(step: spex.Step) -> None:
        if step.phase == "judge":
            enough.set()

    late = spex.explain(game, spex.Lasso(), budget=128, on_progress=heard, enough=enough)
    assert enough.is_set()
    assert not late.notes
    assert late.id == spex.explain(game, spex.Lasso(), budget=128).id
