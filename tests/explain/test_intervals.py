"""Intervals: they cover what a re-ablation would measure, or the true coefficients, and cost few masks."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from spexcore.claims import Corners, Doubt, corners_of_one
from spexcore.estimators import Exact
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.faithfulness import HeldOut, hold_out
from spexcore.figures.rows import rows
from spexcore.game import FunctionGame, Game, MeteredGame, TableGame
from spexcore.intervals import LARGEST, coefficient_intervals, doubt
from spexcore.masks import Masks, all_masks, corners, draw
from spexcore.spectrum import Spectrum
from spexcore.terms import Terms
from spexcore.transforms import comobius_of_corners, comobius_to_fourier
from spexcore.validation import confirm

N = 10
NAMES = [f"p{i}" for i in range(N)]


def rough(masks: Masks) -> np.ndarray:
    """A random number a mask, the same each time: no spectrum foresees it."""
    return np.random.default_rng(3).normal(size=2**N)[masks @ (1 << np.arange(N))]


def test_comobius_of_corners_is_the_alternating_sum() -> None:
    values = np.array([[1.0, 5.0, 2.0, 11.0], [0.0, 0.0, 0.0, 1.0]])  # none, first, second, both kept
    np.testing.assert_array_equal(comobius_of_corners(values), [11 - 5 - 2 + 1, 1])


def judged(game: Game, spectrum: Spectrum, near: Masks, measured: dict | None = None) -> Doubt:
    found = doubt(spectrum, game, HeldOut(near, game(near)), measured or {})
    assert found is not None
    return found


def test_about_95_percent_of_unmeasured_coalitions_lie_inside() -> None:
    """Predicting zero everywhere, the errors are the values themselves: intervals must be as wide as they spread."""
    game, inside = FunctionGame(rough, NAMES, key="rough"), []
    zero = Spectrum({(): 0.0}, NAMES)
    for seed in range(12):
        found = judged(game, zero, draw("near", N, 200, np.random.default_rng(seed)))
        for order in (1, 2, 3, 4):
            rows = np.random.default_rng([seed, order]).random((60, N)).argsort(axis=1)[:, :order]
            masks = np.concatenate([corners(tuple(sorted(row)), N) for row in rows.tolist()])
            values = comobius_of_corners(game(masks).reshape(60, -1))
            width = found.half_widths(Corners(np.zeros((1, 2**order)), np.zeros((1, 2**order), dtype=bool)))
            inside += (np.abs(values) <= width).tolist()
    assert 0.92 <= np.mean(inside) <= 0.985


def test_the_largest_claims_are_covered_like_the_others() -> None:
    """Of a spectrum whose errors grow with what it predicts: a width for all alike would not do."""
    pairs = list(combinations(range(N), 2))
    blank = explain(FunctionGame(rough, NAMES, key="rough"), budget=8, verify=0, held_out=2)
    inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = {pair: rng.normal() ** 3 for pair in pairs}
        told = {pair: c * (1 + 0.5 * rng.normal()) + 0.02 * rng.normal() for pair, c in true.items()}
        game = TableGame(Spectrum(comobius_to_fourier(true), NAMES).predict(all_masks(N)), NAMES)
        wrong, near = Spectrum(comobius_to_fourier(told), NAMES), draw("near", N, 80, rng)
        said = replace(blank, spectrum=wrong, measured={}, doubt=judged(game, wrong, near))
        largest = sorted(pairs, key=lambda pair: -abs(told[pair]))
        ends = [said.interval(pair) for pair in largest]
        inside.append([low <= true[pair] <= high for pair, (low, high) in zip(largest, ends)])
        assert ends[0][1] - ends[0][0] > 2 * (ends[-1][1] - ends[-1][0])
    assert 0.92 <= np.mean(inside) <= 0.99
    assert np.mean(np.array(inside)[:, :10]) >= 0.92


def test_claims_that_are_the_largest_by_mistake_are_found_out() -> None:
    """Fourteen pairs are claimed and are nothing: random near masks meet few of them, the leading claims all."""
    claimed = dict.fromkeys(list(combinations(range(N), 2))[:14], 3.0)
    game = FunctionGame(lambda masks: 0.01 * rough(masks), NAMES, key="nothing")
    wrong = Spectrum(comobius_to_fourier(claimed), NAMES)
    found = judged(game, wrong, draw("near", N, 100, np.random.default_rng(0)))
    assert found.threshold == pytest.approx(3.0)
    told = corners_of_one((0, 1), wrong, Terms.of({}))
    assert float(found.half_widths(told)[0]) > 3.0, "none of them is told apart from zero"


def test_few_held_out_masks_check_few_claims() -> None:
    paid: list[int] = []

    def counted(masks: Masks) -> np.ndarray:
        paid.append(len(masks))
        return rough(masks)

    game = MeteredGame(FunctionGame(counted, NAMES, key="counted"))
    spectrum, near = Exact().estimate(FunctionGame(rough, NAMES, key="rough"), budget=2**N), ~np.eye(N, dtype=bool)[:4]
    doubt(spectrum, game, HeldOut(near, game(near)), {})
    assert sum(paid) <= 4 + 2 * 15  # a claim of order four: the full mask, four known single removals, or not
    assert doubt(spectrum, game, HeldOut(near[:0], np.empty(0)), {}) is None


def test_an_exact_spectrum_has_no_width() -> None:
    game = FunctionGame(lambda m: 2.0 * m[:, 0] * m[:, 1] - m[:, 2], NAMES, key="pair")
    exact = Exact().estimate(game, budget=2**N)
    assert judged(game, exact, draw("near", N, 60, np.random.default_rng(0))) == Doubt(0.0, 0.0, 0.0, 0.0)
    everything = explain(game, budget=2**N, held_out=64)
    assert all(high - low <= 1e-9 for low, high in everything.intervals.values())


def test_masks_paid_for_intervals_are_counted_as_held_out() -> None:
    paid: list[int] = []

    def counted(masks: Masks) -> np.ndarray:
        paid.append(len(masks))
        return rough(masks)

    explanation = explain(FunctionGame(counted, NAMES, key="counted"), budget=60, held_out=40)
    assert sum(paid) == explanation.masks_paid + explanation.held_out_paid
    assert explanation.masks_paid <= 60


def test_notes_of_a_game_reach_its_explanation() -> None:
    class Halved(FunctionGame):
        notes = ("Memory ran out: went on with batches of 8.",)

    game = Halved(rough, NAMES, key="noted")
    assert MeteredGame(game).notes == Halved.notes
    assert explain(game, budget=40, held_out=8).notes == Halved.notes


def test_measured_values_need_no_interval() -> None:
    explanation = explain(FunctionGame(rough, NAMES, key="rough"), budget=200, held_out=40)
    full = all_masks(N)[-1:]
    assert explanation.measured[()] == pytest.approx(float(rough(full)[0]))
    assert all(low == high for S, (low, high) in explanation.intervals.items() if S in explanation.measured)


@pytest.mark.parametrize("n_seen", [60, 400, 700])
def test_95_percent_of_true_coefficients_lie_inside(n_seen: int) -> None:
    """Also where a large part of all masks is known, and exactly so."""
    game = TableGame(rough(all_masks(N)) + 3.0 * all_masks(N)[:, :2].all(axis=1), NAMES)
    truth, rng = Exact().estimate(game, budget=2**N).coefficients, np.random.default_rng(0)
    inside, sure = [], []
    for seed in range(60):
        seen = draw("mixed", N, n_seen, np.random.default_rng(seed))
        some = [tuple(sorted(rng.choice(N, rng.integers(1, 4), replace=False).tolist())) for _ in range(30)]
        spectrum = Spectrum({S: truth[S] + 0.02 * rng.normal() for S in [(), (0, 1), *some]}, NAMES)
        found = coefficient_intervals(spectrum, hold_out(game, "uniform", 128, seed, seen), seen, game(seen))
        assert set(found) == set(spectrum.coefficients) - {()}
        inside += [low <= truth[S] <= high for S, (low, high) in found.items()]
        sure.append(found[(0, 1)][0] > 0)
    assert 0.935 <= np.mean(inside) <= 0.97
    assert np.mean(sure) > 0.9, "so wide that nothing is told from zero would cover too"


def test_only_the_largest_coefficients_get_an_interval() -> None:
    game = TableGame(rough(all_masks(N)), NAMES)
    spectrum, masks = Exact().estimate(game, budget=2**N), draw("uniform", N, 64, np.random.default_rng(0))
    found = coefficient_intervals(spectrum, HeldOut(masks, game(masks)), masks[:0], np.empty(0))
    assert list(found) == [S for S, _ in spectrum.interactions().ranked()[:LARGEST]]


def test_coefficients_are_exact_where_all_masks_are_held_out_and_unknown_where_few_are() -> None:
    game, everything = FunctionGame(rough, NAMES, key="rough"), all_masks(N)
    truth = Exact().estimate(game, budget=2**N).coefficients
    wrong, none = Spectrum({(): 0.0, (0, 1): 7.0, (2,): -1.0}, NAMES), everything[:0]
    found = coefficient_intervals(wrong, HeldOut(everything, game(everything)), none, game(none))
    assert found[(0, 1)] == pytest.approx((truth[(0, 1)],) * 2)
    few = HeldOut(everything[:15], game(everything[:15]))
    assert coefficient_intervals(wrong, few, none, game(none)) == {}


def test_intervals_of_coefficients_are_in_the_run_file_and_under_the_fourier_index() -> None:
    explanation = explain(FunctionGame(rough, NAMES, key="rough"), budget=100, held_out=40)
    assert explanation.coefficient_intervals
    content = json.loads(json.dumps(explanation.to_json()))
    again = Explanation.from_json(content)
    assert again.coefficient_intervals == explanation.coefficient_intervals
    for coalition, ends in explanation.coefficient_intervals.items():
        assert again.interval_of("fourier", coalition) == ends
        assert again.interval_of("bii", coalition) is None
        assert again.interval_of("comobius", coalition) == again.interval(coalition)
    for term in content["coefficients"]:
        term.pop("low", None)
    assert not Explanation.from_json(content).coefficient_intervals


def test_terms_are_listed_and_confirmed_by_what_is_certain_of_their_size() -> None:
    """A large claim that may be small, or nothing, must not stand before a smaller one that was measured."""
    made = explain(FunctionGame(rough, NAMES, key="rough"), budget=120, masks="near", verify=3, seed=0)
    assert made.doubt is not None
    ranked = made.ranked("comobius")
    sure = [S in made.measured or not low <= 0 <= high for S, _ in ranked for low, high in [made.intervals[S]]]
    assert any(sure)
    assert sure == sorted(sure, reverse=True)
    plain = made.interactions("comobius").ranked()
    assert sorted(ranked) == sorted(plain)
    assert ranked != plain
    nearer = [min(map(abs, made.intervals[S])) for (S, _), told in zip(ranked, sure) if told]
    assert nearer == sorted(nearer, reverse=True)
    unsure = [abs(score) for (_, score), told in zip(ranked, sure) if not told]
    assert unsure == sorted(unsure, reverse=True)
    assert [row.coalition for row in rows(made, top=9)] == [S for S, _ in ranked[:9]]
    assert [claim.coalition for claim in confirm(FunctionGame(rough, NAMES, key="rough"), made, top=9).claims] == [
        S for S, _ in ranked[:9]
    ]
    assert made.ranked("fourier") == made.interactions("fourier").ranked()
