"""What happens to one visitor's page: arriving, starting a run, seeing it end, opening a file. No drawing here."""

import streamlit as st

from dashboard import forms, loaders, runs, state, work
from dashboard.request import Request
from spexcore.errors import SpexError

UPLOAD = "upload"


def arrive() -> None:
    """On the first drawing, put on screen what the address asks for, else the first preset."""
    if state.get(state.SHOWN):
        return
    state.put(**{state.JOB: state.address("job")})
    asked = state.address("run")
    if asked:
        open_run(asked)
    for name in runs.presets():
        if not state.get(state.SHOWN):
            open_run(name)


def settle() -> None:
    """Put a run that has ended on screen, or say why it did not."""
    if not state.get(state.JOB):
        return
    job = loaders.jobs().get(state.get(state.JOB))
    if job is not None and job.active:
        return
    if job is None:
        state.notify("info", "That run is no longer in progress here. Press Run again: what was paid is in the store.")
    elif job.state == "done":
        state.put(**{state.SHOWN: job.result, state.CHOSEN: ()})
        state.set_address(run=job.result)
    else:
        state.notify("info" if job.state == "cancelled" else "error", job.error)
    state.put(**{state.JOB: "", state.RUNS: state.get(state.RUNS) + 1})
    state.set_address(job="")


def start(request: Request) -> None:
    """Run a request in the background, or join the run that answers it already."""
    try:
        request.check(request.n_players)
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    plan = loaders.jobs().get(state.get(state.PLAN))
    if plan is not None:
        plan.stop()  # nobody waits for what it would say
    job = loaders.jobs().submit(f"run-{request.id}", lambda job: work.explain_prompt(job, request, loaders.shelf()))
    state.put(**{state.JOB: job.id})
    state.set_address(job=job.id)


def open_run(name: str) -> None:
    """Put a preset or a run of this machine on screen and into the form."""
    try:
        shown = loaders.explanation(name)
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    forms.fill(shown)
    state.put(**{state.SHOWN: name, state.CHOSEN: ()})
    state.set_address(run=name)


def upload() -> None:
    """Keep the uploaded run file and put it on screen; a file that is none is refused in one sentence."""
    file = st.session_state.get(UPLOAD)
    if file is None:
        return
    try:
        name = runs.keep(runs.opened(file.getvalue(), file.name))
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    open_run(name)
