"""The page of a lens: what makes the model answer as it does, found by ablation and checked by clicking."""

import streamlit as st

from dashboard import forms, loaders, panels, session, state
from dashboard.doors import guarded, notices, plain
from dashboard.lenses import LENSES
from dashboard.results import results
from spexcore.errors import SpexError
from spexcore.explanation import Explanation


def show(name: str) -> None:
    """Draw the page of a lens; on first opening a finished example is on it."""
    state.put(**{state.LENS: name})
    session.arrive()
    session.settle()
    if state.get(state.LENS) != name:
        st.rerun()  # the address names a run of another lens, on whose page it is shown
    request, run, cost = forms.form(LENSES[name])
    if run:
        session.start(request)
    with guarded():
        shown = _shown()
        with cost:
            panels.cost(request, shown)
        # Always there, so that what follows keeps its place on the page and is not built anew.
        with st.container(key="news"):
            panels.progress()
            notices()
        if shown is None:
            panels.nothing_yet()
        else:
            results(shown)


def _shown() -> Explanation | None:
    """The run on screen; None, and one sentence, where its file has gone since."""
    try:
        return loaders.explanation(state.get(state.SHOWN)) if state.get(state.SHOWN) else None
    except SpexError as gone:
        st.error(plain(str(gone)))
        return None
