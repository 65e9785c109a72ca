"""What worker threads do for a request: an R2 that rises while they work, and an end with what is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from dashboard import runs, work
from dashboard.jobs import Job
from dashboard.request import Method, Models, Request
from spexcore.errors import Cancelled
from spexcore.explanation import Explanation
from spexcore.game import Game
from spexcore.lenses import SyntheticGame

GAME = SyntheticGame(16, {(0, 1): 4.0, (2,): -1.0, (3, 4, 5): 2.0})
METHOD = Method(method="lasso", max_order=2, budget=512, masks="mixed", verify=5, seed=0)


@dataclass(frozen=True)
class Question:
    """A question that needs no model."""

    lens: ClassVar[str] = "synthetic"
    units: ClassVar[str] = "players"
    n_players: ClassVar[int] = 16

    def game(self, models: Models) -> Game:
        return GAME


def explained(job: Job, method: Method = METHOD) -> Explanation:
    name = work.explain_question(job, Request(Question(), method), work.Shelf())
    return Explanation.load(runs.saved()[name])


@pytest.fixture
def ending() -> Callable[[], Job]:
    """A job that is told it is enough as soon as its curve has begun."""

    class Ended(Job):
        def report(self, phase: str, done: int, total: int) -> None:
            super().report(phase, done, total)
            if self.curve:
                self.enough.set()

    return lambda: Ended("run")


def test_a_job_hears_r2_against_masks_while_it_runs() -> None:
    job = Job("run")
    explanation = explained(job)
    masks, r2 = zip(*job.curve, strict=True)
    assert len(job.curve) >= 3
    assert list(masks) == sorted(masks)
    assert masks[-1] == explanation.masks_asked
    assert r2[-1] == pytest.approx(explanation.faithfulness.r2, abs=0.05)


def test_a_run_that_is_enough_is_kept_with_what_is_known_and_says_so(ending: Callable[[], Job]) -> None:
    explanation = explained(ending())
    assert explanation.masks_asked < 300
    assert any("Stopped by hand" in note for note in explanation.notes)
    assert explanation.id != explained(Job("again")).id


def test_a_run_ends_at_the_r2_that_is_wanted() -> None:
    explanation = explained(Job("run"), replace(METHOD, r2=0.5))
    assert explanation.wanted_r2 == 0.5
    assert explanation.masks_asked < 512


def test_a_cancelled_run_keeps_no_file() -> None:
    job = Job("run")
    job.cancel.set()
    with pytest.raises(Cancelled):
        explained(job)
    assert not runs.saved()
