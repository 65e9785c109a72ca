"""The Walsh kernel: a covariance between masks whose eigenfunctions are the characters, so every sum is a matmul."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.neighbours import chain_gram, coalition_weights, gap_weight
from spexcore.masks import Coalition, Masks

Array = NDArray[np.float64]

LARGEST = 0.995  # of decay * rho_i: at 1 the product kernel is blind to masks that differ in player i


def signs_of(masks: Masks) -> Array:
    """s = 1 - 2x, (n_masks, n_players): -1 where the player is kept, so that prod_S s = (-1)^|S & x|."""
    return 1.0 - 2.0 * masks.astype(np.float64)


def over_all_masks(weights: Array) -> Array:
    """sum_i weights_i s_i of every mask, (2^n_players,), row k keeping player i where bit i of k is set."""
    sums = np.zeros(1)
    for weight in weights:
        sums = np.concatenate([sums + weight, sums - weight])
    return sums


def characters(signs: Array, coalitions: Sequence[Coalition]) -> Array:
    """chi_S(x) = prod of s_i over S, (n_masks, n_coalitions)."""
    padded = np.ones((signs.shape[1] + 1, len(signs)))  # the last row stands for "no player"
    padded[:-1] = signs.T
    return padded[members(coalitions, signs.shape[1])].prod(axis=1).T


def members(coalitions: Sequence[Coalition], filler: int) -> NDArray[np.int64]:
    """Coalitions as rows of player numbers, (n_coalitions, largest order), short ones filled up."""
    order = max((len(coalition) for coalition in coalitions), default=0)
    rows = [coalition + (filler,) * (order - len(coalition)) for coalition in coalitions]
    return np.array(rows, dtype=np.int64).reshape(len(rows), order)


@dataclass(frozen=True)
class WalshKernel:
    """k(x, x') = bias + linear sum_i rho_i s_i s'_i + product prod_i (1 + decay rho_i s_i s'_i), plus noise on itself.

    rho: (n_players,) in (0, 1), how much each player matters; decay in (0, 1): how fast high orders fade;
    linear, product, bias, noise: variances. The prior variance of F(S) is `eigenvalues`. nearness: how much more
    players interact that are listed side by side (`neighbours`); 0: no more than others, the product as it is written.
    """

    rho: Array
    decay: float
    linear: float
    product: float
    bias: float
    noise: float
    nearness: float = 0.0

    @property
    def scales(self) -> Array:
        """decay * rho, (n_players,), kept below one."""
        return np.minimum(self.decay * self.rho, LARGEST)

    def product_gram(self, signs: Array, others: Array) -> Array:
        """prod_i (1 + r_i s_i s'_i), (n, m); s s' is 1 or -1, so its logarithm is linear in s s'."""
        scales = self.scales
        if self.nearness:
            return chain_gram(scales, signs, others, self.nearness)
        level = 0.5 * (np.log1p(scales) + np.log1p(-scales)).sum()
        exponent = (signs * np.arctanh(scales)) @ others.T
        exponent += level
        return np.exp(exponent, out=exponent)

    def gram(self, signs: Array, others: Array) -> Array:
        """Covariance without noise, (n, m), of masks given as signs (n, n_players) and (m, n_players)."""
        gram = self.product_gram(signs, others)
        gram *= self.product
        gram += (signs * (self.linear * self.rho)) @ others.T
        gram += self.bias
        return gram

    @property
    def variance(self) -> float:
        """k(x, x), the same for every mask."""
        return float(self.bias + self.linear * self.rho.sum() + self.product * self.peak)

    @property
    def peak(self) -> float:
        """The product kernel of a mask with itself."""
        ones = np.ones((1, len(self.rho)))
        return float(self.product_gram(ones, ones)[0, 0])

    def eigenvalues(self, coalitions: Sequence[Coalition]) -> Array:
        """Prior variance of F(S), (n_coalitions,)."""
        scales = np.append(self.scales, 1.0)
        values = self.product * scales[members(coalitions, len(self.rho))].prod(axis=1)
        if self.nearness:
            values *= coalition_weights(coalitions, len(self.rho), self.nearness)
        orders = np.array([len(coalition) for coalition in coalitions], dtype=int)
        values[orders == 0] += self.bias
        single = np.flatnonzero(orders == 1).tolist()
        values[single] += self.linear * self.rho[[coalitions[k][0] for k in single]]
        return values

    def all_eigenvalues(self) -> Array:
        """Prior variance of every F(S), (2^n_players,), at the index whose bit i is set where S holds player i."""
        values = self.product * self.product_eigenvalues()
        values[0] += self.bias
        values[1 << np.arange(len(self.rho))] += self.linear * self.rho
        return values

    def product_eigenvalues(self) -> Array:
        """Those of the product kernel alone, (2^n_players,): prod_S r, times the weights of the gaps of S."""
        n = len(self.rho)
        by_gap = np.append(1.0, gap_weight(np.arange(1, n + 1), n, self.nearness))
        values, last = np.ones(1), np.zeros(1, dtype=np.intp)  # players count from 1: 0 is none yet, and has no gap
        for player, scale in enumerate(self.scales, 1):
            gaps = np.where(last > 0, player - last, 0)
            values = np.concatenate([values, values * scale * by_gap[gaps]])
            last = np.concatenate([last, np.full(len(last), player)])
        return values
