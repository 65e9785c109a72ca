"""Questions to causal models: how likely a continuation is, or how much likelier than another."""

from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.models.continuation import ContinuationScorer
from spexcore.models.inputs import Inputs
from spexcore.models.language_model import LanguageModel
from spexcore.models.prompt import Piece, Prompt
from spexcore.models.question import Question

ANSWER_TOKENS = 8  # the longest answer that becomes the target by itself
_HERE = "5f1d0b7c"  # stands for the user's text while a chat template is cut in two


@final
class ContinuationQuestion(Question):
    """log p(target | prompt), teacher-forced, summed over the target's tokens, in nats; with versus the difference."""

    def __init__(
        self, model: LanguageModel, prompt: Prompt, ablation: str, *, target: str | None, versus: str | None
    ) -> None:
        self._context = model.encode(prompt.text, special=prompt.special)
        if target is None:
            target = greedy_answer(model, self._context)[0]
        wanted = continuation_ids(model, prompt, target, "target")
        other = None if versus is None else continuation_ids(model, prompt, versus, "versus")
        if wanted == other:
            raise BadInput(f"`versus` must be another continuation than the target {target!r}; got {versus!r}.")
        super().__init__(model, prompt, ablation, after=max(len(wanted), len(other or [])) - 1)
        self.target, self.versus = target, versus
        self._scorer = ContinuationScorer(model, wanted, other, whole=int(self._whole.lengths[0]))

    @cached_property
    def answer(self) -> tuple[str, float]:
        return greedy_answer(self._model, self._context)

    def score(self, inputs: Inputs) -> NDArray[np.float64]:
        return self._scorer.values(inputs)


def framed(model: LanguageModel, pieces: list[Piece], chat: bool) -> Prompt:
    """The pieces as the user's turn of the model's chat template, or as they are."""
    if not chat:
        return Prompt(tuple(pieces))
    turn = [{"role": "user", "content": _HERE}]
    try:
        rendered = model.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    except (ValueError, ImportError, RuntimeError) as error:
        raise BadInput(f"`chat` needs a chat template that {model.id!r} can render: {error}.") from error
    before, here, after = rendered.partition(_HERE)
    if not here:
        raise BadInput(f"`chat` needs a chat template that shows the user's text; that of {model.id!r} does not.")
    return Prompt(tuple(pieces), before, after, special=False)


def continuation_ids(model: LanguageModel, prompt: Prompt, text: str, parameter: str) -> list[int]:
    """Tokens of a continuation where it follows the prompt; raises BadInput when there are none.

    Where prompt and continuation melt into one token, the continuation is tokenised by itself.
    """
    context = model.encode(prompt.text, special=False)
    both = model.encode(prompt.text + text, special=False)
    ids = both[len(context) :] if both[: len(context)] == context else model.encode(text, special=False)
    if not ids:
        raise BadInput(f"`{parameter}` must hold at least one token of {model.id!r}; got {text!r}.")
    return ids


def greedy_answer(model: LanguageModel, context: list[int]) -> tuple[str, float]:
    """What the model itself says next, up to a line's end, with its probability; at most ANSWER_TOKENS tokens."""
    log_probability, text = 0.0, ""
    said: list[int] = []
    cache: Any = None
    fed = torch.tensor([context or [model.start_id or 0]], device=model.device)
    with torch.inference_mode():
        while len(said) < ANSWER_TOKENS:
            output = model.network(input_ids=fed, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache, chances = output.past_key_values, output.logits[0, -1].cpu().double().log_softmax(0)
            token = int(chances.argmax())
            if token in _ends(model) or (text.strip() and "\n" in model.tokenizer.decode([token])):
                break
            said.append(token)
            log_probability += float(chances[token])
            text = model.tokenizer.decode([*context, *said])[len(model.tokenizer.decode(context)) :]
            fed = torch.tensor([[token]], device=model.device)
    if not text.strip():
        raise BadInput(f"`target` must be given: {model.id!r} itself ends the text here.")
    return text.rstrip("\ufffd"), float(np.exp(log_probability))


def _ends(model: LanguageModel) -> set[int]:
    """Tokens that end an answer."""
    listed = model.network.generation_config.eos_token_id
    return {*(listed if isinstance(listed, list) else [listed]), model.tokenizer.eos_token_id}
