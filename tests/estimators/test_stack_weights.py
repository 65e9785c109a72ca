"""Weights of a blend: never negative, the best where samples are many, what was believed where they cannot tell."""

import numpy as np
import pytest

from spexcore.estimators.stack_weights import blend_weights, fitted_weights, likely_best, units

ALIKE = np.ones(3)  # no member is believed more than another


def guesses(n: int, noises: tuple[float, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n)
    return values[:, None] + np.array(noises) * rng.normal(size=(n, len(noises))), values


def test_a_member_that_is_clearly_better_has_all_the_likelihood() -> None:
    likely = likely_best(*guesses(2000, (0.1, 1.0, 1.0)))
    assert likely[0] > 0.999
    assert likely.sum() == pytest.approx(1.0)


def test_members_that_cannot_be_told_apart_share_it() -> None:
    columns, values = guesses(40, (0.5, 0.5))
    likely = likely_best(np.hstack([columns, columns[:, :1]]), values)
    assert likely[0] == pytest.approx(likely[2])
    assert likely.min() > 0.05


def test_many_samples_give_the_least_squares_weights_and_few_the_first_guess() -> None:
    noises = (0.5, 0.6, 2.0)
    columns, values = guesses(200_000, noises)
    precision = 1 / np.square(noises)  # of an unbiased blend of independent guesses
    np.testing.assert_allclose(fitted_weights(columns, values), precision / precision.sum(), atol=0.01)
    columns, values = guesses(12, noises)
    first = likely_best(columns, values)
    assert np.abs(fitted_weights(columns, values) - first).sum() < 0.3


def of_one_kind(columns: np.ndarray, values: np.ndarray, belief: np.ndarray) -> np.ndarray:
    return blend_weights(columns, values, np.zeros(len(values), dtype=bool), belief)


def test_what_was_believed_stands_unless_another_blend_is_better_beyond_doubt() -> None:
    moved = []
    for seed in range(20):
        own, values = guesses(100, (0.1, 0.1, 0.1), seed)
        shared = 0.5 * np.random.default_rng(100 + seed).normal(size=(100, 1))
        moved.append(float(np.abs(of_one_kind(own + shared, values, ALIKE) - 1 / 3).sum()))
    assert np.median(moved) == 0.0, "the mean of members alike is the best there is"
    belief = np.array([2.0, 1.0, 0.0])
    columns, values = guesses(400, (1.0, 1.0, 0.1))
    weights = of_one_kind(columns, values, belief)
    assert weights[2] > 0.9, "not believed, and yet the best"
    assert weights.sum() == pytest.approx(1.0)


def test_the_way_towards_fitted_weights_is_as_long_as_the_gain_is_certain() -> None:
    belief = np.array([1.0, 0.0])
    shares = []
    for n_masks in (30, 100, 400, 3000):
        columns, values = guesses(n_masks, (0.8, 0.6))
        fitted = fitted_weights(columns, values)
        shares.append((of_one_kind(columns, values, belief) - belief)[1] / fitted[1])
    assert shares == sorted(shares)
    assert shares[-1] > 0.95 > 0.9 > shares[0]


def test_members_that_say_nothing_leave_what_was_believed() -> None:
    weights = of_one_kind(np.zeros((10, 3)), np.arange(10.0) - 4.5, np.array([2.0, 1.0, 1.0]))
    np.testing.assert_allclose(weights, [0.5, 0.25, 0.25])


def test_weights_are_blind_to_the_unit_of_the_values() -> None:
    columns, values = guesses(60, (0.5, 0.8, 1.5))
    np.testing.assert_allclose(
        of_one_kind(1e3 * columns, 1e3 * values, ALIKE), of_one_kind(columns, values, ALIKE), rtol=1e-6
    )


def test_a_member_that_is_wrong_throughout_is_hardly_used() -> None:
    columns, values = guesses(1000, (0.3, 0.3))
    columns = np.hstack([columns, -values[:, None]])
    assert fitted_weights(columns, values)[2] == 0.0
    weights = of_one_kind(columns, values, ALIKE)
    assert 0.0 <= weights[2] < 0.01


def saturated(share: float, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,), a hundred times as far apart elsewhere as near the prompt, and which are near."""
    near = np.arange(n) < share * n
    return np.where(near, 5.0, 1.0) + np.where(near, 0.01, 1.0) * np.random.default_rng(3).normal(size=n), near


def test_both_kinds_of_masks_weigh_alike_about_their_own_means() -> None:
    values, near = saturated(0.25)
    centre, unit = units(values, near)
    squares = ((values - centre) / unit) ** 2
    assert squares[near].sum() == pytest.approx(squares[~near].sum()) == pytest.approx(len(values) / 2)
    assert centre[near] == pytest.approx(values[near].mean())
    assert centre[~near] == pytest.approx(values[~near].mean())


@pytest.mark.parametrize("share", [0.0, 0.05, 0.95, 1.0])
def test_a_kind_that_is_there_by_chance_has_no_unit_of_its_own(share: float) -> None:
    values, near = saturated(share)
    centre, unit = units(values, near)
    assert centre == pytest.approx(values.mean())
    assert unit == pytest.approx(values.std())


def test_a_kind_that_does_not_vary_has_a_unit_all_the_same() -> None:
    values, near = saturated(0.25)
    values[near] = 5.0
    assert units(values, near)[1].min() > 0
    weights = blend_weights(values[:, None] + np.zeros(3), values, near, ALIKE)
    np.testing.assert_allclose(weights, 1 / 3)


def test_a_member_that_is_far_off_near_the_prompt_is_not_believed() -> None:
    values, near = saturated(0.25)
    blind = np.full(len(values), 0.05)  # the error of who does not know that the value saturates
    sizes = np.stack([blind * np.where(near, 0.1, 1.0), blind * np.where(near, 0.1, 1.0), blind], axis=1)
    columns = values[:, None] + sizes * np.random.default_rng(4).normal(size=sizes.shape)
    assert blend_weights(columns, values, near, ALIKE)[2] < 0.01
    assert of_one_kind(columns, values, ALIKE)[2] > 0.3, "elsewhere it is as good as any"
