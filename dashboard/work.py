"""What the worker threads do: weigh a run, explain, re-ablate. The only place where the page's torch is loaded."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from dashboard import retraining, runs, settings
from dashboard.jobs import Job
from dashboard.request import Request
from spexcore.errors import BadInput
from spexcore.explain import HELD_OUT, explain
from spexcore.explanation import Explanation
from spexcore.game import Game, MeteredGame
from spexcore.masks import Coalition, Masks, corners
from spexcore.progress import Step
from spexcore.same_masks import SameMasks, same_masks
from spexcore.spread import draw_spread
from spexcore.store import Store
from spexcore.validation import Validation, confirm, validate

_PROBE = 8  # masks timed before a run; they are part of it, so nothing is paid twice
_PHASES = {
    "discover": "ablating",
    "verify": "re-ablating the leading terms",
    "judge": "judging on held-out masks",
}

ENDS_EARLY = (_PHASES["discover"], _PHASES["verify"])  # phases in which a job hears that it is enough


class Shelf:
    """The model in use, loaded once and shared by every visitor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[str, Any] = ("", None)

    def model(self, name: str) -> Any:
        """A LanguageModel; the one loaded before makes room for another."""
        with self._lock:
            if self._loaded[0] != name:
                from spexcore.models import LanguageModel

                self._loaded = (name, LanguageModel.load(name))
            return self._loaded[1]


@dataclass(frozen=True)
class Plan:
    """What a run will cost. known: the share that may be in the store already; seconds: for what is to be paid."""

    n_players: int
    masks: int
    held_out: int
    known: float
    seconds: float


@dataclass(frozen=True)
class ReAblation:
    """A coalition measured, with the text of each ablation as the model read it, in the order of the corners."""

    validation: Validation
    texts: tuple[str, ...]
    paid: int


def plan(job: Job, request: Request, shelf: Shelf) -> Plan:
    """Weigh a run: draw its masks, look which are paid for, time a few of the others."""
    game, how = _game(job, request, shelf), request.method
    request.check(game.n_players)
    drawn = draw_spread(how.masks, game.n_players, how.budget, np.random.default_rng(how.seed))
    with closing(Store()) as store:
        known = store.count(game.key)
        pace = _pace(MeteredGame(game, memory=store.memory(game.key), cancel=job.cancel), drawn)
    asked = min(len(drawn) + 2 * HELD_OUT, 2**game.n_players)  # distinct masks; a tiny game is judged on all it has
    return Plan(game.n_players, len(drawn), asked - len(drawn), min(1.0, known / asked), pace * max(0, asked - known))


def _pace(game: MeteredGame, drawn: Masks) -> float:
    """Seconds a mask, from a few masks of the run; those that are known cost nothing and are left out."""
    sample = np.random.default_rng(0).permutation(drawn)[: _PROBE + 1]
    game(sample[:1])  # the first call of a model is slow and says nothing about the others
    paid, started = game.paid, time.perf_counter()
    game(sample)
    return (time.perf_counter() - started) / max(1, game.paid - paid)


def explain_question(job: Job, request: Request, shelf: Shelf) -> str:
    """Run a request to the end and keep its run file; the id of the explanation."""
    game, asked = _game(job, request, shelf), request.method
    request.check(game.n_players)
    with closing(Store()) as store:
        explanation = explain(
            game,
            asked.estimator,
            budget=asked.budget,
            r2=asked.r2,
            masks=asked.masks,
            verify=asked.verify,
            seed=asked.seed,
            memory=store.memory(game.key),
            on_progress=partial(_hear, job),
            cancel=job.cancel,
            enough=job.enough,
        )
    job.result = runs.keep(explanation)  # whoever stops what follows has it
    return runs.keep(retraining.with_evidence(job, game, explanation))


def gather_evidence(job: Job, explanation: Explanation, shelf: Shelf) -> str:
    """Keep the run of a training lens with what retraining says beside it; the id of the run."""
    found = retraining.with_evidence(job, rebuilt(job, explanation, shelf), explanation).evidence
    return runs.change(explanation, lambda newest: replace(newest, evidence=found))


def correct_labels(job: Job, explanation: Explanation, labels: Mapping[int, str], shelf: Shelf) -> retraining.Corrected:
    """Train again with other labels in some rows: row -> label."""
    game = rebuilt(job, explanation, shelf)
    job.report("training again", 0, 0)
    return retraining.corrected(game, labels)


def weigh_fine_tuning(job: Job, explanation: Explanation, shelf: Shelf) -> float:
    """Seconds that `fine_tune` will take, measured on a batch."""
    game = rebuilt(job, explanation, shelf)
    job.report("weighing on one batch", 0, 0)
    return retraining.fine_tuning_seconds(game)


def fine_tune(job: Job, explanation: Explanation, rows: Sequence[int], shelf: Shelf) -> Any:
    """Train encoder and head with and without rows of the table: a FineTuned."""
    return retraining.fine_tuned(job, rebuilt(job, explanation, shelf), rows)


def _hear(job: Job, step: Step) -> None:
    job.report(_PHASES.get(step.phase, step.phase), step.done, step.total)
    if step.r2 is not None:
        job.curve.append((step.asked, step.r2))


def re_ablate(job: Job, explanation: Explanation, coalition: Coalition, shelf: Shelf) -> ReAblation:
    """Measure a coalition in the prompt as it stands: 2^|S| ablations, those in the store for nothing."""
    game = rebuilt(job, explanation, shelf)
    with closing(Store()) as store:
        metered = _metered(job, game, store)
        result = validate(metered, coalition, spectrum=explanation.spectrum)
    return ReAblation(result, _texts(game, result.coalition), metered.paid)


def in_contexts(job: Job, explanation: Explanation, coalition: Coalition, shelf: Shelf) -> tuple[float, ...]:
    """The effect of a coalition with the other players kept at random, one value a context."""
    game = rebuilt(job, explanation, shelf)
    with closing(Store()) as store:
        return validate(_metered(job, game, store), coalition, contexts=settings.CONTEXTS).contexts


def confirm_top(job: Job, explanation: Explanation, top: int, shelf: Shelf) -> str:
    """Re-ablate the leading terms and keep the confirmation with the run; the id of the run."""
    game = rebuilt(job, explanation, shelf)
    with closing(Store()) as store:
        found = confirm(_metered(job, game, store), explanation, top=top)
    return runs.change(explanation, lambda newest: replace(newest, confirmation=found))


def try_methods(job: Job, explanation: Explanation, shelf: Shelf) -> SameMasks:
    """Several methods on as many masks as a run asked for, drawn alike; what is in the store costs nothing."""
    game = rebuilt(job, explanation, shelf)
    with closing(Store()) as store:
        return same_masks(
            game,
            explanation,
            memory=store.memory(game.key),
            on_progress=lambda step: job.report(step.phase, step.done, step.total),
            cancel=job.cancel,
        )


def _game(job: Job, request: Request, shelf: Shelf) -> Game:
    job.report("loading the model", 0, 0)
    return request.question.game(shelf)


def rebuilt(job: Job, explanation: Explanation, shelf: Shelf) -> Game:
    """The game of a run, from its recipe; raises BadInput where it would be another one today."""
    from spexcore.lenses import build

    if not explanation.recipe:
        raise BadInput("This run explains a game that only its own program can build; nothing can be re-ablated here.")
    job.report("loading the model", 0, 0)
    model = explanation.model
    game = build(explanation.recipe, shelf.model(str(model["id"])) if model else None)
    if game.key != explanation.key:
        raise BadInput("The model of this run has changed since, so its values would be others. Run it again.")
    return game


def _metered(job: Job, game: Game, store: Store) -> MeteredGame:
    return MeteredGame(
        game,
        memory=store.memory(game.key),
        on_progress=lambda done, total: job.report("re-ablating", done, total),
        cancel=job.cancel,
    )


def _texts(game: Game, coalition: Coalition) -> tuple[str, ...]:
    """Every ablation as a person reads it: the prompt that is left, or of a game without a text what is left out."""
    from spexcore.lenses import ComponentLens, PromptLens, TrainingLens

    masks = corners(coalition, game.n_players)
    if isinstance(game, PromptLens):
        return tuple(game.ablated(mask) for mask in masks)
    if isinstance(game, ComponentLens | TrainingLens):
        return ("",) * len(masks)  # the names of its players say it all
    return tuple(_without([game.players[i] for i in coalition if not mask[i]]) for mask in masks)


def _without(left_out: list[str]) -> str:
    return "without " + ", ".join(left_out) if left_out else "everything kept"
