"""Which of the 2^n coefficients of a posterior to write down: all where they fit, else the largest by a beam."""

from collections.abc import Callable

import numpy as np
import scipy.linalg

from spexcore.estimators.neighbours import gap_weight
from spexcore.estimators.walsh_kernel import Array, characters, signs_of
from spexcore.estimators.walsh_posterior import FittedWalshGP
from spexcore.masks import Coalition, Masks, draw, near_limit

Terms = dict[Coalition, float]

MOST = 2**13  # coefficients kept beyond twenty players
FREE_MASKS = 1_000  # on which they are fitted to what is predicted
SAMPLES = 512  # beside them, evenly taken where there are more: the fit is quadratic in all of these
LEFT_OUT = 0.01  # share of the prior variance taken for terms that are not kept
NEAR = 0.1  # of that share where few players are removed: values hardly differ there, and so do the terms left out


def leading(fitted: FittedWalshGP, max_order: int = 5, width: int = 1_000) -> list[Coalition]:
    """Coalitions whose coefficients are likely the largest, () among them: a beam of `width` from the largest pairs."""
    low = low_orders(fitted, MOST // 2)
    sizes = dict(zip(low, np.abs(fitted.coefficients(low)).tolist(), strict=True))
    pairs: list[Coalition] = [c for c in low if len(c) == 2]
    front = sorted(pairs, key=lambda c: -sizes[c])[:width]
    for _ in range(3, max_order + 1):
        front = grown(fitted, front, width)
        sizes.update(zip(front, np.abs(fitted.coefficients(front)).tolist(), strict=True))
    return [(), *sorted((c for c in sizes if c), key=lambda c: -sizes[c])[: MOST - 1]]


def read_off(predict: Callable[[Masks], Array], fitted: FittedWalshGP, seed: int) -> Terms:
    """The leading coefficients of any prediction that follows the process, fitted where its masks are free.

    A truncated spectrum misses many small terms, which add up near the full prompt. So the kept ones move, from the
    process's own coefficients to the scale of the prediction, until they say what the prediction says of free masks,
    uniform and near, and of the samples: their posterior mean under the process's prior, what is left out as noise.
    """
    coalitions = leading(fitted)
    rng = np.random.default_rng(seed)
    free = [draw(kind, fitted.n_players, FREE_MASKS // 2, rng) for kind in ("uniform", "near")]
    some = np.linspace(0, len(fitted.signs) - 1, min(SAMPLES, len(fitted.signs))).astype(int)
    signs = np.vstack([signs_of(np.vstack(free)), fitted.signs[some]])
    basis, prior = characters(signs, coalitions), fitted.kernel.eigenvalues(coalitions)
    prior[0] = prior.max()
    wanted, latent = predict(signs < 0), fitted.predict(signs < 0)
    centred = latent - latent.mean()
    start = fitted.coefficients(coalitions) * (centred @ wanted / (centred @ centred + 1e-300))
    scaled = basis * np.sqrt(prior)
    gram = scaled @ scaled.T
    near = (signs < 0).sum(axis=1) >= fitted.n_players - near_limit(fitted.n_players)
    gram[np.diag_indices_from(gram)] += np.where(near, NEAR, 1.0) * LEFT_OUT * np.trace(gram) / len(gram)
    weights = scipy.linalg.solve(gram, wanted - basis @ start, assume_a="pos", overwrite_a=True, check_finite=False)
    return dict(zip(coalitions, (start + prior * (basis.T @ weights)).tolist(), strict=True))


def largest(table: Array, limit: int) -> Terms:
    """The constant and the `limit` largest of all coefficients (2^n,), numbered by bits."""
    size = np.abs(table[1:])
    kept = 1 + np.argsort(-size, kind="stable")[:limit]
    n = len(table).bit_length() - 1
    inside = kept[:, None] >> np.arange(n) & 1 == 1
    players = np.arange(n)
    terms = {tuple(players[row].tolist()): float(table[k]) for row, k in zip(inside, kept, strict=True) if table[k]}
    return {(): float(table[0]), **terms}


def truncated(terms: Terms, limit: int) -> Terms:
    """The constant and the `limit` largest others of coefficients that are written down already."""
    others = sorted((c for c in terms if c), key=lambda c: -abs(terms[c]))
    return {c: terms[c] for c in [(), *others[:limit]]}


def low_orders(fitted: FittedWalshGP, limit: int) -> list[Coalition]:
    """The constant, every single player and the `limit` pairs of largest posterior mean."""
    n = fitted.n_players
    scales = fitted.kernel.scales
    sizes = np.abs((fitted.signs * fitted.alpha[:, None]).T @ fitted.signs) * np.outer(scales, scales)
    first, second = np.triu_indices(n, 1)
    sizes[first, second] *= gap_weight(second - first, n, fitted.kernel.nearness)
    best = np.argsort(-sizes[first, second], kind="stable")[:limit]
    pairs = zip(first[best].tolist(), second[best].tolist(), strict=True)
    return [(), *((i,) for i in range(n)), *pairs]


def grown(fitted: FittedWalshGP, front: list[Coalition], width: int) -> list[Coalition]:
    """The `width` coalitions of largest posterior mean that add one player to one of the front.

    Among the four times as many that lead when all gaps count alike.
    """
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
    if not fitted.kernel.nearness:
        return list(found)[:width]
    among = list(found)
    order = np.argsort(-np.abs(fitted.coefficients(among)), kind="stable")[:width]
    return [among[k] for k in order.tolist()]
