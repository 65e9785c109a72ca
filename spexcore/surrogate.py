"""A surrogate of a game: what it would answer, with doubt, where it has not been asked. It guides what to measure."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import scipy.linalg
from scipy.special import ndtri

from spexcore.estimators.walsh_gp import fit_walsh_gp
from spexcore.estimators.walsh_kernel import Array, WalshKernel
from spexcore.estimators.walsh_posterior import FittedWalshGP
from spexcore.masks import Coalition, Masks

_SAMPLES = 1_000  # of those known, the nearest to the full prompt: the fit is cubic in them
_FLAT = 1e-12
_GROW_FROM = 200  # coalitions of each order that may grow by one player


@dataclass(frozen=True)
class Surrogate:
    """A WalshGP on the normal scores of the values: monotone in them, so saturation and jumps do not mislead it.

    levels: distinct known values, ascending; scores: the normal quantile of each one's rank.
    """

    fitted: FittedWalshGP
    levels: Array
    scores: Array

    @property
    def kernel(self) -> WalshKernel:
        return self.fitted.kernel

    def draws(self, masks: Masks, n_draws: int, rng: np.random.Generator) -> Array:
        """Joint posterior draws of the values, (n_masks, n_draws)."""
        covariance = self.fitted.covariance(masks)
        covariance[np.diag_indices_from(covariance)] += 1e-6 * self.fitted.scale**2
        factor = scipy.linalg.cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        latent = self.fitted.predict(masks)[:, None] + factor @ rng.standard_normal((len(masks), n_draws))
        return np.interp(latent, self.scores, self.levels)

    def coalitions(self, max_order: int, limit: int) -> list[Coalition]:
        """All coalitions to `max_order` where they number at most `limit`, else the likeliest to have an effect.

        Likely: large |posterior mean| + prior deviation of the co-Moebius value of the scores, both in closed form:
        at the full mask a product kernel's alternating sum over S is a product over S, so larger coalitions grow
        from smaller ones by one matmul each.
        """
        n = self.fitted.n_players
        if sum(comb(n, order) for order in range(1, max_order + 1)) <= limit:
            return [c for order in range(1, max_order + 1) for c in combinations(range(n), order)]
        found: list[Coalition] = [(i,) for i in range(n)]
        weights, steps, deviations = _at_the_full_mask(self.fitted)
        front = found
        for _ in range(2, max_order + 1):
            front = _grown(front[:_GROW_FROM], weights, steps, deviations, limit // (max_order - 1))
            found = found + front
        return found


def fit_surrogate(masks: Masks, values: Array, seed: int, at: WalshKernel | None = None) -> Surrogate | None:
    """The surrogate of known masks (n_masks, n_players) and values; None for values that do not differ."""
    if np.ptp(values) <= _FLAT * np.abs(values).max():
        return None
    nearest = np.argsort(-masks.sum(axis=1), kind="stable")[:_SAMPLES]
    levels, rank, count = np.unique(values[nearest], return_inverse=True, return_counts=True)
    scores = ndtri((np.cumsum(count) - count / 2) / len(nearest))
    if len(levels) < 2:
        return None
    fitted = fit_walsh_gp(masks[nearest], scores[rank], tau=1.0, seed=seed, at=at, steps=25 if at is None else 10)
    return Surrogate(fitted, levels, scores)


def _at_the_full_mask(fitted: FittedWalshGP) -> tuple[Array, Array, Array]:
    """Weights (n_masks,), steps (n_masks, n_players), deviations (n_players,) of the co-Moebius value at the full mask.

    The posterior mean's value of S is sum_j weights_j prod_{i in S} steps_ji; its prior deviation prod_S deviations_i.
    """
    kernel = fitted.kernel
    scales = kernel.scales
    agreement = -fitted.signs  # s_i s'_i with the full mask, whose signs are all -1
    kept, removed = 1 + scales * agreement, 1 - scales * agreement
    weights = fitted.alpha * kernel.product * kept.prod(axis=1)
    deviations = np.sqrt(4 * scales / (1 + scales))
    weights = weights / (np.sqrt(kernel.product * np.prod(1 + scales)) + 1e-300)  # in units of the prior deviation
    return weights, (kept - removed) / kept, deviations


def _grown(front: list[Coalition], weights: Array, steps: Array, deviations: Array, limit: int) -> list[Coalition]:
    """The `limit` likeliest coalitions that add one player to one of the front."""
    inside = np.array(front)
    products = steps[:, inside].prod(axis=2) * weights[:, None]  # (n_masks, n_front)
    sizes = np.abs(products.T @ steps) + deviations[inside].prod(axis=1)[:, None] * deviations
    np.put_along_axis(sizes, inside, -1.0, axis=1)
    best: dict[Coalition, None] = {}
    rows, players = np.unravel_index(np.argsort(-sizes, axis=None, kind="stable"), sizes.shape)
    for row, player in zip(rows.tolist(), players.tolist(), strict=True):
        if len(best) >= limit or sizes[row, player] < 0:
            break
        best[tuple(sorted((*front[row], player)))] = None
    return list(best)
