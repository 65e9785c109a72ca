"""A request is checked before anything is paid, in one sentence that names the way out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboard.request import Request, asks_for, request_of
from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import Explanation

REQUEST = Request(
    model="sentiment",
    text="one two three four five six seven eight nine ten",
    spans="words",
    target=None,
    ablation="mask",
    method="lasso",
    max_order=4,
    budget=512,
    masks="mixed",
    verify=10,
    seed=0,
)


def test_equal_requests_have_equal_ids_and_any_other_has_another() -> None:
    assert REQUEST.id == replace(REQUEST).id
    others = {"text": "x", "spans": "lines", "target": "POSITIVE", "budget": 3, "seed": 1, "masks": "near"}
    assert len({replace(REQUEST, **{name: value}).id for name, value in others.items()} | {REQUEST.id}) == 7


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
@pytest.mark.parametrize("spans", ["words", "tokens", "sentences"])
def test_an_empty_prompt_is_refused_before_any_model_is_loaded(text: str, spans: str) -> None:
    with pytest.raises(BadInput, match="empty prompt"):
        _ = replace(REQUEST, text=text, spans=spans).n_players


def test_tokens_are_counted_by_the_model_only() -> None:
    assert replace(REQUEST, spans="tokens").n_players is None
    assert REQUEST.n_players == 10


def test_a_budget_above_all_masks_is_refused_and_names_how_many_there_are() -> None:
    with pytest.raises(BadBudget, match=r"at most 2\^2 = 4 masks for 2 words; got 512"):
        REQUEST.check(2)


def test_a_budget_below_the_methods_least_is_refused() -> None:
    with pytest.raises(BadBudget, match="at least"):
        replace(REQUEST, budget=2, method="leaveoneout").check(10)
    with pytest.raises(BadBudget, match="at least 1 mask"):
        replace(REQUEST, budget=0).check(None)


def test_all_masks_of_a_tiny_prompt_are_enough() -> None:
    replace(REQUEST, budget=2).check(1)
    replace(REQUEST, budget=512).check(9)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(BadInput, match="must be one of"):
        _ = replace(REQUEST, method="magic").estimator


def test_the_largest_order_reaches_the_methods_that_have_one_and_no_other() -> None:
    assert replace(REQUEST, max_order=2).estimator.parameters["order"] == 2
    assert replace(REQUEST, max_order=2, method="exact").estimator == ESTIMATORS["exact"]()
    assert replace(REQUEST, max_order=None).estimator == ESTIMATORS["lasso"]()


@pytest.mark.parametrize("order", [None, 2])
def test_what_a_run_says_asks_for_it_again(make: Callable[..., Explanation], order: int | None) -> None:
    asked = replace(REQUEST, max_order=order, target="POSITIVE")
    recipe = {"lens": "prompt", "text": asked.text, "spans": "words", "target": "POSITIVE", "ablation": "mask"}
    estimator = {"name": "Lasso", "parameters": asked.estimator.parameters}
    explanation = make(asked.text.split(), {(0,): 1.0}, recipe=recipe, estimator=estimator)
    again = replace(REQUEST, **request_of(explanation))
    assert again == asked
    assert asks_for(again, explanation)
    others = {"budget": 513, "text": "other", "max_order": 1, "target": None, "verify": 0, "method": "exact"}
    assert not any(asks_for(replace(again, **{name: value}), explanation) for name, value in others.items())


def test_a_run_of_an_unknown_method_is_never_what_the_form_asks_for(make: Callable[..., Explanation]) -> None:
    explanation = make(["a"], {(0,): 1.0}, estimator={"name": "Magic", "parameters": {}})
    assert "method" not in request_of(explanation)
    assert not asks_for(replace(REQUEST, **request_of(explanation)), explanation)
