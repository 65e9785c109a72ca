"""A question to a model about a prompt: from masks to values, whatever the kind of model."""

from abc import ABC, abstractmethod
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import Masks
from spexcore.models.inputs import Inputs, chosen
from spexcore.models.language_model import LanguageModel
from spexcore.models.operators import ablation as operator
from spexcore.models.prompt import Prompt, check_length
from spexcore.models.rejoin import atoms
from spexcore.models.scoring import Scorer

SECOND = {"cpu": 1e11, "mps": 2e12, "cuda": 1e14}  # floating point operations that a device does in about a second

KNOWN = 2**18  # values remembered by what was read, about 40 MB


class Question(ABC):
    """What a model makes of a prompt when parts of it are gone.

    target, versus: what is asked, in words. batch: masks that take about a second. after: tokens fed behind the prompt.
    """

    target: str
    versus: str | None
    _scorer: Scorer

    def __init__(self, model: LanguageModel, prompt: Prompt, ablation: str, *, after: int) -> None:
        self._model, self._prompt, self._after = model, prompt, after
        check_length(model, len(model.encode(prompt.text, special=prompt.special)) + after, prompt.text)
        self._known: dict[bytes, float] = {}
        self._ablation = operator(model, prompt, ablation)
        self._whole = self._ablation.inputs(np.ones((1, prompt.n_players), dtype=bool))
        self.batch = batch_size(model, int(self._whole.lengths[0]) + after)

    @property
    @abstractmethod
    def answer(self) -> tuple[str, float]:
        """The model's own answer to the whole prompt, and its probability."""

    @abstractmethod
    def score(self, inputs: Inputs) -> NDArray[np.float64]:
        """(n_inputs,), float64, of distinct inputs."""

    def values(self, masks: Masks) -> NDArray[np.float64]:
        """(n_masks,), float64; what reads the same is computed once, in this call and over calls."""
        inputs = self.inputs(masks)
        digests = _digests(inputs)
        if len(self._known) > KNOWN:
            self._known.clear()
        fresh = self._fresh(digests)
        if fresh:
            found = self.score(chosen(inputs, np.array(list(fresh.values())))).tolist()
            self._known.update(zip(fresh, found, strict=True))
        return np.array([self._known[digest] for digest in digests])

    def unknown(self, inputs: Inputs) -> Inputs:
        """The distinct ones among the inputs that are still to be computed."""
        return chosen(inputs, np.array(list(self._fresh(_digests(inputs)).values()), dtype=np.int64))

    def _fresh(self, digests: list[bytes]) -> dict[bytes, int]:
        """The first row of each content that is not known."""
        first = dict(zip(reversed(digests), range(len(digests) - 1, -1, -1), strict=True))
        return {digest: row for digest, row in first.items() if digest not in self._known}

    def inputs(self, masks: Masks) -> Inputs:
        """What the model reads for each mask; raises BadInput when an ablation makes the prompt too long."""
        inputs = self._ablation.inputs(masks)
        if (longest := int(inputs.lengths.max()) + self._after) > self._model.max_tokens:
            most = self._model.max_tokens
            raise BadInput(f"`ablation` must not lengthen the prompt beyond {most} tokens; a mask gives {longest}.")
        return inputs

    def shown(self, kept: list[bool]) -> str:
        """The ablated text as a person reads it."""
        text = ""
        for space, piece, player in atoms(self._prompt.pieces):
            left = piece if player is None else self._ablation.shown(piece, kept[player])
            text += space + left if left else ""
        return text

    @property
    def forwards(self) -> int:
        """Distinct inputs computed so far."""
        return self._scorer.forwards

    @property
    def tokens_forwarded(self) -> int:
        """Tokens fed to the network so far."""
        return self._scorer.tokens_forwarded

    @property
    def notes(self) -> list[str]:
        """What the run had to give up, in sentences."""
        return self._scorer.notes


def _digests(inputs: Inputs) -> list[bytes]:
    return [blake2b(content, digest_size=16).digest() for content in inputs.contents()]


def batch_size(model: LanguageModel, n_tokens: int) -> int:
    """Masks of n_tokens that a device computes in about a second."""
    body = model.n_parameters - model.network.get_input_embeddings().weight.numel()
    return int(np.clip(SECOND[model.device.split(":")[0]] / (2.0 * body * n_tokens), 16, 2048))
