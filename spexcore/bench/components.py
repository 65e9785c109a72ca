"""spex bench components: ablations of a model's parts a second, beside one mask at a time; and few heads for all."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spexcore.bench import pruning

if TYPE_CHECKING:
    from spexcore.lenses import ComponentLens

Run = Callable[[], Any]
_TEXT = "The plot was not bad, and the actors were warm."  # 14 tokens of the embedded sentiment model
_TOKENS = 32  # of the random GPT-2's prompt


@dataclass(frozen=True)
class Case:
    """Heads of a model on one prompt: n_masks by the lens, n_naive one at a time. layers: those that are ablated."""

    model: str
    layers: str
    n_masks: int
    n_naive: int


CASES = (
    Case("GPT-2 shape", "all", 64, 16),
    Case("GPT-2 shape", "top 3", 128, 16),
    Case("sentiment", "all", 512, 64),
)
QUICK = (Case("GPT-2 of 1 layer", "all", 8, 4), Case("sentiment", "top 1", 32, 4))


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """data: the folder that may hold `models/stories260K`; what is not there is left out."""
    speed = [measure(case, 1 if quick else 5) for case in (QUICK if quick else CASES)]
    pruned = pruning.rows(data if data is not None else Path("../shared/data"), quick=quick)
    return {"suite": "components", "speed": speed, "pruning": pruned}


def measure(case: Case, repeats: int) -> dict[str, Any]:
    """Medians over rounds of CPU time of one thread, half of the heads kept; a matrix product in each round beside."""
    from spexcore.models.peers import parts_one_by_one
    from spexcore.models.probe import gemm
    from spexcore.models.running import one_thread

    lens = _lens(case)
    masks = np.random.default_rng(0).random((case.n_masks, lens.n_players)) < 0.5
    few, answers = masks[: case.n_naive], {}
    product, gflop = gemm(lens.model.network.config.hidden_size, "float32", lens.model.device)
    runs: dict[str, Run] = {"lens": lambda: lens(masks), "naive": lambda: parts_one_by_one(lens.question, few)}
    times: dict[str, list[float]] = {"gemm": [], **{name: [] for name in runs}}
    with one_thread():
        for _ in range(repeats + 1):
            for name, one in {"gemm": product, **runs}.items():
                answers[name], spent = _timed(one)
                times[name].append(spent)
    seconds = {name: statistics.median(some[1:]) for name, some in times.items()}  # the first round warms up
    rates = {"lens": case.n_masks / seconds["lens"], "naive": case.n_naive / seconds["naive"]}
    return {
        "case": f"{case.model}, {case.layers} layers",
        "players": lens.n_players,
        "tokens": len(lens.question.passes[0].ids),
        "a_second": rates["lens"],
        "faster_by": rates["lens"] / rates["naive"],
        "gemm_gflops": gflop / seconds["gemm"],
        "largest_difference": float(np.abs(answers["lens"][: len(few)] - answers["naive"]).max()),
    }


def _timed(one: Run) -> tuple[Any, float]:
    started = time.process_time()
    found = one()
    return found, time.process_time() - started


def _lens(case: Case) -> "ComponentLens":
    from spexcore.lenses import ComponentLens
    from spexcore.models import LanguageModel
    from spexcore.models.shapes import random_gpt2

    if case.model == "sentiment":
        return ComponentLens(LanguageModel.load("sentiment"), _TEXT, target="POSITIVE", layers=case.layers)
    model = random_gpt2(1 if case.model.endswith("1 layer") else 12)
    words = [f"w{index}" for index in np.random.default_rng(1).integers(0, 50_000, _TOKENS)]
    return ComponentLens(model, " ".join(words), target=" w1", layers=case.layers, reference=["w5 w6 w7 w8"])


def table(result: dict[str, Any]) -> str:
    """Speed, then pruning, as text."""
    lines = ["| heads of | players | tokens | ablations/s | times one by one | GEMM GFLOP/s | largest difference |"]
    lines.append("|---|" + "---|" * 6)
    for row in result["speed"]:
        rates = f"{row['a_second']:.0f} | {row['faster_by']:.1f} | {row['gemm_gflops']:.0f}"
        lines.append(
            f"| {row['case']} | {row['players']} | {row['tokens']} | {rates} | {row['largest_difference']:.0e} |"
        )
    return "\n".join([*lines, "", *pruning.table(result["pruning"])])
