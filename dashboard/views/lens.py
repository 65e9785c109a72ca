"""The page of a lens: what makes the model answer as it does, found by ablation and checked by clicking."""

import streamlit as st

from dashboard import forms, loaders, panels, session, state
from dashboard.doors import guarded, notices
from dashboard.lenses import LENSES
from dashboard.results import results


def show(name: str) -> None:
    """Draw the page of a lens; on first opening a finished example is on it."""
    state.put(**{state.LENS: name})
    session.settle()
    session.arrive()
    if state.get(state.LENS) != name:
        st.rerun()  # the address names a run of another lens, on whose page it is shown
    request, run, cost = forms.form(LENSES[name])
    if run:
        session.start(request)
    with guarded():
        shown = loaders.explanation(state.get(state.SHOWN)) if state.get(state.SHOWN) else None
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
