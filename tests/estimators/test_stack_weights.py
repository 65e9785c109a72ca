"""Weights of a blend: never negative, near the best where samples are many, an average where they are few."""

import numpy as np
import pytest
from scipy.optimize import nnls

from spexcore.estimators.stack_weights import blend_weights, likely_best

ALIKE = np.ones(3)  # no member is believed more than another


def guesses(n: int, noises: tuple[float, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n)
    return values[:, None] + np.array(noises) * rng.normal(size=(n, len(noises))), values


def test_a_member_that_is_clearly_better_has_all_the_likelihood() -> None:
    likely = likely_best(*guesses(2000, (0.1, 1.0, 1.0)), ALIKE)
    assert likely[0] > 0.999
    assert likely.sum() == pytest.approx(1.0)


def test_belief_settles_what_samples_cannot() -> None:
    columns, values = guesses(40, (0.5, 0.5, 0.5))
    likely = likely_best(columns[:, [0, 0, 0]], values, np.array([1.0, 0.5, 0.5]))
    np.testing.assert_allclose(likely, [0.5, 0.25, 0.25])
    clear = likely_best(*guesses(2000, (0.1, 1.0, 1.0)), np.array([0.01, 1.0, 1.0]))
    assert clear[0] > 0.999


def test_members_that_cannot_be_told_apart_share_it() -> None:
    columns, values = guesses(40, (0.5, 0.5))
    likely = likely_best(np.hstack([columns, columns[:, :1]]), values, ALIKE)
    assert likely[0] == pytest.approx(likely[2])
    assert likely.min() > 0.05


def test_many_samples_give_the_least_squares_weights_and_few_the_first_guess() -> None:
    columns, values = guesses(200_000, (0.5, 0.6, 2.0))
    np.testing.assert_allclose(blend_weights(columns, values, ALIKE), nnls(columns, values)[0], atol=5e-3)
    columns, values = guesses(12, (0.5, 0.6, 2.0))
    drawn, fitted = blend_weights(columns, values, ALIKE), nnls(columns, values)[0]
    first = likely_best(columns, values, ALIKE)
    assert np.abs(drawn - first).sum() < np.abs(fitted - first).sum()


def test_members_that_say_nothing_still_get_weights_that_add_up_to_one() -> None:
    weights = blend_weights(np.zeros((10, 3)), np.arange(10.0) - 4.5, ALIKE)
    np.testing.assert_allclose(weights, 1 / 3)


def test_weights_are_blind_to_the_unit_of_the_values() -> None:
    columns, values = guesses(60, (0.5, 0.8, 1.5))
    np.testing.assert_allclose(
        blend_weights(1e3 * columns, 1e3 * values, ALIKE), blend_weights(columns, values, ALIKE), rtol=1e-6
    )


def test_a_member_that_is_wrong_throughout_is_not_used() -> None:
    columns, values = guesses(200, (0.3, 0.3))
    weights = blend_weights(np.hstack([columns, -values[:, None]]), values, ALIKE)
    assert weights[2] == 0.0
    assert (weights >= 0).all()
