"""Fields that several lenses ask with: which model, and which answer of it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import streamlit as st

from dashboard import loaders, state
from dashboard.request import Prompts
from spexcore.errors import BadInput, SpexError
from spexcore.lenses.prompt_sets import parse_prompts

_OWN_ANSWER = "the model's own answer"
_MOST = 200  # prompts of a set: each mask is run on all of them


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


def prompts_box(label: str, key: str, on_change: Callable[[], None], use: str) -> None:
    """A small CSV file of prompts. use: what they are for, one sentence."""
    st.file_uploader(
        label, key=state.key(key), type="csv", on_change=on_change, max_upload_size=1,
        help=f"Columns text, target and perhaps versus; at most {_MOST} prompts. {use}",
    )  # fmt: skip


def prompts_in(file: Any) -> Prompts:
    """The prompts in an uploaded file; () for none, or where a sentence says what is wrong with it."""
    if file is None:
        return ()
    try:
        rows = parse_prompts(file.getvalue(), file.name)
        if len(rows) > _MOST:
            raise BadInput(
                f"{file.name} must hold at most {_MOST} prompts; got {len(rows)}: each mask runs on them all."
            )
    except SpexError as refused:
        state.notify("error", str(refused))
        return ()
    return prompts(rows)


def prompts(rows: Iterable[Mapping[str, Any]]) -> Prompts:
    """Rows of a file or a recipe as a question holds them."""
    return tuple((str(row.get("text") or ""), str(row.get("target") or ""), row.get("versus") or None) for row in rows)
