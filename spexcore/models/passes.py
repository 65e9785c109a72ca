"""What is asked of whole texts: the tokens fed, and the number that is read from the logits behind them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spexcore.errors import BadInput
from spexcore.models.asking import has_chat
from spexcore.models.continuation import readings
from spexcore.models.continuation_question import continuation_ids, framed, greedy_answer
from spexcore.models.forward import in_one_piece
from spexcore.models.language_model import LanguageModel
from spexcore.models.prompt import check_length
from spexcore.models.scoring import label_index


@dataclass(frozen=True)
class Pass:
    """One text: ids, of which the last n_scored are read; signs (n_scored, n_picks) of the log-probabilities of picks.

    For a classifier picks holds one label, or two whose logits are compared. text: which prompt it belongs to.
    compares: whether the value is a difference, right when it is positive.
    """

    text: int
    ids: tuple[int, ...]
    context: int
    picks: NDArray[np.int64]
    signs: NDArray[np.float64]
    compares: bool

    @property
    def n_scored(self) -> int:
        return len(self.picks)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Passes of one shape can be computed together."""
        return len(self.ids), *self.picks.shape


@dataclass(frozen=True)
class Wanted:
    """A prompt with what is asked of it."""

    text: str
    target: str | None = None
    versus: str | None = None


@dataclass(frozen=True)
class Asked:
    """What is asked, in words, and the passes that answer it."""

    target: str
    versus: str | None
    passes: tuple[Pass, ...]


def ask(model: LanguageModel, wanted: Wanted, index: int, chat: bool | None = None) -> Asked:
    """The passes of one prompt; raises BadInput as the prompt lens does."""
    if model.kind == "classifier":
        return _label(model, wanted, index)
    if model.kind == "causal":
        return _continuation(model, wanted, index, has_chat(model) if chat is None else chat)
    raise BadInput(f"`model` must be a classifier or a causal language model; {model.id!r} has no answers to explain.")


def _continuation(model: LanguageModel, wanted: Wanted, index: int, chat: bool) -> Asked:
    prompt = framed(model, [(wanted.text, None)], chat)
    context = model.encode(prompt.text, special=prompt.special) or [model.start_id or 0]
    target = greedy_answer(model, context)[0] if wanted.target is None else wanted.target
    ids = continuation_ids(model, prompt, target, "target")
    other = None if wanted.versus is None else continuation_ids(model, prompt, wanted.versus, "versus")
    if ids == other:
        raise BadInput(f"`versus` must be another continuation than the target {target!r}; got {wanted.versus!r}.")
    check_length(model, len(context) + max(len(ids), len(other or [])) - 1, wanted.text)
    passes = tuple(
        Pass(index, (*context, *one.suffix), len(context), one.picks, one.signs, other is not None)
        for one in readings(ids, other)
    )
    return Asked(target, wanted.versus, passes)


def _label(model: LanguageModel, wanted: Wanted, index: int) -> Asked:
    label, other = (label_index(model, getattr(wanted, name), name) for name in ("target", "versus"))
    ids = model.encode(wanted.text)
    check_length(model, len(ids), wanted.text)
    if label is None:
        with torch.inference_mode():
            label = int(model.network(input_ids=torch.tensor([ids], device=model.device)).logits[0].argmax())
    if label == other:
        raise BadInput(f"`versus` must be another label than the target {wanted.target!r}; got {wanted.versus!r}.")
    picks = np.array([[label] if other is None else [label, other]])
    names = model.labels or ()
    one = Pass(index, tuple(ids), len(ids), picks, np.array([[1.0, -1.0][: picks.size]]), other is not None)
    return Asked(names[label], None if other is None else names[other], (one,))


def groups(passes: Sequence[Pass]) -> Iterator[list[Pass]]:
    """Passes that can be computed together."""
    shapes = sorted({one.shape for one in passes})
    yield from ([one for one in passes if one.shape == shape] for shape in shapes)


def logits(model: LanguageModel, ids: Tensor, n_scored: int) -> Tensor:
    """(n_rows, n_scored, n_tokens) behind the last ids of (n_rows, length); (n_rows, n_labels) of a classifier."""
    # A mask of ones: without it some families guess from the ids what is padding.
    arguments: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if model.kind == "causal":
        arguments |= {"use_cache": False, "logits_to_keep": n_scored}
        with in_one_piece(model.network.get_output_embeddings()):
            return model.network(**arguments).logits[:, -n_scored:]
    return model.network(**arguments).logits


def read(model: LanguageModel, found: Tensor, rows: Sequence[Pass]) -> tuple[Tensor, Tensor]:
    """(value in nats or logits, whether the target is the model's own answer) for each row.

    found: (n_rows, n_scored, n_tokens) of a causal model, (n_rows, n_labels) of a classifier.
    """
    picks = torch.from_numpy(np.stack([one.picks for one in rows])).to(found.device)
    found = found if found.dtype == torch.float64 else found.float()
    signs = torch.from_numpy(np.stack([one.signs for one in rows])).to(found.dtype).to(found.device)
    if model.kind == "classifier":
        values = _log_odds(found, picks[:, 0])
        best = found.argmax(-1) == picks[:, 0, 0] if found.shape[1] > 1 else found[:, 0] > 0
    else:
        chances = found.gather(2, picks) - found.logsumexp(2, keepdim=True)
        values = (chances * signs).sum((1, 2))
        best = (found.argmax(2) == picks[:, :, 0]).all(1)
    return values, best


def _log_odds(logits: Tensor, picks: Tensor) -> Tensor:
    """(n_rows, n_labels) -> (n_rows,): logit - logsumexp of the others, or the difference of two logits."""
    chosen = logits.gather(1, picks)
    if picks.shape[1] == 2:
        return chosen[:, 0] - chosen[:, 1]
    if logits.shape[1] == 1:
        return chosen[:, 0]
    return chosen[:, 0] - logits.scatter(1, picks, -torch.inf).logsumexp(1)
