"""Spread masks are still uniform one by one; low orders come out more even than of independent ones.

What holds of masks drawn either way is in `test_masks`.
"""

from itertools import combinations

import numpy as np
import pytest

from spexcore.masks import draw
from spexcore.spread import BLOCK, draw_spread, spread


def drawn(distribution: str, n_players: int, n_masks: int, seed: int = 0) -> np.ndarray:
    return draw_spread(distribution, n_players, n_masks, np.random.default_rng(seed))


def imbalance(masks: np.ndarray, order: int) -> float:
    """Mean square over coalitions of one order of the mean of their characters: 1 / n_masks where independent."""
    signs = 1.0 - 2.0 * masks
    means = [signs[:, c].prod(axis=1).mean() for c in combinations(range(masks.shape[1]), order)]
    return float(np.mean(np.square(means)))


@pytest.mark.parametrize("n_players", [1, 2, 5, 9])
def test_all_masks_but_one_are_drawn_too(n_players: int) -> None:
    assert len(drawn("uniform", n_players, 2**n_players - 1)) == 2**n_players - 1


@pytest.mark.parametrize(("n_players", "n_masks"), [(14, 64), (14, 256), (24, 128)])
def test_low_orders_are_more_even_than_of_independent_masks(n_players: int, n_masks: int) -> None:
    even = drawn("uniform", n_players, n_masks)
    chance = draw("uniform", n_players, n_masks, np.random.default_rng(0))
    for order in (1, 2):
        assert imbalance(even, order) < 0.7 * imbalance(chance, order)
    if n_players == 14:
        assert imbalance(even, 1) == imbalance(even, 3) == 0.0  # complements cancel


def test_of_many_players_no_order_is_less_even() -> None:
    even, chance = drawn("uniform", 70, 256), draw("uniform", 70, 256, np.random.default_rng(0))
    for order in (1, 2):
        assert imbalance(even, order) < 1.05 * imbalance(chance, order)


def test_one_by_one_they_are_uniform() -> None:
    first = np.array([drawn("uniform", 6, 9, seed)[[0, 5, 8]] for seed in range(1500)])
    assert np.abs(first.mean(axis=0) - 0.5).max() < 0.06
    pairs = first[:, :, :, None] == first[:, :, None, :]
    assert np.abs(pairs.mean(axis=0)[:, ~np.eye(6, dtype=bool)] - 0.5).max() < 0.07


@pytest.mark.parametrize("n_masks", [4, 5, BLOCK, BLOCK + 4])
@pytest.mark.parametrize("n_players", [14, 30])
def test_pair_after_pair_where_all_masks_can_be_listed_and_none_beyond(n_players: int, n_masks: int) -> None:
    masks = spread(n_masks, n_players, np.random.default_rng(0))[:n_masks]
    whole = n_masks // 2 * 2
    complementary = (masks[0:whole:2] == ~masks[1:whole:2]).all(axis=1)
    assert complementary.all() if n_players == 14 else not complementary.any()


def test_no_two_coalitions_are_mistaken_for_each_other() -> None:
    masks = drawn("uniform", 16, 256)
    signs = 1.0 - 2.0 * masks
    coalitions = [c for order in (1, 2, 3) for c in combinations(range(16), order)]
    characters = np.stack([signs[:, c].prod(axis=1) for c in coalitions])
    alike = np.abs(characters @ characters.T / len(masks)) - np.eye(len(coalitions))
    assert alike.max() < 0.5
