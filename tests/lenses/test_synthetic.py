"""Games of known spectrum: their values are what the names say, and `fourier` is what a full sum over masks gives."""

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.lenses.synthetic import MajorityGame, SyntheticGame, and_game, random_game, xor_game
from spexcore.masks import all_masks


def brute_force(game, coalition):
    """F(S) = 2^-n sum_x f(x) (-1)^|S & x|, straight from the definition."""
    masks = all_masks(game.n_players)
    return float((game(masks) * (-1.0) ** masks[:, list(coalition)].sum(axis=1)).mean())


def test_and_is_one_only_when_all_are_kept():
    masks = all_masks(5)
    np.testing.assert_array_equal(and_game(3, 5)(masks), masks[:, :3].all(axis=1))


def test_xor_is_one_when_an_odd_number_is_kept():
    masks = all_masks(5)
    np.testing.assert_allclose(xor_game(4, 5)(masks), masks[:, :4].sum(axis=1) % 2, atol=1e-15)


def test_majority_counts():
    masks = all_masks(4)
    np.testing.assert_array_equal(MajorityGame(4)(masks), masks.sum(axis=1) >= 3)


@pytest.mark.parametrize("basis", ["ands", "parities"])
def test_fourier_is_the_truth_by_brute_force(basis):
    game = random_game(7, 9, basis=basis, seed=3)
    truth = game.fourier
    masks = all_masks(7)
    for row in masks:
        coalition = tuple(np.flatnonzero(row).tolist())
        assert brute_force(game, coalition) == pytest.approx(truth.get(coalition, 0.0), abs=1e-12)


def test_noise_is_standard_and_returns_with_its_mask():
    quiet = SyntheticGame(12, {(0,): 1.0})
    loud = SyntheticGame(12, {(0,): 1.0}, noise=0.5, seed=4)
    masks = all_masks(12)
    noise = (loud(masks) - quiet(masks)) / 0.5
    assert abs(noise.mean()) < 0.06
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    np.testing.assert_array_equal(loud(masks[::-1])[::-1], loud(masks))
    assert len(np.unique(noise)) == len(masks)


def test_seed_and_noise_are_in_the_key():
    games = [SyntheticGame(4, {(0,): 1.0}, noise=n, seed=s) for n, s in ((0.0, 0), (0.1, 0), (0.1, 1))]
    assert len({game.key for game in games}) == 3


def test_random_game_keeps_to_its_orders():
    orders = {len(c) for c in random_game(10, 40, orders=(2, 4), seed=1).terms}
    assert orders == {2, 3, 4}


@pytest.mark.parametrize("wrong", [lambda: random_game(3, 9), lambda: SyntheticGame(2, {(2,): 1.0})])
def test_impossible_games_are_refused(wrong):
    with pytest.raises(BadInput):
        wrong()
