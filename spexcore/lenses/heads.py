"""The head that a training lens retrains: logistic or softmax regression on frozen features, solved exactly."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.lenses.newton import Array, Problem, solve

INTERCEPT = 1e-4  # of the ridge: so that a head that saw one class only, or nothing, still has a finite optimum
_CELLS = 2**18  # scores in a batch of heads (heads x rows of a head x examples): more leaves the cache
_MOST = 256  # heads in a batch


@dataclass(frozen=True, eq=False)
class Head:
    """minimise sum_i w_i loss_i + ridge / 2 (|W|^2 + 1e-4 |b|^2), the loss logistic for two classes, else softmax.

    features: (n, d). labels: (n,) class indices below n_classes. A sum, not a mean: removing an example takes its term
    away and leaves the ridge as it is. The empty set gives zero everywhere; one class alone gives a large, finite
    margin.
    """

    features: Array
    labels: NDArray[np.intp]
    n_classes: int
    ridge: float = 1.0

    @cached_property
    def problem(self) -> Problem:
        n, d = self.features.shape
        rows = np.hstack([np.asarray(self.features, dtype=np.float64), np.ones((n, 1))])
        classes = np.arange(self.n_classes)[:, None] if self.n_classes > 2 else np.ones((1, 1))
        ridge = np.full(d + 1, float(self.ridge))
        ridge[-1] *= INTERCEPT
        return Problem(rows, (self.labels == classes).astype(np.float64), ridge)

    @cached_property
    def full(self) -> Array:
        """theta with every example, (K, d + 1), the constant last."""
        start = np.zeros((len(self.problem.targets), self.problem.rows.shape[1]))
        return solve(self.problem, np.ones((1, len(self.labels))), start)[0]

    def retrained(self, weights: NDArray[Any]) -> Array:
        """theta (n_masks, K, d + 1) for weights (n_masks, n) of the examples, 0 and 1 for masks."""
        w = np.asarray(weights, dtype=np.float64)
        size = max(1, min(_MOST, _CELLS // max(1, self.problem.targets.size)))
        parts = [solve(self.problem, w[start : start + size], self.full) for start in range(0, len(w), size)]
        theta = np.concatenate(parts) if parts else np.empty((0, *self.full.shape))
        theta[~w.any(axis=1)] = 0.0  # to the last digit, which no iteration reaches
        return theta

    def logits(self, theta: Array, features: Array) -> Array:
        """(n_masks, K, d + 1) and (n_points, d) -> (n_masks, n_points, n_classes); a first class of two scores 0."""
        z = np.hstack([features, np.ones((len(features), 1))])
        return self.classed(np.einsum("mkd,pd->mpk", theta, z, optimize=True))

    def classed(self, scores: Array) -> Array:
        """Scores (..., K) -> logits (..., n_classes): a first class of two scores 0."""
        return scores if self.n_classes > 2 else np.concatenate([np.zeros_like(scores), scores], axis=-1)


def margins(logits: Array, targets: NDArray[np.intp]) -> Array:
    """Log-odds of the target of each point: its logit - logsumexp of the others; (n_masks, n_points)."""
    points = np.arange(len(targets))
    target = logits[:, points, targets]
    others = logits.copy()
    others[:, points, targets] = -np.inf
    top = others.max(axis=2)
    return target - top - np.log(np.exp(others - top[..., None]).sum(axis=2))
