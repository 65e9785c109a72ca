"""Comparison: the same players are matched, differences are differences of what each explanation says."""

from dataclasses import replace

import pytest

from spexcore.claims import Spread
from spexcore.comparison import compare
from spexcore.errors import BadInput
from spexcore.estimators import Exact
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.game import FunctionGame


def explained(players: str, function: object, **recipe: object) -> Explanation:
    game = FunctionGame(function, players.split(), key=players)  # type: ignore[arg-type]
    return replace(explain(game, Exact(), budget=2 ** len(players.split()), held_out=4), recipe=recipe)


@pytest.fixture(scope="module")
def short() -> Explanation:
    return explained("a b c", lambda m: m[:, 0] * m[:, 1] * 4.0 - m[:, 2])


def test_a_run_does_not_differ_from_itself(short: Explanation) -> None:
    pairs = compare(short, short).pairs
    assert pairs
    assert all(pair.difference == 0.0 and pair.told_apart is False for pair in pairs)


def test_words_put_into_a_prompt_move_the_indices_and_not_the_terms(short: Explanation) -> None:
    longer = explained("x a b c", lambda m: m[:, 1] * m[:, 2] * 6.0 - m[:, 3] + 2.0 * m[:, 0])
    pairs = compare(short, longer).pairs
    both = {pair.players: pair for pair in pairs if pair.difference is not None}
    assert both[("a", "b")].a.coalition == (0, 1)  # type: ignore[union-attr]
    assert both[("a", "b")].b.coalition == (1, 2)  # type: ignore[union-attr]
    # co-Moebius of "a" is what goes when it is taken out of the whole: 4 here, 6 there; of the pair, the same.
    assert {players: round(pair.difference, 9) for players, pair in both.items()} == {  # type: ignore[arg-type]
        ("a", "b"): 2.0, ("a",): 2.0, ("b",): 2.0, ("c",): 0.0,
    }  # fmt: skip
    assert both[("a", "b")].told_apart is True
    assert both[("c",)].told_apart is False
    (alone,) = [pair for pair in pairs if pair.difference is None and len(pair.players) == 1]
    assert (alone.players, alone.a, alone.told_apart) == (("x",), None, None)
    assert [pair.difference is None for pair in pairs] == sorted(pair.difference is None for pair in pairs)


def test_repeated_words_keep_their_order() -> None:
    a = explained("the cat the", lambda m: m[:, 0] + 2.0 * m[:, 2])
    b = explained("the big cat the", lambda m: m[:, 0] + 2.0 * m[:, 3])
    assert [pair.difference for pair in compare(a, b).pairs] == [0.0, 0.0]


def test_different_quantities_are_compared_as_shares_of_their_largest(short: Explanation) -> None:
    logits = replace(short, recipe={"lens": "prompt", "target": "POSITIVE"})
    nats = explained(
        "a b c", lambda m: m[:, 0] * m[:, 1] * 0.4 - 0.1 * m[:, 2], lens="prompt", target=" she", unit="nats"
    )
    found = compare(logits, nats)
    assert found.unit == "share of the largest"
    assert all(pair.difference == pytest.approx(0.0) for pair in found.pairs)
    assert compare(logits, logits).unit == "logits"


def test_overlapping_intervals_are_not_told_apart(short: Explanation) -> None:
    doubtful = replace(short, measured={}, doubt=Spread({1: 0.6, 2: 0.6}, {}))
    shifted = explained("a b c", lambda m: m[:, 0] * m[:, 1] * 5.0 - m[:, 2])
    told = {pair.players: pair.told_apart for pair in compare(doubtful, replace(shifted, measured={})).pairs}
    assert told[("a", "b")] is True  # 4 +- 0.6 against 5 exactly
    wide = {
        p.players: p.told_apart
        for p in compare(doubtful, replace(shifted, measured={}, doubt=Spread({2: 0.6}, {}))).pairs
    }
    assert wide[("a", "b")] is False


def test_an_index_without_intervals_tells_nothing_apart(short: Explanation) -> None:
    assert {pair.told_apart for pair in compare(short, short, index="sii").pairs} == {None}
    with pytest.raises(BadInput, match="at least 1 term; got 0"):
        compare(short, short, top=0)


def test_a_word_that_an_edit_exchanged_is_compared_with_what_it_became() -> None:
    before = explained("it was not bad", lambda m: 4.0 * m[:, 2] * m[:, 3] - m[:, 3])
    after = explained("it was not good", lambda m: -3.0 * m[:, 2] * m[:, 3] + m[:, 3])
    differences = {pair.players: pair.difference for pair in compare(before, after).pairs}
    assert differences[("not", "bad → good")] == pytest.approx(-7.0)
    assert differences[("bad → good",)] == pytest.approx(-5.0)  # from +3 to -2 when it is taken out of the whole


def test_another_text_of_the_same_length_has_no_counterparts() -> None:
    a = explained("a b c d e", lambda m: 1.0 * m[:, 0])
    b = explained("v w x y z", lambda m: 1.0 * m[:, 0])
    assert [pair.difference for pair in compare(a, b).pairs] == [None, None]
