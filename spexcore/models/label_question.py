"""Questions to classifiers: how strongly they speak for a label."""

from typing import final

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.models.inputs import Inputs
from spexcore.models.language_model import LanguageModel
from spexcore.models.prompt import Prompt
from spexcore.models.question import Question
from spexcore.models.scoring import LabelScorer, label_index, log_odds


@final
class LabelQuestion(Question):
    """Log-odds of a label, by default the one the model itself gives the whole prompt."""

    def __init__(
        self, model: LanguageModel, prompt: Prompt, ablation: str, *, target: str | None, versus: str | None
    ) -> None:
        label, other = label_index(model, target, "target"), label_index(model, versus, "versus")
        super().__init__(model, prompt, ablation, after=0)
        self._logits = LabelScorer(model, 0).logits(self._whole)[0]
        label = int(self._logits.argmax()) if label is None else label
        if label == other:
            raise BadInput(f"`versus` must be another label than the target {target!r}; got {versus!r}.")
        self._names = model.labels or ()
        self.target, self.versus = self._names[label], None if other is None else self._names[other]
        self._scorer = LabelScorer(model, label, other)

    @property
    def answer(self) -> tuple[str, float]:
        best = int(self._logits.argmax())
        odds = log_odds(self._logits[None], best)[0]
        return self._names[best], float(1 / (1 + np.exp(-odds)))

    def score(self, inputs: Inputs) -> NDArray[np.float64]:
        return self._scorer.values(inputs)
