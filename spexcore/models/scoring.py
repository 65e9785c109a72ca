"""Values of inputs: log-odds of labels here, log-probabilities of continuations in continuation.py."""

from abc import ABC, abstractmethod
from typing import final

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.models.encoder import FAMILIES, EncoderClassifier
from spexcore.models.forward import ClassifierForward, PlainClassifier
from spexcore.models.inputs import Inputs
from spexcore.models.language_model import LanguageModel
from spexcore.models.running import Runner

Values = NDArray[np.float64]


class Scorer(ABC):
    """A number for each input, and counts of what computing them took."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._runner = Runner(model.device, model.mean_id, spread=model.spread)
        self.forwards = 0
        self.tokens_forwarded = 0

    @property
    def notes(self) -> list[str]:
        """What had to be given up on the way, in sentences."""
        return self._runner.notes

    @abstractmethod
    def values(self, inputs: Inputs) -> Values:
        """(n_inputs,), float64."""


@final
class LabelScorer(Scorer):
    """Log-odds of a label, logit - logsumexp(the others); against another label, the difference of the two logits."""

    def __init__(self, model: LanguageModel, label: int, versus: int | None = None) -> None:
        super().__init__(model)
        self._label, self._versus = label, versus
        self._forward = classifier_forward(model)

    def values(self, inputs: Inputs) -> Values:
        return log_odds(self.logits(inputs), self._label, self._versus)

    def logits(self, inputs: Inputs) -> Values:
        """(n_inputs, n_labels), float64."""
        self.forwards += len(inputs)
        self.tokens_forwarded += len(inputs.ids)
        return self._runner.run(inputs, self._forward)


def classifier_forward(model: LanguageModel) -> ClassifierForward:
    """The fast forward pass of families that have one, else the network as it is."""
    config = model.network.config
    known = config.model_type in FAMILIES and not getattr(config, "is_decoder", False) and not model.spread
    return EncoderClassifier(model) if known else PlainClassifier(model)


def log_odds(logits: Values, label: int, versus: int | None = None) -> Values:
    """(n, n_labels) -> (n,): logit - logsumexp of the other logits, or the difference to one other logit.

    A classifier of one logit is a sigmoid, whose log-odds is that logit.
    """
    if versus is not None:
        return logits[:, label] - logits[:, versus]
    others = np.delete(logits, label, axis=1)
    with np.errstate(invalid="ignore"):  # a model that yields NaN is reported by the game, with the mask
        return logits[:, label] - (np.logaddexp.reduce(others, axis=1) if others.shape[1] else 0.0)


def label_index(model: LanguageModel, label: str | None, parameter: str) -> int | None:
    """Index of a label by its name, whatever the case; raises BadInput listing the labels."""
    labels = model.labels or ()
    if label is None:
        return None
    same = [i for i, name in enumerate(labels) if name == label]
    alike = [i for i, name in enumerate(labels) if name.casefold() == str(label).casefold()]
    if not same and not alike:
        raise BadInput(f"`{parameter}` must be one of {', '.join(labels)} for {model.id!r}; got {label!r}.")
    return (same or alike)[0]
