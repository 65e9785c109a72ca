"""Several methods on the same masks: fitted to the same values, judged on the same held-out masks."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spexcore.errors import BadInput, BadValue, Cancelled
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import Estimator, SampleEstimator
from spexcore.explain import HELD_OUT
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.faithfulness import Faithfulness, faithfulness, hold_out
from spexcore.game import Game, Memory, MeteredGame, Progress, Values
from spexcore.interactions import REPORTED_ORDER, Interactions
from spexcore.masks import Coalition, Masks
from spexcore.progress import Step
from spexcore.spectrum import Spectrum
from spexcore.spread import draw_spread

#: By their names in ESTIMATORS. Those that take no given masks (SPEX) design their own, as many.
METHODS = ("walshgp", "stackspex", "proxyspex", "spex", "kernelshap", "lime", "lasso", "banzhaf")


@dataclass(frozen=True)
class MethodFit:
    """What one method made of the masks. own_masks: it designed its own; seconds: of fitting, ablations apart."""

    method: str
    own_masks: bool
    n_masks: int
    seconds: float
    faithfulness: Faithfulness
    spectrum: Spectrum

    def interactions(self, index: str = DEFAULT_INDEX) -> Interactions:
        """Scores of an index, to the order that explanations report."""
        return self.spectrum.interactions(index, max_order=min(REPORTED_ORDER, max(1, self.spectrum.order)))


@dataclass(frozen=True)
class SameMasks:
    """Methods side by side on one game. refused: method -> the sentence that says why it could not.

    measured: coalition -> co-Moebius value from real ablations, of the run whose masks these are.
    """

    players: tuple[str, ...]
    masks: str
    n_masks: int
    masks_paid: int
    fits: tuple[MethodFit, ...]
    refused: Mapping[str, str]
    measured: Mapping[Coalition, float]

    def leading(self, index: str = DEFAULT_INDEX, top: int = 3) -> list[Coalition]:
        """The `top` terms of every method, and of those the run has measured; by order, then in reading order."""
        rankings = [fit.interactions(index).ranked() for fit in self.fits]
        if index == DEFAULT_INDEX:
            rankings.append(sorted(self.measured.items(), key=lambda term: -abs(term[1])))
        leading = {S for ranked in rankings for S, score in [term for term in ranked if term[0]][:top] if score}
        return sorted(leading, key=lambda S: (len(S), S))

    def to_json(self, index: str = DEFAULT_INDEX, top: int = 5) -> dict[str, Any]:
        return {
            "masks": self.masks,
            "n_masks": self.n_masks,
            "masks_paid": self.masks_paid,
            "index": index,
            "methods": [_fit_json(fit, index, top) for fit in self.fits],
            "refused": dict(self.refused),
        }


def same_masks(
    game: Game,
    explanation: Explanation,
    *,
    methods: Sequence[str] = METHODS,
    held_out: int = HELD_OUT,
    memory: Memory | None = None,
    on_progress: Callable[[Step], None] | None = None,
    cancel: threading.Event | None = None,
) -> SameMasks:
    """Fit methods of ESTIMATORS, with their own settings, to as many masks as a run of this game asked for.

    The masks are drawn as the run's were (its distribution and seed), none of them chosen to verify anything; all
    methods see the same values and are judged on the same masks that none of them has seen. Raises BadInput, Cancelled.
    """
    _check(game, explanation, methods)
    report = _reporter(on_progress)
    metered = MeteredGame(game, memory=memory, on_progress=report("ablating"), cancel=cancel)
    drawn = draw_spread(
        explanation.masks, game.n_players, explanation.masks_asked, np.random.default_rng(explanation.seed)
    )
    given = _Given(drawn, metered(drawn), explanation.seed)
    trials: list[_Trial] = []
    refused: dict[str, str] = {}
    for done, method in enumerate(methods):
        report(f"fitting {ESTIMATORS[method].__name__}")(done, len(methods))
        if cancel is not None and cancel.is_set():
            raise Cancelled(f"Stopped after {done} methods; the ablations are kept.")
        try:
            trials.append(_tried(ESTIMATORS[method](), metered, given))
        except (BadInput, BadValue) as error:
            refused[ESTIMATORS[method].__name__] = str(error)
    report("judging")(0, 0)
    fits = _judged(trials, metered, given, held_out)
    return SameMasks(
        game.players, explanation.masks, len(drawn), metered.paid, fits, refused, dict(explanation.measured)
    )


@dataclass(frozen=True)
class _Given:
    masks: Masks
    values: Values
    seed: int


@dataclass(frozen=True)
class _Trial:
    method: str
    spectrum: Spectrum
    masks: Masks
    seconds: float


class _Stopwatch(Game):
    """A game that counts the seconds spent in it."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self.seconds = 0.0

    players = property(lambda self: self._game.players)
    key = property(lambda self: self._game.key)

    def _values(self, masks: Masks) -> Values:
        started = time.perf_counter()
        try:
            return self._game(masks)
        finally:
            self.seconds += time.perf_counter() - started


def _check(game: Game, explanation: Explanation, methods: Sequence[str]) -> None:
    if game.key != explanation.key:
        raise BadInput("`game` must be the one that the run explains; got another. Build it from the run's recipe.")
    unknown = [method for method in methods if method not in ESTIMATORS]
    if unknown or not methods:
        raise BadInput(f"`methods` must be some of {', '.join(ESTIMATORS)}; got {', '.join(unknown) or 'none'}.")


def _reporter(on_progress: Callable[[Step], None] | None) -> Callable[[str], Progress]:
    """Phase -> what tells its progress."""

    def of_phase(phase: str) -> Progress:
        def tell(done: int, total: int) -> None:
            if on_progress is not None:
                on_progress(Step(phase, done, total))

        return tell

    return of_phase


def _tried(estimator: Estimator, game: MeteredGame, given: _Given) -> _Trial:
    """Fitted to the masks given, or of a method that takes none to as many that it designs."""
    started = time.perf_counter()
    if isinstance(estimator, SampleEstimator):
        spectrum = estimator.fit(given.masks, given.values, seed=given.seed, players=game.players)
        return _Trial(estimator.name, spectrum, given.masks, time.perf_counter() - started)
    own = MeteredGame(game)
    timed = _Stopwatch(own)
    estimator.check_budget(len(given.masks), game.n_players)
    spectrum = estimator.estimate(timed, budget=len(given.masks), seed=given.seed)
    return _Trial(estimator.name, spectrum, own.samples()[0], time.perf_counter() - started - timed.seconds)


def _judged(trials: Sequence[_Trial], game: MeteredGame, given: _Given, held_out: int) -> tuple[MethodFit, ...]:
    """Each on held-out masks that none of them has seen."""
    seen = np.vstack([given.masks, *(trial.masks for trial in trials if trial.masks is not given.masks)])
    uniform, near = (hold_out(game, kind, held_out, given.seed, seen) for kind in ("uniform", "near"))
    return tuple(
        MethodFit(
            method=trial.method,
            own_masks=trial.masks is not given.masks,
            n_masks=len(trial.masks),
            seconds=trial.seconds,
            faithfulness=faithfulness(trial.spectrum, uniform, near),
            spectrum=trial.spectrum,
        )
        for trial in trials
    )


def _fit_json(fit: MethodFit, index: str, top: int) -> dict[str, Any]:
    found = fit.interactions(index)
    leading = found.ranked()[:top]
    return {
        "method": fit.method,
        "own_masks": fit.own_masks,
        "n_masks": fit.n_masks,
        "seconds": round(fit.seconds, 3),
        "faithfulness": fit.faithfulness.to_json(),
        "terms": [{"coalition": list(S), "players": list(found.names(S)), "score": score} for S, score in leading],
    }
