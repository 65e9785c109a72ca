"""The last fit of SPEX where values are not exactly sparse: peeled terms, and a background of all low orders."""

from itertools import combinations
from math import comb

import numpy as np

from spexcore.estimators.hadamard_bins import Floats, Players
from spexcore.estimators.peeling import Solution
from spexcore.estimators.refit import coalitions_of, design, ridge
from spexcore.masks import Coalition, Masks

COLUMNS = 600  # largest fit, terms and background together
CELLS = 2**24  # masks x columns; beyond it there are so many masks a term that nothing is left to shrink
# order of the background -> its prior spread, in that of a term
SCALES = {0: (1.0,), 1: (1.0,), 2: (0.4, 0.1), 3: (0.2, 0.1)}


def refitted(solution: Solution, masks: Masks, values: Floats) -> dict[Coalition, float]:
    """Coefficients by ridge on masks (n_masks, n_players), each once: strength and background by exact leave-one-out.

    The peeled terms stand out of noise and are hardly shrunk. Other terms of order 1, 2 or 3, which do not stand out
    alone, join with a smaller prior spread where they help. The support is never empty: without terms there is order 1.
    """
    n_masks, n_players = masks.shape
    terms = solution.fit.players[1:]
    if n_masks * (len(terms) + n_players) > CELLS:
        found = zip(coalitions_of(solution.fit.players), solution.coefficients.tolist(), strict=True)
        return dict(found)
    best, least = None, np.inf
    for order, scales in SCALES.items():
        if order == 0 and not len(terms):
            continue
        if order > 1 and (order > terms.shape[1] or len(terms) + _n_up_to(order, n_players) > min(COLUMNS, n_masks)):
            break
        rows = np.vstack([terms, background(terms, order, n_players)])
        columns = design(masks, rows)
        for scale in scales:
            spread = np.where(np.arange(len(rows)) < len(terms), 1.0, scale)
            model = ridge(columns * spread, values)
            if model.press < least:
                best, least = (rows, model.coefficients * spread, model.intercept), model.press
    assert best is not None
    return {(): best[2]} | dict(zip(coalitions_of(best[0]), best[1].tolist(), strict=True))


def background(terms: Players, order: int, n_players: int) -> Players:
    """All coalitions up to `order` that are not among the terms, (n, width of terms)."""
    width, known = terms.shape[1], set(map(tuple, terms.tolist()))
    rows = [(-1,) * (width - k) + c for k in range(1, order + 1) for c in combinations(range(n_players), k)]
    return np.array([row for row in rows if row not in known], dtype=np.int64).reshape(-1, width)


def _n_up_to(order: int, n_players: int) -> int:
    return sum(comb(n_players, k) for k in range(1, order + 1))
