"""The gated Gaussian process: its gradient, its closed transform, and the plain process as its case without gates."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from spexcore.estimators.gated_gp import GatedGP, Search, fit_gated
from spexcore.estimators.gated_kernel import GatedKernel, gated_at, loss_and_gradient
from spexcore.estimators.link import Identity, Link, Ranks, Saturating
from spexcore.estimators.walsh_evidence import Prior, kernel_at
from spexcore.estimators.walsh_evidence import loss_and_gradient as plain_loss
from spexcore.estimators.walsh_gp import fit_walsh_gp
from spexcore.estimators.walsh_kernel import signs_of
from spexcore.masks import all_masks, draw
from spexcore.transforms import evaluate


def sample(n: int = 6, m: int = 50) -> tuple[np.ndarray, np.ndarray]:
    masks = draw("uniform", n, m, np.random.default_rng(0))
    return masks, np.random.default_rng(1).normal(size=n)[masks.astype(int)].sum(axis=1) + masks[:, 0] * masks[:, 1]


def fitted(link: Link | None = None, *, neighbours: bool = False) -> GatedGP:
    masks, values = sample()
    return fit_gated(masks, values, link or Identity(), Search(1.0, 40, 20, neighbours))


@pytest.mark.parametrize("beyond", [5, 6], ids=["plain", "neighbours"])
def test_the_gradient_is_that_of_the_loss(beyond: int) -> None:
    masks, values = sample(4, 25)
    targets = (values - values.mean()) / values.std()
    point = 0.3 * np.random.default_rng(2).normal(size=2 * 4 + beyond)
    loss = lambda p: loss_and_gradient(p, signs_of(masks), targets, Prior())[0]
    gradient = loss_and_gradient(point, signs_of(masks), targets, Prior())[1]
    np.testing.assert_allclose(gradient, approx_fprime(point, loss, 1e-7), rtol=1e-4, atol=1e-4)


def test_with_closed_gates_it_is_the_plain_kernel() -> None:
    masks, values = sample(4, 25)
    signs = signs_of(masks)
    point = 0.3 * np.random.default_rng(2).normal(size=2 * 4 + 5)
    point[4:8] = 0.0
    plain = np.delete(point, np.arange(4, 8))
    np.testing.assert_allclose(gated_at(point).gram(signs, signs), kernel_at(plain).gram(signs, signs), rtol=1e-12)
    np.testing.assert_allclose(gated_at(point).variance(signs), kernel_at(plain).variance, rtol=1e-12)
    ours, theirs = (f(p, signs, values, Prior())[0] for f, p in ((loss_and_gradient, point), (plain_loss, plain)))
    assert ours == pytest.approx(theirs)


def test_gates_scale_the_interactions_of_a_mask() -> None:
    kernel = GatedKernel(replace(kernel_at(np.zeros(3 + 5)), linear=0.0, bias=0.0), np.array([0.4, 0.0, -0.1]))
    signs = signs_of(all_masks(3))
    plain = kernel.base.gram(signs, signs)
    opening = np.exp(0.4 * signs[:, 0] - 0.1 * signs[:, 2])
    np.testing.assert_allclose(kernel.gram(signs, signs), plain * opening[:, None] * opening)
    np.testing.assert_allclose(kernel.variance(signs), np.diag(kernel.gram(signs, signs)))


@pytest.mark.parametrize("link", [Identity(), Saturating.of(sample()[1]), Ranks.of(sample()[1])])
@pytest.mark.parametrize("neighbours", [False, True])
def test_the_table_holds_the_predictions_of_all_masks(link: Link, neighbours: bool) -> None:
    process = fitted(link, neighbours=neighbours)
    assert (process.kernel.base.nearness > 0) == neighbours
    assert np.abs(process.kernel.gates).max() > 1e-4, "gates that stay closed would hide a mistake"
    np.testing.assert_allclose(process.table(), process.predict(all_masks(6)), atol=1e-9)
    np.testing.assert_allclose(evaluate(process.terms(64), all_masks(6)), process.table(), atol=1e-9)


def test_few_terms_are_the_largest_ones() -> None:
    process = fitted()
    every, few = process.terms(64), process.terms(5)
    assert len(few) == 6
    assert min(abs(few[c]) for c in few if c) >= max(abs(every[c]) for c in every if c not in few)
    assert all(few[c] == every[c] for c in few)


def test_interactions_that_fade_are_learnt_better_than_by_the_plain_process() -> None:
    everything = all_masks(10)
    rng = np.random.default_rng(0)
    pairs = 1.0 - 2.0 * everything
    wild = sum(rng.normal() * pairs[:, i] * pairs[:, j] for i in range(10) for j in range(i))
    truth = wild * np.exp(-0.5 * (everything.sum(axis=1) - 5)) + everything @ rng.normal(size=10)
    rows = rng.permutation(1024)[:150]
    gated = fit_gated(everything[rows], truth[rows], Identity(), Search(1.0, 150, 40))
    plain = fit_walsh_gp(everything[rows], truth[rows], tau=1.0, rows=150, steps=40)
    assert ((gated.predict(everything) - truth) ** 2).sum() < 0.8 * ((plain.predict(everything) - truth) ** 2).sum()
    assert gated.kernel.gates.mean() > 0.02, "the fewer players are kept, the larger the interactions: b > 0"
