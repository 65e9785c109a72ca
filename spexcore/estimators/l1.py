"""The lasso path over single players and all pairs, its penalty cross-validated, without ever forming all pairs.

Each training set keeps a pool of the columns that have ever been needed, so that coordinate descent sees a small Gram
matrix; whether a pair outside the pool is needed at a penalty is read off one product of signs, S^T diag(residual) S.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from spexcore.masks import Coalition, Masks

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

FOLDS = 5
PENALTIES = np.logspace(0, -3, 40)  # in the smallest penalty at which everything is zero
PATIENCE = 5  # penalties tried past the best one before the rest is given up: they are the slow ones
TOLERANCE = 1e-5  # duality gap, in the sum of squares of the values
MOST_PAIRED = 256  # players whose pairs are looked at; each training set chooses its own


def lasso(masks: Masks, values: Floats, order: int, seed: int = 0) -> tuple[float, dict[Coalition, float]]:
    """Intercept and nonzero coefficients of min |y - b - A c|^2 / 2m + a |c|_1 at the penalty `a` of least error.

    masks: (n_masks, n_players), whose +-1 columns, and at order 2 their products, are A; values: y, (n_masks,).
    error: squared, over shuffled folds, each of which screens its own pairs.
    """
    signs = np.where(masks, -1.0, 1.0)
    whole = _Path(signs, values, np.arange(len(values)), order)
    largest = float(np.abs(whole.correlation).max())
    if len(values) < 3 or largest <= 1e-14 * np.abs(values).max():
        return float(values.mean()), {}
    penalties = largest * PENALTIES
    shuffled = np.random.default_rng(seed).permutation(len(values))
    held_out = np.array_split(shuffled, min(FOLDS, len(values)))
    paths = [_Path(signs, values, np.setdiff1d(shuffled, fold), order) for fold in held_out]
    best = _least_error(paths, held_out, penalties)
    for penalty in penalties[1 : best + 1]:
        whole.step(penalty)
    return whole.intercept, whole.coefficients()


def _least_error(paths: list["_Path"], held_out: list[Indices], penalties: Floats) -> int:
    """Number of the penalty with the least squared error on held-out folds."""
    errors: list[float] = []
    for k, penalty in enumerate(penalties):
        for path in paths:
            path.step(penalty)
        errors.append(sum(path.error(fold) for path, fold in zip(paths, held_out)))
        if k - int(np.argmin(errors)) >= PATIENCE:
            break
    return int(np.argmin(errors))


class _Path:
    """One training set's way down the penalties: its pool of columns, their Gram matrix, the current residual.

    A column is a cell (i, j) of the players paired: a single player on the diagonal, a pair above it.
    """

    def __init__(self, signs: Floats, values: Floats, rows: Indices, order: int) -> None:
        self._signs, self._values, self._rows, self._order = signs, values, rows, order
        self._mean = float(values[rows].mean())
        self._centred = values[rows] - self._mean
        self._players = _paired(signs[rows], self._centred) if order > 1 else np.arange(signs.shape[1])
        self._own = np.ascontiguousarray(signs[np.ix_(rows, self._players)])
        self._pool = np.empty((0, 2), dtype=np.intp)
        self._block = np.empty((len(rows), 0), order="F")  # centred columns of the pool, (n_rows, n_pool)
        self._centre, self._active, self._gram = np.empty(0), np.empty(0), np.empty((0, 0))
        self._correlate(self._centred)

    @property
    def intercept(self) -> float:
        return self._mean - float(self._centre @ self._active)

    def coefficients(self) -> dict[Coalition, float]:
        """The nonzero ones."""
        cells = np.sort(self._players[self._pool], axis=1).tolist()
        terms = ((tuple(dict.fromkeys(cell)), value) for cell, value in zip(cells, self._active.tolist()))
        return {coalition: value for coalition, value in terms if value}

    def error(self, rows: Indices) -> float:
        """Squared error on other rows."""
        used = np.flatnonzero(self._active)
        predicted = self._columns(self._signs[np.ix_(rows, self._players)], self._pool[used]) @ self._active[used]
        return float(((self._values[rows] - self.intercept - predicted) ** 2).sum())

    def step(self, penalty: float) -> None:
        """Solve at `penalty` from the last solution, until no column outside the pool is needed."""
        self._solve(penalty, self._needed(penalty))
        while len(missed := self._needed(penalty)):
            self._solve(penalty, missed)

    def _needed(self, penalty: float) -> Indices:
        """Cells outside the pool, (n_cells, 2), whose correlation with the residual exceeds the penalty."""
        above = np.abs(self.correlation) > penalty * (1 + 1e-3)
        above[tuple(self._pool.T)] = False
        return np.argwhere(above)

    def _solve(self, penalty: float, new: Indices) -> None:
        """Coordinate descent on the pool, with new columns admitted, from the last solution."""
        self._admit(new)
        if len(self._pool):
            self._active = _descend(self._block, self._gram, self._centred, self._active, penalty)
            self._correlate(self._centred - self._block @ self._active)

    def _correlate(self, rest: Floats) -> None:
        """Mean product of the residual with every column: singles on the diagonal, pairs above it."""
        singles = self._own.T @ rest
        pairs = np.triu((self._own * rest[:, None]).T @ self._own, 1) if self._order > 1 else 0.0
        self.correlation = (np.diag(singles) + pairs) / len(rest)

    def _admit(self, new: Indices) -> None:
        block = self._columns(self._own, new)
        centre = block.mean(axis=0)
        block -= centre
        cross = self._block.T @ block  # (n_pool, n_new)
        self._gram = np.block([[self._gram, cross], [cross.T, block.T @ block]])
        self._block = np.asfortranarray(np.hstack([self._block, block]))
        self._pool, self._centre = np.concatenate([self._pool, new]), np.append(self._centre, centre)
        self._active = np.append(self._active, np.zeros(len(new)))

    def _columns(self, signs: Floats, cells: Indices) -> Floats:
        """+-1 columns (n_rows, n_cells) of cells."""
        single = cells[:, 0] == cells[:, 1]
        return signs[:, cells[:, 0]] * np.where(single, 1.0, signs[:, cells[:, 1]])


def _paired(signs: Floats, values: Floats) -> Indices:
    """The players whose pairs are looked at: those that correlate best, alone or in a pair, with centred values."""
    n_players = signs.shape[1]
    if n_players <= MOST_PAIRED:
        return np.arange(n_players)
    alone = signs.T @ values
    rest = values - signs @ (alone / len(values))
    together = np.abs((signs * rest[:, None]).T @ signs)
    np.fill_diagonal(together, 0)
    best = np.argsort(-np.maximum(np.abs(alone), together.max(axis=1)), kind="stable")
    return np.sort(best[:MOST_PAIRED])


def best_pairs(masks: Masks, left_over: Floats, most: int) -> Indices:
    """The `most` pairs of players, (n_pairs, 2), whose product correlates best with what a model leaves over."""
    signs = np.where(masks, -1.0, 1.0)
    correlation = np.abs((signs * left_over[:, None]).T @ signs)  # (n_players, n_players)
    first, second = np.triu_indices(masks.shape[1], 1)
    best = np.sort(np.argsort(-correlation[first, second], kind="stable")[:most])
    return np.column_stack([first[best], second[best]])


def _descend(block: Floats, gram: Floats, values: Floats, start: Floats, penalty: float) -> Floats:
    """Lasso coefficients (n_pool,) of centred values on centred columns (n_rows, n_pool) at one penalty."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import lasso_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # at penalties so small that folds reject them
        _, paths, _ = lasso_path(
            block,
            values,
            alphas=[penalty],
            precompute=np.ascontiguousarray(gram),
            Xy=block.T @ values,
            coef_init=start,
            check_input=False,
            tol=TOLERANCE,
            max_iter=4000,
        )
    return paths[:, 0]
