"""What single training examples do to a test point: first-order influence, and exact leave-one-out by retraining."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg

from spexcore.lenses.heads import Head, margins
from spexcore.lenses.newton import Array, inverse_hessian, probabilities

VALUES = ("margin", "loss")
_BATCH = 2**23  # weights of masks in memory at once


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of a head: the mean over test points of the target's margin or log-loss.

    features (n_points, d), targets (n_points,) class indices. margin: log-odds of the target, in logits; loss: minus
    its log-probability, in nats.
    """

    features: Array
    targets: NDArray[np.intp]
    value: str = "margin"

    def of(self, head: Head, theta: Array) -> Array:
        """Values (n_masks,) of heads (n_masks, K, d + 1)."""
        return self.said(head.logits(theta, self.features))

    def said(self, logits: Array) -> Array:
        """Values (n_masks,) of logits (n_masks, n_points, n_classes)."""
        found = margins(logits, self.targets)
        return (found if self.value == "margin" else np.logaddexp(0.0, -found)).mean(axis=1)

    def gradient(self, head: Head) -> Array:
        """Derivative of the value by theta at the full head, (K, d + 1)."""
        logits = head.logits(head.full[None], self.features)
        others = np.exp(logits[0] - logits[0].max(axis=1, keepdims=True))  # (n_points, n_classes)
        points = np.arange(len(self.targets))
        others[points, self.targets] = 0.0
        slopes = -others / others.sum(axis=1, keepdims=True)
        slopes[points, self.targets] = 1.0
        if self.value == "loss":
            slopes *= -1.0 / (1.0 + np.exp(margins(logits, self.targets)[0]))[:, None]
        z = np.hstack([self.features, np.ones((len(points), 1))])
        return (slopes if head.n_classes > 2 else slopes[:, 1:]).T @ z / len(points)


def influence(head: Head, question: Question) -> Array:
    """First-order effect of having each example, (n,): the derivative of the value by its weight.

    d value / d w_i = -gradient' H^-1 d loss_i, H the Hessian of the full head (Koh and Liang 2017).
    """
    problem = head.problem
    p = probabilities(problem.scores(head.full[None]))
    towards = _solved(head, p, question.gradient(head))
    return np.asarray(((problem.targets - p[0]) * problem.scores(towards[None])[0]).sum(axis=0))


def leave_one_out(head: Head, question: Question) -> Array:
    """Exact effect of having each example, (n,): the value with all minus the value retrained without it."""
    n = len(head.labels)
    whole = question.of(head, head.full[None])[0]
    size = max(1, _BATCH // n)
    parts = [question.of(head, head.retrained(without(n, range(i, min(i + size, n))))) for i in range(0, n, size)]
    return np.asarray(whole - np.concatenate(parts))


def self_logits(head: Head, rows: NDArray[np.intp]) -> Array:
    """Logits of each row's own text from a head retrained without that row, (n_rows, n_classes)."""
    n, found = len(head.labels), [np.empty((0, head.n_classes))]
    size = max(1, _BATCH // n)
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        own = np.einsum("mkd,md->mk", head.retrained(without(n, some.tolist())), head.problem.rows[some])
        found.append(own if head.n_classes > 2 else np.hstack([np.zeros_like(own), own]))
    return np.concatenate(found)


def self_margins(head: Head, rows: NDArray[np.intp]) -> Array:
    """Margin of each row's own label from a head retrained without that row, (n_rows,)."""
    return margins(self_logits(head, rows)[None], head.labels[rows])[0]


def without(n: int, rows: Iterable[int]) -> Array:
    """Weights (n_rows, n): all examples but one."""
    left_out = np.array(list(rows), dtype=int)
    w = np.ones((len(left_out), n))
    w[np.arange(len(left_out)), left_out] = 0.0
    return w


def _solved(head: Head, p: Array, gradient: Array) -> Array:
    """H^-1 gradient at probabilities p (1, K, n), (K, d + 1)."""
    problem, shape = head.problem, gradient.shape
    inverse = inverse_hessian(problem, p[0] * (1 - p[0]))
    if shape[0] == 1:
        return np.asarray(gradient @ inverse[0])

    def product(flat: Array) -> Array:
        theta = flat.reshape(1, *shape)
        along = p * problem.scores(theta)
        along -= p * along.sum(axis=1, keepdims=True)
        return (problem.pull(along) + problem.ridge * theta).ravel()

    def near(flat: Array) -> Array:
        return np.einsum("kd,kde->ke", flat.reshape(shape), inverse).ravel()

    square = (gradient.size, gradient.size)
    operator = (LinearOperator(square, matvec=matvec, dtype=np.float64) for matvec in (product, near))
    hessian, preconditioner = operator
    found, _ = cg(hessian, gradient.ravel(), rtol=1e-12, maxiter=2000, M=preconditioner)
    return np.asarray(found.reshape(shape))
