"""What the worker threads do for a training lens beside explaining it: gather evidence, correct labels, fine-tune."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.jobs import Job
from spexcore.errors import BadInput, Cancelled
from spexcore.explanation import Explanation
from spexcore.game import Game

if TYPE_CHECKING:
    from spexcore.lenses import TrainingLens
    from spexcore.lenses.fine_tuning import FineTuned


@dataclass(frozen=True)
class Corrected:
    """A head trained again with other labels in some rows. value: what is explained; shares: label -> probability."""

    rows: tuple[int, ...]
    value_before: float
    value_after: float
    before: Mapping[str, list[float]]
    after: Mapping[str, list[float]]


def with_evidence(job: Job, game: Game, explanation: Explanation) -> Explanation:
    """The explanation with what retraining says beside it; any other lens's as it is."""
    from spexcore.evidence import gather
    from spexcore.lenses import TrainingLens

    if not isinstance(game, TrainingLens):
        return explanation

    def begin(part: str) -> None:
        if job.cancel.is_set():
            raise Cancelled("Stopped while evidence was gathered; the run itself is kept.")
        job.report(f"gathering evidence: {part}", 0, 0)

    return replace(explanation, evidence=gather(game, explanation, begin).to_json())


def corrected(game: Game, labels: Mapping[int, str]) -> Corrected:
    """Train again with these labels: row -> label."""
    lens = _of_training(game)
    changed = lens.relabelled(labels)
    everything = np.ones((1, lens.n_players), dtype=bool)
    before, after = (float(one(everything)[0]) for one in (lens, changed))
    return Corrected(tuple(sorted(labels)), before, after, lens.probabilities, changed.probabilities)


def fine_tuning_seconds(game: Game) -> float:
    """What `fine_tuned` will take here, measured on a batch."""
    from spexcore.lenses.fine_tuning import seconds

    return seconds(_of_training(game))


def fine_tuned(job: Job, game: Game, rows: Sequence[int]) -> "FineTuned":
    """Train encoder and head with and without these rows."""
    from spexcore.lenses.fine_tuning import confirm_by_fine_tuning

    def told(done: int, total: int) -> None:
        job.report("fine-tuning", done, total)

    return confirm_by_fine_tuning(_of_training(game), rows, on_progress=told, cancel=job.cancel)


def _of_training(game: Game) -> "TrainingLens":
    from spexcore.lenses import TrainingLens

    if not isinstance(game, TrainingLens):
        raise BadInput("Only a run on training data can be trained again; this one explains something else.")
    return game
