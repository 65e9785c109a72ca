"""A question to a model whose parts are cut out: from masks over parts to what it answers to one prompt or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from spexcore.errors import BadInput
from spexcore.masks import Masks
from spexcore.models.anatomy import anatomy
from spexcore.models.asking import has_chat
from spexcore.models.embedded import EMBEDDED
from spexcore.models.fills import fills
from spexcore.models.language_model import LanguageModel
from spexcore.models.part_scoring import PartScorer, Results
from spexcore.models.parts import chosen_layers, chosen_parts
from spexcore.models.passes import Wanted, ask
from spexcore.models.question import batch_size
from spexcore.models.sites import sites_of


@dataclass(frozen=True)
class Cutting:
    """Which parts are cut, and what they say then: the settings of the components lens."""

    units: str
    layers: str | None
    ablation: str
    reference: tuple[str, ...] | None
    seed: int


@final
class ComponentQuestion:
    """The players of a model, and the values of prompts without some of them.

    asked: text, target and versus of each prompt, as they were understood. layers, reference: as they were resolved.
    """

    def __init__(
        self, model: LanguageModel, prompts: Sequence[dict[str, Any]], cutting: Cutting, chat: bool | None
    ) -> None:
        self.model, self.cutting = model, cutting
        self.anatomy = anatomy(model.network, model.id)
        layers = chosen_layers(self.anatomy, cutting.layers, cutting.units)
        self.parts = chosen_parts(self.anatomy, cutting.units, layers)
        self.players = tuple(part.name for part in self.parts)
        self.layers = ",".join(map(str, layers))
        self.chat = has_chat(model) if chat is None else chat
        asked = [ask(model, Wanted(**prompt), index, self.chat) for index, prompt in enumerate(prompts)]
        self.asked = [
            {"text": prompt["text"], "target": one.target, "versus": one.versus}
            for prompt, one in zip(prompts, asked, strict=True)
        ]
        self.passes = tuple(each for one in asked for each in one.passes)
        self.reference = _reference(model, cutting)
        self.sites = sites_of(self.anatomy, self.parts)
        texts = [tuple(model.encode(text)) for text in self.reference or ()]
        self.fills = fills(model, self.sites, self.passes, cutting.ablation, reference=texts, seed=cutting.seed)
        rescale = cutting.ablation == "paper"
        self._scorer = PartScorer(model, self.anatomy, self.parts, self.passes, fills=self.fills, rescale=rescale)
        longest = sum(len(one.ids) for one in self.passes)
        self.batch = batch_size(model, longest)
        self._doubts = self._missed(self.results(np.ones((1, len(self.parts)), dtype=bool)))

    def results(self, masks: Masks) -> Results:
        """Values and right answers, (n_masks, n_prompts)."""
        return self._scorer.results(masks)

    @property
    def notes(self) -> list[str]:
        """What the run had to give up, and what should be known before reading it."""
        return [*self._doubts, *self._scorer.notes]

    def _missed(self, whole: Results) -> list[str]:
        """What to say when the whole model does not give the target."""
        wrong = np.flatnonzero(~whole.right[0])
        if not len(wrong):
            return []
        first = self.asked[wrong[0]]
        if len(self.asked) > 1:
            begins = f"the first: {first['text'][:60]!r}"
            return [f"The whole model already gets {len(wrong)} of {len(self.asked)} prompts wrong, {begins}."]
        own = ask(self.model, Wanted(first["text"]), 0, self.chat).target
        over = f" rather than {first['versus']!r}" if first["versus"] else ""
        return [
            f"The whole model does not answer {first['target']!r}{over}, it answers {own!r}: these are parts of a "
            "wrong answer."
        ]

    @property
    def forwards(self) -> int:
        """Forward passes of one text under one mask."""
        return self._scorer.forwards

    @property
    def tokens_forwarded(self) -> int:
        """Tokens of those passes."""
        return self._scorer.tokens_forwarded


def _reference(model: LanguageModel, cutting: Cutting) -> list[str] | None:
    """The reference texts; None: the prompts themselves."""
    if cutting.ablation in ("zero", "paper"):
        return None
    if cutting.reference is not None:
        texts = [text for text in cutting.reference if text.strip()]
        if not texts:
            raise BadInput("`reference` must hold at least one text; got none.")
        return texts
    known = EMBEDDED.get(model.id)
    return known.reference if known is not None else None
