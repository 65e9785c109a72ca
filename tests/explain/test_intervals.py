"""Intervals: they cover what a re-ablation would measure, and cost few masks."""

import numpy as np
import pytest

from spexcore.explain import explain
from spexcore.faithfulness import HeldOut
from spexcore.game import FunctionGame, MeteredGame
from spexcore.intervals import spread_by_order
from spexcore.masks import Masks, all_masks, corners, draw
from spexcore.spectrum import Spectrum
from spexcore.transforms import comobius_of_corners

N = 10
NAMES = [f"p{i}" for i in range(N)]


def rough(masks: Masks) -> np.ndarray:
    """A random number a mask, the same each time: no spectrum foresees it."""
    return np.random.default_rng(3).normal(size=2**N)[masks @ (1 << np.arange(N))]


def test_comobius_of_corners_is_the_alternating_sum() -> None:
    values = np.array([[1.0, 5.0, 2.0, 11.0], [0.0, 0.0, 0.0, 1.0]])  # none, first, second, both kept
    np.testing.assert_array_equal(comobius_of_corners(values), [11 - 5 - 2 + 1, 1])


def test_about_95_percent_of_unmeasured_coalitions_lie_inside() -> None:
    """Predicting zero everywhere, the errors are the values themselves: intervals must be as wide as they spread."""
    game, inside = FunctionGame(rough, NAMES, key="rough"), []
    for seed in range(12):
        near = draw("near", N, 200, np.random.default_rng(seed))
        spread = spread_by_order(Spectrum({(): 0.0}, NAMES), game, HeldOut(near, game(near)))
        for order in (1, 2, 3):
            rows = np.random.default_rng([seed, order]).random((60, N)).argsort(axis=1)[:, :order]
            masks = np.concatenate([corners(tuple(sorted(row)), N) for row in rows.tolist()])
            values = comobius_of_corners(game(masks).reshape(60, -1))
            inside += (np.abs(values) <= spread[order]).tolist()
    assert 0.92 <= np.mean(inside) <= 0.985


def test_the_order_nobody_checked_follows_the_growth() -> None:
    game = FunctionGame(rough, NAMES, key="rough")
    near = draw("near", N, 200, np.random.default_rng(0))
    spread = spread_by_order(Spectrum({(): 0.0}, NAMES), game, HeldOut(near, game(near)))
    assert list(spread) == [1, 2, 3, 4]
    assert np.sqrt(2) - 1e-9 <= spread[4] / spread[3] <= 2.0


def test_an_exact_spectrum_has_no_width() -> None:
    game = FunctionGame(lambda m: 2.0 * m[:, 0] * m[:, 1] - m[:, 2], NAMES, key="pair")
    explanation = explain(game, budget=2**N, held_out=64)
    assert all(width == pytest.approx(0.0, abs=1e-9) for width in explanation.spread.values())


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
