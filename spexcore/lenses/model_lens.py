"""What lenses on a language model share: a question that is asked of it, whose cost and notes are the lens's own."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from spexcore.game import ROUNDING, Game, content_key

if TYPE_CHECKING:
    from spexcore.models import LanguageModel


# Half of the largest difference seen between values computed together and one by one (`clues`, 192 masks).
_ROUNDING = {"bfloat16": 0.06, "float16": 0.01}


class ModelLens(Game):
    """A game whose values a question of the layer below gives; `recipe` holds everything else they depend on."""

    model: "LanguageModel"
    question: Any
    numerics = 1  # raised when a release changes values beyond rounding, so that stores forget the old ones

    forwards = property(lambda self: self.question.forwards)
    tokens_forwarded = property(lambda self: self.question.tokens_forwarded)
    notes = property(lambda self: self.question.notes)

    @property
    def batch(self) -> int:  # type: ignore[override]
        """Masks between two looks at progress and store: about a second's work."""
        return self.question.batch

    @property
    def rounding(self) -> float:
        """What it is in the number format of the model."""
        return _ROUNDING.get(self.model.dtype, ROUNDING)

    @property
    def unit(self) -> str:
        """What values are counted in: log-odds of a label in logits, log-probabilities of a text in nats."""
        return "logits" if self.model.kind == "classifier" else "nats"

    @cached_property
    def key(self) -> str:
        settings = {name: value for name, value in self.recipe.items() if name not in ("model", "unit")}
        return content_key([settings, self.model.sha256, self.model.dtype, self.numerics])
