"""The kernel of neighbours: its walk against the sum over all coalitions, its gradient, and what it learns sooner."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from spexcore.estimators.gated_gp import Search, fit_gated
from spexcore.estimators.link import Identity
from spexcore.estimators.neighbours import chain_gram, chain_slopes, coalition_weights, gap_weight
from spexcore.estimators.walsh_evidence import NEARNESS, Prior, most_probable, with_neighbours
from spexcore.estimators.walsh_kernel import WalshKernel, characters, signs_of
from spexcore.estimators.walsh_posterior import condition
from spexcore.estimators.walsh_terms import grown, low_orders
from spexcore.masks import Coalition, all_masks, draw
from spexcore.transforms import walsh_hadamard

SCALES = np.array([0.2, 0.5, 0.3, 0.6, 0.1, 0.4])
NEAR = 2.5


def kernel(nearness: float = NEAR) -> WalshKernel:
    return WalshKernel(SCALES / 0.8, decay=0.8, linear=0.3, product=0.7, bias=0.2, noise=0.01, nearness=nearness)


def every_coalition(n: int) -> list[Coalition]:
    return [tuple(np.flatnonzero(row).tolist()) for row in all_masks(n)]


def test_the_walk_is_the_sum_over_all_coalitions() -> None:
    signs, coalitions = signs_of(all_masks(6)), every_coalition(6)
    weights = [np.prod(SCALES[list(c)]) for c in coalitions] * coalition_weights(coalitions, 6, NEAR)
    chi = characters(signs, coalitions)
    np.testing.assert_allclose(chain_gram(SCALES, signs, signs[:9], NEAR), chi * weights @ chi[:9].T, atol=1e-12)


def test_only_gaps_between_followers_count_and_they_are_one_in_the_mean_over_pairs() -> None:
    gaps = np.array([j - i for i, j in combinations(range(6), 2)])
    assert gap_weight(gaps, 6, NEAR).mean() == pytest.approx(1.0)
    one, three = gap_weight(np.array([1, 3]), 6, NEAR)
    assert one > three
    found = coalition_weights([(), (4,), (0, 1), (0, 1, 4)], 6, NEAR)
    np.testing.assert_allclose(found, [1.0, 1.0, one, one * three])


def test_without_nearness_it_is_the_plain_product() -> None:
    signs = signs_of(all_masks(6))
    np.testing.assert_allclose(chain_gram(SCALES, signs, signs, 0.0), kernel(0.0).product_gram(signs, signs))
    np.testing.assert_allclose(gap_weight(np.arange(1, 6), 6, 0.0), 1.0)


def test_the_slopes_are_those_of_a_weighted_sum_of_the_gram() -> None:
    signs = signs_of(draw("uniform", 6, 90, np.random.default_rng(0)))  # several blocks of rows
    upstream = np.random.default_rng(1).normal(size=(len(signs),) * 2)
    upstream += upstream.T
    total = lambda p: float((upstream * chain_gram(p[:-1], signs, signs, p[-1])).sum())
    point = np.append(SCALES, NEAR)
    by_scale, by_nearness = chain_slopes(SCALES, signs, NEAR, upstream)
    np.testing.assert_allclose([*by_scale, by_nearness], approx_fprime(point, total, 1e-7), rtol=1e-4, atol=1e-3)


def test_eigenvalues_are_the_transform_of_the_kernel() -> None:
    signs = signs_of(all_masks(6))
    exact = walsh_hadamard(kernel().gram(signs, np.ones((1, 6)))[:, 0])
    np.testing.assert_allclose(kernel().all_eigenvalues(), exact, atol=1e-12)
    np.testing.assert_allclose(kernel().eigenvalues(every_coalition(6)), exact, atol=1e-12)
    assert kernel().variance == pytest.approx(exact.sum())


def test_the_beam_knows_that_neighbours_are_likelier() -> None:
    masks = draw("uniform", 6, 40, np.random.default_rng(0))
    fitted = condition(kernel(), masks, masks[:, 1] * masks[:, 2] * 1.0, mean=0.0, scale=1.0)
    pairs = [c for c in low_orders(fitted, 5) if len(c) == 2]
    exact = sorted(combinations(range(6), 2), key=lambda c: -abs(fitted.coefficients([c])[0]))
    assert pairs == exact[:5]
    triples = sorted(combinations(range(6), 3), key=lambda c: -abs(fitted.coefficients([c])[0]))
    assert grown(fitted, list(combinations(range(6), 2)), 4) == triples[:4]


def windows(masks: np.ndarray) -> np.ndarray:
    """Pairs and triples of players side by side, and a little of each player."""
    signs, rng = signs_of(masks), np.random.default_rng(7)
    n = masks.shape[1]
    runs = [signs[:, i : i + k].prod(axis=1) for k in (2, 3) for i in range(n - k + 1)]
    return rng.normal(size=len(runs)) @ np.array(runs) + signs @ rng.normal(size=n)


def test_interactions_of_neighbours_are_learnt_from_fewer_masks() -> None:
    everything = all_masks(12)
    truth, masks = windows(everything), draw("uniform", 12, 120, np.random.default_rng(0))
    errors = []
    for neighbours in (True, False):
        fitted = fit_gated(masks, windows(masks), Identity(), Search(1.0, 120, 15, neighbours))
        errors.append(((fitted.predict(everything) - truth) ** 2).sum())
    assert errors[0] < 0.8 * errors[1]


def test_nearness_is_chosen_where_neighbours_interact_and_only_there() -> None:
    masks = draw("uniform", 30, 300, np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(30)
    chosen = []
    for values in (windows(masks), windows(masks[:, order])):
        targets = (values - values.mean()) / values.std()
        plain = most_probable(signs_of(masks), targets, Prior(tau=1.0), steps=12)
        found = with_neighbours(plain, signs_of(masks), targets)
        chosen.append(found.nearness)
    assert chosen[1] <= 1.0 < chosen[0]
    assert set(chosen) <= set(NEARNESS)
