"""Shapley values and interactions from masks drawn for them, against the exact ones and shapiq's own methods."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from spexcore.bench.row_file import Lacks, Row
from spexcore.estimators import Exact, KernelSHAP, ProxySPEX, StackSPEX, WalshGP
from spexcore.estimators.base import MaskEstimator
from spexcore.game import Game, TableGame
from spexcore.masks import Coalition, draw

BUDGET = 256
INDICES = {"sv": 1, "sii": 2, "fsii": 2}  # index -> its order; only coalitions of this order are judged
Scores = Mapping[Coalition, float]


Method = Callable[[Game, int], Mapping[str, Scores]]  # game, seed -> index -> scores, from BUDGET masks


@dataclass(frozen=True, eq=False)
class Known:
    """A game whose every index is known."""

    name: str
    game: Game

    @cached_property
    def truth(self) -> Mapping[str, Scores]:
        exact = Exact().estimate(self.game, budget=2**self.game.n_players)
        return {index: exact.interactions(index, order).scores for index, order in INDICES.items()}


def games(data: Path, *, quick: bool = False) -> list[Known]:
    """The sentiment games, the quick ones a single one."""
    files = sorted((data / "games").glob("sentiment*.npz"))[: 1 if quick else None]
    return [Known(file.stem, TableGame(np.load(file)["values"])) for file in files]


def measure(known: Known, seed: int, lacks: Lacks) -> Iterator[Row]:
    """A row a method and index; error: squared error relative to the energy of the true scores."""
    place = {"part": "shapley", "game": known.name, "masks": BUDGET, "seed": seed}
    for method, estimate in methods().items():
        if lacks(place, method):
            for index, scores in estimate(known.game, seed).items():
                error = relative_error(scores, known.truth[index], INDICES[index])
                yield {**place, "method": method, "index": index, "error": error}


def relative_error(scores: Scores, truth: Scores, order: int) -> float:
    """Sum of squared errors over the coalitions of one order, relative to that of the true scores."""
    wanted = [S for S in {**truth, **scores} if len(S) == order]
    error = sum((scores.get(S, 0.0) - truth.get(S, 0.0)) ** 2 for S in wanted)
    return float(error / sum(truth.get(S, 0.0) ** 2 for S in wanted))


def table(found: list[Row]) -> list[str]:
    """Median over games and seeds, one line a method and one column an index."""
    lines = ["| relative squared error | " + " | ".join(INDICES) + " |", "|---" * (1 + len(INDICES)) + "|"]
    for method in dict.fromkeys(row["method"] for row in found):
        cells = []
        for index in INDICES:
            errors = [row["error"] for row in found if row["method"] == method and row["index"] == index]
            cells.append(f"{np.median(errors):.3f}" if errors else "")
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return lines


def methods() -> dict[str, Method]:
    """Ours on masks drawn by size, and what shapiq has for each index where it is installed."""
    ours = {f"{one.name}, sizes": _ours(one) for one in (WalshGP(), StackSPEX(), ProxySPEX())}
    released = {
        "KernelSHAP (shapiq)": _released("KernelSHAP", "sv"),
        "KernelSHAPIQ (shapiq)": _released("KernelSHAPIQ", "sii", index="SII", max_order=2),
        "SVARMIQ (shapiq)": _released("SVARMIQ", "sii", index="SII", max_order=2),
        "RegressionFSII (shapiq)": _released("RegressionFSII", "fsii", max_order=2),
    }
    return ours | {"KernelSHAP": _kernel_shap} | (released if find_spec("shapiq") else {})


def _ours(estimator: MaskEstimator) -> Method:
    def estimate(game: Game, seed: int) -> Mapping[str, Scores]:
        masks = draw("sizes", game.n_players, BUDGET, np.random.default_rng(seed))
        spectrum = estimator.fit(masks, game(masks), seed=seed)
        return {index: spectrum.interactions(index, order).scores for index, order in INDICES.items()}

    return estimate


def _kernel_shap(game: Game, seed: int) -> Mapping[str, Scores]:
    return {"sv": KernelSHAP().estimate(game, budget=BUDGET, seed=seed).interactions("sv", 1).scores}


def _released(name: str, scored: str, **settings: Any) -> Method:
    """As released; the value of the empty mask, which it takes to be zero, is taken off first."""

    def estimate(game: Game, seed: int) -> Mapping[str, Scores]:
        import shapiq

        empty = game(np.zeros((1, game.n_players), dtype=bool))[0]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            method = getattr(shapiq, name)(n=game.n_players, random_state=seed, **settings)
            found = method.approximate(BUDGET, lambda masks: game(np.asarray(masks, dtype=bool)) - empty)
        return {
            scored: {tuple(sorted(map(int, S))): float(found.values[k]) for S, k in found.interaction_lookup.items()}
        }

    return estimate
