"""spex bench estimators: R2 and CPU time on exact games, with the same masks for every method of a row."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spexcore.errors import BadInput
from spexcore.estimators import Lasso, ProxySPEX, StackSPEX, WalshGP
from spexcore.faithfulness import r2_score
from spexcore.game import TableGame
from spexcore.masks import all_masks, draw

Fit = Callable[[Any, Any, int], Any]  # masks, values, seed -> something with predict(masks)
BUDGETS = (64, 128, 256, 512)


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """R2 over all masks and CPU seconds of each method; data: the folder that holds `games/*.npz`."""
    folder = data if data is not None else Path("../shared/data")
    files = sorted((folder / "games").glob("*.npz"))
    if not files:
        raise BadInput(f"`data` must be a folder with games/*.npz; {folder} has none. Name it with --data.")
    rows = [
        row
        for file in (files[::5] if quick else files)
        for budget in (BUDGETS[1:3] if quick else BUDGETS)
        for seed in range(1 if quick else 5)
        for row in _rows(file, budget, seed)
    ]
    return {"suite": "estimators", "calibration_gflops": _gemm_rate(), "rows": rows}


def table(result: dict[str, Any]) -> str:
    """Mean R2 and mean CPU seconds by method and budget, games and seeds pooled."""
    lines = [f"one GEMM of this process: {result['calibration_gflops']:.0f} GF/s", "| method | masks | R2 | CPU s |"]
    for method, budget in dict.fromkeys((row["method"], row["masks"]) for row in result["rows"]):
        mine = [row for row in result["rows"] if (row["method"], row["masks"]) == (method, budget)]
        r2, seconds = (np.mean([row[name] for row in mine]) for name in ("r2", "cpu_s"))
        lines.append(f"| {method} | {budget} | {r2:.3f} | {seconds:.2f} |")
    return "\n".join(lines)


def _rows(file: Path, budget: int, seed: int) -> list[dict[str, Any]]:
    game = TableGame(np.load(file)["values"])
    masks = draw("uniform", game.n_players, budget, np.random.default_rng(seed))
    values, everything, rows = game(masks), all_masks(game.n_players), []
    for method, fit in _methods().items():
        started = time.process_time()
        fitted = fit(masks, values, seed)
        seconds = time.process_time() - started
        r2 = r2_score(game.table, fitted.predict(everything))
        rows.append({"game": file.stem, "masks": budget, "seed": seed, "method": method, "r2": r2, "cpu_s": seconds})
    return rows


def _methods() -> dict[str, Fit]:
    def ours(estimator: Any) -> Fit:
        return lambda masks, values, seed: estimator.fit(masks, values, seed=seed)

    return {kind.name: ours(kind) for kind in (StackSPEX(), WalshGP(), ProxySPEX(), Lasso())}


def _gemm_rate() -> float:
    """GF/s of a 1,024^3 float64 product: what this machine gives this process today."""
    matrix = np.random.default_rng(0).normal(size=(1024, 1024))
    started = time.process_time()
    matrix @ matrix
    return 2 * 1024**3 / (time.process_time() - started) / 1e9
