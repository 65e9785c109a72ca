"""Exact, Banzhaf, Lasso, LeaveOneOut, KernelSHAP, LIME and Pairwise against oracles that share no code with them."""

import os
import subprocess
import sys
from itertools import combinations
from math import factorial

import numpy as np
import pytest

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import LIME, Banzhaf, Exact, KernelSHAP, Lasso, LeaveOneOut, Pairwise
from spexcore.estimators.l1 import lasso
from spexcore.estimators.refit import coalitions_of, design, members, ridge
from spexcore.game import FunctionGame, MeteredGame, TableGame
from spexcore.masks import Masks, all_masks, draw


def random_game(n_players: int, seed: int = 0) -> TableGame:
    return TableGame(np.random.default_rng(seed).normal(size=2**n_players))


def brute_force_fourier(table: np.ndarray, coalition: tuple[int, ...]) -> float:
    n_players = len(table).bit_length() - 1
    signs = [(-1) ** sum(k >> i & 1 for i in coalition) for k in range(2**n_players)]
    return float(np.dot(signs, table)) / len(table)


def shapley(table: np.ndarray) -> np.ndarray:
    n = len(table).bit_length() - 1
    values = np.zeros(n)
    for player in range(n):
        for size in range(n):
            for others in combinations([i for i in range(n) if i != player], size):
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                kept = sum(1 << i for i in others)
                values[player] += weight * (table[kept | 1 << player] - table[kept])
    return values


def effects(coefficients: dict[tuple[int, ...], float], n_players: int) -> np.ndarray:
    """Effects of the additive model: keeping player i adds -2 F({i})."""
    return np.array([-2 * coefficients.get((i,), 0.0) for i in range(n_players)])


def test_exact_is_the_brute_force_sum() -> None:
    game = random_game(5)
    spectrum = Exact().estimate(game, budget=32)
    assert len(spectrum) == 32
    for coalition, value in spectrum.coefficients.items():
        assert value == pytest.approx(brute_force_fourier(game.table, coalition), abs=1e-14)


def test_exact_takes_rows_in_any_order_and_averages_repeats() -> None:
    masks = np.concatenate([all_masks(3)[::-1], all_masks(3)[:1]])
    spectrum = Exact().fit(masks, np.append(np.arange(8.0), 9.0))
    np.testing.assert_allclose(spectrum.predict(all_masks(3)), [8, 6, 5, 4, 3, 2, 1, 0], atol=1e-14)


def test_exact_refuses_more_players_than_fit_in_memory() -> None:
    game = FunctionGame(lambda masks: masks[:, 0], [str(i) for i in range(21)])
    with pytest.raises(BadInput, match="at most 20"):
        Exact().estimate(game, budget=2**21)


def test_design_is_the_parity_of_what_is_kept() -> None:
    masks = draw("uniform", 6, 30, np.random.default_rng(0))
    coalitions = [(), (2,), (0, 5), (1, 2, 3, 4)]
    direct = [[(-1) ** int(mask[list(c)].sum()) for c in coalitions] for mask in masks]
    np.testing.assert_array_equal(design(masks, members(coalitions)), direct)
    assert coalitions_of(members(coalitions)) == coalitions


@pytest.mark.parametrize(("n_rows", "n_columns"), [(40, 8), (15, 30)])
def test_ridge_is_sklearns_ridge_and_its_left_out_errors_are_those_of_refitting(n_rows: int, n_columns: int) -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    columns, values = np.sign(rng.normal(size=(n_rows, n_columns))), rng.normal(size=n_rows) + 3
    ours = ridge(columns, values, np.array([2.5]))
    theirs = Ridge(alpha=2.5).fit(columns, values)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_, atol=1e-10)
    assert ours.intercept == pytest.approx(theirs.intercept_, abs=1e-10)
    for row in (0, 7):
        others = np.arange(n_rows) != row
        refitted = Ridge(alpha=2.5).fit(columns[others], values[others])
        assert ours.left_out[row] == pytest.approx(values[row] - refitted.predict(columns[[row]])[0], abs=1e-9)


def test_ridge_without_strength_is_least_squares() -> None:
    rng = np.random.default_rng(0)
    columns, values = np.sign(rng.normal(size=(50, 6))), rng.normal(size=50)
    ours = ridge(columns, values, np.array([0.0]))
    theirs = np.linalg.lstsq(np.column_stack([np.ones(50), columns]), values, rcond=None)[0]
    np.testing.assert_allclose(np.append(ours.intercept, ours.coefficients), theirs, atol=1e-10)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_banzhaf_of_all_masks_is_the_spectrum_cut_at_its_order(order: int) -> None:
    game = random_game(6)
    spectrum = Banzhaf(order=order).estimate(game, budget=64)
    wanted = {c for k in range(order + 1) for c in combinations(range(6), k)}
    assert set(spectrum.coefficients) == wanted
    for coalition in wanted:
        assert spectrum.coefficients[coalition] == pytest.approx(brute_force_fourier(game.table, coalition), abs=1e-13)


@pytest.mark.parametrize("order", [1, 2])
def test_banzhaf_recovers_a_model_of_its_order_from_some_masks(order: int) -> None:
    truth = {(): 1.0, (0,): -2.0, (3,): 0.5} | ({(1, 4): 0.7} if order == 2 else {})
    masks = draw("uniform", 8, 120, np.random.default_rng(0))
    values = design(masks, members(list(truth))) @ np.array(list(truth.values()))
    spectrum = Banzhaf(order=order).fit(masks, values)
    for coalition, value in spectrum.coefficients.items():
        assert value == pytest.approx(truth.get(coalition, 0.0), abs=1e-6)


def test_banzhaf_says_when_its_order_does_not_fit_in_memory() -> None:
    masks = np.zeros((2000, 1000), dtype=bool)
    masks[0, 0] = True
    with pytest.raises(BadInput, match="`order` 2 for 1000 players"):
        Banzhaf(order=2).fit(masks, np.arange(2000.0))


@pytest.mark.parametrize("order", [1, 2])
def test_lasso_is_sklearns_lasso_at_the_penalty_it_chose(order: int) -> None:
    from sklearn.linear_model import Lasso as Sklearn

    rng = np.random.default_rng(0)
    masks = draw("uniform", 10, 150, rng)
    coalitions = [c for k in range(1, order + 1) for c in combinations(range(10), k)]
    columns = design(masks, members(coalitions))
    values = columns[:, 0] - 0.6 * columns[:, -1] + 0.5 * rng.normal(size=150)
    intercept, terms = lasso(masks, values, order, seed=0)
    rest = values - intercept - columns @ np.array([terms.get(c, 0.0) for c in coalitions])
    penalty = np.abs(columns.T @ rest).max() / 150  # at the solution every active column correlates this much
    theirs = Sklearn(alpha=penalty, tol=1e-10, max_iter=100_000).fit(columns, values)
    np.testing.assert_allclose([terms.get(c, 0.0) for c in coalitions], theirs.coef_, atol=5e-3)
    assert intercept == pytest.approx(values.mean() - columns.mean(axis=0) @ theirs.coef_, abs=5e-3)


def test_lasso_finds_a_pair_of_players_without_effects_of_their_own_among_many() -> None:
    masks = draw("uniform", 300, 400, np.random.default_rng(0))
    signs = 1.0 - 2.0 * masks
    spectrum = Lasso(order=2).fit(masks, signs[:, 17] * signs[:, 250] + 0.3 * signs[:, 5])
    assert spectrum.truncate(2).coefficients.keys() == {(), (5,), (17, 250)}


def test_kernel_shap_of_all_masks_is_the_shapley_value() -> None:
    game = random_game(6)
    spectrum = KernelSHAP().estimate(game, budget=64)
    np.testing.assert_allclose(effects(dict(spectrum.coefficients), 6), shapley(game.table), atol=1e-10)


@pytest.mark.parametrize("budget", [12, 40, 200])
def test_kernel_shap_is_exact_at_both_ends_at_any_budget(budget: int) -> None:
    game = random_game(10)
    spectrum = KernelSHAP().estimate(game, budget=budget, seed=1)
    ends = np.array([np.zeros(10, bool), np.ones(10, bool)])
    np.testing.assert_allclose(spectrum.predict(ends), game(ends), atol=1e-10)


def test_kernel_shap_samples_approach_the_shapley_value() -> None:
    table = np.array([bin(k).count("1") ** 2 + 3.0 * (k & 5 == 5) for k in range(2**12)])
    spectrum = KernelSHAP().estimate(TableGame(table), budget=1500, seed=0)
    wanted = shapley(table)
    np.testing.assert_allclose(effects(dict(spectrum.coefficients), 12), wanted, atol=0.02 * np.ptp(table) / 12)


def interacting_game(seed: int) -> TableGame:
    """Fourteen players, thirty random terms of up to four of them."""
    rng = np.random.default_rng(seed)
    signs = 1.0 - 2.0 * all_masks(14)
    terms = [rng.choice(14, rng.integers(1, 5), replace=False) for _ in range(30)]
    return TableGame(sum(rng.normal() * signs[:, term].prod(axis=1) for term in terms))


@pytest.mark.parametrize("budget", [64, 256])
def test_kernel_shap_is_no_further_from_the_shapley_values_than_shapiq(budget: int) -> None:
    shapiq = pytest.importorskip("shapiq")
    ours, theirs = [], []
    for seed in range(12):
        game = interacting_game(seed)
        scores = Exact().estimate(game, budget=2**14).interactions("sv", 1)
        wanted = np.array([scores[i,] for i in range(14)])
        spectrum = KernelSHAP().estimate(game, budget=budget, seed=seed)
        released = shapiq.KernelSHAP(n=14, random_state=seed)
        gains = released.approximate(budget, lambda masks, game=game: game(masks.astype(bool)) - game.table[0])
        ours.append(((effects(dict(spectrum.coefficients), 14) - wanted) ** 2).sum())
        theirs.append(((np.array([gains[i,] for i in range(14)]) - wanted) ** 2).sum())
    assert np.mean(ours) < np.mean(theirs)


def test_kernel_shap_lists_a_size_only_where_the_kernel_would_draw_it_whole() -> None:
    """256 masks of 14 players: the kernel draws 31 of the 91 masks of two, so they are not all listed."""
    seen: list[Masks] = []
    game = FunctionGame(lambda masks: seen.append(masks) or masks.sum(axis=1), [str(i) for i in range(14)])  # type: ignore[func-returns-value]
    KernelSHAP().estimate(game, budget=256, seed=0)
    sizes = np.bincount(np.concatenate(seen).sum(axis=1), minlength=15)
    assert sizes[[0, 1, 13, 14]].tolist() == [1, 14, 14, 1]
    assert 15 < sizes[2] < 60
    assert (sizes[3:12] >= 8).all()


def test_kernel_shap_asks_for_each_mask_once() -> None:
    seen: list[Masks] = []

    def count(masks: Masks) -> np.ndarray:
        seen.append(masks)
        return masks.sum(axis=1)

    game = FunctionGame(count, [str(i) for i in range(9)])
    KernelSHAP().estimate(game, budget=150, seed=0)
    masks = np.concatenate(seen)
    assert len(np.unique(masks, axis=0)) == len(masks) == 150


def test_leave_one_out_reads_each_removal_at_the_full_prompt() -> None:
    game = random_game(7)
    spectrum = LeaveOneOut().estimate(game, budget=8)
    full = (1 << 7) - 1
    comobius = spectrum.interactions("comobius")
    for player in range(7):
        assert comobius[player,] == pytest.approx(game.table[full] - game.table[full ^ 1 << player], abs=1e-14)
    assert comobius[()] == pytest.approx(game.table[full], abs=1e-14)


def test_leave_one_out_finds_the_removals_among_masks_already_there() -> None:
    game = random_game(5)
    masks = all_masks(5)[np.random.default_rng(0).permutation(32)]
    assert LeaveOneOut().fit(masks, game(masks)) == LeaveOneOut().estimate(game, budget=6)


def test_pairwise_measures_what_a_pair_costs_beyond_its_members() -> None:
    game = random_game(6)
    spectrum = Pairwise().estimate(game, budget=100)
    full, comobius = 63, spectrum.interactions("comobius")
    f = game.table
    for a, b in combinations(range(6), 2):
        change_a, change_b = f[full ^ 1 << a] - f[full], f[full ^ 1 << b] - f[full]
        change = f[full ^ 1 << a ^ 1 << b] - f[full]
        assert comobius[a, b] == pytest.approx(change - change_a - change_b, abs=1e-13)
        assert comobius[a,] == pytest.approx(-change_a, abs=1e-13)


def test_pairwise_spends_what_is_left_on_pairs_of_the_largest_players() -> None:
    weights = np.array([1.0, 9.0, 2.0, 8.0, 3.0, 7.0])
    game = MeteredGame(FunctionGame(lambda m: m @ weights + 5.0 * (m[:, 1] & m[:, 3]) + m[:, 0] * m[:, 2], "abcdef"))
    spectrum = Pairwise().estimate(game, budget=10)
    assert game.asked == 10
    pairs = spectrum.interactions("comobius").scores
    assert pairs[1, 3] == pytest.approx(5.0)
    assert (0, 2) not in pairs
    capped = MeteredGame(game.game)
    Pairwise(top=3).estimate(capped, budget=60)
    assert capped.asked == 7 + 3


def test_lime_is_sklearns_weighted_ridge() -> None:
    from sklearn.linear_model import Ridge

    game = random_game(7)
    masks = draw("sizes", 7, 60, np.random.default_rng(3))
    spectrum = LIME().fit(masks, game(masks))
    distance = 100 * (1 - np.sqrt(masks.mean(axis=1)))
    theirs = Ridge(alpha=1.0).fit(masks, game(masks), sample_weight=np.sqrt(np.exp(-(distance**2) / 25.0**2)))
    np.testing.assert_allclose(effects(dict(spectrum.coefficients), 7), theirs.coef_, atol=1e-10)
    np.testing.assert_allclose(spectrum.predict(masks), theirs.predict(masks), atol=1e-10)


def test_settings_that_cannot_be_are_refused() -> None:
    for make in (lambda: Banzhaf(order=4), lambda: Lasso(order=3), lambda: Pairwise(top=1), lambda: LIME(width=0)):
        with pytest.raises(BadInput, match="got"):
            make()
    with pytest.raises(BadBudget):
        Pairwise().estimate(random_game(5), budget=6)


def test_one_thread_or_two_give_the_same_bits() -> None:
    code = (
        "import numpy as np; from spexcore.estimators import Banzhaf, Lasso, ProxySPEX; rng = np.random.default_rng(0);"
        "m = rng.random((400, 40)) < 0.5; y = 1.0 * m[:, :3].all(axis=1) - m[:, 7] + rng.normal(size=400);"
        "print([hash(e.fit(m, y, seed=1)) for e in (Banzhaf(2), Lasso(2), ProxySPEX())])"
    )
    printed = set()
    for threads in "12":
        threads_of = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": "0"}
        run = [sys.executable, "-c", code]
        printed.add(subprocess.run(run, capture_output=True, text=True, env=os.environ | threads_of, check=True).stdout)
    assert len(printed) == 1
