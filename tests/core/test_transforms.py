"""Every index against its definition (sums and regressions over all coalitions), and against shapiq's converters."""

from collections.abc import Callable
from functools import cache
from itertools import chain, combinations
from math import comb, factorial

import numpy as np
import pytest
import shapiq
from hypothesis import given, settings
from hypothesis import strategies as st
from shapiq.game_theory.exact import ExactComputer
from shapiq.game_theory.moebius_converter import MoebiusConverter

from spexcore import supersets, transforms
from spexcore.errors import BadInput
from spexcore.masks import Coalition, all_masks
from spexcore.terms import Terms

SCORED = [name for name in transforms.INDICES if name != "fourier"]


def subsets(players: Coalition, up_to: int | None = None) -> list[Coalition]:
    sizes = range((len(players) if up_to is None else up_to) + 1)
    return list(chain.from_iterable(combinations(players, size) for size in sizes))


def fourier_of(table: np.ndarray) -> dict[Coalition, float]:
    n = table.size.bit_length() - 1
    return {
        s: sum(v * (-1) ** sum(k >> i & 1 for i in s) for k, v in enumerate(table.tolist())) / 2**n
        for s in subsets(tuple(range(n)))
    }


def random_table(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + n).normal(size=2**n)


# --- the definitions, written from the papers and not from the formulas of the code -----------------------------------


class Definitions:
    """v: value of a set of players; N: all of them; l: max_order."""

    def __init__(self, table: np.ndarray, order: int) -> None:
        self.n = table.size.bit_length() - 1
        self.order = order
        self.everyone = tuple(range(self.n))
        self.v: Callable[[Coalition], float] = lambda kept: float(table[sum(1 << i for i in kept)])

    def derivative(self, s: Coalition, t: Coalition) -> float:
        return sum((-1) ** (len(s) - len(part)) * self.v(t + part) for part in subsets(s))

    def others(self, s: Coalition) -> list[Coalition]:
        return subsets(tuple(i for i in self.everyone if i not in s))

    def mobius(self, s: Coalition) -> float:
        return self.derivative(s, ())

    def comobius(self, s: Coalition) -> float:
        return self.derivative(s, tuple(i for i in self.everyone if i not in s))

    def sii(self, s: Coalition) -> float:
        n, k = self.n, len(s)
        return sum(
            factorial(n - len(t) - k) * factorial(len(t)) / factorial(n - k + 1) * self.derivative(s, t)
            for t in self.others(s)
        )

    def bii(self, s: Coalition) -> float:
        return sum(self.derivative(s, t) for t in self.others(s)) / 2 ** (self.n - len(s))

    def sv(self, s: Coalition) -> float:
        return self.sii(s) if s else self.v(())

    def bv(self, s: Coalition) -> float:
        return self.bii(s)

    def stii(self, s: Coalition) -> float:
        if len(s) < self.order:
            return self.mobius(s)
        weighted = sum(self.derivative(s, t) / comb(self.n - 1, len(t)) for t in self.others(s))
        return self.order / self.n * weighted

    def fbii(self, s: Coalition) -> float:
        """Coefficient of the unweighted least-squares polynomial of degree l."""
        return self._regression(False)[s]

    def fsii(self, s: Coalition) -> float:
        """The same, weighted by Shapley's kernel, exact for nobody and for everybody."""
        return self._regression(True)[s]

    def _kernel(self, size: int) -> float:
        return (self.n - 1) / (comb(self.n, size) * size * (self.n - size)) if 0 < size < self.n else 0.0

    @cache  # noqa: B019  # lives as long as the test
    def _regression(self, shapley: bool) -> dict[Coalition, float]:
        terms, rows = subsets(self.everyone, self.order), subsets(self.everyone)
        design = np.array([[float(set(term) <= set(row)) for term in terms] for row in rows])
        values = np.array([self.v(row) for row in rows])
        weights = np.array([self._kernel(len(row)) if shapley else 1.0 for row in rows])
        ends = design[[0, -1]] if shapley else np.empty((0, len(terms)))
        normal = design.T @ (weights[:, None] * design)
        system = np.block([[normal, ends.T], [ends, np.zeros((len(ends), len(ends)))]])
        right = np.concatenate([design.T @ (weights * values), values[[0, -1]] if shapley else np.empty(0)])
        solution = np.linalg.lstsq(system, right, rcond=None)[0]
        return dict(zip(terms, solution[: len(terms)].tolist(), strict=True))


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_index_is_its_definition(name: str, n: int) -> None:
    table = random_table(n)
    for order in range(1, n + 1):
        scores = transforms.index(fourier_of(table), name, order)
        define = getattr(Definitions(table, order), name)
        expected = subsets(tuple(range(n)), 1 if name in ("sv", "bv") else order)
        assert set(scores) <= set(expected)
        for coalition in expected:
            assert scores.get(coalition, 0.0) == pytest.approx(define(coalition), abs=1e-9), (order, coalition)


@pytest.mark.parametrize("name", transforms.INDICES)
def test_default_max_order_is_the_spectrums_own(name: str) -> None:
    coefficients = {(): 0.5, (1,): 0.25, (0, 2): -1.0, (1, 2, 3): 0.75}
    assert transforms.index(coefficients, name) == transforms.index(coefficients, name, 3)
    assert max(map(len, transforms.index(coefficients, name, 2))) == (1 if name in ("sv", "bv") else 2)


@pytest.mark.parametrize("name", ["mobius", "comobius", "sii", "bii", "fourier"])
def test_max_order_only_filters_an_index_that_does_not_depend_on_it(name: str) -> None:
    coefficients = fourier_of(random_table(5))
    everything = transforms.index(coefficients, name)
    for order in range(6):
        kept = {coalition: score for coalition, score in everything.items() if len(coalition) <= order}
        assert transforms.index(coefficients, name, order) == pytest.approx(kept, abs=1e-12)


# --- shapiq, for every index and n up to 10 -----------------------------------------------------------------------


def shapiq_scores(values: "shapiq.InteractionValues") -> dict[Coalition, float]:
    return {coalition: float(values.values[row]) for coalition, row in values.interaction_lookup.items()}


def same_scores(ours: Terms, theirs: dict[Coalition, float], order: int, *, but_empty: bool) -> None:
    for coalition in {*ours, *theirs}:
        if len(coalition) <= order and (coalition or not but_empty):
            assert ours.get(coalition, 0.0) == pytest.approx(theirs.get(coalition, 0.0), abs=1e-8), coalition


@pytest.mark.parametrize(
    ("name", "theirs", "but_empty"),
    [
        # The converter leaves the empty coalition of SII out, keeps f(empty) of SV apart, and takes BV's from FBII.
        ("sv", "SV", True),
        ("bv", "BV", True),
        ("sii", "SII", True),
        ("stii", "STII", False),
        ("fsii", "FSII", False),
        ("fbii", "FBII", False),
    ],
)
@pytest.mark.parametrize("n", [3, 7, 10])
def test_index_agrees_with_the_moebius_converter_of_shapiq(name: str, theirs: str, but_empty: bool, n: int) -> None:
    rng = np.random.default_rng(n)
    chosen = [(), (0,), *(c for c in subsets(tuple(range(n))) if rng.random() < 0.1)]
    coefficients = {coalition: float(rng.normal()) for coalition in chosen}
    mobius = transforms.fourier_to_mobius(coefficients)
    converter = MoebiusConverter(
        shapiq.InteractionValues(
            values=np.array(list(mobius.values())),
            index="Moebius",
            max_order=n,
            n_players=n,
            min_order=0,
            interaction_lookup={coalition: row for row, coalition in enumerate(mobius)},
            baseline_value=mobius[()],
        )
    )
    for order in (1, 2, n - 1):
        ours = transforms.index(coefficients, name, order)
        same_scores(ours, shapiq_scores(converter(theirs, order=order)), order, but_empty=but_empty)


@pytest.mark.parametrize(
    ("name", "theirs", "but_empty"),
    [("mobius", "Moebius", False), ("comobius", "Co-Moebius", True), ("bii", "BII", False), ("bv", "BV", False)],
)
def test_index_agrees_with_the_exact_computer_of_shapiq(name: str, theirs: str, but_empty: bool) -> None:
    n = 8
    table = random_table(n)
    computer = ExactComputer(game=lambda masks: table[np.atleast_2d(masks) @ (1 << np.arange(n))], n_players=n)
    coefficients = Terms.from_table(transforms.walsh_hadamard(table))
    for order in (1, 2, n):
        scores = shapiq_scores(computer(theirs, order=order))
        same_scores(transforms.index(coefficients, name, order), scores, order, but_empty=but_empty)


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


def test_what_cancels_to_rounding_error_is_no_score() -> None:
    mobius = {(0,): 0.1, (1,): 0.2, (0, 1): 0.3, (0, 1, 2): 0.7}
    assert transforms.fourier_to_mobius(transforms.mobius_to_fourier(mobius)) == pytest.approx(mobius)
    # A small score beside a huge constant is a score.
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
    with pytest.raises(BadInput, match="column for player 4; got 3"):
        transforms.evaluate({(4,): 1.0}, np.ones((2, 3), bool))
    assert transforms.evaluate({(4,): 1.0}, np.ones((0, 5), bool)).shape == (0,)
