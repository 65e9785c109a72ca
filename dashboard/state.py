"""Everything the page remembers for one visitor, declared in one place, and the part of it that the address shows."""

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import settings
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import DEFAULT_INDEX
from spexcore.figures.rows import coalition_id
from spexcore.masks import Coalition

LENS = "lens"  # whose page is on screen, or was last
SHOWN = "shown"  # id of the explanation on screen
CHOSEN = "chosen"  # coalition selected everywhere
JOB = "job"  # id of the run in progress
PLAN = "plan"  # id of the job that weighs what the form asks for
BEFORE = "before"  # id of the run that was on screen before the last one was made
CONFIRMED = "confirmed"  # the last confirming job whose outcome is on screen
GATHERED = "gathered"  # the last job that gathered evidence and whose outcome is on screen
RUNS = "runs"  # runs finished: what they paid makes older plans stale
NOTICE = "notice"  # one sentence for the next drawing, with its kind
GOTO = "goto"  # page to open at the next drawing
SEARCH = "search"
DOOMED = "doomed"  # id of the run whose deletion is asked about
SIDE_A, SIDE_B = "side-a", "side-b"  # ids of the runs that are compared
INDEX, ORDERS, TOP, LEAST = "index", "orders", "top", "least"
FIND, SHOWING, LABELLED, SORTED = "find", "showing", "labelled", "sorted"  # among training examples
CORRECTED = "corrected"  # rows whose label is asked to be another
METHOD, BUDGET, MASKS, VERIFY, SEED, MAX_ORDER = "method", "budget", "masks", "verify", "seed", "max_order"
R2 = "r2"
TEXT, MODEL, TARGET, VERSUS, ABLATION = "text", "model", "target", "versus", "ablation"

#: What every page shares.
_SHARED: dict[str, Any] = {
    LENS: "prompt",
    RUNS: 0,
    NOTICE: None,
    GOTO: "",
    SEARCH: "",
    DOOMED: "",
    SIDE_A: None,
    SIDE_B: None,
    FIND: "",
    SHOWING: "all",
    LABELLED: "",
    SORTED: "largest effect",
    CORRECTED: [],
}
#: What each lens's page has for itself, beside what its own module adds.
_OWN: dict[str, Any] = {
    SHOWN: "",
    CHOSEN: (),
    INDEX: DEFAULT_INDEX,
    ORDERS: [],
    TOP: 12,
    LEAST: 0.0,
    JOB: "",
    PLAN: "",
    BEFORE: "",
    CONFIRMED: None,
    GATHERED: None,
    METHOD: next(name for name in (*settings.METHODS, *ESTIMATORS) if name in ESTIMATORS),
    BUDGET: settings.BUDGET,
    MASKS: settings.MASKS,
    VERIFY: settings.VERIFY,
    SEED: 0,
    MAX_ORDER: None,
    R2: None,
}
MANY = 10**6  # a click or an address names a player of the run on screen; drawing drops any other
_ID = re.compile(r"[a-z0-9-]{1,60}")


def begin(starts: Mapping[str, Mapping[str, Any]]) -> None:
    """Give every key its first value; what is there stays. starts: lens -> what its module adds."""
    for name, value in _SHARED.items():
        st.session_state.setdefault(name, value)
    for lens, added in starts.items():
        for name, value in {**_OWN, **added}.items():
            st.session_state.setdefault(_key(name, lens), value)


def key(name: str) -> str:
    """The key under which the lens on screen keeps a value; widgets of a lens's page take it too."""
    return _key(name, str(st.session_state.get(LENS, _SHARED[LENS])))


def get(name: str) -> Any:
    return st.session_state.get(key(name))


def put(**values: Any) -> None:
    for name, value in values.items():
        st.session_state[key(name)] = value


def _key(name: str, lens: str) -> str:
    return name if name in _SHARED or lens == _SHARED[LENS] else f"{name}-{lens}"


def filters() -> dict[str, Any]:
    """Which terms are shown, as `figures.rows` takes it; report and page hold the same."""
    return {"top": get(TOP), "orders": get(ORDERS), "least": get(LEAST)}


def forget(run: str) -> None:
    """Take a run off the page of every lens."""
    for name in [name for name in st.session_state if str(name).split("-")[0] in (SHOWN, BEFORE)]:
        if st.session_state[name] == run:
            st.session_state[name] = ""


def choose(coalition: Coalition) -> None:
    """Select a coalition everywhere; one whose 2^|S| values would take too long is not, and a sentence says so."""
    if len(coalition) > settings.MAX_CHOSEN:
        notify("info", f"At most {settings.MAX_CHOSEN} parts can be chosen at once; these are {len(coalition)}.")
        return
    put(**{CHOSEN: tuple(sorted(coalition))})
    set_address(sel=coalition_id(get(CHOSEN)))


def notify(kind: str, sentence: str) -> None:
    """Say one sentence at the next drawing. kind: error, warning, info, success, or toast (which moves nothing)."""
    st.session_state[NOTICE] = (kind, sentence)


def address(name: str) -> str:
    """An id from the address bar; "" for anything that could not be one, such as a path."""
    value = str(st.query_params.get(name, ""))
    return value if _ID.fullmatch(value) else ""


def misaddressed(*names: str) -> str:
    """A sentence where the address bar holds, under one of these names, what could not be an id; else ""."""
    odd = [name for name in names if st.query_params.get(name) and not address(name)]
    return f"The address names no run: `{odd[0]}` must be an id of small letters, digits and dashes." if odd else ""


def set_address(**ids: str) -> None:
    """Write ids to the address bar, and take out the empty ones."""
    for name, value in ids.items():
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]
