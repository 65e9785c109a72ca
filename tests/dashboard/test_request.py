"""A request is checked before anything is paid, in one sentence that names the way out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboard.lenses import prompt
from dashboard.request import Method, Request, asks_for, method_of
from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import Explanation

TEXT = "one two three four five six seven eight nine ten"
QUESTION = prompt.Question("sentiment", TEXT, "words", target="", versus="", ablation="mask")
METHOD = Method(method="lasso", max_order=4, budget=512, masks="mixed", verify=10, seed=0)
REQUEST = Request(QUESTION, METHOD)


def other(request: Request, **values: object) -> Request:
    """The same request but for some values, wherever they belong."""
    asked = {name: value for name, value in values.items() if hasattr(request.question, name)}
    how = {name: value for name, value in values.items() if name not in asked}
    return Request(replace(request.question, **asked), replace(request.method, **how))


def test_equal_requests_have_equal_ids_and_any_other_has_another() -> None:
    assert REQUEST.id == other(REQUEST).id
    others = {"text": "x", "spans": "lines", "target": "POSITIVE", "budget": 3, "seed": 1, "masks": "near"}
    assert len({other(REQUEST, **{name: value}).id for name, value in others.items()} | {REQUEST.id}) == 7


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
@pytest.mark.parametrize("spans", ["words", "tokens", "sentences"])
def test_an_empty_prompt_is_refused_before_any_model_is_loaded(text: str, spans: str) -> None:
    with pytest.raises(BadInput, match="empty prompt"):
        _ = other(REQUEST, text=text, spans=spans).question.n_players


def test_tokens_are_counted_by_the_model_only() -> None:
    assert other(REQUEST, spans="tokens").question.n_players is None
    assert REQUEST.question.n_players == 10


def test_a_budget_above_all_masks_is_refused_and_names_how_many_there_are() -> None:
    with pytest.raises(BadBudget, match=r"at most 2\^2 = 4 masks for 2 words; got 512"):
        REQUEST.check(2)


def test_a_budget_below_the_methods_least_is_refused() -> None:
    with pytest.raises(BadBudget, match="at least"):
        other(REQUEST, budget=2, method="leaveoneout").check(10)
    with pytest.raises(BadBudget, match="at least 1 mask"):
        other(REQUEST, budget=0).check(None)


def test_all_masks_of_a_tiny_prompt_are_enough() -> None:
    other(REQUEST, budget=2).check(1)
    other(REQUEST, budget=512).check(9)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(BadInput, match="must be one of"):
        _ = other(REQUEST, method="magic").method.estimator


def test_the_largest_order_reaches_the_methods_that_have_one_and_no_other() -> None:
    assert other(REQUEST, max_order=2).method.estimator.parameters["order"] == 2
    assert other(REQUEST, max_order=2, method="exact").method.estimator == ESTIMATORS["exact"]()
    assert other(REQUEST, max_order=None).method.estimator == ESTIMATORS["lasso"]()


@pytest.mark.parametrize("order", [None, 2])
def test_what_a_run_says_asks_for_it_again(make: Callable[..., Explanation], order: int | None) -> None:
    asked = other(REQUEST, max_order=order, target="POSITIVE")
    recipe = {"lens": "prompt", "text": TEXT, "spans": "words", "target": "POSITIVE", "ablation": "mask"}
    estimator = {"name": "Lasso", "parameters": asked.method.estimator.parameters}
    explanation = make(TEXT.split(), {(0,): 1.0}, recipe=recipe, estimator=estimator)
    values = prompt.values(explanation.recipe)
    again = other(REQUEST, **values, **method_of(explanation))
    assert again == asked
    assert asks_for(again, explanation, values)
    others = {"budget": 513, "text": "other", "max_order": 1, "target": "", "verify": 0, "method": "exact", "r2": 0.9}
    assert not any(asks_for(other(again, **{name: value}), explanation, values) for name, value in others.items())


def test_a_run_of_an_unknown_method_is_never_what_the_form_asks_for(make: Callable[..., Explanation]) -> None:
    explanation = make(["a"], {(0,): 1.0}, estimator={"name": "Magic", "parameters": {}})
    assert "method" not in method_of(explanation)
    values = prompt.values(explanation.recipe)
    assert not asks_for(other(REQUEST, **values, **method_of(explanation)), explanation, values)
