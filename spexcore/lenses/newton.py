"""Many weighted logistic or softmax heads at once: Newton steps by preconditioned conjugate gradients.

Every step is a matrix product over all heads of a batch. Letters: Z rows (n, D), theta (m, K, D), F scores (m, K, n),
w weights (m, n); m heads, n examples, D features with the constant one last, K rows of a head (1 of two classes: the
logistic head; else one a class).

Gradients are of float64 and decide when a head is done. The directions between them are found in float32, twice as
fast: what they lack in precision the next gradient shows, so it may cost a step but never accuracy.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from spexcore.errors import BadValue

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Real = NDArray[Any]  # either

TOLERANCE = 1e-9  # of the Newton decrement: the margin at a point like the training points is off by about as much
_STEPS = 100  # Newton steps; 3 to 6 are usual, a dozen where a class is lost
_INNER = 200  # conjugate gradient steps in one of them
_PATIENCE = 10  # conjugate gradient steps after which the preconditioner, one for all heads of a batch, is renewed
_HALVINGS = 40
_SLOPE = 0.25  # a step is too long where the slope behind it is steeper than this share of the slope before it


@dataclass(frozen=True)
class Problem:
    """sum_i w_i loss_i + 1/2 sum ridge * theta^2. rows (n, D), targets (K, n) in {0, 1}, ridge (D,)."""

    rows: Real
    targets: Real
    ridge: Real

    @cached_property
    def single(self) -> "Problem":
        """The same in float32."""
        return Problem(*(part.astype(np.float32) for part in (self.rows, self.targets, self.ridge)))

    def scores(self, theta: Real) -> Real:
        """(m, K, D) -> (m, K, n)."""
        m, k, d = theta.shape
        return (theta.reshape(m * k, d) @ self.rows.T).reshape(m, k, -1)

    def pull(self, residuals: Real) -> Real:
        """The transpose of `scores`: (m, K, n) -> (m, K, D)."""
        m, k, n = residuals.shape
        return (residuals.reshape(m * k, n) @ self.rows).reshape(m, k, -1)


def probabilities(scores: Real) -> Real:
    """Of the classes, (m, K, n): the sigmoid where K is 1, else the softmax."""
    if scores.shape[1] == 1:
        return 0.5 + 0.5 * np.tanh(0.5 * scores)  # never overflows
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


def solve(problem: Problem, w: Array, start: Array) -> Array:
    """The minimiser for each row of weights (m, n) from start (K, D), shape (m, K, D)."""
    theta = np.repeat(start[None], len(w), axis=0)
    active, scores = np.arange(len(w)), problem.scores(theta)
    inner, inverse = _PATIENCE + 1, np.empty(0, dtype=np.float32)
    for _ in range(_STEPS):
        p = probabilities(scores)
        gradient = problem.pull(w[:, None] * (p - problem.targets)) + problem.ridge * theta[active]
        distance = _decrement(problem, p, w, gradient)
        far = distance > TOLERANCE
        if not far.any():
            return theta
        if not far.all():
            active, w, p, scores = active[far], w[far], p[far], scores[far]
            gradient, distance = gradient[far], distance[far]
        if inner > _PATIENCE:
            inverse = inverse_hessian(problem, (w[:, None] * (p * (1 - p))).mean(axis=0)).astype(np.float32)
        step, inner = _newton_step(problem.single, _Curve(p, w), gradient, distance, inverse)
        length, along = _length(problem, w, (scores, theta[active]), step, gradient)
        theta[active] -= length * step
        scores = scores - length * along
    raise BadValue(f"`ridge` is too small to retrain {len(active)} of the heads to {TOLERANCE}; raise it.")


def _decrement(problem: Problem, p: Array, w: Array, gradient: Array) -> Array:
    """Bound on the Newton decrement, (m,): the ridge is the least curvature of a feature; of the constant it is known.

    With a class lost the constant has almost no curvature, so that its small gradient weighs much.
    """
    constant = (w[:, None] * (p * (1 - p))).sum(axis=2) + problem.ridge[-1]  # (m, K)
    squares = (gradient[..., :-1] ** 2 / problem.ridge[:-1]).sum(axis=2) + gradient[..., -1] ** 2 / constant
    return np.sqrt(squares.sum(axis=1))


class _Curve:
    """Second derivatives of the weighted losses at p (m, K, n), in float32."""

    def __init__(self, p: Array, w: Array) -> None:
        self._p = p.astype(np.float32)
        self._w = w.astype(np.float32)[:, None]
        self._own = self._w * (self._p * (1 - self._p)) if p.shape[1] == 1 else None

    def __call__(self, scores: Single) -> Single:
        """Along scores (m, K, n), which it may overwrite."""
        if self._own is not None:
            return self._own * scores
        scores *= self._p
        scores -= self._p * scores.sum(axis=1, keepdims=True)
        scores *= self._w
        return scores


def _newton_step(
    problem: Problem, curve: _Curve, gradient: Array, distance: Array, inverse: Single
) -> tuple[Array, int]:
    """An inexact solution of Hessian x = gradient by conjugate gradients, (m, K, D); and how many steps it took."""
    unit = distance[:, None, None]  # float32 has no room for the square of a gradient of 1e-9
    r = (gradient / unit).astype(np.float32)
    x, z = np.zeros_like(r), _precondition(r, inverse)
    q: Real = z
    rz = _dot(r, z)
    enough = np.minimum(0.01, distance) * rz  # squared forcing term: Newton stays superlinear
    for inner in range(1, _INNER + 1):  # noqa: B007
        hq = problem.pull(curve(problem.scores(q))) + problem.ridge * q
        bent = _dot(q, hq)
        going = (rz > enough) & (bent > 0)  # those that are done stand still: beyond it rounding would move them
        if not going.any():
            break
        a = np.divide(rz, bent, out=np.zeros_like(rz), where=going)[:, None, None]
        x += a * q
        r -= a * hq
        z = _precondition(r, inverse)
        rz, before = _dot(r, z), rz
        if (rz <= enough).all():
            break
        q = z + np.divide(rz, before, out=np.zeros_like(rz), where=going)[:, None, None] * q
    return _balanced(x * unit), inner


def _precondition(r: Single, inverse: Single) -> Single:
    """(m, K, D) -> (m, K, D)."""
    return _balanced(np.matmul(r.transpose(1, 0, 2), inverse).transpose(1, 0, 2))


def _balanced(step: Real) -> Real:
    """Several rows keep their sum at zero: the losses do not see it, and there the ridge has its minimum."""
    return step - step.mean(axis=1, keepdims=True) if step.shape[1] > 1 else step


def _length(problem: Problem, w: Array, at: tuple[Array, Array], step: Array, gradient: Array) -> tuple[Array, Array]:
    """How far to go along each step, (m, 1, 1), halved where the slope behind it says it went too far; its scores.

    at: scores and theta before the step.
    """
    scores, theta = at
    along, length = problem.scores(step), np.ones((len(w), 1, 1))
    steepest = _SLOPE * _dot(gradient, step)
    for _ in range(_HALVINGS):
        residual = w[:, None] * (probabilities(scores - length * along) - problem.targets)
        slope = -_dot(residual, along) - _dot(problem.ridge * (theta - length * step), step)
        long = slope > steepest + 1e-14
        if not long.any():
            break
        length[long] /= 2
    return length, along


def _dot(a: Real, b: Real) -> Real:
    return np.einsum("mkd,mkd->m", a, b)


def inverse_hessian(problem: Problem, curvature: Array) -> Array:
    """Inverse of each row's own Hessian for a curvature (K, n) of its examples' losses, (K, D, D)."""
    d = problem.rows.shape[1]
    blocks = np.empty((len(curvature), d, d))
    for k, row in enumerate(curvature):
        hessian = (problem.rows.T * row) @ problem.rows + np.diag(problem.ridge)
        blocks[k] = cho_solve(cho_factor(hessian), np.eye(d))
    return blocks
