"""A gated Walsh Gaussian process behind a link, fitted: it predicts mean values, and its table is a spectrum."""

from dataclasses import dataclass

import numpy as np

from spexcore.estimators.gated_kernel import GatedKernel, most_probable
from spexcore.estimators.link import Identity, Link
from spexcore.estimators.walsh_evidence import Prior
from spexcore.estimators.walsh_kernel import Array, over_all_masks, signs_of
from spexcore.estimators.walsh_posterior import steady_factor
from spexcore.estimators.walsh_terms import Terms, largest
from spexcore.game import Values
from spexcore.masks import Masks
from spexcore.transforms import inverse_walsh_hadamard, walsh_hadamard

MASKS_AT_ONCE = 8192
SIZES, MASKS_A_SIZE = 17, 6  # where the doubt is measured: it hangs on how many players a mask keeps


@dataclass(frozen=True)
class GatedGP:
    """Posterior of latent scores given samples: signs (n_masks, n_players), weights alpha, lower Cholesky factor.

    Scores are kept standardised inside (`mean`, `scale`). doubt: predictive variance of a score by number of players
    kept, (n_players + 1,).
    """

    kernel: GatedKernel
    link: Link
    signs: Array
    alpha: Array
    mean: float
    scale: float
    doubt: Array

    @property
    def n_players(self) -> int:
        return self.signs.shape[1]

    def predict(self, masks: Masks) -> Array:
        """E[value], (n_masks,), in blocks of bounded memory."""
        starts = range(0, len(masks), MASKS_AT_ONCE)
        return np.concatenate([self._block(masks[start : start + MASKS_AT_ONCE]) for start in starts])

    def _block(self, masks: Masks) -> Array:
        scores = self.mean + self.scale * (self.kernel.gram(signs_of(masks), self.signs) @ self.alpha)
        return self._expected(scores, masks.sum(axis=1))

    def _expected(self, scores: Array, kept: Array) -> Array:
        return scores if isinstance(self.link, Identity) else self.link.expected(scores, self.doubt[kept])

    def table(self) -> Array:
        """E[value] of all masks, (2^n_players,), row k keeping player i where bit i of k is set.

        The interactions are d(x) times those of a plain kernel whose samples weigh alpha d(x_j): two fast transforms.
        """
        n, base = self.n_players, self.kernel.base
        numbers = (self.signs < 0) @ (1 << np.arange(n))
        opened = np.bincount(numbers, self.alpha * self.kernel.opening(self.signs), minlength=2**n)
        scales, opening = base.product * base.product_eigenvalues(), np.exp(over_all_masks(self.kernel.gates))
        interactions = inverse_walsh_hadamard(scales * inverse_walsh_hadamard(opened)) * opening
        singles = over_all_masks(base.linear * base.rho * (self.alpha @ self.signs)) + base.bias * self.alpha.sum()
        scores = self.mean + self.scale * (interactions + singles)
        return self._expected(scores, np.bitwise_count(np.arange(2**n)))

    def terms(self, limit: int) -> Terms:
        """The constant and the `limit` largest coefficients of the prediction, to 20 players."""
        return largest(walsh_hadamard(self.table()), limit)


@dataclass(frozen=True)
class Search:
    """How a kernel is looked for: tau, strength of the belief that players are alike; samples looked at; steps; and
    whether players listed side by side may interact more than others."""

    tau: float
    rows: int
    steps: int
    neighbours: bool = False


def fit_gated(masks: Masks, values: Values, link: Link, search: Search, seed: int = 0) -> GatedGP:
    """Choose a kernel by its posterior on some samples, then condition on all; for values that differ."""
    from scipy.linalg import cho_solve

    signs, scores = signs_of(masks), link.latent(values)
    mean, scale = float(scores.mean()), float(scores.std())
    targets = (scores - mean) / scale
    chosen = np.random.default_rng(seed).permutation(len(values))[: search.rows]
    prior, near = Prior(tau=search.tau), search.neighbours
    kernel = most_probable(signs[chosen], targets[chosen], prior, steps=search.steps, neighbours=near)
    factor = steady_factor(kernel.gram(signs, signs), kernel.base.noise)
    alpha = cho_solve((factor, True), targets, check_finite=False)
    doubt = np.zeros(1) if isinstance(link, Identity) else scale**2 * _doubt(kernel, signs, factor)
    return GatedGP(kernel, link, signs, alpha, mean, scale, doubt)


def _doubt(kernel: GatedKernel, signs: Array, factor: Array) -> Array:
    """Predictive variance of a standardised score, noise included, by number of players kept, (n_players + 1,)."""
    from scipy.linalg import solve_triangular

    n = signs.shape[1]
    sizes = np.unique(np.linspace(0, n, min(n + 1, SIZES)).astype(int))
    ranks = np.random.default_rng(0).random((len(sizes) * MASKS_A_SIZE, n)).argsort(axis=1)
    probes = signs_of(ranks < np.repeat(sizes, MASKS_A_SIZE)[:, None])
    explained = solve_triangular(factor, kernel.gram(signs, probes), lower=True, check_finite=False)
    variance = np.maximum(kernel.variance(probes) - np.einsum("ij,ij->j", explained, explained), 0.0)
    return np.interp(np.arange(n + 1), sizes, variance.reshape(len(sizes), -1).mean(axis=1)) + kernel.base.noise
