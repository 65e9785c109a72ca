"""Exact recovery of sparse games: conjunctions and parities picked one by one, refitted, and dropped when not needed.

An AND of k players has 2^k equal Fourier coefficients but is one conjunction, and a parity is one character: in the
joint dictionary both kinds of game have few terms. Each step adds the term that stands out most in the residual of a
least-squares fit to those chosen, as orthogonal matching pursuit does, and stops when none stands out from chance.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from spexcore.estimators.screening import (
    Conjunction,
    best_conjunction,
    leading_parities,
    literals,
    parity_columns,
)
from spexcore.estimators.walsh_kernel import Array, signs_of
from spexcore.masks import Coalition, Masks

STANDS_OUT = 5.5  # z-score: the largest of ten million by chance
NEEDED = 3.5  # z-score below which a chosen term is dropped again
EXACT = 1e-10  # share of the variance left over below which nothing is left to find
MOST_TERMS = 150
SCREENINGS = 5
LOW = 3  # orders of the parities looked at before anything else; the higher ones cost most


@dataclass(frozen=True)
class Term:
    """A parity of players, or a conjunction of literals (`screening.Conjunction`)."""

    members: tuple[int, ...]
    parity: bool


def recover(masks: Masks, values: Array, max_order: int = 5) -> dict[Coalition, float]:
    """Fourier coefficients of the sparse model; only the mean where nothing stands out."""
    n = masks.shape[1]
    chosen = _pursue(masks, values, max_order)
    columns = np.hstack([np.ones((len(values), 1)), _columns(masks, chosen)])
    weights = np.linalg.lstsq(columns, values, rcond=None)[0]
    found: dict[Coalition, float] = {(): float(weights[0])}
    for term, weight in zip(chosen, weights[1:].tolist(), strict=True):
        for coalition, value in _expanded(term, n).items():
            found[coalition] = found.get(coalition, 0.0) + weight * value
    dust = EXACT * max(abs(value) for value in found.values())
    return {c: value for c, value in found.items() if not c or abs(value) > dust}


def _pursue(masks: Masks, values: Array, max_order: int) -> list[Term]:
    """Terms chosen one at a time, then thinned until each is needed.

    Parities of the low orders are looked at first, those of all orders only when nothing stands out any more.
    """
    truth, signs = literals(masks), signs_of(masks)
    chosen: list[Term] = []
    fit = _Pursuit(values)
    pool, screenings = _pool(signs, fit.residual, min(max_order, LOW)), 1
    most = min(MOST_TERMS, len(values) // 4)
    while len(chosen) < most and fit.residual @ fit.residual > EXACT * len(values) * values.var():
        score, conjunction = best_conjunction(truth, fit.residual, max_order)
        parity_score, parity = _best_parity(pool, fit.residual)
        if max(score, parity_score) < STANDS_OUT and screenings < SCREENINGS:
            pool, screenings = _pool(signs, fit.residual, max_order), screenings + 1
            parity_score, parity = _best_parity(pool, fit.residual)
        if max(score, parity_score) < STANDS_OUT:
            break
        term = Term(conjunction, False) if score > parity_score else Term(parity, True)
        if term in chosen:
            break
        chosen.append(term)
        fit.add(_columns(masks, [term])[:, 0])
    return _thinned(masks, values, chosen)


class _Pursuit:
    """The residual of a least-squares fit that grows column by column: Gram-Schmidt, done twice for rounding."""

    def __init__(self, values: Array) -> None:
        self.residual = values - values.mean()
        self._basis = np.full((1, len(values)), len(values) ** -0.5)

    def add(self, column: Array) -> None:
        length = np.linalg.norm(column)
        for _ in range(2):
            column = column - (self._basis @ column) @ self._basis
        if np.linalg.norm(column) <= 1e-9 * length:
            return
        unit = column / np.linalg.norm(column)
        self._basis = np.vstack([self._basis, unit])
        self.residual = self.residual - (unit @ self.residual) * unit


def _pool(signs: Array, residual: Array, max_order: int) -> tuple[list[Coalition], Array]:
    """Parities that may be added next, and their columns (n_masks, n_parities)."""
    coalitions = leading_parities(signs, residual, max_order=max_order)
    return coalitions, parity_columns(signs, coalitions)


def _best_parity(pool: tuple[list[Coalition], Array], residual: Array) -> tuple[float, Coalition]:
    coalitions, columns = pool
    if not coalitions:
        return 0.0, ()
    scores = np.abs(residual @ columns) / (np.sqrt(len(residual)) * (residual.std() + 1e-300))
    return float(scores.max()), coalitions[int(scores.argmax())]


def _thinned(masks: Masks, values: Array, chosen: list[Term]) -> list[Term]:
    """Without the terms whose least-squares weight cannot be told from zero, the weakest first."""
    while chosen:
        columns = np.hstack([np.ones((len(values), 1)), _columns(masks, chosen)])
        inverse = np.linalg.pinv(columns.T @ columns, hermitian=True)
        weights = inverse @ (columns.T @ values)
        rest = values - columns @ weights
        noise = np.sqrt(rest @ rest / max(1, len(values) - len(weights)) + EXACT * values.var() / len(values))
        scores = np.abs(weights[1:]) / (noise * np.sqrt(np.maximum(np.diag(inverse)[1:], 1e-30)))
        if scores.min() >= NEEDED:
            break
        chosen = [term for k, term in enumerate(chosen) if k != int(scores.argmin())]
    return chosen


def _columns(masks: Masks, chosen: list[Term]) -> Array:
    """Each term's value at each mask, (n_masks, n_terms)."""
    truth, signs = np.hstack([masks, ~masks]).astype(np.float64), signs_of(masks)
    columns = [(signs if t.parity else truth)[:, list(t.members)].prod(axis=1) for t in chosen]
    return np.stack(columns, axis=1) if columns else np.empty((len(masks), 0))


def _expanded(term: Term, n: int) -> dict[Coalition, float]:
    """A term's Fourier coefficients: a parity is one; a literal is (1 - s) / 2 if kept, (1 + s) / 2 if removed."""
    if term.parity:
        return {term.members: 1.0}
    return _conjunction(term.members, n)


def _conjunction(conjunction: Conjunction, n: int) -> dict[Coalition, float]:
    side = {literal % n: -1.0 if literal < n else 1.0 for literal in conjunction}
    players = sorted(side)
    return {
        part: float(np.prod([side[i] for i in part]) * 0.5 ** len(players))
        for size in range(len(players) + 1)
        for part in combinations(players, size)
    }
