"""A Walsh kernel with gates: interactions grow or fade with the players that are kept, as they do in real games.

Under the plain kernel a pair matters as much in a nearly empty mask as in the full one. Here the interactions are
those of d(x) g(x), with g drawn from the plain product kernel and d(x) = exp(sum_i b_i s_i): where a player is kept
that settles the matter, b_i > 0 and the others matter less (s_i is -1 where player i is kept).
"""

from dataclasses import dataclass, replace

import numpy as np

from spexcore.estimators.neighbours import chain_slopes
from spexcore.estimators.walsh_evidence import JITTER, Prior, kernel_at, start
from spexcore.estimators.walsh_kernel import Array, WalshKernel

GATED = 200.0  # prior precision of each b_i: gates open only where many samples ask for it
WIDEST = 1.5  # largest |b_i|
NEAR = 0.3  # prior precision of log nearness, around 0
FIRST_NEARNESS = 0.4  # log nearness where the search begins


@dataclass(frozen=True)
class GatedKernel:
    """k(x, x') = bias + linear sum_i rho_i s_i s'_i + d(x) d(x') product prod_i (1 + decay rho_i s_i s'_i) + noise.

    base: everything but d; gates: b, (n_players,).
    """

    base: WalshKernel
    gates: Array

    def opening(self, signs: Array) -> Array:
        """d(x) of masks given as signs (n_masks, n_players), (n_masks,)."""
        return np.exp(signs @ self.gates)

    def gram(self, signs: Array, others: Array) -> Array:
        """Covariance without noise, (n, m)."""
        base, here, there = self.base, self.opening(signs), self.opening(others)
        gram = base.product_gram(signs, others)
        gram *= base.product * here[:, None]
        gram *= there
        gram += (signs * (base.linear * base.rho)) @ others.T
        gram += base.bias
        return gram

    def variance(self, signs: Array) -> Array:
        """k(x, x), (n_masks,)."""
        base = self.base
        product = base.product * base.peak * self.opening(signs) ** 2
        return base.bias + base.linear * float(base.rho.sum()) + product


def gated_at(point: Array) -> GatedKernel:
    """The kernel of a point of the search: (n_players) rho, (n_players) gates, the rest as `kernel_at` has it; then
    log nearness where neighbours are told from other players."""
    n = (len(point) - 5) // 2
    base = kernel_at(np.concatenate([point[:n], point[2 * n : 2 * n + 5]]))
    nearness = float(np.exp(point[-1])) if len(point) > 2 * n + 5 else 0.0
    return GatedKernel(replace(base, nearness=nearness), point[n : 2 * n])


def loss_and_gradient(point: Array, signs: Array, targets: Array, prior: Prior) -> tuple[float, Array]:
    """Minus the log posterior of the hyper-parameters, up to a constant, and its gradient (as long as `point`)."""
    from scipy.linalg import lapack

    kernel = gated_at(point)
    base, opening = kernel.base, kernel.opening(signs)
    products = base.product_gram(signs, signs) * opening[:, None] * opening
    gram = base.product * products + (signs * (base.linear * base.rho)) @ signs.T + base.bias
    gram[np.diag_indices_from(gram)] += base.noise
    factor, failed = lapack.dpotrf(gram, lower=1)
    if failed:
        return 1e10, np.zeros_like(point)
    lower = lapack.dpotri(factor, lower=1)[0]
    inverse = np.tril(lower) + np.tril(lower, -1).T
    alpha = inverse @ targets
    loss = 0.5 * float(targets @ alpha) + float(np.log(np.diagonal(factor)).sum())
    slope = 0.5 * (inverse - np.outer(alpha, alpha))  # d loss / d gram
    penalty, pull = _penalty(point, prior)
    return loss + penalty, _chain(kernel, signs, slope * products, slope) + pull


def _chain(kernel: GatedKernel, signs: Array, weighted: Array, slope: Array) -> Array:
    """From d loss / d gram, and its product with the interactions, to the gradient in the search's coordinates."""
    base = kernel.base
    along = np.einsum("ki,ki->i", signs, slope @ signs)
    by_scale, by_nearness = _slopes(kernel, signs, weighted, slope)
    by_scale = np.where(base.decay * base.rho < base.scales + 1e-12, by_scale, 0.0)
    by_rho = base.linear * along + base.decay * by_scale
    rest = [
        float(by_scale @ base.rho) * base.decay * (1 - base.decay),
        base.linear * float(along @ base.rho),
        base.product * float(weighted.sum()),
        base.bias * float(slope.sum()),
        (base.noise - JITTER) * float(np.trace(slope)),
        *([base.nearness * by_nearness] if base.nearness else []),
    ]
    # d (d(x) d(x')) / d b_i = d(x) d(x') (s_i + s'_i)
    by_gate = 2 * base.product * (signs.T @ weighted.sum(axis=1))
    return np.concatenate([by_rho * base.rho * (1 - base.rho / 0.999), by_gate, rest])


def _slopes(kernel: GatedKernel, signs: Array, weighted: Array, slope: Array) -> tuple[Array, float]:
    """d loss / d scales, (n_players,), and d loss / d nearness."""
    base, opening = kernel.base, kernel.opening(signs)
    if base.nearness:
        return chain_slopes(base.scales, signs, base.nearness, base.product * slope * opening[:, None] * opening)
    # d prod / d r_i = prod * (s s' - r) / (1 - r^2)
    by_scale = np.einsum("ki,ki->i", signs, weighted @ signs) - base.scales * weighted.sum()
    return base.product * by_scale / (1 - base.scales**2), 0.0


def _penalty(point: Array, prior: Prior) -> tuple[float, Array]:
    """Minus the log prior and its gradient: that of the plain kernel, b_i ~ N(0, 1 / GATED), and that of nearness."""
    n = (len(point) - 5) // 2
    rho, gates, decay, noise, near = point[:n], point[n : 2 * n], point[2 * n], point[2 * n + 4], point[2 * n + 5 :]
    spread = rho - rho.mean()
    loss = prior.tau * float(spread @ spread) + GATED * float(gates @ gates) + (decay - prior.decay) ** 2
    pull = np.zeros_like(point)
    pull[:n], pull[n : 2 * n] = prior.tau * spread, GATED * gates
    pull[2 * n], pull[2 * n + 4], pull[2 * n + 5 :] = decay - prior.decay, (noise - prior.noise) / 4, NEAR * near
    return 0.5 * (float(loss) + NEAR * float(near @ near)) + float((noise - prior.noise) ** 2) / 8, pull


def most_probable(signs: Array, targets: Array, prior: Prior, *, steps: int, neighbours: bool = False) -> GatedKernel:
    """The kernel of largest posterior for standardised targets (n_masks,), found in at most `steps` of L-BFGS.

    neighbours: whether players listed side by side may interact more than others; a search several times as long.
    """
    from scipy.optimize import minimize

    n, plain = signs.shape[1], start(signs, targets, prior)
    near = [FIRST_NEARNESS] if neighbours else []
    found = minimize(
        loss_and_gradient,
        np.concatenate([plain[:n], np.zeros(n), plain[n:], near]),
        args=(signs, targets, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-12.0, 12.0)] * n + [(-WIDEST, WIDEST)] * n + [(-12.0, 12.0)] * 5 + [(-5.0, 5.0)] * len(near),
        options={"maxiter": steps, "maxfun": steps + steps // 3},
    )
    return gated_at(found.x)
