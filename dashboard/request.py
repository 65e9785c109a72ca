"""What a visitor asks for: one frozen request, a lens's question and how to answer it, checked before it is paid."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import Estimator
from spexcore.explanation import Explanation
from spexcore.game import Game, content_key

Prompts = tuple[tuple[str, str, str | None], ...]  # text, target, versus of each


class Models(Protocol):
    """Where models are loaded once and shared."""

    def model(self, name: str) -> Any: ...


class Question(Protocol):
    """What is explained: a frozen dataclass of a lens, whose fields are the form's values by the names of `state`."""

    @property
    def lens(self) -> str: ...

    @property
    def units(self) -> str:
        """What its players are called, in the plural."""

    @property
    def n_players(self) -> int | None:
        """None where only the model can count them. Raises BadInput for what cannot be asked."""

    def game(self, models: Models) -> Game:
        """The game itself; loads what it needs. Raises SpexError."""


@dataclass(frozen=True)
class Method:
    """How a question is answered. r2: held-out R2 at which it may end before the budget does."""

    method: str
    max_order: int | None
    budget: int
    masks: str
    verify: int
    seed: int
    r2: float | None = None

    @property
    def estimator(self) -> Estimator:
        """The estimator with these settings; raises BadInput for an unknown one."""
        if self.method not in ESTIMATORS:
            raise BadInput(f"`method` must be one of {', '.join(ESTIMATORS)}; got {self.method!r}.")
        kind = ESTIMATORS[self.method]
        known = kind().parameters
        name = next((name for name in ("max_order", "order") if name in known), None)
        return kind() if name is None or self.max_order is None else kind(**{name: self.max_order})


@dataclass(frozen=True)
class Request:
    """A question and how to answer it."""

    question: Question
    method: Method

    @property
    def id(self) -> str:
        """Twelve hex digits: equal requests, equal ids."""
        return content_key([self.question.lens, asdict(self.question), asdict(self.method)])[:12]  # type: ignore[call-overload]

    def check(self, n_players: int | None) -> None:
        """Raise BadBudget, in one sentence, where the budget does not fit this many players (None: not known yet)."""
        budget = self.method.budget
        if budget < 1:
            raise BadBudget(f"`budget` must be at least 1 mask; got {budget}.")
        if n_players is None:
            return
        everything = 2**n_players
        if budget > everything:
            raise BadBudget(
                f"`budget` must be at most 2^{n_players} = {everything:,} masks for {n_players} {self.question.units}; "
                f"got {budget:,}. Set it to {everything:,} to evaluate all of them."
            )
        if budget < everything:
            self.method.estimator.check_budget(budget, n_players)


def method_of(explanation: Explanation) -> dict[str, Any]:
    """The form's values that answer in the way of this explanation; a method unknown here is left out."""
    values = {name: getattr(explanation, name) for name in ("budget", "masks", "verify", "seed")}
    values["r2"] = explanation.wanted_r2
    name = str(explanation.estimator.get("name"))
    method = next((key for key, kind in ESTIMATORS.items() if kind.__name__ == name), None)
    if method is None:
        return {**values, "max_order": None}
    parameters = explanation.estimator.get("parameters") or {}
    own = ESTIMATORS[method]().parameters
    order = next((key for key in ("max_order", "order") if key in parameters and parameters[key] != own.get(key)), None)
    return {**values, "method": method, "max_order": parameters[order] if order else None}


def asks_for(request: Request, explanation: Explanation, question: dict[str, Any]) -> bool:
    """Whether this request would give this explanation again. question: the form's values of the explanation's own."""
    wanted = method_of(explanation)
    same = "method" in wanted and request.question.lens == explanation.lens
    return (
        same
        and all(getattr(request.method, name) == value for name, value in wanted.items())
        and all(getattr(request.question, name) == value for name, value in question.items())
    )
