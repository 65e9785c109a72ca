"""Progress of a run: what it is busy with, how far it is, and how faithful it has become."""

from collections.abc import Callable
from dataclasses import dataclass

from spexcore.game import MeteredGame


@dataclass(frozen=True)
class Step:
    """How far a run is: masks known so far of all it may ask for, and what it is busy with.

    r2: held-out R2 of the round that has just ended; None between rounds, and in a run that has none.
    """

    phase: str  # "discover" | "verify" | "judge"
    done: int
    total: int
    r2: float | None = None


class Watch:
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

    def judged(self, r2: float) -> None:
        """A round has ended with this held-out R2."""
        if self._on_progress is not None and self._game is not None:
            self._on_progress(Step("discover", min(self._game.asked, self._total), self._total, r2))

    def see(self, done: int, total: int) -> None:
        if self._on_progress is None or self._game is None:
            return
        phase = "verify" if self._phase == "discover" and self._game.asked else self._phase
        known = self._before + self._game.asked + done
        self._on_progress(Step(phase, min(known, self._total), self._total))
