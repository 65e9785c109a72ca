"""What stands out in a residual: conjunctions by a beam, parities of every order that arithmetic allows."""

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.walsh_kernel import Array, members
from spexcore.masks import Coalition, Masks

OPERATIONS = 2e10  # multiply-adds that the screening of one order may cost
ROWS_HIGH = 1024  # samples that orders 4 and 5 are screened on; the leaders are judged on all
FEWEST = 5  # samples on either side of a conjunction, or nothing can be said of it
BEAM = 100

#: Literals: l < n says that player l is kept, l >= n that player l - n is removed. A conjunction is a tuple of them.
Conjunction = tuple[int, ...]


def literals(masks: Masks) -> NDArray[np.float32]:
    """Truth of every literal, (n_masks, 2 n_players)."""
    return np.hstack([masks, ~masks]).astype(np.float32)


def best_conjunction(truth: NDArray[np.float32], residual: Array, max_order: int = 5) -> tuple[float, Conjunction]:
    """The conjunction of up to max_order literals that stands out most, with its z-score, by a beam.

    truth: (n_masks, 2 n_players); residual: (n_masks,), of mean zero. The marginals of a conjunction rise with each of
    its literals, so the way from one literal to all of them is never hidden.
    """
    n = truth.shape[1] // 2
    front: list[Conjunction] = [(literal,) for literal in range(2 * n)]
    scores = _z_scores(residual @ truth, truth.sum(axis=0), residual)
    best = (float(scores.max()), front[int(scores.argmax())])
    front = [front[k] for k in np.argsort(-scores, kind="stable")[:BEAM]]
    for _ in range(1, min(max_order, n)):
        inside = truth[:, np.array(front)].prod(axis=2)
        scores = _z_scores((inside * residual[:, None]).T @ truth, inside.T @ truth, residual)
        players = np.array(front) % n
        for column in players.T:  # a player twice is no new conjunction
            scores[np.arange(len(front)), column] = scores[np.arange(len(front)), column + n] = 0.0
        front, top = _leaders(front, scores)
        if not front:
            break
        best = max(best, (top, front[0]))
    return best


def _leaders(front: list[Conjunction], scores: Array) -> tuple[list[Conjunction], float]:
    """The BEAM largest distinct extensions of the front, largest first, and the score of the first."""
    order = np.argsort(-scores, axis=None, kind="stable")[: 6 * BEAM]
    order = order[scores.ravel()[order] > 0]
    if not len(order):
        return [], 0.0
    rows, added = np.unravel_index(order, scores.shape)
    grown = (tuple(sorted((*front[row], literal))) for row, literal in zip(rows.tolist(), added.tolist()))
    return list(dict.fromkeys(grown))[:BEAM], float(scores.ravel()[order[0]])


def _z_scores(sums: Array, counts: Array, residual: Array) -> Array:
    """|sum of the residual where a conjunction holds| in standard deviations; 0 where it holds (or fails) rarely."""
    n_masks = len(residual)
    spread = np.sqrt(np.maximum(counts * (1 - counts / n_masks), 1e-9)) * (residual.std() + 1e-300)
    return np.where((counts >= FEWEST) & (n_masks - counts >= FEWEST), np.abs(sums) / spread, 0.0)


def leading_parities(signs: Array, residual: Array, *, max_order: int = 5, limit: int = 200) -> list[Coalition]:
    """The `limit` coalitions of each order whose parity goes with the residual most, for orders that are affordable.

    signs: (n_masks, n_players); residual: (n_masks,). Every coalition of an order is looked at: no heredity is assumed.
    """
    n, found = signs.shape[1], []
    for order in range(1, min(max_order, n) + 1):
        rows = len(signs) if order < 4 else min(len(signs), ROWS_HIGH)
        if 2.0 * comb(n, order) * rows > OPERATIONS:
            break
        found += _leading_of(signs[:rows].astype(np.float32), residual[:rows].astype(np.float32), order, limit)
    return found


def _leading_of(signs: NDArray[np.float32], residual: NDArray[np.float32], order: int, limit: int) -> list[Coalition]:
    """Coalitions of one order: every left half against every right half that begins after it ends."""
    n = signs.shape[1]
    if order == 1:
        return [(i,) for i in range(n)]
    left, right = _combinations(n, order // 2), _combinations(n, order - order // 2)
    right_columns = signs[:, right].prod(axis=2)
    scores, found = [], []
    for last in range(order // 2 - 1, n):
        ours = left[left[:, -1] == last]
        start = int(np.searchsorted(right[:, 0], last, side="right"))
        if not len(ours) or start == len(right):
            continue
        weighted = signs[:, ours].prod(axis=2) * residual[:, None]
        sizes = np.abs(weighted.T @ right_columns[:, start:])  # (n_ours, n_right)
        best = np.argpartition(-sizes, min(limit, sizes.size - 1), axis=None)[:limit]
        rows, columns = np.unravel_index(best, sizes.shape)
        scores.append(sizes[rows, columns])
        found.append(np.hstack([ours[rows], right[start + columns]]))
    best = np.argsort(-np.concatenate(scores), kind="stable")[:limit]
    return [tuple(row) for row in np.concatenate(found)[best].tolist()]


def _combinations(n: int, size: int) -> NDArray[np.intp]:
    return np.array(list(combinations(range(n), size)), dtype=np.intp).reshape(-1, size)


def parity_columns(signs: Array, coalitions: list[Coalition]) -> Array:
    """chi_S of each coalition, (n_masks, n_coalitions)."""
    padded = np.hstack([signs, np.ones((len(signs), 1))])
    return padded[:, members(coalitions, signs.shape[1])].prod(axis=2)
