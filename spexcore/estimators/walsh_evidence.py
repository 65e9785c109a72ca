"""Hyper-parameters of a Walsh kernel from samples: the most probable ones, by L-BFGS on a closed-form gradient."""

from dataclasses import dataclass, replace

import numpy as np

from spexcore.estimators.walsh_kernel import Array, WalshKernel

MEAN_ORDER, PRODUCT_SHARE = 1.5, 0.8  # where the search begins: the product's largest mean order, and its variance
NEARNESS = (0.0, 1.0, 2.0, 4.0, 8.0)  # what `with_neighbours` chooses from
JITTER = 1e-5  # of the standardised values: keeps the Cholesky factor alive with duplicate masks


@dataclass(frozen=True)
class Prior:
    """What is believed before any sample: players alike (strength `tau` on logit rho), little noise, some decay."""

    tau: float = 0.2
    decay: float = -0.5
    noise: float = -3.0


def start(signs: Array, targets: Array, prior: Prior) -> Array:
    """Where the search begins, (n_players + 5,): rho by correlation; then decay, linear, product, bias, noise.

    In the product, coalitions of k players share its variance as a Poisson law of mean sum(scales) would: with many
    players the scales begin so small that low orders lead, and its variance is set, not the factor before it.
    """
    n = signs.shape[1]
    correlation = np.abs(signs.T @ targets) / len(targets)
    share = 0.05 + 0.6 * correlation / (correlation.max() + 1e-9)
    rho, decay = _sigmoid(0.5 * np.log(share / (1 - share)) - 0.5), float(_sigmoid(prior.decay))
    rho *= min(1.0, MEAN_ORDER / (decay * rho.sum()))
    linear = np.log(max(1.0 / max(0.2 * n, 1.0), 0.02))
    product = np.log(PRODUCT_SHARE) - np.log1p(decay * rho).sum()
    return np.concatenate([_logit(rho), [prior.decay, linear, product, np.log(0.05), np.log(0.05)]])


def kernel_at(point: Array) -> WalshKernel:
    """The kernel of a point of the search."""
    decay, linear, product, bias, noise = point[-5:]
    return WalshKernel(
        rho=0.999 * _sigmoid(point[:-5]),
        decay=float(_sigmoid(decay)),
        linear=float(np.exp(linear)),
        product=float(np.exp(product)),
        bias=float(np.exp(bias)),
        noise=float(np.exp(noise)) + JITTER,
    )


def point_of(kernel: WalshKernel) -> Array:
    """The inverse of `kernel_at`."""
    rest = np.log([kernel.linear, kernel.product, kernel.bias, max(kernel.noise - JITTER, 1e-12)])
    return np.concatenate([_logit(kernel.rho / 0.999), [_logit(kernel.decay)], rest])


def loss_and_gradient(point: Array, signs: Array, targets: Array, prior: Prior) -> tuple[float, Array]:
    """Minus the log posterior of the hyper-parameters, up to a constant, and its gradient (n_players + 5,)."""
    from scipy.linalg import lapack

    kernel = kernel_at(point)
    products = kernel.product_gram(signs, signs)
    gram = kernel.product * products + (signs * (kernel.linear * kernel.rho)) @ signs.T + kernel.bias
    gram[np.diag_indices_from(gram)] += kernel.noise
    factor, failed = lapack.dpotrf(gram, lower=1)
    if failed:
        return 1e10, np.zeros_like(point)
    inverse = _symmetric(lapack.dpotri(factor, lower=1)[0])
    alpha = inverse @ targets
    loss = 0.5 * targets @ alpha + np.log(np.diagonal(factor)).sum()
    slope = 0.5 * (inverse - np.outer(alpha, alpha))  # d loss / d gram
    penalty, pull = _penalty(point, prior)
    return loss + penalty, _chain(kernel, signs, products, slope) + pull


def _chain(kernel: WalshKernel, signs: Array, products: Array, slope: Array) -> Array:
    """From d loss / d gram to the gradient in the coordinates of the search."""
    along = np.einsum("ki,ki->i", signs, slope @ signs)  # sum_kl slope_kl s_ki s_li
    weighted = slope * products
    scales = kernel.scales
    # d prod / d r_i = prod * s s' / (1 + r s s') = prod * (s s' - r) / (1 - r^2)
    by_scale = kernel.product * (np.einsum("ki,ki->i", signs, weighted @ signs) - scales * weighted.sum())
    by_scale = np.where(kernel.decay * kernel.rho < scales + 1e-12, by_scale / (1 - scales**2), 0.0)
    by_rho = kernel.linear * along + kernel.decay * by_scale
    return np.concatenate(
        [
            by_rho * kernel.rho * (1 - kernel.rho / 0.999),
            [
                (by_scale @ kernel.rho) * kernel.decay * (1 - kernel.decay),
                kernel.linear * (along @ kernel.rho),
                kernel.product * weighted.sum(),
                kernel.bias * slope.sum(),
                (kernel.noise - JITTER) * np.trace(slope),
            ],
        ]
    )


def most_probable(
    signs: Array, targets: Array, prior: Prior, *, steps: int = 30, at: WalshKernel | None = None
) -> WalshKernel:
    """The kernel of largest posterior for standardised targets (n_masks,), from `at` when given, in at most `steps`."""
    from scipy.optimize import minimize

    begin = start(signs, targets, prior) if at is None else point_of(at)
    found = minimize(
        loss_and_gradient,
        begin,
        args=(signs, targets, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-12.0, 12.0)] * len(begin),
        options={"maxiter": steps, "maxfun": steps + steps // 3},
    )
    return kernel_at(found.x)


def with_neighbours(kernel: WalshKernel, signs: Array, targets: Array) -> WalshKernel:
    """The kernel with the nearness of NEARNESS under which standardised targets (n_masks,) are most probable."""
    tried = [replace(kernel, nearness=nearness) for nearness in NEARNESS]
    return min(tried, key=lambda k: _surprise(k, signs, targets))


def _surprise(kernel: WalshKernel, signs: Array, targets: Array) -> float:
    """Minus the log probability of the targets, up to a constant."""
    from scipy.linalg import lapack, solve_triangular

    gram = kernel.gram(signs, signs)
    gram[np.diag_indices_from(gram)] += kernel.noise
    factor, failed = lapack.dpotrf(gram, lower=1)
    if failed:
        return np.inf
    white = solve_triangular(factor, targets, lower=True, check_finite=False)
    return float(0.5 * white @ white + np.log(np.diagonal(factor)).sum())


def _penalty(point: Array, prior: Prior) -> tuple[float, Array]:
    """Minus the log prior and its gradient."""
    rho, decay, noise = point[:-5], point[-5], point[-1]
    spread = rho - rho.mean()
    value = 0.5 * (prior.tau * spread @ spread + (decay - prior.decay) ** 2) + (noise - prior.noise) ** 2 / 8
    pull = np.zeros_like(point)
    pull[:-5] = prior.tau * spread
    pull[-5] = decay - prior.decay
    pull[-1] = (noise - prior.noise) / 4
    return value, pull


def _symmetric(lower: Array) -> Array:
    return np.tril(lower) + np.tril(lower, -1).T


def _sigmoid(x: Array | float) -> Array:
    return 1.0 / (1.0 + np.exp(-np.asarray(x)))


def _logit(p: Array | float) -> Array:
    clipped = np.clip(p, 1e-12, 1 - 1e-12)
    return np.log(clipped) - np.log1p(-clipped)
