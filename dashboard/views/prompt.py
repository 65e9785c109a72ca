"""The prompt page: what makes the model answer as it does, found by ablation and checked by clicking."""

import streamlit as st

from dashboard import forms, loaders, panels, session, state
from dashboard.doors import guarded, notices
from dashboard.results import results


def show() -> None:
    """Draw the page; on first opening a finished example is on it."""
    session.settle()
    session.arrive()
    request, run, cost = forms.form()
    if run:
        session.start(request)
    with guarded():
        shown = loaders.explanation(state.get(state.SHOWN))
        with cost:
            panels.cost(request, shown)
        # Always there, so that what follows keeps its place on the page and is not built anew.
        with st.container(key="news"):
            panels.progress()
            notices()
        results(shown)
