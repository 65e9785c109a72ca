"""The components lens on the page: prompt, model, answer and parts asked for; layers x heads as its picture."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import streamlit as st

from dashboard import state
from dashboard.lenses import boxes, grid, keeping
from dashboard.links import Linked
from dashboard.request import Models, Prompts
from dashboard.view import View
from spexcore.errors import BadInput
from spexcore.figures.tokens import Piece
from spexcore.game import Game
from spexcore.lenses.components import SCORES
from spexcore.lenses.prompt_sets import COLUMNS
from spexcore.models.embedded import EMBEDDED

TITLE = "Components"
UNITS, LAYERS, SCORE, PROMPTS, REFERENCE = "units", "layers", "score", "prompts", "reference"
ABLATIONS = ("mean", "zero", "resample", "paper")
START = {
    state.TEXT: "",
    state.MODEL: "clues",
    state.TARGET: "",
    state.VERSUS: "",
    state.ABLATION: ABLATIONS[0],
    state.MASKS: "near",  # a model with half of its heads gone is a wreck and says little about the whole one
    UNITS: "heads",
    LAYERS: "",
    SCORE: SCORES[0],
    PROMPTS: (),
    REFERENCE: "",
}
#: What a field of choices can hold; units may also be typed.
OPTIONS = {state.ABLATION: ABLATIONS, SCORE: SCORES}
_UNITS = ("heads", "kv_groups", "mlps", "heads+mlps")
_FILE = "prompts-file"
_UNITS_HELP = (
    "What counts as one part: attention heads, groups of heads that share keys and values, MLPs, or heads and MLPs. "
    "Type neurons:2 for the neurons of layer 2's MLP, neurons:2:0-31 for some of them."
)
_LAYERS_HELP = (
    "From 0: all, 0-3, 0,2,5, or top 4 for the last four; empty: the last ones that give at most 96 parts. "
    "Parts of other layers are never taken out."
)
_ABLATION_HELP = (
    "What a part says when it is taken out. mean: its average over the reference texts. zero: nothing. resample: what "
    "it says on another text, by the seed. paper: nothing, and the heads that stay are scaled up (ProxySPEX). "
    "A bias of the attention's output stays; a whole MLP goes with its bias."
)


@dataclass(frozen=True)
class Question:
    """A prompt or several, the answer that is explained, and the parts that are taken out."""

    model: str
    text: str
    target: str
    versus: str
    ablation: str
    units: str
    layers: str
    score: str
    prompts: Prompts
    reference: str
    seed: int
    lens: ClassVar[str] = "components"

    @property
    def n_players(self) -> int | None:
        if not self.prompts and not self.text.strip():
            raise BadInput("`text` must hold a prompt; got an empty one. Type the text that the model reads.")
        return None

    def game(self, models: Models) -> Game:
        model = models.model(self.model)
        from spexcore.lenses import ComponentLens

        asked: dict[str, Any] = {"text": self.text, "target": self.target or None, "versus": self.versus or None}
        if self.prompts:
            asked = {"prompts": [dict(zip(COLUMNS, row, strict=True)) for row in self.prompts]}
        cut: dict[str, Any] = {"units": self.units, "layers": self.layers.strip() or None, "ablation": self.ablation}
        reference = self.reference.splitlines() if self.reference.strip() else None
        return ComponentLens(model, **asked, **cut, score=self.score, reference=reference, seed=self.seed)


def values(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values that ask this question again."""
    name, reference = str((recipe.get("model") or {}).get("id") or START[state.MODEL]), recipe.get("reference")
    known = EMBEDDED[name].reference if name in EMBEDDED else None
    return {
        **{key: str(recipe.get(key) or "") for key in (state.TEXT, state.TARGET, state.VERSUS)},
        state.MODEL: name,
        state.ABLATION: recipe.get("ablation", START[state.ABLATION]),
        state.SEED: int(recipe.get("seed", 0)),
        UNITS: recipe.get("units", START[UNITS]),
        LAYERS: _ranges(str(recipe.get("layers") or "")),
        SCORE: recipe.get("score", START[SCORE]),
        PROMPTS: boxes.prompts(recipe.get("prompts") or ()),
        REFERENCE: "\n".join(reference) if reference and reference != known else "",
    }


def read() -> Question:
    """The question the form asks."""
    asked = {name: state.get(name) or "" for name in START if name not in (state.MASKS, PROMPTS)}
    # Only resampling draws anything; elsewhere another seed must not make another question.
    seed = int(state.get(state.SEED) or 0) if asked[state.ABLATION] == "resample" else 0
    if state.get(PROMPTS):
        asked |= dict.fromkeys((state.TEXT, state.TARGET, state.VERSUS), "")  # every prompt has its own
    return Question(**asked, prompts=state.get(PROMPTS), seed=seed)


def subject() -> None:
    """What is explained: one prompt, or a set of them."""
    prompts = state.get(PROMPTS)
    if not prompts:
        st.text_area(
            "Prompt", key=state.key(state.TEXT), height=236, placeholder="The text that the model goes on from.",
            persist_state="session",
        )  # fmt: skip
        return
    st.caption(f"{len(prompts)} prompts with their answers, in place of one")
    with st.container(height=168, key="prompt-set"):
        for text, target, versus in prompts:
            st.text(_line(text, target, versus))
    st.button("Back to one prompt", icon=":material/undo:", on_click=_one_prompt)


def choices() -> None:
    """Which model, which answer of it, and which parts are taken out."""
    model, target, versus = st.columns([4, 4, 3], gap="small")
    with model:
        boxes.model_box(("classifier", "causal"))
    if state.get(PROMPTS):
        target.caption("Targets stand in the file.")
    else:
        with target:
            boxes.answer_box()
        with versus:
            boxes.versus_box()
    units, layers, ablation = st.columns([4, 4, 3], gap="small")
    typed = list(dict.fromkeys([*_UNITS, state.get(UNITS) or _UNITS[0]]))
    units.selectbox(
        "Units", typed, key=state.key(UNITS), persist_state="session", accept_new_options=True, help=_UNITS_HELP
    )
    layers.text_input(
        "Layers", key=state.key(LAYERS), placeholder="as many as give 96 parts", persist_state="session",
        help=_LAYERS_HELP,
    )  # fmt: skip
    ablation.selectbox(
        "Ablation", ABLATIONS, key=state.key(state.ABLATION), persist_state="session", help=_ABLATION_HELP
    )


def more() -> None:
    """What only some will want to change."""
    boxes.prompts_box("Several prompts (CSV)", _FILE, _uploaded, "The value is then their mean.")
    st.selectbox(
        "Score", SCORES, key=state.key(SCORE), persist_state="session",
        help="margin: log-probability of the target, or its difference to the other answer. accuracy: the share of "
        "prompts that are answered with the target.",
    )  # fmt: skip
    st.text_area(
        "Reference texts, one a line", key=state.key(REFERENCE), height=84, persist_state="session",
        placeholder="those that come with the model, else the prompts themselves",
        help="Over which mean and resample are taken.",
    )  # fmt: skip


def parts(view: View) -> dict[str, Linked]:
    """The parts in their places, each on the colour of its score, with a baseline beside them."""
    st.text(_asked(view.explanation.recipe))
    return grid.draw(view)


def excerpt(view: View) -> list[Piece]:
    """The parts of the chosen term alone: what surrounds them is the rest of the model."""
    named = [Piece(view.explanation.players[i], i) for i in view.chosen]
    gaps = [Piece("  ", None)] * len(named)
    return [piece for pair in zip(gaps, named, strict=True) for piece in pair][1:]


def beneath(view: View) -> None:
    """Which parts would be enough."""
    keeping.panel(view)


def _asked(recipe: Mapping[str, Any]) -> str:
    """What the model was asked, in one line."""
    prompts = recipe.get("prompts") or (recipe,)
    first = _line(*(str(prompts[0].get(name) or "") for name in COLUMNS))
    return f"{len(prompts)} prompts, the first: {first}" if "prompts" in recipe else first


def _line(text: str, target: str, versus: str | None) -> str:
    return f"{text} → {target.strip()}" + (f" rather than {versus.strip()}" if versus else "")


def _uploaded() -> None:
    rows = boxes.prompts_in(st.session_state.get(state.key(_FILE)))
    if rows:
        state.put(**{PROMPTS: rows})


def _one_prompt() -> None:
    state.put(**{PROMPTS: ()})


def _ranges(layers: str) -> str:
    """0,1,2,5 as 0-2,5, which is what a person types."""
    runs: list[list[int]] = []
    for layer in map(int, re.findall(r"\d+", layers)):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
