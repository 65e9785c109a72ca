"""Values of inputs: what a game is worth, computed pack by pack, each distinct input once."""

from abc import ABC, abstractmethod
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.models.encoder import FAMILIES, EncoderClassifier
from spexcore.models.forward import Block, ClassifierForward, PlainClassifier
from spexcore.models.inputs import Inputs, Ints, packs
from spexcore.models.language_model import LanguageModel

Values = NDArray[np.float64]
TOKENS = {"cpu": 2048, "cuda": 32768, "mps": 8192}  # a pack fills the GEMMs of the device from here on


class Scorer(ABC):
    """A number for each input, and counts of what computing them took."""

    forwards: int = 0
    tokens_forwarded: int = 0

    @abstractmethod
    def values(self, inputs: Inputs) -> Values:
        """(n_inputs,), float64; equal inputs are computed once."""


@final
class LabelScorer(Scorer):
    """Log-odds of a label, logit - logsumexp(the others); against another label, the difference of the two logits."""

    def __init__(self, model: LanguageModel, label: int, versus: int | None = None) -> None:
        self._model, self._label, self._versus = model, label, versus
        self._forward = classifier_forward(model)

    def values(self, inputs: Inputs) -> Values:
        return log_odds(self.logits(inputs), self._label, self._versus)

    def logits(self, inputs: Inputs) -> Values:
        """(n_inputs, n_labels), float64."""
        rows, inverse = distinct(inputs)
        found = np.empty((len(rows), len(self._model.labels or ())))
        lengths = inputs.lengths[rows]
        with torch.inference_mode():
            for pack in packs(lengths, TOKENS[self._model.device.split(":")[0]]):
                logits = self._forward([block(inputs, rows[group], self._model.device) for group in pack])
                found[np.concatenate(pack)] = logits.double().cpu().numpy()
        self.forwards += len(rows)
        self.tokens_forwarded += int(lengths.sum())
        return found[inverse]


def classifier_forward(model: LanguageModel) -> ClassifierForward:
    """The fast forward pass of families that have one, else the network as it is."""
    network = model.network
    known = network.config.model_type in FAMILIES and not getattr(network.config, "is_decoder", False)
    return EncoderClassifier(model) if known else PlainClassifier(model)


def log_odds(logits: Values, label: int, versus: int | None = None) -> Values:
    """(n, n_labels) -> (n,): logit - logsumexp of the other logits, or the difference to one other logit.

    A classifier of one logit is a sigmoid, whose log-odds is that logit.
    """
    if versus is not None:
        return logits[:, label] - logits[:, versus]
    others = np.delete(logits, label, axis=1)
    return logits[:, label] - (np.logaddexp.reduce(others, axis=1) if others.shape[1] else 0.0)


def distinct(inputs: Inputs) -> tuple[Ints, Ints]:
    """(rows of the first of each kind, for every input its place among them)."""
    places: dict[bytes, int] = {}
    inverse = np.array([places.setdefault(key, len(places)) for key in inputs.contents()], dtype=np.int64)
    return np.unique(inverse, return_index=True)[1], inverse


def block(inputs: Inputs, rows: Ints, device: str) -> Block:
    """Rows of one length, on the device."""
    ids, positions = inputs.block(rows)
    there = None if positions is None else torch.from_numpy(positions).to(device)
    return Block(torch.from_numpy(ids).to(device), there)


def label_index(model: LanguageModel, label: str | None, parameter: str) -> int | None:
    """Index of a label by its name, whatever the case; raises BadInput listing the labels."""
    labels = model.labels or ()
    if label is None:
        return None
    found = [i for i, name in enumerate(labels) if name == label] or [
        i for i, name in enumerate(labels) if name.casefold() == str(label).casefold()
    ]
    if not found:
        raise BadInput(f"`{parameter}` must be one of {', '.join(labels)} for {model.id!r}; got {label!r}.")
    return found[0]
