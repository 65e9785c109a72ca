"""Sentences say what the numbers say."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from film import TERMS, WORDS

from spexcore.estimators import ESTIMATORS
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.figures.rows import claimed
from spexcore.figures.trust import trust
from spexcore.figures.words import (
    INDEX_NAMES,
    amount,
    answer,
    claim,
    effect,
    full_value,
    headline,
    hover,
    legend,
    measured_corners,
    predicted_corners,
    probability,
)
from spexcore.lenses import SyntheticGame
from spexcore.validation import validate
from spexcore.weights import INDICES

Make = Callable[..., Explanation]


def test_a_pair_is_told_by_what_both_do_what_each_does_alone_and_the_difference(example: Explanation) -> None:
    values = {(): -1.0, (3,): -3.0, (4,): -5.0, (3, 4): 2.2}
    assert claim(example, claimed(example, (3, 4)), values) == (
        "“not” and “bad” together raise POSITIVE by 3.20 logits; each alone lowers it (−2.00, −4.00). "
        "Alone they add up to −6.00; the difference, +9.20 logits, is their interaction."
    )


def test_members_that_pull_apart_are_named_one_by_one(example: Explanation) -> None:
    values = {(): 0.0, (3,): 1.0, (4,): -2.0, (3, 4): -3.0}
    assert "lower POSITIVE by 3.00 logits; alone, “not” +1.00, “bad” −2.00." in claim(
        example, claimed(example, (3, 4)), values
    )


def test_one_part_is_told_by_taking_it_out(example: Explanation) -> None:
    assert (
        claim(example, claimed(example, (9,)), {(): 3.0, (9,): 1.0})
        == "Taking “rushed” out raises POSITIVE by 2.00 logits."
    )


@pytest.mark.parametrize("coalition", [(3,), (3, 4), (5, 7, 9), (1, 3, 4, 9), (0, 2)])
def test_predicted_corners_add_up_to_the_comobius_value(make: Make, coalition: tuple[int, ...]) -> None:
    explanation = make(WORDS, TERMS)
    corners = predicted_corners(explanation, coalition)
    assert len(corners) == 2 ** len(coalition)
    assert effect(corners) == pytest.approx(explanation.comobius(coalition), abs=1e-9)


@pytest.mark.parametrize("coalition", [(0,), (0, 1), (3, 4, 5), (0, 2, 3, 5)])
def test_corners_of_a_measured_term_follow_from_the_measured_values(coalition: tuple[int, ...]) -> None:
    game = SyntheticGame(6, {(0, 1): 4.0, (2,): -1.0, (3, 4, 5): 2.0, (0, 5): 0.5})
    explanation = explain(game, ESTIMATORS["exact"](), budget=64)
    truth = {corner.kept: corner.value for corner in validate(game, coalition).corners}
    assert measured_corners(explanation, coalition) == pytest.approx(truth)


def test_corners_are_not_known_where_one_value_is_missing(example: Explanation) -> None:
    assert (3, 4) in example.measured
    assert measured_corners(example, (3, 4)) == {}


def test_the_whole_prompt_is_measured_when_it_was(make: Make) -> None:
    assert full_value(make(["a"], {(): 1.0, (0,): 2.0})) == (pytest.approx(3.0), False)
    assert full_value(make(["a"], {(): 1.0}, measured={(): 3.5})) == (3.5, True)


def test_a_hover_says_whether_a_term_was_measured_or_predicted(example: Explanation) -> None:
    assert "measured by re-ablation" in hover(claimed(example, (3, 4)))
    assert "predicted, 95 %" in hover(claimed(example, (7, 9)))
    assert "not told apart from zero" in hover(claimed(example, (0, 2)))


def test_numbers_carry_a_sign_and_probabilities_never_overflow() -> None:
    assert (amount(9.2), amount(-0.414)) == ("+9.20", "−0.41")
    assert probability(0.0) == 0.5
    assert probability(-1e6) == 0.0
    assert probability(1e6) == 1.0


def test_every_index_has_a_name_and_a_meaning() -> None:
    assert set(INDEX_NAMES) == set(INDICES)


def test_the_headline_is_the_strongest_combination_and_says_whether_it_was_measured(make: Make) -> None:
    predicted = make(WORDS, TERMS)
    assert headline(predicted) == (
        "Predicted: “not” and “bad” together raise POSITIVE by 3.50 logits; each alone lowers it (−2.00, −4.00)."
    )
    values = {(): 1.0, (3,): 7.0, (4,): 5.0, (3, 4): 9.0}
    assert headline(make(WORDS, TERMS, measured=values)) == (
        "Measured: “not” and “bad” together raise POSITIVE by 3.00 logits; each alone lowers it (−2.00, −4.00)."
    )


def test_the_headline_claims_no_combination_that_is_not_told_apart_from_zero(make: Make) -> None:
    explanation = make(["a", "b"], {(0,): 2.0, (0, 1): 0.2})
    assert headline(explanation) == (
        "No combination of parts is told apart from zero. Predicted: Taking “a” out lowers POSITIVE by 2.20 logits."
    )
    assert headline(make(["a", "b"], {(): 3.0})).startswith("No part and no combination")
    assert headline(make(["a", "b"], {(0,): 0.1})).startswith("No part and no combination")


def test_what_any_member_does_alone_is_said_to_be_enough(example: Explanation) -> None:
    values = {(): -10.0, (3,): 0.0, (4,): 0.0, (3, 4): 0.1}
    said = claim(example, claimed(example, (3, 4)), values)
    assert "together raise POSITIVE by 10.10 logits; either of them alone is enough (+10.00, +10.00)." in said
    values[(4,)] = -2.0  # that would not be enough
    assert "each alone raises it (+10.00, +8.00)" in claim(example, claimed(example, (3, 4)), values)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"target": " a", "unit": "nats"}, "a −0.69 nats, probability 50 %"),
        ({"target": " a", "versus": " b", "unit": "nats"}, "a over b −0.69 nats"),
        ({"prompts": [{}, {}, {}], "score": "margin", "unit": "nats"}, "the mean margin on 3 prompts −0.69 nats"),
        ({"prompts": [{}, {}], "score": "accuracy", "unit": "share"}, "the accuracy on 2 prompts −0.69"),
        ({"target": " a", "score": "accuracy", "unit": "share"}, "the accuracy on 1 prompt −0.69"),
    ],
)
def test_an_answer_has_the_unit_of_its_value(make: Make, recipe: dict, said: str) -> None:
    explanation = make(["L0H0", "L0H1"], {(): -0.6931}, measured={(): -0.6931})
    assert answer(replace(explanation, recipe={"lens": "components", **recipe})) == said
    assert "near the whole model" in trust(replace(explanation, recipe={"lens": "components", **recipe}))


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert [amount(value) for value in (-0.001, 0.0049, -0.006, 1234.5)] == ["0.00", "0.00", "−0.01", "+1,234.50"]


def test_a_training_run_says_its_label_and_unit(make: Callable[..., Explanation]) -> None:
    recipe = {"lens": "training", "test": ["t"], "target": ["spam"], "value": "margin"}
    one = make(["a", "b"], {(): 1.0, (0,): 0.5}, recipe=recipe)
    assert answer(one) == "spam +1.50 logits, probability 82 % (predicted)"
    several = make(["a"], {(0,): 0.5}, recipe={**recipe, "test": ["t", "u"], "target": ["spam", "ham"]})
    assert answer(several) == "spam or ham (mean of 2 texts) +0.50 logits (predicted)"
    loss = make(["a"], {(0,): 0.5}, recipe={**recipe, "value": "loss"})
    assert answer(loss) == "the log-loss of spam +0.50 nats (predicted)"


def test_the_legend_says_how_terms_are_listed_where_intervals_order_them() -> None:
    assert "Listed by the size that is certain" in legend("comobius")
    assert "✓" not in legend("fourier")
    assert "Listed" not in legend("fourier")
    assert all(shape in legend(index) for index in ("comobius", "sii") for shape in "●▲■★")
