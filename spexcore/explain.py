"""explain: spend a budget of masks on a game, recover its spectrum, judge it. The one way in."""

import math
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import WalshGP
from spexcore.estimators.base import Estimator, MaskEstimator
from spexcore.explanation import Explanation
from spexcore.faithfulness import faithfulness, hold_out
from spexcore.game import Game, KeptValues, Memory, MeteredGame
from spexcore.head_start import fit_from
from spexcore.intervals import spread_by_order
from spexcore.masks import DISTRIBUTIONS, Masks, draw, pack
from spexcore.spectrum import Spectrum
from spexcore.verification import check_claims, first_masks, measured_terms
from spexcore.verification import verify as verify_leading

DISCOVER = 0.4  # of the budget; measured on exact games, .3 to .5 find the same terms
ELSEWHERE = 0.2  # of the budget, at least, for masks that discover beyond the single removals
CLAIMS = 0.1  # kept for terms that the final spectrum would report unmeasured
HELD_OUT = 256  # masks of each kind kept away from the estimator, beyond the budget
_PACKAGES = ("spexcore", "numpy", "scipy", "scikit-learn", "lightgbm", "torch", "transformers")


@dataclass(frozen=True)
class Step:
    """How far a run is: masks known so far of all it will ask for, and what it is busy with."""

    phase: str  # "discover" | "verify" | "judge"
    done: int
    total: int


def explain(
    game: Game,
    estimator: Estimator | None = None,
    *,
    budget: int,
    masks: str = "uniform",
    verify: int = 10,
    seed: int = 0,
    held_out: int = HELD_OUT,
    memory: Memory | None = None,
    on_progress: Callable[[Step], None] | None = None,
    cancel: threading.Event | None = None,
) -> Explanation:
    """Explain a game with at most `budget` masks (all 2^n where that is fewer); held-out masks are extra.

    masks: uniform | sizes | near | mixed, how those that discover are drawn (`spexcore.masks.draw`); estimators that
    design their own ignore it. verify: leading terms to measure by real ablations, out of the same budget; 0 spends
    all of it on discovery. memory: values already paid for (`Store.memory`). cancel: an event that stops the run
    between two batches with Cancelled. Raises BadBudget, BadInput, BadValue.
    """
    started = time.perf_counter()
    asked = _Request(budget, masks, verify, seed, held_out)
    estimator = estimator if estimator is not None else WalshGP()
    _check(asked, estimator, game.n_players)
    memory = memory if memory is not None else KeptValues()
    watch = _Watch(on_progress, min(budget, 2**game.n_players), 2 * held_out)
    metered = MeteredGame(game, budget=budget, memory=memory, on_progress=watch.see, cancel=cancel)
    spectrum = _recover(watch.follow(metered, "discover"), estimator, asked)
    samples = metered.samples()
    judge = watch.follow(MeteredGame(game, memory=memory, on_progress=watch.see, cancel=cancel), "judge")
    judged = _judged(spectrum, judge, samples[0], asked)
    return Explanation(
        spectrum=spectrum,
        masks_asked=metered.asked,
        masks_paid=metered.paid,
        seconds=time.perf_counter() - started,
        measured=measured_terms(*samples),
        notes=tuple(game.notes),
        **judged,
        **_facts(game, estimator, asked),
    )


@dataclass(frozen=True)
class _Request:
    """The numbers of one call of explain."""

    budget: int
    masks: str
    verify: int
    seed: int
    held_out: int


def _check(asked: _Request, estimator: Estimator, n_players: int) -> None:
    if asked.masks not in DISTRIBUTIONS:
        raise BadInput(f"`masks` must be one of {', '.join(DISTRIBUTIONS)}; got {asked.masks!r}.")
    if asked.held_out < 2:
        raise BadInput(f"`held_out` must be at least 2 masks of each kind; got {asked.held_out}.")
    if asked.verify < 0:
        raise BadInput(f"`verify` must be the number of leading terms to measure, or 0; got {asked.verify}.")
    if not isinstance(asked.budget, int) or asked.budget < 1:
        raise BadBudget(f"`budget` must be a whole number of masks, at least 1; got {asked.budget!r}.")
    if asked.budget < 2**n_players:
        estimator.check_budget(asked.budget, n_players)


def _facts(game: Game, estimator: Estimator, asked: _Request) -> dict[str, Any]:
    """What was asked, of which game, with which versions: enough to ask it again."""
    return {
        "estimator": {"name": estimator.name, "parameters": estimator.parameters},
        "seed": asked.seed,
        "masks": asked.masks,
        "budget": asked.budget,
        "verify": asked.verify,
        "key": game.key,
        "recipe": game.recipe,
        "versions": _versions(),
    }


def _judged(spectrum: Spectrum, judge: MeteredGame, seen: Masks, asked: _Request) -> dict[str, Any]:
    """What held-out masks say of the spectrum, and what they cost."""
    uniform, near = (hold_out(judge, kind, asked.held_out, asked.seed, seen) for kind in ("uniform", "near"))
    found = faithfulness(spectrum, uniform, near)
    spread = spread_by_order(spectrum, judge, near)
    return {"faithfulness": found, "spread": spread, "held_out_paid": judge.paid}


def _recover(game: MeteredGame, estimator: Estimator, asked: _Request) -> Spectrum:
    """Discover with part of the budget, verify with the rest, and fit everything that is then known."""
    n, budget, top, seed = game.n_players, asked.budget, asked.verify, asked.seed
    first = first_masks(n, budget) if top else np.empty((0, n), dtype=bool)
    share = max(estimator.min_budget(n), math.ceil(DISCOVER * budget), len(first) + math.ceil(ELSEWHERE * budget))
    share = min(share, budget) if top and budget < 2**n else budget
    if not isinstance(estimator, MaskEstimator):
        designed = estimator.estimate(game, budget=share, seed=seed)
        fit = lambda: designed  # noqa: E731
    else:
        game(_led_by(first, draw(asked.masks, n, share, np.random.default_rng(seed))))
        fit = lambda: fit_from(game.expected, estimator, game.samples(), game.players, seed)  # noqa: E731
    if not top or game.asked >= budget:
        return fit()
    verify_leading(game, top=top, budget=math.ceil((1 - CLAIMS) * budget) - game.asked, seed=seed)
    check_claims(game, fit(), top=top, budget=budget - game.asked)
    verify_leading(game, top=top, budget=budget - game.asked, seed=seed, rounds=1)
    return fit()


def _led_by(first: Masks, drawn: Masks) -> Masks:
    """As many masks as were drawn: `first`, the empty one, and the last of the others.

    `draw` lists masks near the prompt before uniform ones, and near the prompt `first` already serves.
    """
    shared = set(pack(first))
    fresh = drawn[[key not in shared for key in pack(drawn)]]
    empty, others = fresh[~fresh.any(axis=1)], fresh[fresh.any(axis=1)]
    room = len(drawn) - len(first) - len(empty)
    return np.vstack([first, empty, others[max(0, len(others) - room) :]])


class _Watch:
    """Turns the progress of single calls into the progress of the run."""

    def __init__(self, on_progress: Callable[[Step], None] | None, budget: int, held_out: int) -> None:
        self._on_progress = on_progress
        self._total = budget + held_out
        self._before = 0
        self._budget = budget
        self._game: MeteredGame | None = None
        self._phase = ""

    def follow(self, game: MeteredGame, phase: str) -> MeteredGame:
        """From now on progress is this game's."""
        self._game, self._phase = game, phase
        self._before = 0 if phase == "discover" else self._budget
        return game

    def see(self, done: int, total: int) -> None:
        if self._on_progress is None or self._game is None:
            return
        phase = "verify" if self._phase == "discover" and self._game.asked else self._phase
        known = self._before + self._game.asked + done
        self._on_progress(Step(phase, min(known, self._total), self._total))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
