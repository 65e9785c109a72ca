"""What the worker threads do for the components page: gradients, and which parts to keep."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from dashboard.jobs import Job
from dashboard.request import Prompts
from dashboard.work import Shelf, rebuilt
from spexcore.circuits import DOUBTED, METHODS, Circuit, Pruned, circuit, pruning_curve
from spexcore.errors import BadInput
from spexcore.explanation import Explanation
from spexcore.game import Game, MeteredGame, Progress
from spexcore.masks import draw
from spexcore.store import Store

_SIZES = 6  # points of a pruning curve
_SUBSETS = 32  # random subsets by which completeness is judged


@dataclass(frozen=True)
class Pruning:
    """Pruning curves of a run, and how well the spectrum's choice of each size does alone.

    ends: value by which parts were chosen ("") and of each held-out game, with every part ablated and with none.
    """

    curve: tuple[Pruned, ...]
    circuits: Mapping[int, Circuit]
    ends: Mapping[str, tuple[float, float]]


def gradients(job: Job, explanation: Explanation, shelf: Shelf) -> tuple[float, ...]:
    """Gradient x activation of each part, one number a player."""
    lens: Any = rebuilt(job, explanation, shelf)
    job.report("one backward pass a prompt", 0, 0)
    return tuple(lens.gradient_effects().tolist())


def sizes(n_players: int) -> list[int]:
    """Numbers of parts that a pruning curve tries, from few to nearly all."""
    return sorted(set(np.linspace(1, n_players - 1, _SIZES + 2)[1:-1].round().astype(int).tolist()) - {0})


def ablations(explanation: Explanation) -> int:
    """About how many ablations `prune` asks for; those in the store are not paid again."""
    tried = sizes(len(explanation.players))
    pairs = len(tried) * comb(DOUBTED, 2)
    fixed = 1 + len(explanation.players) + 2 + len(tried) * (2 * _SUBSETS + 7) + sum(tried) + pairs
    return fixed + n_samples(explanation) + len(tried) * (3 * n_samples(explanation) // 2)


def prune(job: Job, explanation: Explanation, others: Prompts, shelf: Shelf) -> Pruning:
    """Pruning curves. others: prompts that were not used to choose, () for none; raises SpexError."""
    if len(explanation.players) < 3:
        raise BadInput(f"Pruning needs at least 3 parts to choose from; this run has {len(explanation.players)}.")
    game = rebuilt(job, explanation, shelf)
    held_out, tried, seed = _held_out(explanation, others, game), sizes(game.n_players), explanation.seed
    with closing(Store()) as store:
        counted = _counted(job, ablations(explanation))
        metered = MeteredGame(game, memory=store.memory(game.key), on_progress=counted, cancel=job.cancel)
        # A spectrum of masks near the whole model says nothing about few parts: this one is of masks of its own.
        masks = draw("uniform", game.n_players, n_samples(explanation), np.random.default_rng(seed))
        samples = masks, metered(masks)
        curve = pruning_curve(metered, samples, sizes=tried, held_out=held_out, seed=seed)
        chosen = [one.kept for one in curve if one.method == METHODS[0]]
        circuits = {len(kept): circuit(metered, kept, n_subsets=_SUBSETS) for kept in chosen}
        ends = {name: _ends(one) for name, one in {"": metered, **held_out}.items()}
    return Pruning(tuple(curve), circuits, ends)


def _counted(job: Job, expected: int) -> Progress:
    """Progress over many calls of a game, each of which counts from nought."""
    before = 0

    def report(done: int, total: int) -> None:
        nonlocal before
        job.report("ablating", min(expected, before + done), expected)
        before += total if done == total else 0

    return report


def n_samples(explanation: Explanation) -> int:
    """Uniform masks from which `prune` learns, and random sets that it tries of each size."""
    return min(explanation.masks_asked, 2 ** len(explanation.players))


def _ends(game: Game) -> tuple[float, float]:
    nothing, whole = game(np.repeat([[False], [True]], game.n_players, axis=1)).tolist()
    return nothing, whole


def _held_out(explanation: Explanation, others: Prompts, game: Any) -> dict[str, Game]:
    """The same parts on other prompts, what ablated ones say being the same too."""
    from spexcore.lenses import build

    if not others:
        return {}
    asked = {name: value for name, value in explanation.recipe.items() if name not in ("text", "target", "versus")}
    if asked["ablation"] in ("mean", "resample") and asked["reference"] is None:
        asked["reference"] = [prompt["text"] for prompt in _prompts(explanation)]
    rows = [dict(zip(("text", "target", "versus"), row, strict=True)) for row in others]
    return {score: build({**asked, "prompts": rows, "score": score}, game.model) for score in ("margin", "accuracy")}


def _prompts(explanation: Explanation) -> Sequence[Mapping[str, Any]]:
    return explanation.recipe.get("prompts") or (explanation.recipe,)
