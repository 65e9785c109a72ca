"""The form on top of a lens's page: its question, the method, the budget, the rest behind Settings, and Run."""

from types import ModuleType

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import state
from dashboard.lenses import LENSES, lens_of
from dashboard.request import Method, Request, method_of
from spexcore.errors import BadRunFile
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import Explanation
from spexcore.masks import DISTRIBUTIONS

_MASKS_HELP = (
    "Which ablations are tried. uniform: each part kept half of the time. near: only a few parts removed. "
    "mixed: half and half, a sound default. sizes: every size alike, for Shapley values."
)


def fill(explanation: Explanation) -> None:
    """Put the values that ask for this explanation into the form of its lens, as far as the form can hold them.

    Raises BadRunFile for a question that no lens asks.
    """
    if explanation.imported:
        return  # nobody asked for it here
    lens = LENSES[lens_of(explanation)]
    try:
        values = {**lens.values(explanation.recipe), **method_of(explanation)}
    except (AttributeError, TypeError, ValueError) as error:
        raise BadRunFile(f"The question in the run file cannot be read: {error}. Run `spex explain` again.") from error
    options = {state.METHOD: tuple(ESTIMATORS), state.MASKS: DISTRIBUTIONS, **lens.OPTIONS}
    state.put(**{name: value for name, value in values.items() if value in options.get(name, (value,))})


def form(lens: ModuleType) -> tuple[Request, bool, DeltaGenerator]:
    """Draw the form; what it asks for, whether Run was pressed, and the place for the cost line."""
    with st.container(border=True, key="ask"):
        left, right = st.columns([5, 7], gap="medium")
        with left:
            lens.subject()
        with right:
            lens.choices()
            with st.container(horizontal=True, vertical_alignment="bottom", key="act"):
                _method()
                _settings(lens)
                run = st.button("Run", type="primary", key="run", width=110)
            cost = st.container(key="cost")
    return Request(lens.read(), _asked()), run, cost


def _method() -> None:
    st.selectbox(
        "Method", list(ESTIMATORS), key=state.key(state.METHOD), persist_state="session",
        format_func=lambda name: ESTIMATORS[name].__name__, help=_methods(),
    )  # fmt: skip
    st.number_input(
        "Budget", key=state.key(state.BUDGET), min_value=1, step=128, persist_state="session", width=170,
        help="Masks to ask for: so many times the model is run with some parts taken out.",
    )  # fmt: skip


def _settings(lens: ModuleType) -> None:
    with st.popover("Settings", icon=":material/tune:"):
        lens.more()
        st.selectbox(
            "Masks", DISTRIBUTIONS, key=state.key(state.MASKS), help=_MASKS_HELP, persist_state="session"
        )  # fmt: skip
        st.number_input(
            "Verify", key=state.key(state.VERIFY), min_value=0, max_value=50, persist_state="session",
            help="Leading terms to measure by real ablations, out of the same budget; 0 spends all of it on discovery.",
        )  # fmt: skip
        st.number_input(
            "Stop at R²", key=state.key(state.R2), min_value=0.05, max_value=1.0, step=0.05, persist_state="session",
            placeholder="spend the whole budget",
            help="Ask in rounds and end as soon as held-out R² reaches this, or no longer rises.",
        )  # fmt: skip
        st.number_input(
            "Largest order", key=state.key(state.MAX_ORDER), min_value=1, max_value=10, persist_state="session",
            placeholder="the method's own", help="Most parts in one interaction, for methods that ask.",
        )  # fmt: skip
        st.number_input(
            "Seed", key=state.key(state.SEED), min_value=0, persist_state="session",
            help="The same seed gives the same run.",
        )  # fmt: skip


def _methods() -> str:
    """The first docstring line of every method: written for a reader."""
    lines = [(kind.__name__, (kind.__doc__ or "").strip().split("\n")[0]) for kind in ESTIMATORS.values()]
    return "\n\n".join(f"**{name}**: {first}" for name, first in lines)


def _asked() -> Method:
    return Method(
        method=state.get(state.METHOD),
        max_order=state.get(state.MAX_ORDER),
        budget=int(state.get(state.BUDGET) or 0),
        masks=state.get(state.MASKS),
        verify=int(state.get(state.VERIFY) or 0),
        seed=int(state.get(state.SEED) or 0),
        r2=state.get(state.R2),
    )
