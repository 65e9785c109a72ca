"""Interactions are ranked by magnitude, ties settled, and named."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.interactions import Interactions

PLAYERS = ("a", "b", "c", "d")
SCORES = {(): 99.0, (2,): -1.0, (0, 1): 0.98, (0,): 1.0, (1, 3): -1.0, (0, 1, 2): 0.0}


@pytest.fixture
def interactions() -> Interactions:
    return Interactions(SCORES, "fbii", 3, PLAYERS)


def test_top_is_the_largest_magnitude_by_name_without_the_empty_coalition(interactions: Interactions) -> None:
    assert interactions.top(4) == [(("a",), 1.0), (("c",), -1.0), (("b", "d"), -1.0), (("a", "b"), 0.98)]
    assert interactions.top(0) == []
    assert len(interactions.top(100)) == 5
    with pytest.raises(BadInput, match="`k` must be at least 0"):
        interactions.top(-1)


coalitions = st.sets(st.integers(0, 9), max_size=4).map(lambda players: tuple(sorted(players)))


@given(st.dictionaries(coalitions, st.integers(-3, 3).map(float), max_size=40))
def test_ranking_is_by_magnitude_then_order_then_coalition(scores: dict) -> None:
    ranked = Interactions(scores, "mobius", 4, [str(i) for i in range(10)]).ranked()
    by_hand = sorted(((c, v) for c, v in scores.items() if c), key=lambda item: (-abs(item[1]), len(item[0]), item[0]))
    assert ranked == by_hand
    assert all(type(player) is int for coalition, _ in ranked for player in coalition)


def test_absent_coalition_scores_zero_and_players_come_in_any_order(interactions: Interactions) -> None:
    assert interactions[(1, 0)] == 0.98
    assert interactions[(2, 3)] == 0.0
    assert interactions[()] == 99.0
    assert len(interactions) == 6


def test_interactions_of_one_order(interactions: Interactions) -> None:
    pairs = interactions.of_order(2)
    assert pairs.scores == {(0, 1): 0.98, (1, 3): -1.0}
    assert (pairs.index, pairs.max_order, pairs.players) == ("fbii", 3, PLAYERS)
    assert interactions.of_order(4).scores == {}
    assert interactions.of_order(4).ranked() == []


def test_frame_is_the_ranking(interactions: Interactions) -> None:
    frame = interactions.to_frame()
    assert list(frame.columns) == ["coalition", "players", "order", "score"]
    assert list(zip(frame["coalition"], frame["score"], strict=True)) == interactions.ranked()
    assert list(frame["players"][:3]) == [("a",), ("c",), ("b", "d")]
    assert list(frame["order"]) == [1, 1, 2, 2, 3]


def test_interactions_cannot_be_changed_and_are_equal_by_content(interactions: Interactions) -> None:
    assert interactions == Interactions(dict(reversed(SCORES.items())), "fbii", 3, list(PLAYERS))
    assert hash(interactions) == hash(Interactions(SCORES, "fbii", 3, PLAYERS))
    assert interactions != Interactions(SCORES, "bii", 3, PLAYERS)
    with pytest.raises(TypeError):
        interactions.scores[()] = 0.0  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        interactions.index = "bii"  # type: ignore[misc]


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(BadInput, match="`index` must be one of fourier"):
        Interactions({}, "nsii", 2, PLAYERS)
    with pytest.raises(BadInput, match="below 4, one a name; got 4"):
        Interactions({(4,): 1.0}, "sii", 2, PLAYERS)
    with pytest.raises(BadInput, match="must be finite"):
        Interactions({(1,): np.nan}, "sii", 2, PLAYERS)
