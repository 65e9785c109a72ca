"""explain: the budget is kept, what leads is measured, and the same seed says the same."""

import json
import threading
from typing import Any

import numpy as np
import pytest

import spexcore as spex
from spexcore.faithfulness import held_out_masks
from spexcore.game import Game, KeptValues, MeteredGame
from spexcore.masks import DISTRIBUTIONS, draw, near_limit


def and_game(n_players: int = 10) -> spex.FunctionGame:
    """3 x0 x1 x2 - 2 x3 x4 + 0.5 x5: strongest in the full prompt are the members of the triple."""
    return spex.FunctionGame(
        lambda x: 3.0 * x[:, 0] * x[:, 1] * x[:, 2] - 2.0 * x[:, 3] * x[:, 4] + 0.5 * x[:, 5],
        players=[f"p{i}" for i in range(n_players)],
        key="ands",
    )


def test_the_contracts_example() -> None:
    game = spex.FunctionGame(lambda masks: masks[:, 0] * masks[:, 1] - 0.5 * masks[:, 2], players=["a", "b", "c"])
    explanation = spex.explain(game, spex.Lasso(order=2), budget=64, seed=0)
    assert explanation.spectrum.interactions("fbii").top(1)[0][0] == ("a", "b")
    assert explanation.masks_asked == explanation.masks_paid == 8
    assert explanation.faithfulness.r2 == pytest.approx(1.0)
    assert explanation.measured[(0, 1)] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("budget", [16, 40, 100])
def test_the_budget_is_kept_and_nothing_is_paid_twice(distribution: str, budget: int) -> None:
    seen: list[bytes] = []
    inner = and_game()
    game = spex.FunctionGame(
        lambda masks: (seen.extend(map(bytes, np.packbits(masks, axis=1))), inner(masks))[1], inner.players
    )
    explanation = spex.explain(game, spex.Lasso(), budget=budget, masks=distribution, held_out=20)
    assert explanation.masks_asked <= budget
    assert explanation.masks_paid + explanation.held_out_paid == len(seen) == len(set(seen))


def test_what_is_reported_first_was_measured_and_is_true() -> None:
    game = and_game()
    explanation = spex.explain(game, spex.Lasso(order=2), budget=96, masks="mixed", seed=1)
    found = dict(explanation.interactions("comobius", max_order=4).top(7))
    # Seen from the full prompt, an AND is lost with any of its members: each subset carries the whole weight.
    members = [("p0",), ("p1",), ("p2",), ("p0", "p1"), ("p0", "p2"), ("p1", "p2"), ("p0", "p1", "p2")]
    assert found == pytest.approx(dict.fromkeys(members, 3.0), abs=1e-12)
    for coalition in [(0,), (0, 1), (0, 1, 2), (3, 4)]:
        assert coalition in explanation.measured
        assert spex.validate(game, coalition).measured == pytest.approx(explanation.measured[coalition], abs=1e-12)
        assert explanation.intervals[coalition] == (explanation.measured[coalition],) * 2


@pytest.mark.parametrize(("estimator", "asked"), [(spex.Lasso(), 493), (spex.Pairwise(), 386)])
def test_where_all_that_may_lead_is_measured_the_rest_discovers(estimator: Any, asked: int) -> None:
    """Of ten players 386 masks remove four at most; a method that designs its masks has no use for others.

    The 27th part of the budget is kept for what the last fit claims.
    """
    game = spex.TableGame(np.random.default_rng(0).normal(size=2**10))
    explanation = spex.explain(game, estimator, budget=512, masks="mixed", held_out=8)
    assert explanation.masks_asked == asked
    assert sum(len(coalition) <= 4 for coalition in explanation.measured) == 386


def test_verify_zero_spends_everything_on_discovery() -> None:
    game = MeteredGame(and_game())
    explanation = spex.explain(game, spex.Lasso(), budget=100, verify=0)
    assert explanation.masks_asked == 100
    assert not any(len(coalition) > 1 for coalition in explanation.measured)


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    first, again, other = (spex.explain(and_game(), spex.Lasso(), budget=60, seed=seed) for seed in (3, 3, 4))
    strip = {"seconds", "seed"}
    asked = [{k: v for k, v in e.to_json().items() if k not in strip} for e in (first, again, other)]
    assert asked[0] == asked[1]
    assert asked[0] != asked[2]


def test_an_interrupted_run_resumes_to_the_same_explanation() -> None:
    whole = spex.explain(and_game(), spex.Lasso(), budget=100, seed=5)
    memory, cancel, game = KeptValues(), threading.Event(), and_game()
    game.batch = 16

    def stop(step: spex.Step) -> None:
        if step.done >= 50:
            cancel.set()

    with pytest.raises(spex.Cancelled):
        spex.explain(game, spex.Lasso(), budget=100, seed=5, memory=memory, cancel=cancel, on_progress=stop)
    kept = len(memory._values)
    second = spex.explain(game, spex.Lasso(), budget=100, seed=5, memory=memory)
    assert 0 < kept < whole.masks_paid
    assert kept + second.masks_paid + second.held_out_paid == whole.masks_paid + whole.held_out_paid
    assert second.spectrum == whole.spectrum
    assert second.measured == whole.measured


def test_progress_rises_to_its_total() -> None:
    steps: list[spex.Step] = []
    spex.explain(and_game(), spex.Lasso(), budget=100, held_out=40, on_progress=steps.append)
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] == steps[-1].total == 180
    assert list(dict.fromkeys(step.phase for step in steps)) == ["discover", "verify", "judge"]


def test_a_constant_game_has_no_effects() -> None:
    explanation = spex.explain(spex.TableGame(np.full(2**6, 0.25)), spex.Lasso(), budget=32)
    assert {value for coalition, value in explanation.measured.items() if coalition} <= {0.0}
    assert explanation.measured[()] == 0.25  # the whole prompt, whose value is no effect
    assert explanation.spectrum.predict(np.ones((1, 6)))[0] == pytest.approx(0.25)
    assert explanation.faithfulness.r2 == 1.0


@pytest.mark.parametrize(
    ("n_players", "budget", "value"),
    [
        (1, 2, lambda masks: 2.0 + 3.0 * masks[:, 0]),
        (2, 4, lambda masks: masks.all(axis=1)),
        (8, 60, lambda masks: masks.all(axis=1)),  # every value but one is the same
        (8, 60, lambda masks: np.full(len(masks), 7.0)),
        (60, 40, lambda masks: 2.0 * masks[:, 5] - masks[:, 17] * masks[:, 3]),  # fewer masks than players
    ],
)
@pytest.mark.parametrize("estimator", [spex.WalshGP(), spex.StackSPEX(), spex.ProxySPEX(), spex.Lasso()], ids=repr)
def test_what_there_is_little_to_say_of_is_said_in_finite_numbers(
    estimator: spex.Estimator, n_players: int, budget: int, value: Any
) -> None:
    game = spex.FunctionGame(lambda masks: value(masks) * 1.0, [f"p{i}" for i in range(n_players)])
    explanation = spex.explain(game, estimator, budget=budget, masks="mixed", held_out=32)
    numbers = json.dumps({**explanation.to_json(), "seconds": 0}, allow_nan=False)
    assert "coefficients" in numbers
    assert all(low <= high for low, high in explanation.intervals.values())
    assert -1e9 < explanation.faithfulness.r2 <= 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_value_names_the_mask(bad: float) -> None:
    game = spex.FunctionGame(lambda masks: np.where(masks[:, 0], 1.0, bad), players=list("abcd"))
    with pytest.raises(spex.BadValue, match="mask"):
        spex.explain(game, spex.Lasso(), budget=12)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget": 0}, "`budget`"),
        ({"budget": 3}, "at least"),
        ({"budget": 64, "masks": "round"}, "`masks` must be one of uniform"),
        ({"budget": 64, "held_out": 1}, "`held_out`"),
        ({"budget": 64, "verify": -1}, "`verify`"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_paid(settings: dict, said: str) -> None:
    game = MeteredGame(and_game())
    with pytest.raises(spex.BadInput, match=said):
        spex.explain(game, spex.Lasso(), **settings)
    assert game.paid == 0


class WideGame(Game):
    """300 players, three of which matter."""

    players = property(lambda self: tuple(str(i) for i in range(300)))
    key = property(lambda self: "wide")

    def _values(self, masks: np.ndarray) -> np.ndarray:
        return 2.0 * masks[:, 7] * masks[:, 250] + masks[:, 3]


def test_hundreds_of_players() -> None:
    explanation = spex.explain(WideGame(), spex.Lasso(order=1), budget=700, masks="mixed", held_out=30)
    leading = [names for names, _ in explanation.interactions("comobius", max_order=2).top(4)]
    assert set(leading) == {("7",), ("250",), ("7", "250"), ("3",)}
    assert explanation.masks_asked <= 700


@pytest.mark.parametrize(("n", "seen"), [(8, 64), (9, 300), (10, 800), (12, 100)])
def test_masks_held_out_near_remove_few_players_in_small_games_too(n: int, seen: int) -> None:
    known = draw("uniform", n, seen, np.random.default_rng(0))
    masks = held_out_masks("near", n, 256, 0, known)
    removed = n - masks.sum(axis=1)
    assert removed.min() >= 1
    assert removed.max() <= near_limit(n)
