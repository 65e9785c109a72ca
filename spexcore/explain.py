"""explain: spend a budget of masks on a game, recover its spectrum, judge it. The one way in."""

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from spexcore.estimators import StackSPEX
from spexcore.estimators.base import Estimator
from spexcore.explanation import Explanation
from spexcore.faithfulness import faithfulness, hold_out, r2_score
from spexcore.game import Game, KeptValues, Memory, MeteredGame, Values
from spexcore.intervals import coefficient_intervals, doubt
from spexcore.masks import Masks, pack
from spexcore.progress import Step, Watch
from spexcore.recovery import Judge, Request, Stops, recover
from spexcore.removal import undone
from spexcore.spectrum import Spectrum
from spexcore.verification import measured_terms

AUTO, AUTO_R2 = 8192, 0.9  # masks at most, and the held-out R2 that is enough, where nobody says
HELD_OUT = 256  # masks of each kind kept away from the estimator, beyond the budget
REMOVING = 4  # the removal curve may cost this fraction of them
_PACKAGES = ("spexcore", "numpy", "scipy", "scikit-learn", "lightgbm", "torch", "transformers")


def explain(
    game: Game,
    estimator: Estimator | None = None,
    *,
    budget: int | Literal["auto"],
    r2: float | None = None,
    masks: str = "uniform",
    verify: int = 10,
    seed: int = 0,
    held_out: int = HELD_OUT,
    memory: Memory | None = None,
    on_progress: Callable[[Step], None] | None = None,
    cancel: threading.Event | None = None,
    enough: threading.Event | None = None,
) -> Explanation:
    """Explain a game with at most `budget` masks (all 2^n where that is fewer); held-out masks are extra.

    r2: discover in rounds and stop when held-out R2 reaches it, or no longer rises; "auto" is a budget of 8,192 masks
    with r2 = 0.9 unless given. `on_progress` also hears the held-out R2 of what is known so far, as it rises.
    masks: uniform | sizes | near | mixed, how those that discover are drawn (`spexcore.masks.draw`); estimators that
    design their own ignore it. verify: leading terms to measure by real ablations, out of the same budget; 0 spends
    all of it on discovery. memory: values already paid for (`Store.memory`). cancel: an event that stops the run
    between two batches with Cancelled. enough: an event that ends it there with what is known then, judged as always;
    for estimators that take any masks. Raises BadBudget, BadInput, BadValue.
    """
    started = time.perf_counter()
    estimator = estimator if estimator is not None else StackSPEX()
    most, r2 = (AUTO, AUTO_R2 if r2 is None else r2) if budget == "auto" else (budget, r2)
    asked = Request(most, masks, verify, seed, held_out, r2)
    asked.check(estimator, game.n_players)
    memory = memory if memory is not None else KeptValues()
    watch, stops = Watch(on_progress, min(most, 2**game.n_players), 2 * held_out), Stops(cancel, enough)
    metered = MeteredGame(game, budget=most, memory=memory, on_progress=watch.see, cancel=stops)
    between = MeteredGame(game, memory=memory, on_progress=watch.see_held_out, cancel=stops)
    curve = _curve(metered, between, watch, asked)
    spectrum = recover(watch.follow(metered, "discover"), estimator, asked, curve, stops)
    stopped = metered.asked if stops.early else None  # whoever presses later cuts nothing off
    samples = metered.samples()
    lent = len(between.bought.intersection(pack(samples[0])))  # held out on the way, and asked for later
    judge = watch.follow(MeteredGame(game, memory=memory, on_progress=watch.see, cancel=cancel), "judge")
    judged = _judged(spectrum, judge, samples, asked)
    return Explanation(
        spectrum=spectrum,
        masks_asked=metered.asked,
        masks_paid=metered.paid + lent,
        held_out_paid=between.paid - lent + judge.paid,
        seconds=time.perf_counter() - started,
        **judged,
        **_facts(game, estimator, asked, stopped),
    )


def _facts(game: Game, estimator: Estimator, asked: Request, stopped: int | None) -> dict[str, Any]:
    """What was asked, of which game, with which versions: enough to ask it again. stopped: masks it was cut off at."""
    cut = [] if stopped is None else [f"Stopped by hand after {stopped:,} of {asked.budget:,} masks."]
    return {
        "notes": (*game.notes, *cut),
        "estimator": {"name": estimator.name, "parameters": estimator.parameters},
        "seed": asked.seed,
        "masks": asked.masks,
        "budget": asked.budget if stopped is None else stopped,
        "verify": asked.verify,
        "wanted_r2": asked.r2,
        "key": game.key,
        "recipe": game.recipe,
        "versions": _versions(),
    }


def _curve(asking: MeteredGame, judging: MeteredGame, watch: Watch, asked: Request) -> Judge | None:
    """Judges what is known: R2 on uniform masks that are held out so far, told to whoever watches.

    None where nobody does, or where what is held out on the way would soon be asked for: few players, many masks.
    """
    if asked.r2 is None and not (watch.listening and 2**asking.n_players >= 4 * asked.budget):
        return None

    seed = asked.seed if asked.r2 is None else asked.seed + 1  # what decides when to stop does not judge the end

    def judge(spectrum: Spectrum) -> float:
        held = hold_out(judging, "uniform", asked.held_out, seed, asking.samples()[0])
        found = r2_score(held.values, spectrum.predict(held.masks))
        watch.judged(found)
        return found

    return judge


def _judged(spectrum: Spectrum, judge: MeteredGame, samples: tuple[Masks, Values], asked: Request) -> dict[str, Any]:
    """What is measured, and what held-out masks, and a few removals beside them, say of the spectrum."""
    measured = measured_terms(*samples)
    uniform, near = (hold_out(judge, kind, asked.held_out, asked.seed, samples[0]) for kind in ("uniform", "near"))
    removal = undone(judge, spectrum, measured, n_masks=asked.held_out // REMOVING, seed=asked.seed)
    found = replace(faithfulness(spectrum, uniform, near), removal=removal)
    return {
        "measured": measured,
        "faithfulness": found,
        "doubt": doubt(spectrum, judge, near, measured),
        "coefficient_intervals": coefficient_intervals(spectrum, uniform, *samples),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
