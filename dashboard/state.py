"""Everything the page remembers for one visitor, declared in one place, and the part of it that the address shows."""

import re
from typing import Any

import streamlit as st

from dashboard import settings
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import DEFAULT_INDEX
from spexcore.figures.rows import coalition_id
from spexcore.masks import Coalition

SHOWN = "shown"  # id of the explanation on screen
CHOSEN = "chosen"  # coalition selected everywhere
JOB = "job"  # id of the run in progress
PLAN = "plan"  # id of the job that weighs what the form asks for
RUNS = "runs"  # runs finished: what they paid makes older plans stale
NOTICE = "notice"  # one sentence for the next drawing, with its kind
BEFORE = "before"  # id of the run that was on screen before the last one was made
GOTO = "goto"  # page to open at the next drawing
CONFIRMED = "confirmed"  # the last confirming job whose outcome is on screen
SEARCH = "search"
SIDE_A, SIDE_B = "side-a", "side-b"  # ids of the runs that are compared
INDEX, ORDERS, TOP = "index", "orders", "top"
TEXT, SPANS, TARGET, METHOD, BUDGET = "text", "spans", "target", "method", "budget"
MASKS, VERIFY, ABLATION, SEED, MAX_ORDER = "masks", "verify", "ablation", "seed", "max_order"

_START: dict[str, Any] = {
    SHOWN: "",
    CHOSEN: (),
    JOB: "",
    PLAN: "",
    RUNS: 0,
    NOTICE: None,
    BEFORE: "",
    GOTO: "",
    CONFIRMED: None,
    SEARCH: "",
    SIDE_A: None,
    SIDE_B: None,
    INDEX: DEFAULT_INDEX,
    ORDERS: [],
    TOP: 12,
    TEXT: "",
    SPANS: "words",
    TARGET: "",
    METHOD: next(name for name in (*settings.METHODS, *ESTIMATORS) if name in ESTIMATORS),
    BUDGET: settings.BUDGET,
    MASKS: settings.MASKS,
    VERIFY: settings.VERIFY,
    ABLATION: "mask",
    SEED: 0,
    MAX_ORDER: None,
}
_ID = re.compile(r"[a-z0-9-]{1,60}")


def begin() -> None:
    """Give every key its first value; what is there stays."""
    for key, value in _START.items():
        st.session_state.setdefault(key, value)


def get(key: str) -> Any:
    return st.session_state.get(key, _START.get(key))


def put(**values: Any) -> None:
    for key, value in values.items():
        st.session_state[key] = value


def choose(coalition: Coalition) -> None:
    """Select a coalition everywhere."""
    st.session_state[CHOSEN] = tuple(sorted(coalition))
    set_address(sel=coalition_id(st.session_state[CHOSEN]))


def notify(kind: str, sentence: str) -> None:
    """Say one sentence at the next drawing. kind: error, warning, info or success."""
    st.session_state[NOTICE] = (kind, sentence)


def address(name: str) -> str:
    """An id from the address bar; "" for anything that could not be one, such as a path."""
    value = str(st.query_params.get(name, ""))
    return value if _ID.fullmatch(value) else ""


def set_address(**ids: str) -> None:
    """Write ids to the address bar, and take out the empty ones."""
    for name, value in ids.items():
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]
