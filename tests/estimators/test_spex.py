"""SPEX: sparse games come back exactly, no mask of the budget is lost, and what the bins say is what the masks say."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators.bch import code_for
from spexcore.estimators.coalition_pool import Pool, parts_of, toggled
from spexcore.estimators.hadamard_bins import Design, Subsampling
from spexcore.estimators.refit import design as signs_of
from spexcore.estimators.spex import SPEX, read_spectrum
from spexcore.estimators.spex_plan import planned
from spexcore.game import FunctionGame, MeteredGame
from spexcore.lenses.synthetic import MajorityGame, SyntheticGame, random_game
from spexcore.spectrum import Spectrum


def unexplained(spectrum: Spectrum, truth: SyntheticGame) -> float:
    """1 - R2 on fresh uniform masks, against the noiseless game."""
    masks = np.random.default_rng(99).random((2000, truth.n_players)) < 0.5
    exact = Spectrum(truth.fourier, truth.players).predict(masks)
    return float(((spectrum.predict(masks) - exact) ** 2).mean() / exact.var())


def assert_same_terms(spectrum: Spectrum, game: SyntheticGame) -> None:
    truth = {c: v for c, v in game.fourier.items() if abs(v) > 1e-9 or not c}
    found = dict(spectrum.coefficients)
    assert set(found) - {()} == set(truth) - {()}
    assert all(found[c] == pytest.approx(v, abs=1e-7) for c, v in truth.items())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("basis", ["ands", "parities"])
@pytest.mark.parametrize(("n_players", "budget"), [(32, 1344), (64, 3072)])
def test_twenty_terms_come_back_exactly(n_players: int, budget: int, basis: str, seed: int) -> None:
    game = random_game(n_players, 20, basis=basis, seed=seed + 40)
    assert_same_terms(SPEX().estimate(game, budget=budget, seed=seed), game)


@pytest.mark.parametrize("decoding", ["soft", "hard"])
def test_fifty_parities_of_a_thousand_players_come_back_exactly(decoding: str) -> None:
    game = random_game(1000, 50, basis="parities", seed=3)
    assert_same_terms(SPEX(decoding=decoding).estimate(game, budget=10_752, seed=0), game)


def test_two_thousand_players_are_not_too_many() -> None:
    game = random_game(2000, 10, basis="parities", seed=1)
    assert_same_terms(SPEX().estimate(game, budget=3000, seed=0), game)


@settings(max_examples=8)
@given(st.integers(1, 5), st.integers(0, 1000))
def test_any_single_and_comes_back(order: int, seed: int) -> None:
    members = np.random.default_rng(seed).choice(40, order, replace=False)
    game = SyntheticGame(40, {tuple(sorted(members.tolist())): 1.0})
    assert_same_terms(SPEX().estimate(game, budget=864, seed=seed), game)


@pytest.mark.parametrize("basis", ["ands", "parities"])
def test_a_tenth_of_noise_costs_a_hundredth_of_the_variance_at_most(basis: str) -> None:
    clean = random_game(32, 20, basis=basis, seed=8)
    spread = np.sqrt(sum(v * v for c, v in clean.fourier.items() if c))
    noisy = random_game(32, 20, basis=basis, seed=8, noise=0.1 * spread)
    assert unexplained(SPEX().estimate(noisy, budget=1344), clean) < 0.01


def test_pure_noise_is_answered_with_little_and_never_with_nan() -> None:
    game = SyntheticGame(40, {}, noise=1.0)
    spectrum = SPEX().estimate(game, budget=900)
    energy = sum(v * v for c, v in spectrum.coefficients.items() if c)
    assert energy < 0.2


def test_a_dense_game_is_explained_better_by_more_masks() -> None:
    game = MajorityGame(15)
    fresh = np.random.default_rng(5).random((4000, 15)) < 0.5
    truth = game(fresh)
    left = [((SPEX().estimate(game, budget=b).predict(fresh) - truth) ** 2).mean() / truth.var() for b in (300, 3000)]
    assert left[1] < left[0] < 0.8


@pytest.mark.parametrize("n_players", [8, 13, 14, 33, 200])
def test_every_mask_of_the_budget_is_asked_once_and_all_at_once(n_players: int) -> None:
    calls = []

    def value(masks: np.ndarray) -> np.ndarray:
        calls.append(len(masks))
        return masks[:, 0] * 1.0 + masks[:, 3] * masks[:, 5]

    least = SPEX().min_budget(n_players)
    for budget in (least, least + 1, 2 * least - 1, 3 * least + 7):
        game = MeteredGame(FunctionGame(value, [str(i) for i in range(n_players)]))
        game.batch, before = 10**6, len(calls)
        SPEX().estimate(game, budget=budget)
        wanted = min(budget, 2**n_players)
        assert (game.asked, game.paid, len(calls) - before) == (wanted, wanted, 1)


def test_the_budget_buys_the_radius_first_and_then_bins() -> None:
    rng = np.random.default_rng(0)
    radii = [planned(1000, budget, 5, 3, rng).code.radius for budget in (504, 1343, 1344, 2000)]
    assert radii == [2, 4, 5, 5]
    sizes = [
        [len(s.directions) for s in planned(32, b, 5, 3, rng).design.subsamplings] for b in (672, 1119, 1120, 1344)
    ]
    assert sizes == [[3, 3, 3], [4, 3, 3, 0], [4, 4, 3], [4, 4, 4]] or sizes[0] == [3, 3, 3, 0]


def test_a_budget_below_the_least_names_it_and_the_way_out() -> None:
    with pytest.raises(BadBudget, match=r"at least 504 masks for 1,000 players.*Raise it or use ProxySPEX"):
        SPEX().estimate(random_game(1000, 5), budget=503)


@pytest.mark.parametrize("settings_", [{"max_order": 0}, {"n_subsamplings": 0}, {"decoding": "firm"}])
def test_settings_that_make_no_sense_are_refused(settings_: dict) -> None:
    with pytest.raises(BadInput, match="must be"):
        SPEX(**settings_)


@pytest.mark.parametrize("max_order", [1, 2, 7])
def test_no_term_is_larger_than_asked_for(max_order: int) -> None:
    game = random_game(20, 6, orders=(1, 4), seed=2)
    assert SPEX(max_order=max_order).estimate(game, budget=1500).order <= max_order


def test_a_model_whose_masks_are_free_is_read_exactly() -> None:
    game = random_game(30, 12, basis="parities", seed=4)
    assert_same_terms(read_spectrum(game, 30, seed=1), game)


def test_a_small_model_is_read_from_all_its_masks() -> None:
    asked = []

    def predict(masks: np.ndarray) -> np.ndarray:
        asked.append(len(masks))
        return np.tanh(masks @ np.arange(6.0) - 5)

    spectrum = read_spectrum(predict, 6, max_order=6)
    masks = np.random.default_rng(0).random((50, 6)) < 0.5
    assert spectrum.predict(masks) == pytest.approx(predict(masks), abs=1e-12)
    assert 64 in asked


def small_design(rng: np.random.Generator) -> Design:
    """Subsamplings of 2 to 4 directions, and one of none, over nine players."""
    seats = rng.permutation(9)
    coded = [Subsampling(rng.random((b, 9)) < 0.5, rng.random((11, 9)) < 0.5, seats) for b in (2, 3, 4)]
    return Design((*coded, Subsampling(np.empty((0, 9), bool), rng.random((37, 9)) < 0.5, seats[:0])))


def test_bins_say_what_the_masks_say() -> None:
    rng = np.random.default_rng(6)
    design, pool = small_design(rng), Pool(9, 4)
    masks, values = design.masks(), rng.normal(size=design.n_masks)
    rows = pool.players(np.arange(len(pool)), 4)
    columns, bins, addresses = signs_of(masks, rows), design.bins(values), design.address(rows)
    assert design.correlate(bins, addresses) == pytest.approx(columns.T @ values)
    assert design.gram(addresses, addresses[:20]) == pytest.approx(columns.T @ columns[:, :20])
    coefficients = rng.normal(size=len(rows))
    rest, left = design.residual(bins, addresses, coefficients), values - columns @ coefficients
    assert design.energy(rest) == pytest.approx(left @ left)
    assert design.correlate(rest, addresses) == pytest.approx(columns.T @ left)


def test_a_pool_finds_its_coalitions_and_adds_up_their_parts() -> None:
    pool = Pool(9, 4)
    rows = pool.players(np.arange(len(pool)), 5)
    assert (pool.indices(rows) == np.arange(len(pool))).all()
    scores = np.random.default_rng(0).normal(size=len(pool))
    coalitions = [tuple(i for i in row if i >= 0) for row in rows.tolist()]
    score = dict(zip(coalitions, scores, strict=True))
    sums = [sum(score[p] for k in range(1, len(c) + 1) for p in combinations(c, k)) for c in coalitions]
    assert pool.sums_over_parts(scores) == pytest.approx(np.array(sums))


def test_toggling_a_player_twice_changes_nothing_and_parts_are_all_subsets() -> None:
    terms = np.array([[-1, -1, -1], [-1, 2, 5], [1, 2, 5]])
    assert toggled(terms, np.array([4, 5, 5])).tolist() == [[-1, -1, 4], [-1, -1, 2], [-1, 1, 2]]
    assert toggled(terms[2:], np.array([7])).tolist() == [[-1, -1, -1]]  # no room
    assert {tuple(row) for row in parts_of(terms[1:2])[0].tolist()} == {
        (-1, -1, -1),
        (-1, -1, 2),
        (-1, -1, 5),
        (-1, 2, 5),
    }


def test_seats_differ_between_subsamplings_and_delays_carry_the_parity() -> None:
    plan = planned(50, 2000, 5, 3, np.random.default_rng(0))
    coded = plan.design.coded().subsamplings
    assert len({tuple(s.seats) for s in coded}) == 3
    for s in coded:
        assert ((s.delays[1:] ^ s.delays[0])[:, s.seats] == code_for(50, 5).parity.T).all()
