"""spex bench training: heads retrained a second, beside scikit-learn one at a time, and both errors of the margin."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.lenses.heads import INTERCEPT, Head, margins

Array = NDArray[np.float64]
SIZES = ((200, 384, 2), (500, 64, 2), (500, 384, 2), (2000, 64, 2), (2000, 384, 2), (500, 32, 6), (1000, 64, 4))
_SIGNAL = 5.0  # of the labels' logits, on features of length one
_MASKS, _PEER_MASKS = 256, 16


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """CPU seconds of one process on made-up features of length one, half of the examples kept; data: not used."""
    return {"suite": "training", "rows": [_row(*size) for size in (SIZES[1:2] if quick else SIZES)]}


def table(result: dict[str, Any]) -> str:
    """Retrainings a CPU second, and the largest difference of a margin from scikit-learn's tight one."""
    lines = ["| examples | features | classes | here /s | error | sklearn tight /s | sklearn default /s | its error |"]
    for row in result["rows"]:
        rates = f"{row['rate']:,.0f} | {row['error']:.0e} | {row['tight_rate']:,.0f} | {row['default_rate']:,.0f}"
        sizes = f"{row['examples']} | {row['features']} | {row['classes']}"
        lines.append(f"| {sizes} | {rates} | {row['default_error']:.0e} |")
    return "\n".join(lines)


def _row(n: int, d: int, n_classes: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n + 8, d))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    logits = _SIGNAL * features @ rng.standard_normal((d, n_classes))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    masks = rng.random((_MASKS, n)) < 0.5
    points, targets = features[n:], labels[n:]
    head = Head(features[:n], labels[:n], n_classes)
    ours, seconds = _timed(lambda: margins(head.logits(head.retrained(masks), points), targets))
    some = masks[:_PEER_MASKS]
    tight, tight_s = _timed(lambda: _scikit_learn(head, some, points, targets, tight=True))
    loose, loose_s = _timed(lambda: _scikit_learn(head, some, points, targets, tight=False))
    sizes = {"examples": n, "features": d, "classes": n_classes}
    rates = {"rate": _MASKS / seconds, "tight_rate": len(some) / tight_s, "default_rate": len(some) / loose_s}
    errors = {"error": np.abs(ours[: len(some)] - tight).max(), "default_error": np.abs(loose - tight).max()}
    return {**sizes, **rates, **{name: float(value) for name, value in errors.items()}}


def _timed(function: Callable[[], Array]) -> tuple[Array, float]:
    started = time.process_time()
    found = function()
    return found, time.process_time() - started


def _scikit_learn(head: Head, masks: NDArray[np.bool_], points: Array, targets: Any, *, tight: bool) -> Array:
    """Margins (n_masks, n_points) by LogisticRegression, its intercept a constant feature inside the ridge."""
    from sklearn.linear_model import LogisticRegression

    constant = INTERCEPT**-0.5
    table, there = (np.hstack([x, np.full((len(x), 1), constant)]) for x in (head.features, points))
    solver = {"solver": "newton-cholesky" if head.n_classes == 2 else "newton-cg", "tol": 1e-12, "max_iter": 10_000}
    model = LogisticRegression(C=1 / head.ridge, fit_intercept=False, **(solver if tight else {}))
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the default solver stops at its hundredth step
        for mask in masks:
            scores = model.fit(table[mask], head.labels[mask]).decision_function(there)
            logits = scores if head.n_classes > 2 else np.stack([np.zeros(len(scores)), scores], axis=1)
            found.append(margins(logits[None], targets)[0])
    return np.array(found)
