"""A question to a model about a prompt: from masks to values, for classifiers and causal models alike."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import Masks
from spexcore.models.inputs import Inputs
from spexcore.models.language_model import LanguageModel
from spexcore.models.operators import ablation as operator
from spexcore.models.prompt import Piece, Prompt, check_length
from spexcore.models.rejoin import atoms
from spexcore.models.scoring import LabelScorer, label_index, log_odds

SECOND = {"cpu": 4e10, "mps": 2e12, "cuda": 1e14}  # multiply-adds times two that a device does in about a second


class Question(ABC):
    """What a model makes of a prompt when parts of it are gone."""

    target: str
    versus: str | None
    batch: int

    def __init__(self, model: LanguageModel, prompt: Prompt, ablation: str) -> None:
        self._model, self._prompt = model, prompt
        everything = np.ones((1, prompt.n_players), dtype=bool)
        check_length(model, len(model.encode(prompt.text, special=prompt.special)), prompt.text)
        self._ablation = operator(model, prompt, ablation)
        self._whole = self._ablation.inputs(everything)
        self.batch = _batch(model, int(self._whole.lengths[0]))

    @property
    @abstractmethod
    def answer(self) -> tuple[str, float]:
        """The model's own answer to the whole prompt, and its probability."""

    @property
    @abstractmethod
    def forwards(self) -> int:
        """Distinct inputs computed so far."""

    @property
    @abstractmethod
    def tokens_forwarded(self) -> int:
        """Tokens fed to the network so far."""

    @abstractmethod
    def values(self, masks: Masks) -> NDArray[np.float64]:
        """(n_masks,), float64."""

    def shown(self, kept: list[bool]) -> str:
        """The ablated text as a person reads it."""
        text = ""
        for space, piece, player in atoms(self._prompt.pieces):
            left = piece if player is None else self._ablation.shown(piece, kept[player])
            text += space + left if left else ""
        return text

    def _inputs(self, masks: Masks) -> Inputs:
        inputs = self._ablation.inputs(masks)
        if (longest := int(inputs.lengths.max())) > self._model.max_tokens:
            raise BadInput(
                f"`ablation` must not lengthen the prompt beyond {self._model.max_tokens} tokens; a mask gives {longest}."
            )
        return inputs


class LabelQuestion(Question):
    """How strongly a classifier speaks for a label: its log-odds."""

    def __init__(
        self, model: LanguageModel, prompt: Prompt, ablation: str, *, target: str | None, versus: str | None
    ) -> None:
        label, other = label_index(model, target, "target"), label_index(model, versus, "versus")
        super().__init__(model, prompt, ablation)
        self._logits = LabelScorer(model, 0).logits(self._whole)[0]
        label = int(self._logits.argmax()) if label is None else label
        if label == other:
            raise BadInput(f"`versus` must be another label than the target {target!r}; got {versus!r}.")
        labels = model.labels or ()
        self.target, self.versus = labels[label], None if other is None else labels[other]
        self._scorer = LabelScorer(model, label, other)

    forwards = property(lambda self: self._scorer.forwards)
    tokens_forwarded = property(lambda self: self._scorer.tokens_forwarded)

    @property
    def answer(self) -> tuple[str, float]:
        best = int(self._logits.argmax())
        odds = log_odds(self._logits[None], best)[0]
        return (self._model.labels or ())[best], float(1 / (1 + np.exp(-odds)))

    def values(self, masks: Masks) -> NDArray[np.float64]:
        return self._scorer.values(self._inputs(masks))


def ask(
    model: LanguageModel, pieces: list[Piece], *, target: str | None, versus: str | None, ablation: str
) -> Question:
    """The question that fits the kind of model."""
    if model.kind == "classifier":
        return LabelQuestion(model, Prompt(tuple(pieces)), ablation, target=target, versus=versus)
    raise BadInput(f"`model` must be a classifier or a causal language model; {model.id!r} is a bare {model.kind}.")


def _batch(model: LanguageModel, n_tokens: int) -> int:
    body = model.n_parameters - model.network.get_input_embeddings().weight.numel()
    return int(np.clip(SECOND[model.device.split(":")[0]] / (2.0 * body * n_tokens), 8, 2048))
