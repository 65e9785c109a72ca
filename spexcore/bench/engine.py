"""`spex bench engine`: the same masks through this engine and through the loops of other tools, paired in one process.

Each variant runs in turn, several times over; the table has medians. On a CPU time is processor time of one thread, so
that other work on the machine disturbs it little; on a GPU it is the clock. "of GEMM" is the useful arithmetic of the
masks (distinct tokens that are not shared, logits only where scored) in that time, as a share of the rate of one large
matrix product measured between the variants.

Beside it: a run of masks repeated from the store, and on a GPU the share of the clock in which it computes.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.bench.repeated import repeated

Run = Callable[[], Any]
FEW = 24  # masks for the loops that run one at a time


@dataclass(frozen=True)
class Case:
    """One question: a model, a prompt of n_words, n_target tokens to score (0: a classifier), n_masks at p = 1/2."""

    model: str
    n_words: int
    n_target: int
    n_masks: int
    dtype: str = "float32"

    @property
    def name(self) -> str:
        scored = f", {self.n_target} target tokens" if self.n_target else ""
        return f"{self.model} {self.dtype}, {self.n_words} words{scored}"


@dataclass
class Variant:
    """A way to run the masks of a case: a function, and how many masks it does."""

    name: str
    run: Run
    n_masks: int
    seconds: list[float] = field(default_factory=list)
    values: NDArray[np.float64] | None = None


CASES = (
    Case("sentiment", 20, 0, 2048),
    Case("sentiment", 60, 0, 1024),
    Case("sentiment", 200, 0, 256),
    Case("15M", 60, 5, 512),
    Case("15M", 20, 20, 512),
    Case("135M", 60, 5, 96),
    Case("sentiment", 20, 0, 1024, "bfloat16"),
    Case("sentiment", 60, 0, 512, "bfloat16"),
    Case("sentiment", 200, 0, 128, "bfloat16"),
    Case("15M", 60, 5, 256, "bfloat16"),
)
QUICK = (Case("sentiment", 20, 0, 256), Case("sentiment", 60, 0, 128), Case("15M", 60, 5, 128))
GPU_CASES = tuple(Case(shape, 500, 1, 4096, "bfloat16") for shape in ("1B", "3B", "8B"))


def run(data: Path | None = None, quick: bool = False, repeats: int = 3) -> dict[str, Any]:
    """The measurements of every case: {"machine", "repeated", "cases": [{"case", "gemm_gflops", "variants", ...}]}.

    data is not needed: prompts are random words, weights the embedded ones or random.
    """
    from spexcore.models.loading import choose_device
    from spexcore.models.probe import machine

    device = choose_device(None)
    again = repeated(1_000 if quick else 10_000)
    rows = [measure(case, device, 1 if quick else repeats) for case in (QUICK if quick else CASES)]
    if device.startswith("cuda") and not quick:
        rows += [_if_it_fits(case, device) for case in GPU_CASES]
    return {"machine": machine(device), "repeated": again, "cases": rows}


def _if_it_fits(case: Case, device: str) -> dict[str, Any]:
    from spexcore.models.running import out_of_memory

    try:
        return measure(case, device, 1)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        return {"case": case.name, "left_out": f"does not fit in the memory of {device}"}


def measure(case: Case, device: str, repeats: int) -> dict[str, Any]:
    """One case: every variant and the matrix product in turn, one round to warm up, then `repeats` rounds."""
    from spexcore.bench.variants import prepare
    from spexcore.models.probe import busy_share
    from spexcore.models.running import one_thread

    with one_thread():
        variants, gemm, facts = prepare(case, device)
        clock = time.process_time if device == "cpu" else time.perf_counter
        rates = []
        for round_ in range(repeats + 1):
            for variant in variants:
                rates.append(_rate(gemm, clock))
                started = clock()
                variant.values = variant.run()
                if round_:
                    variant.seconds.append((clock() - started) / variant.n_masks)
        busy = busy_share(variants[-1].run, device)
    found = {"case": case.name, "masks": case.n_masks, "gpu_busy": busy, **facts.described()}
    return {**found, **_compared(variants, rates, facts.gflop)}


def _rate(gemm: tuple[Run, float], clock: Callable[[], float]) -> float:
    started = clock()
    gemm[0]()
    return gemm[1] / (clock() - started)


def _compared(variants: list[Variant], rates: list[float], gflop: float) -> dict[str, Any]:
    """Rows by variant. gflop: useful arithmetic a mask; the last variant is ours, the others are held against it."""
    rate = statistics.median(rates)
    ours = variants[-1]
    rows = []
    for variant in variants:
        seconds = statistics.median(variant.seconds)
        useful = gflop / seconds
        row = {"variant": variant.name, "ms_a_mask": 1e3 * seconds, "useful_gflops": useful, "of_gemm": useful / rate}
        faster = seconds / statistics.median(ours.seconds)
        rows.append({**row, "engine_is_faster_by": faster, "largest_difference": _difference(variant, ours)})
    return {"gemm_gflops": rate, "variants": rows}


def _difference(variant: Variant, ours: Variant) -> float:
    assert variant.values is not None
    assert ours.values is not None
    n = min(len(variant.values), len(ours.values))
    return float(np.abs(variant.values[:n] - ours.values[:n]).max())


def table(result: dict[str, Any]) -> str:
    """The measurements as text."""
    place, again = result["machine"], result["repeated"]
    first, second = again["first"], again["again"]
    lines = [
        f"{place['device']} ({place['name']}), {place['cores']} cores, load {place['load']}, torch {place['torch']}",
        f"{again['masks']:,} masks of {again['words']} words, 0.8M parameters: {first['seconds']:.1f} s, "
        f"{first['forwards']:,} forwards; once more, from the store: {second['seconds']:.3f} s, "
        f"{second['forwards']} forwards",
    ]
    for case in result["cases"]:
        lines += ["", *_case(case)]
    return "\n".join(lines)


def _case(case: dict[str, Any]) -> list[str]:
    if "left_out" in case:
        return [f"{case['case']}: {case['left_out']}"]
    seconds = case["masks"] * case["variants"][-1]["ms_a_mask"] / 1e3
    busy = "" if case["gpu_busy"] is None else f", the GPU at work {case['gpu_busy']:.0%} of it"
    lines = [
        f"{case['case']}: {case['masks']:,} masks in {seconds:.2f} s{busy}; GEMM {case['gemm_gflops']:.0f} GFLOP/s",
        f"  tokens: {case['tokens_forwarded']:,} forwarded, {case['tokens_distinct']:,} in distinct inputs, "
        f"{case['tokens_least']:,} without shared beginnings; none padded",
        *(f"  {note}" for note in case["notes"]),
        f"  {'':44s} {'ms/mask':>9s} {'GFLOP/s':>9s} {'of GEMM':>8s} {'x':>6s} {'max diff':>9s}",
    ]
    for row in case["variants"]:
        lines.append(
            f"  {row['variant']:44s} {row['ms_a_mask']:9.3f} {row['useful_gflops']:9.1f} {row['of_gemm']:8.0%} "
            f"{row['engine_is_faster_by']:6.2f} {row['largest_difference']:9.1e}"
        )
    return lines
