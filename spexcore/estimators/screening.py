"""What stands out in a residual: conjunctions by a beam, parities of every order that arithmetic allows."""

from dataclasses import dataclass
from itertools import combinations
from math import comb, log
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.walsh_kernel import Array, members
from spexcore.masks import Coalition, Masks

OPERATIONS = 1.4e11  # multiplications and additions that the screening of one order may cost
DEAR = 5e9  # operations beyond which an order is screened on fewer samples
FEWEST_ROWS = 256  # but on so many
LEADERS, LEADERS_ROWS = 5000, 1000  # coalitions that are then looked at again, and samples that they are judged on
AT_ONCE = 1000  # coalitions judged together
SCANNED = 3000  # samples that conjunctions are looked for on, as long as what is found there stands out among all
LEAST_BAR, MARGIN = 5.5, 0.7  # z-scores: below which nothing stands out; above the best of all that chance offers
FEWEST = 5  # samples on either side of a conjunction, or nothing can be said of it
BEAM = 100
MOST_LITERALS = 256  # that conjunctions are made of: those that stand out most alone

Real = TypeVar("Real", np.float32, np.float64)

#: Literals: l < n says that player l is kept, l >= n that player l - n is removed. A conjunction is a tuple of them.
Conjunction = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Literals:
    """Truth of every literal, (n_masks, 2 n_players), column-major: conjunctions are products of columns."""

    truth: NDArray[np.float32]
    counts: NDArray[np.float32]

    @classmethod
    def of(cls, masks: Masks) -> "Literals":
        truth = np.asfortranarray(np.hstack([masks, ~masks]), dtype=np.float32)
        return cls(truth, truth.sum(axis=0))

    def first(self, n_masks: int) -> "Literals":
        """Of the first samples alone."""
        truth = np.asfortranarray(self.truth[:n_masks])
        return Literals(truth, truth.sum(axis=0))

    def score(self, conjunction: Conjunction, residual: Array) -> float:
        """The conjunction's z-score."""
        inside = self.truth[:, list(conjunction)].prod(axis=1)
        return float(_z_scores(residual @ inside, inside.sum(), residual))


def bar(n_choices: int, order: int) -> float:
    """The z-score from which a choice of `order` among n_choices stands out: the best of them by chance, and more."""
    return max(LEAST_BAR, float(np.sqrt(2 * log(max(comb(n_choices, order), 2)))) + MARGIN)


def best_conjunction(literals: Literals, residual: Array, max_order: int = 5) -> tuple[float, Conjunction]:
    """The conjunction of up to max_order literals that is most above its `bar`, with its z-score, by a beam.

    residual: (n_masks,), of mean zero. The marginals of a conjunction rise with each of its literals, so the way from
    one literal to all of them is never hidden.
    """
    truth, n = literals.truth, literals.truth.shape[1] // 2
    rest = residual.astype(np.float32)
    scores = _z_scores(rest @ truth, literals.counts, residual)
    order = np.argsort(-scores, kind="stable")[:MOST_LITERALS]
    best: tuple[float, Conjunction] = (float(scores[order[0]]), (int(order[0]),))
    front: list[Conjunction] = [(literal,) for literal in order[:BEAM].tolist()]
    columns, some = truth.T, np.sort(order)
    chosen = truth[:, some]
    weighted = chosen * rest[:, None]
    for size in range(2, min(max_order, n) + 1):
        inside = _products(columns, np.array(front))
        scores = np.zeros((len(front), 2 * n))
        scores[:, some] = _z_scores(inside @ weighted, inside @ chosen, residual)
        for players in (np.array(front) % n).T:  # a player twice is no new conjunction
            scores[np.arange(len(front)), players] = scores[np.arange(len(front)), players + n] = 0.0
        front, top = _leaders(front, scores)
        if not front:
            break
        if top - bar(2 * n, size) > best[0] - bar(2 * n, len(best[1])):
            best = (top, front[0])
    return best


def _leaders(front: list[Conjunction], scores: Array) -> tuple[list[Conjunction], float]:
    """The BEAM largest distinct extensions of the front, largest first, and the score of the first."""
    flat = scores.ravel()
    order = np.argpartition(-flat, 6 * BEAM)[: 6 * BEAM] if len(flat) > 6 * BEAM else np.arange(len(flat))
    order = order[np.argsort(-flat[order], kind="stable")]
    order = order[flat[order] > 0]
    if not len(order):
        return [], 0.0
    rows, added = np.unravel_index(order, scores.shape)
    grown = (tuple(sorted((*front[row], literal))) for row, literal in zip(rows.tolist(), added.tolist()))
    return list(dict.fromkeys(grown))[:BEAM], float(flat[order[0]])


def _z_scores(sums: NDArray[np.floating], counts: NDArray[np.floating], residual: Array) -> Array:
    """|sum of the residual where a conjunction holds| in standard deviations; 0 where it holds (or fails) rarely."""
    n_masks = len(residual)
    spread = np.sqrt(np.maximum(counts * (1 - counts / n_masks), 1e-9)) * (residual.std() + 1e-300)
    return np.where((counts >= FEWEST) & (n_masks - counts >= FEWEST), np.abs(sums) / spread, 0.0)


def leading_parities(signs: Array, residual: Array, *, max_order: int = 5, limit: int = 200) -> list[Coalition]:
    """The `limit` coalitions of each order whose parity goes with the residual most, for orders that are affordable.

    signs: (n_masks, n_players); residual: (n_masks,). Every coalition of an order is looked at: no heredity is assumed.
    Where these are very many, a few samples say which of them are looked at again.
    """
    n, leading = signs.shape[1], list[Coalition]()
    columns, rest = signs.astype(np.float32), residual.astype(np.float32)
    for order in range(1, min(max_order, n) + 1):
        cost = 2 * comb(n, order)  # a sample
        rows = min(len(signs), max(FEWEST_ROWS, int(DEAR / cost)))
        if cost * rows > OPERATIONS:
            break
        few = rows < min(len(signs), LEADERS_ROWS)
        found = _leading_of(columns[:rows], rest[:rows], order, LEADERS if few else limit)
        if few and len(found):
            found = _judged(found, columns[:LEADERS_ROWS], rest[:LEADERS_ROWS])[:limit]
        leading += [tuple(row) for row in found.tolist()]
    return leading


def _judged(found: NDArray[np.intp], signs: NDArray[np.float32], residual: NDArray[np.float32]) -> NDArray[np.intp]:
    """Coalitions (n_coalitions, order), those whose parity goes with the residual most first."""
    columns = np.ascontiguousarray(signs.T)
    blocks = [found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE)]
    sizes = np.abs(np.concatenate([_products(columns, block) @ residual for block in blocks]))
    return found[np.argsort(-sizes, kind="stable")]


def _leading_of(signs: NDArray[np.float32], residual: NDArray[np.float32], order: int, limit: int) -> NDArray[np.intp]:
    """Coalitions (at most limit, order), by a player in their middle: all that is before it against all after it."""
    n, half = signs.shape[1], order // 2
    if order == 1:
        return np.arange(n)[:, None]
    if order == 2:
        return _leading_pairs(signs, residual, limit)
    before, after = _combinations(n, half), _combinations(n, order - half - 1)
    before = before[np.argsort(before[:, -1], kind="stable")]
    columns = np.ascontiguousarray(signs.T)  # (n_players, n_masks)
    left, right = _products(columns, before) * residual, _products(columns, after)
    least, scores, found = 0.0, np.empty(0), np.empty((0, order), dtype=np.intp)
    for middle in range(half, n):
        stop = int(np.searchsorted(before[:, -1], middle))
        start = int(np.searchsorted(after[:, 0], middle, side="right"))
        sizes = np.abs(left[:stop] * columns[middle] @ right[start:].T)  # (n_before, n_after)
        rows, cells = np.nonzero(sizes > least)
        these = np.full((len(rows), 1), middle)
        scores = np.concatenate([scores, sizes[rows, cells]])
        found = np.concatenate([found, np.hstack([before[rows], these, after[start + cells]])])
        if len(scores) > limit:
            best = np.argpartition(-scores, limit)[:limit]
            scores, found = scores[best], found[best]
            least = float(scores.min())
    return found[np.argsort(-scores, kind="stable")]


def _leading_pairs(signs: NDArray[np.float32], residual: NDArray[np.float32], limit: int) -> NDArray[np.intp]:
    """The `limit` pairs of players, by one product of signs."""
    sizes = np.triu(np.abs((signs * residual[:, None]).T @ signs), 1).ravel()
    best = np.argpartition(-sizes, limit)[:limit] if len(sizes) > limit else np.arange(len(sizes))
    best = best[np.argsort(-sizes[best], kind="stable")]
    pairs = np.unravel_index(best[sizes[best] > 0], (signs.shape[1],) * 2)
    return np.stack(pairs, axis=1)


def _products(columns: NDArray[Real], rows: NDArray[np.intp]) -> NDArray[Real]:
    """Products of columns (n_columns, n_masks) over each row of indices, (n_rows, n_masks)."""
    products = np.ones((len(rows), columns.shape[1]), dtype=columns.dtype)
    for index in rows.T:
        products *= columns[index]
    return products


def _combinations(n: int, size: int) -> NDArray[np.intp]:
    return np.array(list(combinations(range(n), size)), dtype=np.intp).reshape(comb(n, size), size)


def parity_columns(signs: Array, coalitions: list[Coalition]) -> Array:
    """chi_S of each coalition, (n_masks, n_coalitions), column-major."""
    padded = np.vstack([signs.T, np.ones(len(signs))])
    return np.asarray(_products(padded, members(coalitions, signs.shape[1])).T)
