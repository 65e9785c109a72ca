"""Linear models on a given support: the +-1 design, and ridge whose strength exact leave-one-out chooses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.threads import one_thread
from spexcore.masks import Coalition, Masks

Floats = NDArray[np.float64]
Members = NDArray[np.intp]

CELLS_AT_ONCE = 2**20  # products gathered at once: 8 MiB beside the design itself
RANK_TOLERANCE = 1e-10  # an eigenvalue below this share of the largest is taken for zero
STRENGTHS = np.concatenate([[0.0], np.logspace(-8, 3, 34)])  # ridge strengths, in mean eigenvalues of the design
LEAST_SATURATED = 1e-4  # the least of them where columns could fit any values: below, left-out errors are rounding


def members(coalitions: Sequence[Coalition]) -> Members:
    """Coalitions as rows of player indices, (n_coalitions, largest order), padded with -1."""
    width = max((len(c) for c in coalitions), default=0)
    rows = [(-1,) * (width - len(c)) + tuple(c) for c in coalitions]
    return np.array(rows, dtype=np.intp).reshape(len(coalitions), width)


def coalitions_of(rows: Members) -> list[Coalition]:
    """The sorted tuples that padded rows stand for."""
    return [tuple(sorted(i for i in row if i >= 0)) for row in rows.tolist()]


def design(masks: Masks, rows: Members) -> Floats:
    """(-1)^{|S & x|} of each mask and each coalition in padded `rows`: (n_masks, n_coalitions), column-major."""
    signs = np.ones((masks.shape[1] + 1, len(masks)))  # the last row, index -1, is what padding multiplies by
    signs[:-1] -= 2.0 * masks.T
    products = np.ones((len(rows), len(masks)))
    step = max(1, CELLS_AT_ONCE // max(1, len(masks)))
    for start in range(0, len(rows), step):
        for column in rows[start : start + step].T:
            products[start : start + step] *= signs[column]
    return products.T


@dataclass(frozen=True)
class Ridge:
    """A fitted linear model: intercept, coefficients (n_columns,), its strength, and each row's leave-one-out error."""

    intercept: float
    coefficients: Floats
    strength: float
    left_out: Floats

    @property
    def press(self) -> float:
        """Mean squared error of predicting each row from the others."""
        return float(self.left_out @ self.left_out) / len(self.left_out)


def ridge(columns: Floats, values: Floats, strengths: Floats | None = None) -> Ridge:
    """min |y - b - A c|^2 + a |c|^2 over (b, c), the intercept free, for the strength `a` that leave-one-out prefers.

    columns: A, (n_masks, n_columns); values: y, (n_masks,); strengths: absolute ones to choose from (default: from
    none to a thousand mean eigenvalues of the design). Where eigenvalues vanish the smallest solution is taken.
    Leaving row i out costs r_i / (1 - h_i), exactly, with h the diagonal of the hat matrix, the mean included.
    """
    with one_thread():
        return _ridge(columns, values, strengths)


def _ridge(columns: Floats, values: Floats, strengths: Floats | None) -> Ridge:
    n_masks, mean, centre = len(values), values.mean(), columns.mean(axis=0)
    centred, rest = columns - centre, values - mean
    basis, eigenvalues = _principal(centred)
    if not len(eigenvalues):
        return Ridge(float(mean), np.zeros(columns.shape[1]), 0.0, rest * n_masks / max(1, n_masks - 1))
    strengths = _grid(eigenvalues, n_masks) if strengths is None else np.atleast_1d(np.asarray(strengths, float))
    kept = eigenvalues[:, None] / (eigenvalues[:, None] + strengths)  # (rank, n_strengths), 1 where nothing shrinks
    along = basis.T @ rest
    leverage = 1 / n_masks + (basis * basis) @ kept
    left_out = (rest[:, None] - basis @ (along[:, None] * kept)) / np.maximum(1 - leverage, 1e-9)
    best = int(np.argmin((left_out * left_out).sum(axis=0)))
    coefficients = centred.T @ (basis @ (along * kept[:, best] / eigenvalues))
    return Ridge(float(mean - centre @ coefficients), coefficients, float(strengths[best]), left_out[:, best])


def _principal(centred: Floats) -> tuple[Floats, Floats]:
    """Left singular vectors (n_masks, rank) and squared singular values (rank,), from the smaller Gram matrix."""
    tall = centred.shape[0] > centred.shape[1]
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    real = eigenvalues > RANK_TOLERANCE * max(eigenvalues[-1], 1e-300) if len(eigenvalues) else slice(0)
    eigenvalues, vectors = eigenvalues[real], vectors[:, real]
    return (centred @ vectors / np.sqrt(eigenvalues) if tall else vectors), eigenvalues


def _grid(eigenvalues: Floats, n_masks: int) -> Floats:
    """Strengths to try, in absolute terms."""
    least = LEAST_SATURATED if len(eigenvalues) >= n_masks - 1 else 0.0
    return STRENGTHS[least <= STRENGTHS] * eigenvalues.mean()
