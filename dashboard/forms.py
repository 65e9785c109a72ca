"""The form on top of the page: prompt, units, target, method, budget, the rest behind Settings, and Run."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import loaders, settings, state
from dashboard.request import Request, request_of
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import Explanation
from spexcore.lenses.spans import SPANS
from spexcore.masks import DISTRIBUTIONS

ABLATIONS = ("mask", "remove", "drop", "pad", "unk", "mean")
_OWN_ANSWER = "the model's own answer"
_ABLATION_HELP = (
    "How a part is taken out. mask: its tokens become the mask token. remove: the rest is joined again. "
    "drop: its tokens go, the others keep their positions. pad, unk: its tokens become padding or unknown. "
    "mean: its tokens become the average word."
)
_MASKS_HELP = (
    "Which ablations are tried. uniform: each part kept half of the time. near: only a few parts removed. "
    "mixed: half and half, a sound default. sizes: every size alike, for Shapley values."
)


def fill(explanation: Explanation) -> None:
    """Put the values that ask for this explanation into the form, as far as the form can hold them."""
    values = request_of(explanation)
    options = {
        state.SPANS: SPANS,
        state.METHOD: tuple(ESTIMATORS),
        state.MASKS: DISTRIBUTIONS,
        state.ABLATION: ABLATIONS,
    }
    state.put(**{key: value for key, value in values.items() if value in options.get(key, (value,))})


def form() -> tuple[Request, bool, DeltaGenerator]:
    """Draw the form; what it asks for, whether Run was pressed, and the place for the cost line."""
    with st.container(border=True, key="ask"):
        left, right = st.columns([5, 7], gap="medium")
        left.text_area(
            "Prompt", key=state.TEXT, height=122, placeholder="Type a sentence or paste a paragraph.",
            persist_state="session",
        )  # fmt: skip
        with right:
            _choices()
            with st.container(horizontal=True, vertical_alignment="center", key="act"):
                cost = st.container(key="cost", width="stretch")
                _settings()
                run = st.button("Run", type="primary", key="run", width=110)
    return _request(), run, cost


def _choices() -> None:
    units, target, method, budget = st.columns([3, 4, 4, 3], gap="small")
    # A run from elsewhere may name a label this model does not have; running it again then says so.
    targets = list(dict.fromkeys(["", *loaders.labels(settings.MODEL), state.get(state.TARGET)]))
    units.selectbox(
        "Units", SPANS, key=state.SPANS, persist_state="session",
        help="What counts as one part. marked: what stands in [[double brackets]].",
    )  # fmt: skip
    target.selectbox(
        "Target", targets, key=state.TARGET, persist_state="session",
        format_func=lambda label: label or _OWN_ANSWER, help="The answer whose log-odds, in logits, are explained.",
    )  # fmt: skip
    method.selectbox(
        "Method", list(ESTIMATORS), key=state.METHOD, persist_state="session",
        format_func=lambda name: ESTIMATORS[name].__name__, help=_methods(),
    )  # fmt: skip
    budget.number_input(
        "Budget", key=state.BUDGET, min_value=1, step=128, persist_state="session",
        help="Masks to ask for: so many times the model reads the prompt with some parts taken out.",
    )  # fmt: skip


def _settings() -> None:
    with st.popover("Settings", icon=":material/tune:"):
        st.selectbox("Ablation", ABLATIONS, key=state.ABLATION, help=_ABLATION_HELP, persist_state="session")
        st.selectbox("Masks", DISTRIBUTIONS, key=state.MASKS, help=_MASKS_HELP, persist_state="session")
        st.number_input(
            "Verify", key=state.VERIFY, min_value=0, max_value=50, persist_state="session",
            help="Leading terms to measure by real ablations, out of the same budget; 0 spends all of it on discovery.",
        )  # fmt: skip
        st.number_input(
            "Largest order", key=state.MAX_ORDER, min_value=1, max_value=10, persist_state="session",
            placeholder="the method's own", help="Most parts in one interaction, for methods that ask.",
        )  # fmt: skip
        st.number_input(
            "Seed", key=state.SEED, min_value=0, persist_state="session", help="The same seed gives the same run."
        )


def _methods() -> str:
    """The first docstring line of every method: written for a reader."""
    lines = [(kind.__name__, (kind.__doc__ or "").strip().split("\n")[0]) for kind in ESTIMATORS.values()]
    return "\n\n".join(f"**{name}**: {first}" for name, first in lines)


def _request() -> Request:
    return Request(
        model=settings.MODEL,
        text=state.get(state.TEXT) or "",
        spans=state.get(state.SPANS),
        target=state.get(state.TARGET) or None,
        ablation=state.get(state.ABLATION),
        method=state.get(state.METHOD),
        max_order=state.get(state.MAX_ORDER),
        budget=int(state.get(state.BUDGET) or 0),
        masks=state.get(state.MASKS),
        verify=int(state.get(state.VERIFY) or 0),
        seed=int(state.get(state.SEED) or 0),
    )
