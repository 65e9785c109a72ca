"""Faithfulness: R2 with an interval that covers, R2 by size, energy by order, and what removing players really does."""

import json

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.estimators import Exact
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.faithfulness import (
    Faithfulness,
    HeldOut,
    energy_by_order,
    faithfulness,
    r2_by_size,
    r2_interval,
    r2_score,
)
from spexcore.game import FunctionGame, TableGame
from spexcore.masks import Masks, all_masks, draw
from spexcore.removal import SHUFFLES, Removal, direction, undoing, undone
from spexcore.spectrum import Spectrum

N = 12
NAMES = [f"p{i}" for i in range(N)]
EVERYTHING = all_masks(N)


def held(game: TableGame, n_masks: int, seed: int = 0) -> HeldOut:
    masks = draw("uniform", N, n_masks, np.random.default_rng(seed))
    return HeldOut(masks, game(masks))


def rough_game() -> tuple[TableGame, Spectrum]:
    """Twenty known terms under noise that no spectrum has."""
    rng = np.random.default_rng(5)
    terms = {tuple(sorted(rng.choice(N, rng.integers(1, 4), replace=False).tolist())): rng.normal() for _ in range(20)}
    spectrum = Spectrum({(): 1.0, **terms}, NAMES)
    return TableGame(spectrum.predict(EVERYTHING) + 1.5 * rng.standard_t(5, size=2**N), NAMES), spectrum


def test_the_interval_of_r2_covers_the_truth_about_as_often_as_it_says() -> None:
    game, spectrum = rough_game()
    truth = r2_score(game(EVERYTHING), spectrum.predict(EVERYTHING))
    inside, width = [], []
    for seed in range(200):
        some = held(game, 128, seed)
        low, high = r2_interval(some.values, spectrum.predict(some.masks)) or (1, 0)
        assert low <= r2_score(some.values, spectrum.predict(some.masks)) <= high <= 1
        inside.append(low <= truth <= high)
        width.append(high - low)
    assert 0.91 <= np.mean(inside) <= 0.985
    assert np.median(width) < 0.25


def test_four_times_the_masks_halve_the_interval() -> None:
    game, spectrum = rough_game()
    width = {}
    for n_masks in (128, 512):
        ends = [r2_interval(s.values, spectrum.predict(s.masks)) for s in (held(game, n_masks, k) for k in range(20))]
        width[n_masks] = np.median([high - low for low, high in ends if (low, high)])
    assert 1.7 < width[128] / width[512] < 2.4


def test_all_masks_leave_no_doubt_and_few_leave_no_interval() -> None:
    game, spectrum = rough_game()
    values, predicted = game(EVERYTHING), spectrum.predict(EVERYTHING)
    found = r2_score(values, predicted)
    assert r2_interval(values, predicted, whole=True) == (found, found)
    assert r2_interval(values[:15], predicted[:15]) is None
    assert r2_interval(values[:15], values[:15]) == (1.0, 1.0)
    assert r2_interval(np.ones(50), np.full(50, 2.0)) == (0.0, 0.0)
    whole = HeldOut(EVERYTHING, values)
    assert faithfulness(spectrum, whole, whole).r2_interval == (found, found)


def test_one_value_that_differs_gives_a_finite_interval() -> None:
    values = np.zeros(64)
    values[7] = 1.0
    low, high = r2_interval(values, np.linspace(0, 0.1, 64)) or (np.nan, np.nan)
    assert np.isfinite([low, high]).all()


def test_r2_by_size_is_that_of_the_truncated_spectrum() -> None:
    game, spectrum = rough_game()
    some = held(game, 300)
    found = r2_by_size(spectrum, some)
    assert list(found) == [1, 2, 5, 10, len(spectrum) - 1]
    for size, r2 in found.items():
        assert r2 == pytest.approx(r2_score(some.values, spectrum.truncate(size).predict(some.masks)), abs=1e-12)
    assert list(r2_by_size(Spectrum({(): 3.0}, NAMES), some)) == [0]


def test_energy_by_order_is_the_share_of_variance() -> None:
    spectrum = Spectrum({(): 9.0, (0,): 2.0, (1, 2): -1.0, (0, 3, 4): 1.0}, NAMES)
    assert energy_by_order(spectrum) == pytest.approx({1: 4 / 6, 2: 1 / 6, 3: 1 / 6})
    variance = spectrum.predict(EVERYTHING).var()
    assert energy_by_order(spectrum)[1] == pytest.approx(
        Spectrum({(0,): 2.0}, NAMES).predict(EVERYTHING).var() / variance
    )
    assert energy_by_order(Spectrum({(): 9.0}, NAMES)) == {}


def spare(masks: Masks) -> np.ndarray:
    """One of players 0 and 1 is enough, which no single removal shows; player 2 adds a little, 3 takes a little."""
    return 4.0 * (masks[:, 0] | masks[:, 1]) + 1.0 * masks[:, 2] - 0.5 * masks[:, 3]


@pytest.mark.parametrize("sign", [1, -1])
def test_removal_by_terms_finds_what_stands_in_for_each_other(sign: int) -> None:
    game = FunctionGame(lambda masks: sign * spare(masks), NAMES, key=f"spare {sign}")
    explanation = explain(game, budget=160, masks="mixed", seed=0)
    found = explanation.faithfulness.removal
    assert found is not None
    assert found.sizes == (0, 1, 2, 3, 5, 8)
    assert direction(explanation.spectrum) == sign
    assert sign * found.values["terms"][2] == pytest.approx(0.5)
    assert sign * found.values["terms"][3] == pytest.approx(-0.5)
    assert sign * found.values["single effects"][1] == pytest.approx(3.5)
    assert all(row[0] == pytest.approx(sign * 4.5) for row in found.values.values())


def test_a_step_removes_the_player_or_the_term_that_takes_back_most() -> None:
    spectrum = Spectrum({(): 0.0, (0,): -1.0, (1,): -0.3, (2, 3): 2.0, (4,): 0.7}, NAMES)
    # f = sum F(S) (-1)^|S|: player 0 holds up 2, 1 .6, either of 2 and 3 holds up 4 alone, 4 holds down.
    ranks = undoing(spectrum, 3)
    assert np.flatnonzero(ranks == 3) in (2, 3)
    assert ranks[0] == 2
    assert ranks[1] == 1
    assert np.count_nonzero(ranks) == 3
    assert not undoing(Spectrum({(): 1.0}, NAMES), 0).any()


def test_of_a_term_that_is_removed_the_strongest_player_goes_first() -> None:
    either = TableGame(4.0 * EVERYTHING[:, :2].any(axis=1) + EVERYTHING[:, 1] + 1.5 * EVERYTHING[:, 2], NAMES)
    ranks = undoing(Exact().estimate(either, budget=2**N), 3)
    assert ranks[:3].tolist() == [2, 3, 1], "alone the third would be first"


def test_removals_are_few_and_paid_as_held_out() -> None:
    calls: list[int] = []

    def counted(masks: Masks) -> np.ndarray:
        calls.append(len(masks))
        return spare(masks)

    game = FunctionGame(counted, NAMES, key="counted")
    spectrum = Spectrum({(): 0.0, (0,): 1.0}, NAMES)
    assert undone(game, spectrum, {}, n_masks=7) is None
    assert not calls
    assert undone(game, spectrum, {}, n_masks=2 * (2 + SHUFFLES) + 1).sizes == (0, 1, 2)
    assert sum(calls) <= 3 * (2 + SHUFFLES)
    explanation = explain(FunctionGame(counted, NAMES, key="paid"), budget=100, held_out=64)
    assert sum(calls) - 3 * (2 + SHUFFLES) == explanation.masks_paid + explanation.held_out_paid
    assert explain(FunctionGame(spare, NAMES, key="few"), budget=60, held_out=20).faithfulness.removal is None


def test_run_files_keep_it_and_older_ones_still_load() -> None:
    explanation = explain(FunctionGame(spare, NAMES, key="kept"), budget=200, masks="mixed")
    content = json.loads(json.dumps(explanation.to_json(), allow_nan=False))
    assert Explanation.from_json(content).faithfulness == explanation.faithfulness
    old = {name: content["faithfulness"][name] for name in ("r2", "r2_near", "mae", "mae_near", "n_held_out")}
    assert Faithfulness.from_json(old) == Faithfulness(**old)
    with pytest.raises(BadInput, match="each of its 2 sizes"):
        Removal.from_json({"sizes": [0, 1], "values": {"terms": [1.0]}})
