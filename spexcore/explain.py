"""explain: spend a budget of masks on a game, recover its spectrum, judge it. The one way in for page, CLI and notebooks."""

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators.base import Estimator, MaskEstimator
from spexcore.explanation import Explanation
from spexcore.faithfulness import faithfulness, hold_out
from spexcore.game import Game, KeptValues, Memory, MeteredGame
from spexcore.intervals import spread_by_order
from spexcore.masks import DISTRIBUTIONS, draw
from spexcore.spectrum import Spectrum

HELD_OUT = 256  # masks of each kind kept away from the estimator, beyond the budget
_PACKAGES = ("spexcore", "numpy", "scipy", "scikit-learn", "lightgbm", "torch", "transformers")


@dataclass(frozen=True)
class Step:
    """How far a run is: masks known so far of all it will ask for, and what it is busy with."""

    phase: str  # "estimate" | "judge"
    done: int
    total: int


def explain(
    game: Game,
    estimator: Estimator | None = None,
    *,
    budget: int,
    masks: str = "uniform",
    seed: int = 0,
    held_out: int = HELD_OUT,
    memory: Memory | None = None,
    on_progress: Callable[[Step], None] | None = None,
    cancel: threading.Event | None = None,
) -> Explanation:
    """Explain a game with at most `budget` masks (all 2^n where that is fewer); held-out masks are extra.

    masks: uniform | sizes | near | mixed, how they are drawn (`spexcore.masks.draw`); estimators that design their
    own ignore it. memory: values already paid for (`Store.memory`). cancel: an event that stops the run between two
    batches with Cancelled. Raises BadBudget, BadInput, BadValue.
    """
    started = time.perf_counter()
    estimator = estimator if estimator is not None else _default()
    _check(estimator, budget, masks, game.n_players, held_out)
    memory = memory if memory is not None else KeptValues()
    watch = _Watch(on_progress, min(budget, 2**game.n_players), 2 * held_out)
    metered = MeteredGame(game, budget=budget, memory=memory, on_progress=watch.estimate, cancel=cancel)
    spectrum = _recover(metered, estimator, budget, masks, seed)
    judge = MeteredGame(game, memory=memory, on_progress=watch.judge, cancel=cancel)
    seen = metered.samples()[0]
    uniform = hold_out(judge, "uniform", held_out, seed, seen)
    watch.held_out_done = len(uniform.masks)
    near = hold_out(judge, "near", held_out, seed, seen)
    return Explanation(
        spectrum=spectrum,
        estimator={"name": estimator.name, "parameters": estimator.parameters},
        seed=seed,
        masks=masks,
        budget=budget,
        masks_asked=metered.asked,
        masks_paid=metered.paid,
        held_out_paid=judge.paid,
        seconds=time.perf_counter() - started,
        faithfulness=faithfulness(spectrum, uniform, near),
        spread=spread_by_order(spectrum, near),
        key=game.key,
        recipe=game.recipe,
        versions=_versions(),
    )


def _default() -> Estimator:
    from spexcore.estimators import StackSPEX

    return StackSPEX()


def _check(estimator: Estimator, budget: int, masks: str, n_players: int, held_out: int) -> None:
    if masks not in DISTRIBUTIONS:
        raise BadInput(f"`masks` must be one of {', '.join(DISTRIBUTIONS)}; got {masks!r}.")
    if held_out < 2:
        raise BadInput(f"`held_out` must be at least 2 masks of each kind; got {held_out}.")
    if not isinstance(budget, int) or budget < 1:
        raise BadBudget(f"`budget` must be a whole number of masks, at least 1; got {budget!r}.")
    if n_players > 60 or budget < 2**n_players:
        estimator.check_budget(budget, n_players)


def _recover(game: MeteredGame, estimator: Estimator, budget: int, masks: str, seed: int) -> Spectrum:
    if not isinstance(estimator, MaskEstimator):
        return estimator.estimate(game, budget=budget, seed=seed)
    rows = draw(masks, game.n_players, budget, np.random.default_rng(seed))
    return estimator.fit(rows, game(rows), seed=seed, players=game.players)


class _Watch:
    """Turns the progress of single calls into the progress of the run."""

    def __init__(self, on_progress: Callable[[Step], None] | None, budget: int, held_out: int) -> None:
        self._on_progress = on_progress
        self._budget = budget
        self._total = budget + held_out
        self.held_out_done = 0

    def estimate(self, done: int, total: int) -> None:
        self._tell("estimate", min(done, self._budget))

    def judge(self, done: int, total: int) -> None:
        self._tell("judge", self._budget + self.held_out_done + done)

    def _tell(self, phase: str, done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(Step(phase, min(done, self._total), self._total))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
