"""The question that fits a model: a label of a classifier, a continuation of a causal model."""

from dataclasses import dataclass
from typing import Any

from spexcore.errors import BadInput
from spexcore.models.continuation_question import ContinuationQuestion, framed
from spexcore.models.label_question import LabelQuestion
from spexcore.models.language_model import LanguageModel
from spexcore.models.prompt import Piece, Prompt
from spexcore.models.question import Question


@dataclass(frozen=True)
class Asked:
    """What is asked of a prompt: target, versus (None: nothing to compare with), the ablation, whether it is a chat."""

    target: str | None
    versus: str | None
    ablation: str
    chat: bool = False


def has_chat(model: LanguageModel) -> bool:
    """Whether prompts of this model are turns of a chat: a causal model whose tokenizer has a template."""
    return model.kind == "causal" and bool(getattr(model.tokenizer, "chat_template", None))


def suitable_ablation(model: LanguageModel) -> str:
    """The operator that every model of its kind can do: mask where there is a mask token, else remove."""
    return "mask" if model.tokenizer.mask_token is not None else "remove"


def ask(model: LanguageModel, pieces: list[Piece], asked: Asked) -> Question:
    """Raises BadInput for a model that answers nothing."""
    settings: dict[str, Any] = {"target": asked.target, "versus": asked.versus}
    if model.kind == "classifier":
        return LabelQuestion(model, Prompt(tuple(pieces)), asked.ablation, **settings)
    if model.kind == "causal":
        return ContinuationQuestion(model, framed(model, pieces, asked.chat), asked.ablation, **settings)
    raise BadInput(f"`model` must be a classifier or a causal language model; {model.id!r} has no answers to explain.")
