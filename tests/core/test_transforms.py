"""Round trips, laws that hold for every index, walks over many players, tables and values."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from coalitions import SCORED, fourier_of, random_table, subsets
from hypothesis import given, settings
from hypothesis import strategies as st

from spexcore import supersets, transforms
from spexcore.errors import BadInput
from spexcore.masks import Coalition, all_masks
from spexcore.terms import Terms

# --- laws --------------------------------------------------------------------------------------------------------

coalitions = st.lists(st.integers(0, 11), max_size=5, unique=True).map(lambda players: tuple(sorted(players)))
sparse = st.dictionaries(coalitions, st.floats(-8, 8).map(lambda x: round(x, 3)), max_size=25)


@given(sparse)
def test_mobius_and_comobius_and_back(coefficients: dict[Coalition, float]) -> None:
    mobius, comobius = transforms.fourier_to_mobius(coefficients), transforms.fourier_to_comobius(coefficients)
    same = pytest.approx({coalition: value for coalition, value in coefficients.items() if value}, abs=1e-9)
    assert kept(transforms.mobius_to_fourier(mobius)) == same
    assert kept(transforms.comobius_to_fourier(comobius)) == same
    assert kept(transforms.mobius_to_comobius(mobius)) == pytest.approx(kept(comobius), abs=1e-9)
    assert kept(transforms.comobius_to_mobius(comobius)) == pytest.approx(kept(mobius), abs=1e-9)


def kept(terms: Terms) -> dict[Coalition, float]:
    return {coalition: value for coalition, value in terms.items() if abs(value) > 1e-8}


@given(sparse)
def test_shapley_scores_share_out_the_value_of_everybody(coefficients: dict[Coalition, float]) -> None:
    everybody = float(transforms.evaluate(coefficients, np.ones((1, 12), bool))[0])
    for name in ("sv", "stii", "fsii"):
        assert sum(transforms.index(coefficients, name).values()) == pytest.approx(everybody, abs=1e-8)
    for order in (1, 2, 3):
        for name in ("stii", "fsii"):
            assert sum(transforms.index(coefficients, name, order).values()) == pytest.approx(everybody, abs=1e-8)


@given(sparse, st.integers(0, 11), st.sampled_from(SCORED))
def test_dummy_player_gets_nothing(coefficients: dict[Coalition, float], dummy: int, name: str) -> None:
    without = {coalition: value for coalition, value in coefficients.items() if dummy not in coalition}
    assert all(dummy not in coalition for coalition in transforms.index(without, name, 2))


@given(sparse, sparse, st.sampled_from(SCORED))
def test_scores_add_up_with_games(one: dict, other: dict, name: str) -> None:
    both = {coalition: one.get(coalition, 0.0) + other.get(coalition, 0.0) for coalition in {*one, *other}}
    a, b, c = (transforms.index(game, name, 2) for game in (one, other, both))
    for coalition in {*a, *b, *c}:
        assert c.get(coalition, 0.0) == pytest.approx(a.get(coalition, 0.0) + b.get(coalition, 0.0), abs=1e-8)


def test_and_of_five_players_is_one_mobius_term() -> None:
    table = np.zeros(2**5)
    table[-1] = 3.0
    coefficients = Terms.from_table(transforms.walsh_hadamard(table))
    assert len(coefficients) == 32
    assert transforms.fourier_to_mobius(coefficients) == {(0, 1, 2, 3, 4): 3.0}
    assert transforms.index(coefficients, "fsii", 5) == {(0, 1, 2, 3, 4): 3.0}


@pytest.mark.parametrize("spread", [1, 11])
def test_what_cancels_to_rounding_error_is_no_score(spread: int) -> None:
    """By one table where players are few, and by the walk where terms hardly share any."""
    rng = np.random.default_rng(0)
    terms = [(0,), (1,), (0, 1), (0, 1, 2), *((3 + i * spread, 4 + i * spread, 5 + i * spread) for i in range(4))]
    mobius = {coalition: float(rng.normal()) for coalition in terms}
    back = transforms.fourier_to_mobius(transforms.mobius_to_fourier(mobius))
    assert set(back) == set(mobius)
    assert back == pytest.approx(mobius)


def test_small_score_beside_a_huge_constant_is_a_score() -> None:
    assert transforms.index({(): 1e9, (0,): 1e-9}, "bii")[(0,)] == -2e-9


# --- sparse and large --------------------------------------------------------------------------------------------


def walked(coefficients: dict[Coalition, float], weight: Callable[[int, int], float]) -> dict[Coalition, float]:
    """The sums by Python's sets, one sub-coalition at a time."""
    sums: dict[Coalition, float] = {}
    for coalition, value in coefficients.items():
        for part in subsets(coalition):
            sums[part] = sums.get(part, 0.0) + weight(len(part), len(coalition)) * value
    return sums


def thousand_players(n_terms: int, largest: int, pool: int = 1000) -> dict[Coalition, float]:
    rng = np.random.default_rng(largest)
    chosen = np.sort(rng.choice(1000, pool, replace=False))
    sizes = rng.integers(0, largest + 1, n_terms)
    return {tuple(sorted(rng.choice(chosen, k, replace=False).tolist())): float(rng.normal()) for k in sizes}


@pytest.mark.parametrize(("largest", "pool"), [(4, 1000), (9, 1000), (5, 25), (3, 40)])
def test_walk_over_sub_coalitions_is_the_sum_over_sets(largest: int, pool: int) -> None:
    """Orders beyond six overflow one integer key of 1,000 players, and are ranked."""
    coefficients = thousand_players(300, largest, pool)
    expected = walked(coefficients, lambda s, u: (-2.0) ** s)
    mobius = transforms.fourier_to_mobius(coefficients)
    assert list(mobius) == sorted(mobius, key=lambda coalition: (len(coalition), coalition))
    assert set(mobius) <= set(expected)
    assert all(mobius.get(c, 0.0) == pytest.approx(value, abs=1e-9) for c, value in expected.items())


def test_coalitions_too_large_for_any_integer_key_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permuted(np.tile(np.arange(1000), (30, 1)), axis=1)[:, :40], axis=1).tolist()
    coefficients = {tuple(row): float(rng.normal()) for row in rows} | {tuple(rows[0][1:]): 1.0}
    sums = supersets.superset_sums(Terms.of(coefficients), lambda s, u: float(u - s in (0, 1) and s >= 39))
    expected = dict(coefficients)
    for row in rows:
        for part in combinations(row, 39):
            expected[part] = expected.get(part, 0.0) + coefficients[tuple(row)]
    assert sums == expected
    assert list(sums) == sorted(expected, key=lambda coalition: (len(coalition), coalition))


@pytest.mark.parametrize("name", SCORED)
def test_tables_and_walks_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = {
        tuple(3 * player + 1 for player in coalition): value
        for coalition, value in Terms.from_table(transforms.walsh_hadamard(random_table(7))).items()
        if len(coalition) != 4
    }
    for order in (None, 2):
        dense = transforms.index(renamed, name, order)
        with monkeypatch.context() as patch:
            patch.setattr(supersets, "ENUMERABLE", 0)
            assert transforms.index(renamed, name, order) == pytest.approx(dict(dense), abs=1e-12)
            assert list(transforms.index(renamed, name, order)) == list(dense)


def test_terms_of_order_twenty_are_scored_up_to_pairs() -> None:
    coalition = tuple(range(5, 45, 2))
    scores = transforms.index({coalition: 1.0, (5, 300): 2.0}, "sii", 2)
    assert scores[(5, 7)] == pytest.approx(4 / 19)
    assert scores[(5, 300)] == pytest.approx(8.0)
    assert set(scores) == {(), *combinations(coalition, 2), (5, 300)}


@pytest.mark.parametrize("name", ["mobius", "comobius", "sii", "stii", "fsii", "fbii"])
def test_walk_too_long_names_the_way_out(name: str) -> None:
    with pytest.raises(BadInput, match="lower `max_order`, or truncate"):
        transforms.index({tuple(range(40)): 1.0}, name)


def test_score_beyond_float64_names_the_way_out() -> None:
    with pytest.raises(BadInput, match="lower `max_order`, or truncate"):
        transforms.index({tuple(range(1200)): 1.0}, "bii")


@pytest.mark.parametrize("name", transforms.INDICES)
def test_constant_and_nothing(name: str) -> None:
    assert transforms.index({(): 2.5}, name) == {(): 2.5}
    assert transforms.index({(): 2.5}, name, 3) == {(): 2.5}
    assert transforms.index({}, name) == {}


@pytest.mark.parametrize("name", transforms.INDICES)
def test_max_order_zero_leaves_the_empty_coalition(name: str) -> None:
    coefficients = {(): 0.5, (0,): 0.25, (1, 2): 2.0}
    nobody, everybody, mean = 2.75, 2.25, 0.5
    expected = {"comobius": everybody, "sii": mean + 2.0 / 3} | dict.fromkeys(["fourier", "bv", "bii", "fbii"], mean)
    assert transforms.index(coefficients, name, 0) == pytest.approx({(): expected.get(name, nobody)})


def test_unknown_index_and_negative_order_are_refused() -> None:
    with pytest.raises(BadInput, match="one of fourier, mobius"):
        transforms.index({(): 1.0}, "shap")
    with pytest.raises(BadInput, match="`max_order` must be at least 0; got -1"):
        transforms.index({(): 1.0}, "sii", -1)


# --- tables and values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_walsh_hadamard_is_its_definition(n: int) -> None:
    table = random_table(n)
    coefficients = transforms.walsh_hadamard(table)
    for coalition, value in fourier_of(table).items():
        assert coefficients[sum(1 << i for i in coalition)] == pytest.approx(value, abs=1e-12)


def test_walsh_hadamard_and_back_leaves_the_table_alone() -> None:
    table = random_table(12)
    before = table.copy()
    np.testing.assert_allclose(transforms.inverse_walsh_hadamard(transforms.walsh_hadamard(table)), before, atol=1e-12)
    np.testing.assert_array_equal(table, before)


@pytest.mark.parametrize("table", [[1.0, 2.0, 3.0], [], [[1.0, 2.0], [3.0, 4.0]]])
def test_walsh_hadamard_takes_powers_of_two_only(table: list) -> None:
    with pytest.raises(BadInput, match="2\\^n numbers"):
        transforms.walsh_hadamard(table)


@given(sparse, st.integers(0, 2**32 - 1), st.integers(1, 70))
@settings(max_examples=60)
def test_evaluate_is_the_sum_of_signs(coefficients: dict[Coalition, float], seed: int, n_masks: int) -> None:
    masks = np.random.default_rng(seed).random((n_masks, 12)) < 0.5
    expected = [sum(f * (-1) ** int(mask[list(s)].sum()) for s, f in coefficients.items()) for mask in masks]
    np.testing.assert_allclose(transforms.evaluate(coefficients, masks), expected, atol=1e-9)


def test_evaluate_in_blocks_is_evaluate(monkeypatch: pytest.MonkeyPatch) -> None:
    table = random_table(9)
    coefficients = Terms.from_table(transforms.walsh_hadamard(table))
    np.testing.assert_allclose(transforms.evaluate(coefficients, all_masks(9)), table, atol=1e-12)
    monkeypatch.setattr(transforms, "MASKS_AT_ONCE", 100)
    monkeypatch.setattr(transforms, "CELLS_AT_ONCE", 700)
    np.testing.assert_allclose(transforms.evaluate(coefficients, all_masks(9)), table, atol=1e-12)


def test_evaluate_refuses_masks_without_the_player() -> None:
    with pytest.raises(BadInput, match="column for player 3; got 3"):
        transforms.evaluate({(3,): 1.0}, np.ones((2, 3), bool))
    assert transforms.evaluate({(3,): 1.0}, np.ones((0, 4), bool)).shape == (0,)
