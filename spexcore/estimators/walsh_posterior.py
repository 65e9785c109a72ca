"""A Walsh kernel that has seen samples: prediction, coefficients and their uncertainty, all in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spexcore.errors import BadValue
from spexcore.estimators.walsh_kernel import Array, WalshKernel, characters, signs_of
from spexcore.masks import Coalition, Masks
from spexcore.transforms import walsh_hadamard


@dataclass(frozen=True)
class FittedWalshGP:
    """Posterior of f given samples: signs (n_masks, n_players), weights alpha (n_masks,), Cholesky factor of the gram.

    Values are kept standardised inside (`mean`, `scale`); everything returned is in the units of the values.
    """

    kernel: WalshKernel
    signs: Array
    alpha: Array
    factor: Array
    mean: float
    scale: float

    @property
    def n_players(self) -> int:
        return self.signs.shape[1]

    def predict(self, masks: Masks) -> Array:
        """Posterior mean, (n_masks,)."""
        return self.mean + self.scale * (self.kernel.gram(signs_of(masks), self.signs) @ self.alpha)

    def covariance(self, masks: Masks) -> Array:
        """Posterior covariance of f at these masks, (n_masks, n_masks): a functional w @ f has variance w @ C @ w."""
        signs = signs_of(masks)
        explained = self._whiten(self.kernel.gram(self.signs, signs))
        return self.scale**2 * (self.kernel.gram(signs, signs) - explained.T @ explained)

    def variance(self, masks: Masks) -> Array:
        """Posterior variance of f at each mask, (n_masks,)."""
        explained = self._whiten(self.kernel.gram(self.signs, signs_of(masks)))
        return self.scale**2 * np.maximum(self.kernel.variance - np.einsum("ij,ij->j", explained, explained), 0.0)

    def coefficients(self, coalitions: Sequence[Coalition]) -> Array:
        """Posterior mean of F(S) = eigenvalue(S) sum_j alpha_j chi_S(x_j), (n_coalitions,)."""
        found = self.scale * self.kernel.eigenvalues(coalitions) * (self.alpha @ characters(self.signs, coalitions))
        found[[not coalition for coalition in coalitions]] += self.mean
        return found

    def coefficient_variance(self, coalitions: Sequence[Coalition]) -> Array:
        """Posterior variance of F(S), (n_coalitions,)."""
        eigenvalues = self.kernel.eigenvalues(coalitions)
        explained = self._whiten(characters(self.signs, coalitions))
        left = eigenvalues - eigenvalues**2 * np.einsum("ij,ij->j", explained, explained)
        return self.scale**2 * np.maximum(left, 0.0)

    def all_coefficients(self) -> Array:
        """Posterior mean of every F(S), (2^n_players,), numbered by bits: one transform of the weights."""
        n = self.n_players
        numbers = (self.signs < 0) @ (1 << np.arange(n))
        table = np.bincount(numbers, weights=self.alpha, minlength=2**n)
        found = self.scale * self.kernel.all_eigenvalues() * walsh_hadamard(table) * 2**n
        found[0] += self.mean
        return found

    def left_out(self) -> Array:
        """Prediction of each sample from all the others under this kernel, (n_masks,)."""
        inverse = self._whiten(np.eye(len(self.alpha)))
        values = self.kernel.gram(self.signs, self.signs) @ self.alpha + self.kernel.noise * self.alpha
        return self.mean + self.scale * (values - self.alpha / np.einsum("ij,ij->j", inverse, inverse))

    def _whiten(self, columns: Array) -> Array:
        from scipy.linalg import solve_triangular

        return solve_triangular(self.factor, columns, lower=True, check_finite=False)


def condition(kernel: WalshKernel, masks: Masks, values: Array, *, mean: float, scale: float) -> FittedWalshGP:
    """The posterior for a kernel already known: one Cholesky factor of (n_masks, n_masks)."""
    from scipy.linalg import cho_solve

    signs = signs_of(masks)
    factor = steady_factor(kernel.gram(signs, signs), kernel.noise)
    alpha = cho_solve((factor, True), (values - mean) / scale, check_finite=False)
    return FittedWalshGP(kernel, signs, alpha, factor, mean, scale)


def steady_factor(gram: Array, noise: float) -> Array:
    """Lower Cholesky factor of gram + noise; more noise where rounding makes masks that are nearly alike singular."""
    from scipy.linalg import LinAlgError, cholesky

    diagonal = np.diag_indices_from(gram)
    for relative in (0.0, 1e-10, 1e-8, 1e-6, 1e-4):
        noisy = gram.copy()
        noisy[diagonal] += noise + relative * gram[diagonal].mean()
        try:
            return np.asarray(cholesky(noisy, lower=True, overwrite_a=True, check_finite=False))
        except LinAlgError:
            continue
    raise BadValue("`masks` and values must differ enough to be told apart; their kernel is singular. Draw others.")
