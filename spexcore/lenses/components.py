"""The components lens: players are a model's own parts, the value what it answers when some of them are cut out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import Values
from spexcore.lenses.model_lens import ModelLens
from spexcore.lenses.prompt import clean
from spexcore.lenses.prompt_sets import COLUMNS
from spexcore.masks import Masks, as_masks

if TYPE_CHECKING:
    from spexcore.models import LanguageModel
    from spexcore.models.part_scoring import Results

SCORES = ("margin", "accuracy")


@final
class ComponentLens(ModelLens):
    """A model's parts: which heads and MLPs, and which of them together, make the model answer as it does.

    units: heads | kv_groups | mlps | heads+mlps | neurons:LAYER | neurons:LAYER:0-31. layers: all | 0-3 | 0,2,5 |
    top 4; by default the top ones that give at most 96 players. ablation: mean | zero | resample | paper
    (`spexcore.models.fills`). reference: texts for mean and resample; by default those that come with an embedded
    model, else the prompts themselves. prompts: several prompts in place of one, mappings with text, target and
    perhaps versus; the value is then their mean. score: margin (what the prompt lens measures) or accuracy (the share
    of prompts answered with the target). `forwards` counts forward passes of one prompt and one mask.
    """

    def __init__(
        self,
        model: "LanguageModel",
        text: str | None = None,
        *,
        target: str | None = None,
        versus: str | None = None,
        units: str = "heads",
        layers: str | None = None,
        ablation: str = "mean",
        chat: bool | None = None,
        prompts: Iterable[Mapping[str, str | None]] | None = None,
        score: str = "margin",
        reference: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        from spexcore.models import component_question

        if score not in SCORES:
            raise BadInput(f"`score` must be one of {', '.join(SCORES)}; got {score!r}.")
        self.model, self.units, self.ablation, self.score = model, units, ablation, score
        self.seed = seed if ablation == "resample" else 0
        self.several = prompts is not None
        rows = _rows(text, target, versus, prompts)
        cut = component_question.Cutting(units, layers, ablation, None if reference is None else tuple(reference), seed)
        self.question = component_question.ComponentQuestion(model, rows, cut, chat)

    players = property(lambda self: self.question.players)
    parts = property(lambda self: self.question.parts)
    n_layers = property(lambda self: self.question.anatomy.n_layers)

    @property
    def unit(self) -> str:
        return "share" if self.score == "accuracy" else super().unit

    @property
    def text(self) -> str:
        """The prompt; of several the first."""
        return self.question.asked[0]["text"]

    @property
    def target(self) -> str:
        return self.question.asked[0]["target"]

    @property
    def versus(self) -> str | None:
        return self.question.asked[0]["versus"]

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """Everything the values depend on, reference texts included."""
        asked = {"prompts": self.question.asked} if self.several else self.question.asked[0]
        cut = {"units": self.units, "layers": self.question.layers, "ablation": self.ablation, "seed": self.seed}
        more = {
            "score": self.score,
            "unit": self.unit,
            "chat": self.question.chat,
            "reference": self.question.reference,
        }
        return {"lens": "components", "model": self.model.recipe, **asked, **cut, **more}

    def by_prompt(self, masks: object) -> "Results":
        """Values and right answers of each prompt, (n_masks, n_prompts)."""
        return self.question.results(as_masks(masks, self.n_players))

    def gradient_effects(self) -> NDArray[np.float64]:
        """First-order guess of what each player's ablation takes away, (n_players,): gradient x (activation - fill)."""
        from spexcore.models.part_gradients import gradient_effects

        return gradient_effects(self.question)

    def _values(self, masks: Masks) -> Values:
        results = self.question.results(masks)
        return (results.values if self.score == "margin" else results.right.astype(np.float64)).mean(axis=1)


def _rows(
    text: str | None, target: str | None, versus: str | None, prompts: Iterable[Mapping[str, str | None]] | None
) -> list[dict[str, str | None]]:
    if (text is None) == (prompts is None):
        raise BadInput("`text` or `prompts` must be given, and not both.")
    if prompts is None:
        return [{"text": clean(text), "target": target, "versus": versus}]  # type: ignore[arg-type]
    rows = [dict(row) for row in prompts]
    if not rows:
        raise BadInput("`prompts` must hold at least one prompt; got none.")
    for number, row in enumerate(rows, start=1):
        if missing := [name for name in COLUMNS[:2] if not row.get(name)]:
            raise BadInput(
                f"`prompts` must have the columns text and target; {', '.join(missing)} is missing in row {number}."
            )
    return [{name: row.get(name) or None for name in COLUMNS} for row in rows]
