"""Which of the 2^n coefficients of a posterior to write down: all where they fit, else the largest by a beam."""

import numpy as np
import scipy.linalg

from spexcore.estimators.walsh_kernel import Array, characters
from spexcore.estimators.walsh_posterior import FittedWalshGP
from spexcore.masks import ENUMERABLE, Coalition

Terms = dict[Coalition, float]


def terms_of(fitted: FittedWalshGP, limit: int, max_order: int = 5, width: int = 150) -> Terms:
    """The `limit` largest coefficients of the posterior mean and the constant: exact to 20 players, a beam beyond."""
    if fitted.n_players <= ENUMERABLE:
        return largest(fitted.all_coefficients(), limit)
    found = dict(zip(low := low_orders(fitted, limit), fitted.coefficients(low).tolist(), strict=True))
    pairs: list[Coalition] = [c for c in low if len(c) == 2]
    front = sorted(pairs, key=lambda c: -abs(found[c]))[:width]
    for _ in range(3, max_order + 1):
        front = grown(fitted, front, width)
        found.update(zip(front, fitted.coefficients(front).tolist(), strict=True))
    kept = [(), *sorted((c for c in found if c), key=lambda c: -abs(found[c]))[:limit]]
    return dict(zip(kept, within(fitted, kept).tolist(), strict=True))


def within(fitted: FittedWalshGP, coalitions: list[Coalition]) -> Array:
    """Posterior mean of F(S), (n_coalitions,), were these coalitions all there is.

    A truncated posterior mean misses many small terms, and near the full mask their characters add up; conditioned
    again on the samples, the terms that are kept stand in for them.
    """
    kernel, prior = fitted.kernel, fitted.kernel.eigenvalues(coalitions)
    basis = characters(fitted.signs, coalitions)
    targets = kernel.gram(fitted.signs, fitted.signs) @ fitted.alpha + kernel.noise * fitted.alpha
    gram = (basis * prior) @ basis.T
    gram[np.diag_indices_from(gram)] += kernel.noise
    weights = scipy.linalg.solve(gram, targets, assume_a="pos", overwrite_a=True, check_finite=False)
    found = fitted.scale * prior * (basis.T @ weights)
    found[[not coalition for coalition in coalitions]] += fitted.mean
    return found


def largest(table: Array, limit: int) -> Terms:
    """The constant and the `limit` largest of all coefficients (2^n,), numbered by bits."""
    size = np.abs(table[1:])
    kept = 1 + np.argsort(-size, kind="stable")[:limit]
    n = len(table).bit_length() - 1
    inside = kept[:, None] >> np.arange(n) & 1 == 1
    players = np.arange(n)
    terms = {tuple(players[row].tolist()): float(table[k]) for row, k in zip(inside, kept, strict=True) if table[k]}
    return {(): float(table[0]), **terms}


def low_orders(fitted: FittedWalshGP, limit: int) -> list[Coalition]:
    """The constant, every single player and the `limit` pairs of largest posterior mean."""
    n = fitted.n_players
    scales = fitted.kernel.scales
    sizes = np.abs((fitted.signs * fitted.alpha[:, None]).T @ fitted.signs) * np.outer(scales, scales)
    first, second = np.triu_indices(n, 1)
    best = np.argsort(-sizes[first, second], kind="stable")[:limit]
    pairs = zip(first[best].tolist(), second[best].tolist(), strict=True)
    return [(), *((i,) for i in range(n)), *pairs]


def grown(fitted: FittedWalshGP, front: list[Coalition], width: int) -> list[Coalition]:
    """The `width` coalitions of largest posterior mean that add one player to one of the front."""
    if not front:
        return []
    weighted = characters(fitted.signs, front) * fitted.alpha[:, None]
    scales = fitted.kernel.scales
    sizes = np.abs(weighted.T @ fitted.signs) * np.outer(fitted.kernel.eigenvalues(front), scales)  # (front, n_players)
    order = np.argsort(-sizes, axis=None, kind="stable")[: 4 * width]
    rows, players = np.unravel_index(order, sizes.shape)
    found = dict.fromkeys(
        tuple(sorted((*front[row], player)))
        for row, player in zip(rows.tolist(), players.tolist(), strict=True)
        if player not in front[row]
    )
    return list(found)[:width]
