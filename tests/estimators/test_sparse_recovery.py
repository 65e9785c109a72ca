"""Sparse games come back exactly: conjunctions and parities, also those no smaller coalition hints at."""

from math import comb

import numpy as np
import pytest

from spexcore.estimators.screening import (
    DEAR,
    LEADERS_ROWS,
    LEAST_BAR,
    SCANNED,
    Literals,
    bar,
    best_conjunction,
    leading_parities,
)
from spexcore.estimators.sparse_recovery import recover
from spexcore.estimators.stack import StackSPEX
from spexcore.estimators.walsh_kernel import signs_of
from spexcore.lenses.synthetic import random_game
from spexcore.masks import draw
from spexcore.spectrum import Spectrum


def terms(n: int, k: int, rng: np.random.Generator) -> list[tuple[float, list[int]]]:
    sizes, sides = rng.integers(1, 6, k), rng.choice([-1.0, 1.0], k)
    return [(side * rng.uniform(0.4, 2), rng.permutation(n)[:size].tolist()) for size, side in zip(sizes, sides)]


def sum_of(kind: str, chosen: list[tuple[float, list[int]]], masks: np.ndarray) -> np.ndarray:
    value = {"and": lambda s: masks[:, s].all(axis=1), "parity": lambda s: (1 - 2.0 * masks[:, s]).prod(axis=1)}[kind]
    return sum(weight * value(coalition) for weight, coalition in chosen)


def spectrum(masks: np.ndarray, values: np.ndarray) -> Spectrum:
    return Spectrum(recover(masks, values), [str(i) for i in range(masks.shape[1])])


@pytest.mark.parametrize("kind", ["and", "parity"])
def test_a_sum_of_twelve_terms_of_orders_to_five_is_recovered_exactly(kind: str) -> None:
    rng = np.random.default_rng(5)
    chosen = terms(20, 12, rng)
    masks, fresh = draw("uniform", 20, 900, rng), draw("uniform", 20, 500, rng)
    found = spectrum(masks, sum_of(kind, chosen, masks))
    np.testing.assert_allclose(found.predict(fresh), sum_of(kind, chosen, fresh), atol=1e-8)


@pytest.mark.parametrize("basis", ["ands", "parities"])
@pytest.mark.parametrize(("n_players", "n_masks"), [(32, 1344), (64, 3072)])
def test_the_default_blend_returns_twenty_terms_exactly_from_uniform_masks(
    n_players: int, n_masks: int, basis: str
) -> None:
    game = random_game(n_players, 20, basis=basis, seed=90)
    masks = draw("uniform", n_players, n_masks, np.random.default_rng(90))
    found = StackSPEX().fit(masks, game(masks)).coefficients
    true = {c: v for c, v in game.fourier.items() if abs(v) > 1e-9}
    assert {c for c, v in found.items() if abs(v) > 1e-6} - {()} == true.keys() - {()}
    assert [found[c] for c in true] == pytest.approx(list(true.values()), abs=1e-6)


def test_a_conjunction_with_removed_players_is_found() -> None:
    rng = np.random.default_rng(0)
    masks = draw("uniform", 15, 400, rng)
    values = 2.0 * (masks[:, 3] & ~masks[:, 7] & masks[:, 9]) + 1.0
    score, conjunction = best_conjunction(Literals.of(masks), values - values.mean())
    assert sorted(conjunction) == [3, 9, 7 + 15]
    assert score > 10
    assert set(spectrum(masks, values).coefficients) >= {(), (3,), (7,), (3, 7, 9)}


def test_noise_alone_is_described_by_its_mean() -> None:
    rng = np.random.default_rng(1)
    masks, values = draw("uniform", 12, 300, rng), rng.normal(size=300)
    assert recover(masks, values) == {(): pytest.approx(values.mean())}


def test_among_many_players_chance_offers_more_and_is_believed_less() -> None:
    """Of the 10^11 conjunctions of 200 players some go with any noise: a z-score of 5.5, large among 12, is common."""
    assert bar(2 * 200, 5) > bar(2 * 12, 5) == LEAST_BAR
    assert bar(2 * 200, 5) > bar(2 * 200, 1) == LEAST_BAR
    rng = np.random.default_rng(4)
    masks, values = draw("uniform", 200, 600, rng), rng.normal(size=600)
    assert recover(masks, values) == {(): pytest.approx(values.mean())}


@pytest.mark.parametrize("basis", ["and", "parity"])
def test_terms_that_stand_out_of_the_first_samples_are_judged_on_all(basis: str) -> None:
    rng = np.random.default_rng(6)
    chosen = terms(12, 5, rng)
    masks, fresh = draw("uniform", 30, SCANNED + 500, rng), draw("uniform", 30, 500, rng)
    noisy = sum_of(basis, chosen, masks) + 0.5 * rng.normal(size=len(masks))
    error = spectrum(masks, noisy).predict(fresh) - sum_of(basis, chosen, fresh)
    assert (error**2).mean() < 0.01 * sum_of(basis, chosen, fresh).var()


def test_what_is_noisy_keeps_only_the_terms_that_stand_out() -> None:
    rng = np.random.default_rng(2)
    masks = draw("uniform", 16, 800, rng)
    clean = sum_of("parity", [(1.0, [0, 4, 9]), (-1.0, [2, 3])], masks)
    found = recover(masks, clean + 0.3 * rng.normal(size=800))
    assert set(found) == {(), (0, 4, 9), (2, 3)}


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_every_coalition_of_an_order_is_screened(order: int) -> None:
    rng = np.random.default_rng(order)
    coalition = tuple(sorted(rng.permutation(11)[:order].tolist()))
    signs = signs_of(draw("uniform", 11, 600, rng))
    assert leading_parities(signs, signs[:, list(coalition)].prod(axis=1), limit=3).count(coalition) == 1


def test_of_very_many_coalitions_a_few_samples_choose_those_that_are_judged_on_more() -> None:
    """3,921,225 coalitions of four among 100 players: too dear on more than 637 samples."""
    rng = np.random.default_rng(7)
    signs = signs_of(draw("uniform", 100, 1500, rng))
    assert 2 * comb(100, 4) * LEADERS_ROWS > DEAR
    strong, weak = (3, 20, 41, 70), (5, 6, 7, 8)
    first = np.arange(1500) < 637  # where chance would put the weak one before the strong one
    noise = 2.0 * rng.normal(size=1500) + np.where(first, 1.5, -1.5) * signs[:, list(weak)].prod(axis=1)
    leading = leading_parities(signs, signs[:, list(strong)].prod(axis=1) + noise, max_order=4, limit=2)
    assert leading[-2] == strong


def test_an_order_that_says_nothing_at_all_leaves_the_others() -> None:
    """Masks with their complements: of a parity of even order the odd ones see nothing, to the last digit."""
    half = draw("uniform", 256, 512, np.random.default_rng(0))
    masks = np.stack([half, ~half], axis=1).reshape(-1, 256)
    signs = signs_of(masks)
    leading = leading_parities(signs, signs[:, [3, 200]].prod(axis=1), max_order=3)
    assert leading[256] == (3, 200)
    assert max(map(len, leading)) == 2


def test_high_parities_that_are_given_are_chosen_from_and_no_others_looked_for() -> None:
    rng = np.random.default_rng(8)
    masks = draw("uniform", 14, 500, rng)
    values = sum_of("parity", [(1.0, [0, 1]), (1.0, [2, 3, 4, 5]), (1.0, [1, 6, 7, 8, 9])], masks)
    assert set(recover(masks, values)) == {(), (0, 1), (2, 3, 4, 5), (1, 6, 7, 8, 9)}
    assert set(recover(masks, values, high=[(2, 3, 4, 5), (0, 2, 4, 6)])) == {(), (0, 1), (2, 3, 4, 5)}


def test_twenty_parities_of_ninety_six_players_are_recovered_exactly_from_few_masks() -> None:
    game = random_game(96, 20, basis="parities", seed=96)
    masks = draw("uniform", 96, 896, np.random.default_rng(0))
    found = recover(masks, game(masks))
    assert {c for c, v in found.items() if abs(v) > 1e-9} - {()} == set(game.fourier) - {()}


def test_too_few_masks_for_any_term_give_the_mean() -> None:
    masks = draw("uniform", 30, 3, np.random.default_rng(0))
    assert recover(masks, np.array([1.0, 2.0, 6.0])) == {(): pytest.approx(3.0)}
