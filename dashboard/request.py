"""What a visitor asks for: one frozen request, checked before anything is paid."""

from dataclasses import asdict, dataclass
from typing import Any

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import Estimator
from spexcore.explanation import Explanation
from spexcore.game import content_key
from spexcore.lenses.spans import split


@dataclass(frozen=True)
class Request:
    """A prompt and how to explain it. target: None is the model's own answer."""

    model: str
    text: str
    spans: str
    target: str | None
    ablation: str
    method: str
    max_order: int | None
    budget: int
    masks: str
    verify: int
    seed: int

    @property
    def id(self) -> str:
        """Twelve hex digits: equal requests, equal ids."""
        return content_key(asdict(self))[:12]

    @property
    def n_players(self) -> int | None:
        """Players of the prompt; None for tokens, which only the model can count. Raises BadInput on a bad prompt."""
        return None if self.spans == "tokens" and self.text.strip() else len(split(self.text, self.spans).players)

    @property
    def estimator(self) -> Estimator:
        """The estimator with the settings of this request; raises BadInput for an unknown one."""
        if self.method not in ESTIMATORS:
            raise BadInput(f"`method` must be one of {', '.join(ESTIMATORS)}; got {self.method!r}.")
        kind = ESTIMATORS[self.method]
        known = kind().parameters
        name = next((name for name in ("max_order", "order") if name in known), None)
        return kind() if name is None or self.max_order is None else kind(**{name: self.max_order})

    def check(self, n_players: int | None) -> None:
        """Raise BadBudget, in one sentence, where the budget does not fit this many players (None: not known yet)."""
        if self.budget < 1:
            raise BadBudget(f"`budget` must be at least 1 mask; got {self.budget}.")
        if n_players is None:
            return
        everything = 2**n_players
        if self.budget > everything:
            raise BadBudget(
                f"`budget` must be at most 2^{n_players} = {everything:,} masks for {n_players} {self.spans}; "
                f"got {self.budget:,}. Set it to {everything:,} to evaluate all of them."
            )
        if self.budget < everything:
            self.estimator.check_budget(self.budget, n_players)


def request_of(explanation: Explanation) -> dict[str, Any]:
    """The form's values that ask for this explanation again; a method unknown here is left out."""
    recipe, name = explanation.recipe, str(explanation.estimator.get("name"))
    values = {
        "text": str(recipe.get("text", "")),
        "spans": recipe.get("spans", "words"),
        "target": recipe.get("target") or "",
        "ablation": recipe.get("ablation", "mask"),
        "budget": explanation.budget,
        "masks": explanation.masks,
        "verify": explanation.verify,
        "seed": explanation.seed,
        "max_order": None,
    }
    method = next((key for key, kind in ESTIMATORS.items() if kind.__name__ == name), None)
    if method is None:
        return values
    parameters = explanation.estimator.get("parameters") or {}
    own = ESTIMATORS[method]().parameters
    order = next((key for key in ("max_order", "order") if key in parameters and parameters[key] != own.get(key)), None)
    return {**values, "method": method, "max_order": parameters[order] if order else None}


def asks_for(request: Request, explanation: Explanation) -> bool:
    """Whether this request would give this explanation again."""
    wanted = {**request_of(explanation), "target": request_of(explanation)["target"] or None}
    return "method" in wanted and all(getattr(request, name) == value for name, value in wanted.items())
