"""spex bench estimators: the frozen suite. Every method of a row has the same game, budget, seed and judges."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from spexcore.bench import leading, shapley
from spexcore.bench.cases import Case, prompt_cases, real_cases, synthetic_cases
from spexcore.bench.contenders import REFERENCE, Contender, Predictor, contenders, versions
from spexcore.bench.ratios import summaries
from spexcore.bench.row_file import Lacks, Row, RowFile
from spexcore.errors import BadInput
from spexcore.faithfulness import r2_score
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum
from spexcore.spread import draw_spread

SEEDS = 5
PARTS = ("real", "near", "prompts", "synthetic", "leading", "shapley")
#: What a released method raises where it finds nothing to split, or no room for a player.
REFUSALS = (ValueError, IndexError, OverflowError, ZeroDivisionError)
COLUMNS = {
    "r2": ("R2", ".3f"),
    "r2_near": ("R2 near", ".3f"),
    "unexplained_ratio": ("unexplained, in the reference's", ".2f"),
    "worse": ("worse by > .01", "d"),
    "fewer_masks": ("times fewer masks for its R2", ".1f"),
    "fewer_than_spex": ("than SPEX as released", ".1f"),
    "recall": ("recall@10", ".2f"),
    "cpu_s": ("CPU s", ".2f"),
    "configurations": ("games x budgets", "d"),
}
Measurement = Callable[[int, Lacks], Iterator[Row]]


def _everything(place: Row, method: str) -> bool:
    return True


def run(
    *,
    data: Path | None = None,
    quick: bool = False,
    out: Path | None = None,
    parts: Sequence[str] = PARTS,
    methods: Sequence[str] = (),
    seeds: int = SEEDS,
) -> dict[str, Any]:
    """All rows, what they come to, and what made them; data: the folder that holds `games/*.npz`.

    out: file of rows; those in it are not measured again, and count. methods: all where empty. Seeds come one after
    the other, so that a run that is cut short has whole ones.
    """
    _check("part", parts, PARTS)
    _check("method", methods, [c.name for c in contenders()] + list(leading.methods()) + list(shapley.methods()))
    seeds = min(seeds, 1) if quick else seeds
    plan = _plan(data if data is not None else Path("../shared/data"), parts, quick) if seeds else []
    file = RowFile(out)
    file.begin(_here())

    def lacks(place: Row, method: str) -> bool:
        return (not methods or method in methods) and file.lacks(place, method)

    for seed in range(seeds):
        for measurement in plan:
            for row in measurement(seed, lacks):
                file.add(row)
    return _result(file)


def _plan(folder: Path, parts: Sequence[str], quick: bool) -> list[Measurement]:
    """A function a game and budget: seed, what is lacking -> rows."""
    cases = real_cases(folder, quick=quick) if {"real", "near"} & {*parts} else []
    cases += prompt_cases(folder, quick=quick) if "prompts" in parts else []
    cases += synthetic_cases(quick=quick) if "synthetic" in parts else []
    plan: list[Measurement] = [partial(measure, case) for case in cases if case.part in parts]
    if "leading" in parts:
        plan += [partial(leading.measure, *known) for known in leading.games(folder, quick=quick)]
    if "shapley" in parts:
        plan += [partial(shapley.measure, known) for known in shapley.games(folder, quick=quick)]
    return plan


def _check(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise BadInput(f"`{option}` must be one of {', '.join(dict.fromkeys(known))}; got {name!r}.")


def _here() -> Row:
    """When, and what is being measured on what."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": date, "versions": versions(), "calibration_gflops": _gemm_rate()}


def _result(file: RowFile) -> dict[str, Any]:
    summed = [part for part in PARTS if part not in ("leading", "shapley")]
    rows = {part: [row for row in file.rows if row["part"] == part] for part in PARTS}
    return {
        "suite": "estimators",
        "runs": file.runs,
        "reference": REFERENCE,
        "summaries": {part: summaries(rows[part], REFERENCE) for part in summed if rows[part]},
        "rows": [row for part in summed for row in rows[part]],
        "leading": rows["leading"],
        "shapley": rows["shapley"],
    }


def table(result: dict[str, Any]) -> str:
    """One table a part: games, budgets and seeds pooled; each method where the reference was run too.

    Then the terms reported first, and Shapley values and interactions.
    """
    lines = list(dict.fromkeys(_title(run) for run in result["runs"]))
    lines.append(f"reference: {result['reference']}")
    for part, found in result["summaries"].items():
        lines += ["", f"| {part} | " + " | ".join(title for title, _ in COLUMNS.values()) + " |"]
        lines.append("|" + "---|" * (1 + len(COLUMNS)))
        lines += ["| " + " | ".join([row["method"], *_cells(row)]) + " |" for row in found]
    for part, drawn in ((leading, result["leading"]), (shapley, result["shapley"])):
        lines += ["", *part.table(drawn)] if drawn else []
    return "\n".join(lines)


def measure(case: Case, seed: int, lacks: Lacks = _everything, methods: Iterable[Contender] = ()) -> Iterator[Row]:
    """One row a method: R2 under uniform masks and near the full one, recall of known terms, CPU seconds of the fit."""
    place = {"part": case.part, "game": case.name, "masks": case.n_masks, "seed": seed}
    wanted = [one for one in methods or contenders() if _takes_part(one, case, seed) and lacks(place, one.name)]
    if not wanted:
        return
    masks = draw_spread(case.distribution, case.game.n_players, case.n_masks, np.random.default_rng(seed))
    values, judges = case.game(masks), case.judges()
    truths = [case.truth(judge) for judge in judges]
    for contender in wanted:
        started = time.process_time()
        fitted, error = _fitted(contender, case, masks, values, seed)
        seconds = time.process_time() - started if case.timed else None
        r2, near = (r2_score(truth, _predicted(fitted, judge, values)) for truth, judge in zip(truths, judges))
        found = {"r2": r2, "r2_near": near, "recall": _recall(fitted, case), "cpu_s": seconds, "error": error}
        yield {**place, "method": contender.name, **found}


def _takes_part(contender: Contender, case: Case, seed: int) -> bool:
    if case.only and contender.name not in case.only:
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


def _recall(fitted: Predictor | None, case: Case) -> float | None:
    """recall@10 of the known Fourier coefficients; None where they are not known, or the method has none."""
    if case.fourier is None or not (fitted is None or isinstance(fitted, Spectrum)):
        return None
    return leading.recall({} if fitted is None else fitted.coefficients, case.fourier)


def _title(run: Row) -> str:
    made = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    return f"{run['date']}; {made}; one GEMM of the process: {run['calibration_gflops']:.0f} GF/s"


def _cells(summary: dict[str, Any]) -> list[str]:
    return ["" if summary[key] is None else format(summary[key], shape) for key, (_, shape) in COLUMNS.items()]


def _gemm_rate() -> float:
    """GF/s of a 1,024^3 float64 product: what this machine gives this process today."""
    matrix = np.random.default_rng(0).normal(size=(1024, 1024))
    started = time.process_time()
    matrix @ matrix
    return 2 * 1024**3 / (time.process_time() - started) / 1e9
