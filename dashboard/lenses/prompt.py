"""The prompt lens on the page: text, model, answer and units asked for; the text itself, coloured, as its picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import streamlit as st

from dashboard import settings, state, tokens
from dashboard.lenses import boxes
from dashboard.links import Linked
from dashboard.request import Models
from dashboard.view import View
from spexcore.figures.tokens import Piece, partners, pieces
from spexcore.game import Game
from spexcore.lenses.spans import SPANS, split

SPANS_ASKED = "spans"
TITLE = "Prompt"
START = {
    state.TEXT: "",
    state.MODEL: settings.MODEL,
    SPANS_ASKED: "words",
    state.TARGET: "",
    state.VERSUS: "",
    state.ABLATION: "auto",
}
ABLATIONS = ("auto", "mask", "remove", "drop", "pad", "unk", "mean")
#: What a field of choices can hold; a run may say something else, which is then left as it was.
OPTIONS = {SPANS_ASKED: SPANS, state.ABLATION: ABLATIONS}
_PICK = "pick-tokens"
_ABLATION_HELP = (
    "How a part is taken out. auto: mask where the model has a mask token, else remove. "
    "mask: its tokens become the mask token. remove: the rest is joined again. "
    "drop: its tokens go, the others keep their positions. pad, unk: its tokens become padding or unknown. "
    "mean: its tokens become the average word."
)


@dataclass(frozen=True)
class Question:
    """A prompt and the answer that is explained; target "": the model's own answer."""

    model: str
    text: str
    spans: str
    target: str
    versus: str
    ablation: str
    lens: ClassVar[str] = "prompt"

    @property
    def units(self) -> str:
        return self.spans

    @property
    def n_players(self) -> int | None:
        return None if self.spans == "tokens" and self.text.strip() else len(split(self.text, self.spans).players)

    def game(self, models: Models) -> Game:
        model = models.model(self.model)
        from spexcore.lenses import PromptLens

        asked: dict[str, Any] = {"target": self.target or None, "versus": self.versus or None}
        return PromptLens(model, self.text, **asked, spans=self.spans, ablation=self.ablation)


def values(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values that ask this question again."""
    return {
        state.TEXT: str(recipe.get("text", "")),
        state.MODEL: str((recipe.get("model") or {}).get("id") or settings.MODEL),
        SPANS_ASKED: recipe.get("spans", "words"),
        state.TARGET: recipe.get("target") or "",
        state.VERSUS: recipe.get("versus") or "",
        state.ABLATION: recipe.get("ablation", "mask"),
    }


def read() -> Question:
    """The question the form asks."""
    return Question(**{name: state.get(name) or "" for name in START})


def subject() -> None:
    """What is explained."""
    st.text_area(
        "Prompt", key=state.key(state.TEXT), height=168, placeholder="Type a sentence or paste a paragraph.",
        persist_state="session",
    )  # fmt: skip


def choices() -> None:
    """Which model, which answer of it, and what counts as one part."""
    model, target, units = st.columns([4, 4, 3], gap="small")
    with model:
        boxes.model_box(("classifier", "causal"))
    with target:
        boxes.answer_box()
    units.selectbox(
        "Units", SPANS, key=state.key(SPANS_ASKED), persist_state="session",
        help="What counts as one part. marked: what stands in [[double brackets]]; a causal model reads what "
        "comes before the first of them only once, so put a question in front.",
    )  # fmt: skip


def more() -> None:
    """What only some will want to change."""
    st.selectbox("Ablation", ABLATIONS, key=state.key(state.ABLATION), help=_ABLATION_HELP, persist_state="session")
    boxes.versus_box()


def parts(view: View) -> dict[str, Linked]:
    """The text, each player on the colour of its score."""
    met = partners([row.coalition for row in view.rows], len(view.explanation.players))
    name = f"spex-{view.explanation.id}-text"
    tokens.draw(excerpt(view), selected=view.chosen, partners=met, key=_PICK, name=name, on_pick=_picked)
    return {}


def excerpt(view: View) -> list[Piece]:
    """The whole text in pieces."""
    return pieces(view.explanation, index=view.index, dark=view.dark)


def beneath(view: View) -> None:
    """Nothing more than every lens shows."""


def _picked() -> None:
    state.choose(tokens.picked(_PICK))
