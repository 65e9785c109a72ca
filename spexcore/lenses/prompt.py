"""The prompt lens: players are parts of a prompt, the value how strongly the model gives an answer without some."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from spexcore.errors import BadInput
from spexcore.game import Values
from spexcore.lenses.model_lens import ModelLens
from spexcore.lenses.spans import Spans, split
from spexcore.masks import Masks, as_masks

if TYPE_CHECKING:
    from spexcore.models import LanguageModel
    from spexcore.models.probe import Cost

_SHORT = ("bfloat16", "float16")  # formats whose rounding is measured against float32
_CALIBRATION = 32  # on that many masks


@dataclass(frozen=True)
class Answer:
    """What the model says of the whole prompt: the answer in words, and its probability."""

    text: str
    probability: float


@final
class PromptLens(ModelLens):
    """Parts of a prompt: which words, and which of them together, make the model answer as it does.

    spans: tokens | words | sentences | lines | marked ([[double brackets]]). ablation: mask | pad | unk | mean | drop |
    remove | word:x | auto (mask where the model has a mask token, else remove). target: the model's own answer by
    default; a label, whose log-odds are the value, or a continuation, whose log-probability is; with versus the
    difference of two. chat: whether the text is the user's turn
    of the model's chat template (by default if there is one). `forwards` counts distinct inputs computed,
    `tokens_forwarded` their tokens; `notes` says what a run had to give up. question: what is asked of the model, the
    layer below.
    """

    def __init__(
        self,
        model: "LanguageModel",
        text: str,
        *,
        target: str | None = None,
        versus: str | None = None,
        spans: str = "words",
        ablation: str = "mask",
        chat: bool | None = None,
    ) -> None:
        from spexcore.models import asking

        self.model = model
        self.spans = spans
        self.ablation = asking.suitable_ablation(model) if ablation == "auto" else ablation
        self.typed = clean(text)
        self._spans = split_for(model, self.typed, spans)
        self.chat = asking.has_chat(model) if chat is None else chat
        asked = asking.Asked(target, versus, self.ablation, self.chat)
        self.question = asking.ask(model, self._spans.pieces, asked)
        self._calibrated = False

    players = property(lambda self: self._spans.players)
    text = property(lambda self: self._spans.text)
    pieces = property(lambda self: self._spans.pieces)
    target = property(lambda self: self.question.target)
    versus = property(lambda self: self.question.versus)

    @cached_property
    def recipe(self) -> dict[str, Any]:
        asked = {"text": self.typed, "target": self.target, "versus": self.versus}
        how = {"spans": self.spans, "ablation": self.ablation, "chat": self.chat}
        return {"lens": "prompt", "model": self.model.recipe, **asked, **how, "unit": self.unit}

    @cached_property
    def answer(self) -> Answer:
        """The model's own answer to the whole prompt."""
        return Answer(*self.question.answer)

    def ablated(self, mask: object) -> str:
        """The text that a mask leaves, as a person reads it: [MASK] and the like in place of players, or nothing."""
        kept = np.asarray(mask, dtype=bool).ravel()
        if len(kept) != self.n_players:
            raise BadInput(f"`mask` must have one entry for each of the {self.n_players} players; got {len(kept)}.")
        return self.question.shown(kept.tolist())

    def cost(self, masks: object) -> "Cost":
        """What the values of masks will take: distinct inputs, tokens and seconds; computes a few of them to know."""
        from spexcore.models.probe import cost

        return cost(self.question, as_masks(masks, self.n_players))

    def _values(self, masks: Masks) -> Values:
        values = self.question.values(masks)
        if not self._calibrated and self.model.dtype in _SHORT and len(masks) >= _CALIBRATION:
            self._calibrate(masks[:_CALIBRATION], values[:_CALIBRATION])
        return values

    def _calibrate(self, masks: Masks, values: Values) -> None:
        """Notes what the short number format of the model costs."""
        from spexcore.models.rounding import measured

        self._calibrated = True
        settings = {"target": self.target, "versus": self.versus, "spans": self.spans, "ablation": self.ablation}
        exact = lambda model: PromptLens(model, self.typed, **settings, chat=self.chat)(masks)  # noqa: E731
        self.notes.append(measured(self.model, values, exact))


def split_for(model: "LanguageModel", text: str, spans: str) -> Spans:
    """The players of a text; `tokens` are the model's own."""
    if spans != "tokens":
        return split(text, spans)
    from spexcore.models.prompt import token_ranges

    split(text, "lines")  # an empty prompt is refused in the same words
    if not (ranges := token_ranges(model, text)):
        raise BadInput(f"`text` must have something {model.id!r} can read; it makes no token of {text[:40]!r}.")
    return Spans(text, ranges)


def clean(text: str) -> str:
    """The text, if it can be written at all."""
    if not isinstance(text, str):
        raise BadInput(f"`text` must be a string; got {type(text).__name__}.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"`text` must be valid Unicode; it has half a surrogate pair at {error.start}.") from error
    return text
