"""spex bench confirmation: of the terms a run reports first, the share that ablating the model again confirms."""

from pathlib import Path
from typing import Any

import numpy as np

from spexcore.bench.texts import prompt_lens, reviews
from spexcore.estimators import ProxySPEX, StackSPEX
from spexcore.estimators.base import Estimator
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.game import Game
from spexcore.validation import confirm

REVIEWS, BUDGET, TOP = 20, 512, 10
WORDS = (8, 60)  # shortest and longest review

#: The default, and ProxySPEX as published: uniform masks, nothing measured first.
METHODS: dict[str, tuple[Estimator, str, int]] = {
    "StackSPEX, mixed masks, leading terms measured": (StackSPEX(), "mixed", TOP),
    "ProxySPEX, uniform masks": (ProxySPEX(), "uniform", 0),
}


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """A row a review and method: terms, confirmed, first_hand; data: the folder that holds `spex/sentiment.csv`."""
    texts = _reviews(data if data is not None else Path("../shared/data"), 2 if quick else REVIEWS)
    rows = []
    for text in texts:
        lens = prompt_lens(text)
        rows += [row(lens, method, 64 if quick else BUDGET) for method in METHODS]
    return {"suite": "confirmation", "rows": rows}


def row(game: Game, method: str, budget: int) -> dict[str, Any]:
    """Explain and confirm one game; every ablation of the confirmation is made anew."""
    estimator, masks, verify = METHODS[method]
    explanation = explain(game, estimator, budget=min(budget, 2**game.n_players), masks=masks, verify=verify)
    found = confirm(game, explanation, top=TOP).claims
    held = [claim.confirmed for claim in found]
    signs = [claim.claimed * claim.measured > 0 for claim in found]
    return {
        "method": method,
        "players": game.n_players,
        "terms": len(found),
        "confirmed": sum(held),
        "right_sign": sum(signs),
        "first_hand": sum(claim.first_hand for claim in found),
        "half_width": _half_width(explanation),
    }


def table(result: dict[str, Any]) -> str:
    """Confirmation rate by method, all reviews pooled, and of the worst review."""
    lines = ["| method | reviews | confirmation rate | worst review | right sign | measured in the run |"]
    for method in dict.fromkeys(row["method"] for row in result["rows"]):
        mine = [row for row in result["rows"] if row["method"] == method and row["terms"]]
        total = max(1, sum(row["terms"] for row in mine))
        pooled = [sum(row[name] for row in mine) / total for name in ("confirmed", "right_sign", "first_hand")]
        worst = min((row["confirmed"] / row["terms"] for row in mine), default=float("nan"))
        lines.append(f"| {method} | {len(mine)} | {pooled[0]:.3f} | {worst:.2f} | {pooled[1]:.3f} | {pooled[2]:.3f} |")
    return "\n".join(lines)


def _half_width(explanation: Explanation) -> float:
    """Mean half-width of the intervals of terms that are only predicted: narrow is harder to meet."""
    widths = [(high - low) / 2 for S, (low, high) in explanation.intervals.items() if S not in explanation.measured]
    return float(np.mean(widths)) if widths else 0.0


def _reviews(folder: Path, count: int) -> list[str]:
    """Reviews spread evenly over the lengths, shortest to longest."""
    fitting = [text for text in reviews(folder) if WORDS[0] <= len(text.split()) <= WORDS[1]]
    return [fitting[k] for k in np.linspace(0, len(fitting) - 1, count).astype(int)]
