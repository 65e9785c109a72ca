"""What the rows of the estimator benchmark come to: unexplained variance and masks, in those of a reference."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from spexcore.bench.contenders import RELEASED_SPEX
from spexcore.bench.row_file import Row

Means = dict[tuple[str, int], float]  # (game, masks) -> mean R2 over seeds

WORSE = 0.01  # a mean R2 below the other's by more than this is a loss
FLOOR = 1e-6  # unexplained variance below this is exact: both exact is a ratio of one


def summaries(rows: list[Row], reference: str) -> list[dict[str, Any]]:
    """Of each method in a part: mean R2, mean CPU seconds, and how it stands to the reference, where that was run.

    Masks are also counted in those of the released SPEX, where its codes fit: below that it says nothing to compare.
    """
    there = means(rows, reference)
    coded = means([row for row in rows if not row.get("error")], RELEASED_SPEX)
    return [_summary(rows, method, there, coded) for method in dict.fromkeys(row["method"] for row in rows)]


def _summary(rows: list[Row], method: str, there: Means, coded: Means) -> dict[str, Any]:
    here = means(rows, method)
    shared = [row for row in rows if row["method"] == method and (not there or _where(row) in there)]
    both = {where: r2 for where, r2 in here.items() if where in there}
    return {
        "method": method,
        "configurations": len({_where(row) for row in shared}),
        "r2": _mean(row["r2"] for row in shared),
        "r2_near": _mean(row["r2_near"] for row in shared),
        "recall": _mean(row["recall"] for row in shared),
        "cpu_s": _mean(row["cpu_s"] for row in shared),
        "unexplained_ratio": unexplained_ratio(both, there),
        "worse": sum(r2 < there[where] - WORSE for where, r2 in both.items()),
        "fewer_masks": fewer_masks(here, there),
        "fewer_than_spex": fewer_masks(here, coded),
    }


def means(rows: Iterable[Row], method: str) -> Means:
    """Mean R2 over seeds of each (game, masks) of a method."""
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        if row["method"] == method:
            found.setdefault(_where(row), []).append(row["r2"])
    return {where: float(np.mean(r2)) for where, r2 in found.items()}


def unexplained_ratio(here: Means, there: Means) -> float | None:
    """Median over the configurations of both of (1 - R2 here) / (1 - R2 there); None where there is none."""
    shared = [where for where in here if where in there]
    ratios = [max(1 - here[where], FLOOR) / max(1 - there[where], FLOOR) for where in shared]
    return float(np.median(ratios)) if ratios else None


def fewer_masks(here: Means, there: Means) -> float | None:
    """Median over the configurations there of (masks there) / (masks with which this method reaches the same R2).

    Between two budgets R2 is taken to be linear in log masks. A method that reaches it with its fewest masks counts
    with those, one that never does with its most: the median is a bound where half of them do so.
    """
    factors = []
    for (game, masks), r2 in there.items():
        curve = sorted((budget, found) for (name, budget), found in here.items() if name == game)
        if len(curve) > 1:  # one budget has no curve to read
            factors.append(masks / _masks_for(r2, curve))
    return float(np.median(factors)) if factors else None


def _masks_for(r2: float, curve: list[tuple[int, float]]) -> float:
    """Fewest masks with which a curve of (masks, R2) first reaches r2."""
    if curve[0][1] >= r2:
        return float(curve[0][0])
    for (less, low), (more, high) in zip(curve, curve[1:]):
        if high >= r2:
            share = (r2 - low) / (high - low)
            return float(less * (more / less) ** share)
    return float(curve[-1][0])


def _where(row: Row) -> tuple[str, int]:
    return row["game"], row["masks"]


def _mean(numbers: Iterable[float | None]) -> float | None:
    found = [number for number in numbers if number is not None]
    return float(np.mean(found)) if found else None
