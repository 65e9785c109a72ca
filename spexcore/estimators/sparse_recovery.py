"""Exact recovery of sparse games: conjunctions and parities picked one by one, refitted, and dropped when not needed.

An AND of k players has 2^k equal Fourier coefficients but is one conjunction, and a parity is one character: in the
joint dictionary both kinds of game have few terms. Each step adds the term that stands out most in the residual of a
least-squares fit to those chosen, as orthogonal matching pursuit does, and stops when none stands out from chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from spexcore.estimators.screening import (
    SCANNED,
    Conjunction,
    Literals,
    bar,
    best_conjunction,
    leading_parities,
    parity_columns,
)
from spexcore.estimators.walsh_kernel import Array, signs_of
from spexcore.masks import Coalition, Masks

NEEDED = 3.5  # z-score below which a chosen term is dropped again
EXACT = 1e-10  # share of the variance left over below which nothing is left to find
MOST_TERMS = 150
SCREENINGS = 5
SEEN = 0.9  # share of what was left at the last screening below which another one may see what that one did not
LOW = 3  # orders of the parities looked at before anything else; the higher ones cost most


@dataclass(frozen=True)
class Term:
    """A parity of players, or a conjunction of literals (`screening.Conjunction`)."""

    members: tuple[int, ...]
    parity: bool


def recover(
    masks: Masks, values: Array, max_order: int = 5, high: Sequence[Coalition] | None = None
) -> dict[Coalition, float]:
    """Fourier coefficients of the sparse model; only the mean where nothing stands out.

    high: parities of more than LOW players to choose from; where it is not given all are looked at, which costs most.
    """
    n = masks.shape[1]
    chosen = _pursue(masks, values, max_order, high)
    columns = np.hstack([np.ones((len(values), 1)), _columns(masks, chosen)])
    weights = np.linalg.lstsq(columns, values, rcond=None)[0]
    found: dict[Coalition, float] = {(): float(weights[0])}
    for term, weight in zip(chosen, weights[1:].tolist(), strict=True):
        for coalition, value in _expanded(term, n).items():
            found[coalition] = found.get(coalition, 0.0) + weight * value
    dust = EXACT * max(abs(value) for value in found.values())
    return {c: value for c, value in found.items() if not c or abs(value) > dust}


def _pursue(masks: Masks, values: Array, max_order: int, high: Sequence[Coalition] | None) -> list[Term]:
    """Terms chosen one at a time, then thinned until each is needed.

    Parities of the low orders are looked at first, those of all orders only when nothing stands out any more.
    """
    scan, signs = _Scan(Literals.of(masks), max_order), signs_of(masks)
    chosen: list[Term] = []
    fit = _Pursuit(values)
    pool, screenings, seen = _pool(signs, fit.residual, min(max_order, LOW), ()), 1, np.inf
    every = (max_order, ()) if high is None else (min(max_order, LOW), high)
    most = min(MOST_TERMS, len(values) // 4)
    while len(chosen) < most and fit.residual @ fit.residual > EXACT * len(values) * values.var():
        best = scan.best(fit.residual)
        above, term = max(best, _best_parity(pool, fit.residual, len(signs.T)), key=lambda found: found[0])
        left = float(fit.residual @ fit.residual)
        if above < 0 and screenings < SCREENINGS and left < SEEN * seen:
            pool, screenings, seen = _pool(signs, fit.residual, *every), screenings + 1, left
            above, term = _best_parity(pool, fit.residual, len(signs.T))
        if above < 0 or term in chosen:
            break
        chosen.append(term)
        fit.add(_columns(masks, [term])[:, 0])
    return _thinned(masks, values, chosen)


class _Scan:
    """The way to the next conjunction: among the first samples while these suffice, then among all."""

    def __init__(self, literals: Literals, max_order: int) -> None:
        self._all, self._max_order = literals, max_order
        self._some: Literals | None = literals.first(SCANNED) if len(literals.truth) > SCANNED else None

    def best(self, residual: Array) -> tuple[float, Term]:
        """The conjunction most above its bar, and how far it is above among all samples."""
        if self._some is not None:
            rest = residual[:SCANNED] - residual[:SCANNED].mean()
            conjunction = best_conjunction(self._some, rest, self._max_order)[1]
            above = self._above(self._all.score(conjunction, residual), conjunction)
            if above >= 0:
                return above, Term(conjunction, False)
            self._some = None
        score, conjunction = best_conjunction(self._all, residual, self._max_order)
        return self._above(score, conjunction), Term(conjunction, False)

    def _above(self, score: float, conjunction: Conjunction) -> float:
        return score - bar(self._all.truth.shape[1], len(conjunction))


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


def _pool(signs: Array, residual: Array, max_order: int, more: Sequence[Coalition]) -> tuple[list[Coalition], Array]:
    """Parities that may be added next, `more` among them, and their columns (n_masks, n_parities)."""
    coalitions = [*leading_parities(signs, residual, max_order=max_order), *more]
    return coalitions, parity_columns(signs, coalitions)


def _best_parity(pool: tuple[list[Coalition], Array], residual: Array, n_players: int) -> tuple[float, Term]:
    """The parity most above its bar, and how far."""
    coalitions, columns = pool
    if not coalitions:
        return -np.inf, Term((), True)
    bars = {order: bar(n_players, order) for order in {len(c) for c in coalitions}}
    scores = np.abs(residual @ columns) / (np.sqrt(len(residual)) * (residual.std() + 1e-300))
    above = scores - [bars[len(c)] for c in coalitions]
    return float(above.max()), Term(coalitions[int(above.argmax())], True)


def _thinned(masks: Masks, values: Array, chosen: list[Term]) -> list[Term]:
    """Without the terms whose least-squares weight cannot be told from zero, the weakest first."""
    columns = np.hstack([np.ones((len(values), 1)), _columns(masks, chosen)])
    gram, along = columns.T @ columns, columns.T @ values
    kept = np.arange(len(chosen) + 1)
    while len(kept) > 1:
        inverse = np.linalg.pinv(gram[np.ix_(kept, kept)], hermitian=True)
        weights = inverse @ along[kept]
        rest = values - columns[:, kept] @ weights
        noise = np.sqrt(rest @ rest / max(1, len(values) - len(weights)) + EXACT * values.var() / len(values))
        scores = np.abs(weights[1:]) / (noise * np.sqrt(np.maximum(np.diag(inverse)[1:], 1e-30)))
        if scores.min() >= NEEDED:
            break
        kept = np.delete(kept, 1 + int(scores.argmin()))
    return [chosen[k - 1] for k in kept[1:].tolist()]


def _columns(masks: Masks, chosen: list[Term]) -> Array:
    """Each term's value at each mask, (n_masks, n_terms)."""
    n = masks.shape[1]
    columns = np.empty((len(chosen), len(masks)))
    for column, term in zip(columns, chosen, strict=True):
        kept = masks[:, [member % n for member in term.members]]
        if term.parity:
            column[:] = 1.0 - 2.0 * (kept.sum(axis=1) % 2)
        else:
            column[:] = (kept == [member < n for member in term.members]).all(axis=1)
    return columns.T


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
