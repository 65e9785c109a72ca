"""Fields that several lenses ask with: which model, and which answer of it."""

from collections.abc import Collection

import streamlit as st

from dashboard import loaders, state

_OWN_ANSWER = "the model's own answer"


def model_box(kinds: Collection[str]) -> None:
    """A model that can be used here, or any that is typed: a hub id or a folder."""
    # A run from elsewhere may name a model that is not here; running it again then says so.
    offered = list(dict.fromkeys([*loaders.models(frozenset(kinds)), state.get(state.MODEL) or ""]))
    st.selectbox(
        "Model", [name for name in offered if name], key=state.key(state.MODEL), persist_state="session",
        accept_new_options=True,
        help="Embedded models, and those in the local Hugging Face cache. Type the id of another, or a folder with "
        "config.json and safetensors.",
    )  # fmt: skip


def answer_box() -> None:
    """The answer that is explained: a label of the model, or any words for one that writes."""
    offered = dict.fromkeys(["", *loaders.labels(state.get(state.MODEL) or ""), state.get(state.TARGET) or ""])
    st.selectbox(
        "Target", list(offered), key=state.key(state.TARGET), persist_state="session", accept_new_options=True,
        format_func=lambda label: label or _OWN_ANSWER,
        help="The answer explained: a label (log-odds, in logits), or for a model that writes any words you type "
        "(log-probability, in nats).",
    )  # fmt: skip


def versus_box() -> None:
    """Another answer, for the difference of two."""
    st.text_input(
        "Rather than", key=state.key(state.VERSUS), persist_state="session",
        help="Another answer; what is explained is then why the target rather than this one.",
    )  # fmt: skip
