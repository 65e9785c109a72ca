"""spex bench estimators: the frozen suite. Every method of a row has the same game, budget, seed and judges."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from spexcore.bench import leading, shapley
from spexcore.bench.cases import Case, prompt_cases, real_cases, synthetic_cases
from spexcore.bench.contenders import REFERENCE, Contender, Predictor, contenders, versions
from spexcore.bench.ratios import Row, summaries
from spexcore.faithfulness import r2_score
from spexcore.masks import Masks, draw

SEEDS = 5
#: What a released method raises where it finds nothing to split, or no room for a player.
REFUSALS = (ValueError, IndexError, OverflowError, ZeroDivisionError)
COLUMNS = {
    "r2": ("R2", ".3f"),
    "r2_near": ("R2 near", ".3f"),
    "unexplained_ratio": ("unexplained, in the reference's", ".2f"),
    "worse": ("worse by > .01", "d"),
    "fewer_masks": ("times fewer masks for its R2", ".1f"),
    "cpu_s": ("CPU s", ".2f"),
    "configurations": ("games x budgets", "d"),
}


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """All rows, what they come to, and what made them; data: the folder that holds `games/*.npz`."""
    folder = data if data is not None else Path("../shared/data")
    cases = [*real_cases(folder, quick=quick), *prompt_cases(folder, quick=quick), *synthetic_cases(quick=quick)]
    rows = [row for case in cases for seed in range(1 if quick else SEEDS) for row in measure(case, seed)]
    return {
        "suite": "estimators",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "calibration_gflops": _gemm_rate(),
        "reference": REFERENCE,
        "summaries": {part: summaries(rows, REFERENCE, part) for part in dict.fromkeys(row["part"] for row in rows)},
        "rows": rows,
        "leading": leading.rows(folder, quick=quick),
        "shapley": shapley.rows(folder, quick=quick),
    }


def table(result: dict[str, Any]) -> str:
    """One table a part: games, budgets and seeds pooled; each method where the reference was run too.

    Then the terms reported first, and Shapley values and interactions.
    """
    versions_ = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines = [f"{result['date']}; {versions_}; one GEMM of this process: {result['calibration_gflops']:.0f} GF/s"]
    lines.append(f"reference: {result['reference']}")
    for part, found in result["summaries"].items():
        lines += ["", f"| {part} | " + " | ".join(title for title, _ in COLUMNS.values()) + " |"]
        lines.append("|" + "---|" * (1 + len(COLUMNS)))
        lines += ["| " + " | ".join([row["method"], *_cells(row)]) + " |" for row in found]
    return "\n".join([*lines, "", *leading.table(result["leading"]), "", *shapley.table(result["shapley"])])


def measure(case: Case, seed: int, methods: Iterable[Contender] | None = None) -> list[Row]:
    """One row a method: R2 under uniform masks and near the full one, and CPU seconds of the fit."""
    masks = draw(case.distribution, case.game.n_players, case.n_masks, np.random.default_rng(seed))
    values, judges = case.game(masks), case.judges()
    truths = [case.truth(judge) for judge in judges]
    rows = []
    for contender in methods if methods is not None else contenders():
        if not _takes_part(contender, case, seed):
            continue
        started = time.process_time()
        fitted, error = _fitted(contender, case, masks, values, seed)
        seconds = time.process_time() - started if case.timed else None
        r2, near = (r2_score(truth, _predicted(fitted, judge, values)) for truth, judge in zip(truths, judges))
        where = {"part": case.part, "game": case.name, "masks": case.n_masks, "seed": seed}
        rows.append({**where, "method": contender.name, "r2": r2, "r2_near": near, "cpu_s": seconds, "error": error})
    return rows


def _takes_part(contender: Contender, case: Case, seed: int) -> bool:
    if case.ours_only and contender.name not in ("StackSPEX", "WalshGP", "Lasso 1", "Lasso 2", "LightGBM"):
        return False
    return case.n_masks * case.game.n_players <= contender.largest and not (contender.first_seed and seed)


def _fitted(contender: Contender, case: Case, *sample: Any) -> tuple[Predictor | None, str | None]:
    """What it found, or why it found nothing."""
    try:
        with threadpool_limits(1):  # the released ones take every core, and CPU seconds then count their waiting
            return contender.fit(case.game, *sample), None
    except REFUSALS as error:
        return None, f"{type(error).__name__}: {error}"


def _predicted(fitted: Predictor | None, masks: Masks, values: Any) -> Any:
    """A method that gave up is judged as if it had said the mean of the values."""
    return np.full(len(masks), values.mean()) if fitted is None else fitted.predict(masks)


def _cells(summary: dict[str, Any]) -> list[str]:
    return ["" if summary[key] is None else format(summary[key], shape) for key, (_, shape) in COLUMNS.items()]


def _gemm_rate() -> float:
    """GF/s of a 1,024^3 float64 product: what this machine gives this process today."""
    matrix = np.random.default_rng(0).normal(size=(1024, 1024))
    started = time.process_time()
    matrix @ matrix
    return 2 * 1024**3 / (time.process_time() - started) / 1e9
