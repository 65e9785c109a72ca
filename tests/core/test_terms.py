"""Terms behave as a read-only sorted dict, and refuse what is no coalition."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.terms import Terms

coalitions = st.sets(st.integers(0, 40), max_size=9).map(lambda players: tuple(sorted(players)))
numbers = st.dictionaries(coalitions, st.floats(-1e6, 1e6), max_size=30)


@given(numbers)
def test_terms_are_the_dict_they_were_made_of(content: dict) -> None:
    terms = Terms.of(content)
    assert terms == content
    assert content == terms
    assert len(terms) == len(content)
    assert list(terms) == sorted(content, key=lambda coalition: (len(coalition), coalition))
    assert dict(terms.items()) == content
    assert list(terms.values()) == [content[coalition] for coalition in terms]
    assert terms.order == max(map(len, content), default=0)
    assert terms.players.tolist() == sorted({player for coalition in content for player in coalition})


@given(numbers)
def test_equal_terms_have_equal_hashes_whatever_the_order_of_making(content: dict) -> None:
    other = Terms.of(dict(reversed(content.items())))
    assert Terms.of(content) == other
    assert hash(Terms.of(content)) == hash(other)
    assert pickle.loads(pickle.dumps(other)) == other == copy.deepcopy(other)  # noqa: S301


def test_minus_zero_is_zero_also_to_the_hash() -> None:
    assert hash(Terms.of({(1,): -0.0})) == hash(Terms.of({(1,): 0.0}))


def test_keys_and_numbers_are_of_python() -> None:
    terms = Terms.of({(np.int64(1), np.uint8(3)): np.float32(0.5)})
    assert repr(terms) == "{(1, 3): 0.5}"
    assert [type(player) for player in next(iter(terms))] == [int, int]
    assert type(terms[(1, 3)]) is float


def test_terms_cannot_be_changed() -> None:
    terms = Terms.of({(1,): 2.0})
    with pytest.raises(TypeError):
        terms[(1,)] = 3.0  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        terms.groups[1][1][0] = 3.0


@pytest.mark.parametrize(
    "coalition",
    [(1, 0), (2, 2), (-1,), (0.5,), (1, "a"), ("0",), (None,), (2**40,), (2**80,), 3, "01", frozenset({1})],
)
def test_what_is_no_coalition_is_named(coalition: object) -> None:
    with pytest.raises(BadInput, match="ascending, distinct player indices from 0") as caught:
        Terms.of({(0,): 1.0, coalition: 1.0})  # type: ignore[dict-item]
    assert repr(coalition) in str(caught.value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), "many", None, 1j])
def test_what_is_no_finite_number_is_refused(number: object) -> None:
    with pytest.raises(BadInput, match="must be finite|must be a number"):
        Terms.of({(0,): 1.0, (2,): number})  # type: ignore[dict-item]


def test_table_is_numbered_by_bits() -> None:
    table = np.array([1.0, 2.0, 0.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    expected = {(): 1.0, (0,): 2.0, (2,): 5.0, (0, 1): 4.0, (0, 2): 6.0, (1, 2): 7.0, (0, 1, 2): 8.0}
    assert list(Terms.from_table(table).items()) == list(expected.items())
    assert Terms.from_table(np.array([0.0, 3.0]), np.array([7], np.int32)) == {(7,): 3.0}
    assert Terms.from_table(np.array([2.0])) == {(): 2.0}
