"""Progress of a run: what it is busy with, how far it is, and how faithful it has become."""

from collections.abc import Callable
from dataclasses import dataclass

from spexcore.game import MeteredGame


@dataclass(frozen=True)
class Step:
    """How far a run is: masks known so far of all it may ask for, and what it is busy with.

    asked: masks asked for the estimate, those held out not counted. r2: held-out R2 of what is known, where it has just
    been judged; else None.
    """

    phase: str  # "discover" | "verify" | "judge"; of several methods on the same masks, in words
    done: int
    total: int
    asked: int = 0
    r2: float | None = None


class Watch:
    """Turns the progress of single calls into the progress of the run."""

    def __init__(self, on_progress: Callable[[Step], None] | None, budget: int, held_out: int) -> None:
        self._on_progress = on_progress
        self._total = budget + held_out
        self._before = 0
        self._held = 0  # held-out masks known before the run is over
        self._budget = budget
        self._game: MeteredGame | None = None
        self._phase = ""

    @property
    def listening(self) -> bool:
        """Whether anybody hears of it."""
        return self._on_progress is not None

    def follow(self, game: MeteredGame, phase: str) -> MeteredGame:
        """From now on progress is this game's."""
        self._game, self._phase = game, phase
        self._before, self._held = (0, self._held) if phase == "discover" else (self._budget, 0)
        return game

    def judged(self, r2: float) -> None:
        """What is known so far was judged: this held-out R2."""
        if self._game is not None:
            self._tell("discover", self._game.asked + self._held, r2)

    def see(self, done: int, total: int) -> None:
        """Masks done of one call of the game that is followed."""
        if self._game is not None:
            phase = "verify" if self._phase == "discover" and self._game.asked else self._phase
            self._tell(phase, self._before + self._held + self._game.asked + done)

    def see_held_out(self, done: int, total: int) -> None:
        """Held-out masks done while the game that is followed waits."""
        self._held = max(self._held, done)
        if self._game is not None:
            self._tell("judge", self._held + self._game.asked)

    def _tell(self, phase: str, known: int, r2: float | None = None) -> None:
        if self._on_progress is not None and self._game is not None:
            self._on_progress(Step(phase, min(known, self._total), self._total, self._game.asked, r2))
