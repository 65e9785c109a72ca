"""Masks are distinct, of the distribution asked for, and the same for the same seed."""

from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.masks import (
    DISTRIBUTIONS,
    ENUMERABLE,
    all_masks,
    as_masks,
    corners,
    draw,
    is_near,
    near_limit,
    pack,
    unpack,
    unseen,
)
from spexcore.spread import draw_spread

Way = Callable[[str, int, int, np.random.Generator], np.ndarray]

everywhere = pytest.mark.parametrize("distribution", DISTRIBUTIONS)
either_way = pytest.mark.parametrize("way", [draw, draw_spread])


def drawn(distribution: str, n_players: int, n_masks: int, seed: int = 0, way: Way = draw) -> np.ndarray:
    return way(distribution, n_players, n_masks, np.random.default_rng(seed))


def distinct(masks: np.ndarray) -> bool:
    return len(set(pack(masks))) == len(masks)


@either_way
@given(st.sampled_from(DISTRIBUTIONS), st.integers(1, 40), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_drawn_masks_are_distinct_bool_and_no_more_than_asked(
    way: Way, distribution: str, n_players: int, n_masks: int, seed: int
) -> None:
    masks = drawn(distribution, n_players, n_masks, seed, way)
    assert masks.dtype == bool
    assert masks.shape[1] == n_players
    assert len(masks) <= n_masks
    assert distinct(masks)
    assert np.array_equal(masks, drawn(distribution, n_players, n_masks, seed, way))


@either_way
@everywhere
@pytest.mark.parametrize(
    ("n_players", "n_masks"), [(14, 256), (24, 500), (24, 1100), (100, 501), (100, 1000), (1000, 64)]
)
def test_as_many_masks_as_asked_where_there_are_enough(
    way: Way, distribution: str, n_players: int, n_masks: int
) -> None:
    assert len(drawn(distribution, n_players, n_masks, way=way)) == n_masks


@everywhere
def test_other_seeds_give_other_masks(distribution: str) -> None:
    assert not np.array_equal(drawn(distribution, 30, 50, seed=1), drawn(distribution, 30, 50, seed=2))


@either_way
@everywhere
@pytest.mark.parametrize("n_players", [1, 2, 5, 9])
@pytest.mark.parametrize("beyond", [0, 1, 1000])
def test_budget_that_covers_all_masks_gets_each_once(way: Way, distribution: str, n_players: int, beyond: int) -> None:
    masks = drawn(distribution, n_players, 2**n_players + beyond, way=way)
    assert np.array_equal(masks, all_masks(n_players))


def test_uniform_keeps_each_player_half_of_the_time() -> None:
    masks = drawn("uniform", 40, 4000)
    assert np.abs(masks.mean(axis=0) - 0.5).max() < 0.04
    assert masks.sum(axis=1).std() == pytest.approx(np.sqrt(40) / 2, rel=0.1)


@pytest.mark.parametrize("distribution", ["sizes", "mixed"])
@pytest.mark.parametrize("n_masks", [2, 3, 50])
@either_way
def test_both_ends_are_drawn(way: Way, distribution: str, n_masks: int) -> None:
    kept = drawn(distribution, 30, n_masks, way=way).sum(axis=1)
    assert (kept == 30).sum() == 1
    assert (kept == 0).sum() == 1


def test_sizes_are_uniform_between_the_ends() -> None:
    kept = drawn("sizes", 41, 8002).sum(axis=1)
    share = np.bincount(kept, minlength=42)[3:39] / len(kept)  # the outermost sizes have few distinct masks
    assert np.abs(share * 40 - 1).max() < 0.4
    assert kept.mean() == pytest.approx(20.5, abs=0.7)


@pytest.mark.parametrize(("n_players", "limit"), [(1, 1), (2, 2), (8, 3), (39, 3), (40, 4), (200, 20), (1000, 100)])
def test_near_masks_remove_one_to_a_tenth_but_at_least_three(n_players: int, limit: int) -> None:
    assert near_limit(n_players) == limit
    removed = (~drawn("near", n_players, min(600, 2**n_players - 1))).sum(axis=1)
    assert set(removed) <= set(range(1, limit + 1))
    if n_players >= 200:  # below, there are too few distinct ways of removing one player
        assert set(removed) == set(range(1, limit + 1))
        assert removed.mean() == pytest.approx((limit + 1) / 2, rel=0.15)


def test_near_are_those_that_the_distribution_draws_and_no_others() -> None:
    drawn_near = {row.tobytes() for row in drawn("near", 8, 200)}
    everything = all_masks(8)
    assert {row.tobytes() for row in everything[is_near(everything)]} == drawn_near


def test_near_masks_run_dry_without_repeating() -> None:
    masks = drawn("near", 8, 200)
    assert len(masks) == comb(8, 1) + comb(8, 2) + comb(8, 3)
    assert distinct(masks)


def test_near_masks_remove_every_player_alike() -> None:
    assert np.abs((~drawn("near", 60, 6000)).mean(axis=0) * 60 / 3.5 - 1).max() < 0.35


@either_way
def test_mixed_masks_are_half_near_half_uniform(way: Way) -> None:
    removed = (~drawn("mixed", 100, 1000, way=way)).sum(axis=1)
    assert (removed <= near_limit(100)).sum() == 500  # 499 near, and everybody kept
    assert ((removed > 25) & (removed < 75)).sum() == 499


def test_unknown_distribution_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="uniform, sizes, near, mixed; got 'beta'"):
        drawn("beta", 5, 10)


def test_all_masks_are_numbered_by_bits() -> None:
    masks = all_masks(3)
    assert masks.dtype == bool
    assert masks.tolist() == [[bool(row >> player & 1) for player in range(3)] for row in range(8)]
    with pytest.raises(BadInput, match=f"at most {ENUMERABLE} to enumerate all masks; got 21"):
        all_masks(ENUMERABLE + 1)


def test_corners_keep_everybody_outside_the_coalition() -> None:
    masks = corners((1, 4), 6)
    assert masks[:, [0, 2, 3, 5]].all()
    assert masks[:, [1, 4]].tolist() == [[False, False], [True, False], [False, True], [True, True]]
    assert corners((), 3).tolist() == [[True, True, True]]


@given(st.integers(1, 30), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_packed_masks_unpack(n_players: int, n_masks: int, seed: int) -> None:
    masks = np.random.default_rng(seed).random((n_masks, n_players)) < 0.5
    keys = pack(masks)
    assert all(len(key) == -(-n_players // 8) for key in keys)
    assert np.array_equal(unpack(keys, n_players), masks)
    assert len(set(keys)) == len({tuple(mask) for mask in masks.tolist()})


@pytest.mark.parametrize("masks", [[[1, 0, 1]], [1, 0, 1], np.array([[1.0, 0.0, 1.0]]), [[True, False, True]]])
def test_zeros_and_ones_are_masks(masks: object) -> None:
    assert as_masks(masks, 3).tolist() == [[True, False, True]]
    assert as_masks(masks, 3).dtype == bool


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([[1, 0]], "shape \\(n_masks, 3\\); got \\(1, 2\\)"),
        (np.ones((2, 3, 1)), "shape \\(n_masks, 3\\)"),
        ([[1, 0, 2]], "True/False or 1/0"),
        ([[1.0, 0.0, np.nan]], "True/False or 1/0"),
        ([[1, 0, -1]], "True/False or 1/0"),
    ],
)
def test_what_is_no_mask_is_refused(masks: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        as_masks(masks, 3)


def test_unseen_masks_are_those_whose_key_is_not_among_the_seen_in_their_order() -> None:
    everything = all_masks(4)
    seen = set(pack(everything[::3]))
    np.testing.assert_array_equal(unseen(everything, seen), np.delete(everything, np.s_[::3], axis=0))
    assert unseen(everything, set(pack(everything))).shape == (0, 4)
