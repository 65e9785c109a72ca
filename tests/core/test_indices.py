"""Every index against its definition (sums and regressions over all coalitions), and against shapiq's converters."""

from collections.abc import Callable
from functools import cache
from math import comb, factorial

import numpy as np
import pytest
import shapiq
from coalitions import SCORED, fourier_of, random_table, subsets
from shapiq.game_theory.exact import ExactComputer
from shapiq.game_theory.moebius_converter import MoebiusConverter

from spexcore import transforms
from spexcore.masks import Coalition
from spexcore.terms import Terms

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
