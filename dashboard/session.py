"""What happens to one visitor's page: arriving, starting a run, seeing it end, opening a file. No drawing here."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import forms, labels, loaders, runs, settings, state, work
from dashboard.lenses import lens_of
from dashboard.request import Request
from spexcore.errors import SpexError
from spexcore.explanation import Explanation
from spexcore.figures.rows import coalition_from, coalition_id
from spexcore.figures.words import INDEX_NAMES
from spexcore.masks import Coalition

UPLOAD = "upload"


def arrive() -> None:
    """On the first drawing, put on screen what the address asks for, else the first preset."""
    if state.get(state.SHOWN):
        # Another page has taken the address; what is on screen takes it back.
        if not state.address("run"):
            selected = coalition_id(state.get(state.CHOSEN))
            state.set_address(run=state.get(state.SHOWN), sel=selected, job=state.get(state.JOB))
        return
    state.put(**{state.JOB: state.address("job")})
    asked, chosen = state.address("run"), coalition_from(state.address("sel"), state.MANY)
    if odd := state.misaddressed("run"):
        state.notify("error", odd)
    if asked:
        open_run(asked)
        state.choose(chosen)
    first = settings.FIRST_PRESETS.get(state.get(state.LENS), "")
    if not state.get(state.SHOWN) and first in runs.presets():
        open_run(first)


def settle() -> None:
    """Put a run that has ended on screen, or say why it did not."""
    if not state.get(state.JOB):
        return
    job = loaders.jobs().get(state.get(state.JOB))
    if job is not None and job.active:
        return
    if job is None:
        state.notify("info", "That run is no longer in progress here. Press Run again: what was paid is in the store.")
    elif job.result is not None:
        before = state.get(state.SHOWN)
        state.put(**{state.BEFORE: before, state.SHOWN: job.result, state.CHOSEN: (), state.CORRECTED: []})
        state.set_address(run=job.result, sel="")
        if job.state != "done":
            state.notify("info", f"The run is kept, without its evidence. {job.error}")
    else:
        state.notify("info" if job.state == "cancelled" else "error", job.error)
    state.put(**{state.JOB: "", state.RUNS: state.get(state.RUNS) + 1})
    state.set_address(job="")


def go_to(name: str) -> None:
    """Put a run on screen, on the page of its lens."""
    open_run(name)
    state.put(**{state.GOTO: state.get(state.LENS)})


def before_and_after() -> None:
    """Set the run on screen beside the one that was there before it."""
    state.put(**{state.SIDE_A: state.get(state.BEFORE), state.SIDE_B: state.get(state.SHOWN), state.GOTO: "compare"})


def rename(run: str, name: str) -> None:
    """Give a run of this machine a name of its own; an empty one takes it away."""
    _told(lambda: labels.change(run, name=name))


def pin(run: str, pinned: bool) -> None:
    """Keep a run on top of the list, or no longer."""
    _told(lambda: labels.change(run, pinned=pinned))


def note(run: str, about: Coalition, text: str) -> None:
    """Keep a person's note on a term of a run, or (about nobody) on the run itself; an empty one is taken away."""

    def noted(explanation: Explanation) -> Explanation:
        remarks = explanation.remarks.on_term(about, text) if about else explanation.remarks.on_run(text)
        return replace(explanation, remarks=remarks)

    def keep() -> None:
        explanation = loaders.explanation(run)
        if noted(explanation).remarks == explanation.remarks:
            return  # a field that is taken off the page calls as well, with what stood in it
        kept = runs.change(explanation, noted)
        state.notify("toast", "The note is kept with the run." if text.strip() else "The note is taken away.")
        if state.get(state.SHOWN) == run:  # of an example, a copy was made
            state.put(**{state.SHOWN: kept})
            state.set_address(run=kept)

    _told(keep)


def doom(run: str) -> None:
    """Ask whether this run is to be deleted; of none, ask no more."""
    state.put(**{state.DOOMED: run})


def delete(run: str) -> None:
    """Delete the file of a run; what it paid for stays in the store."""
    doom("")
    if _told(lambda: runs.delete(run)):
        state.notify("success", "The run is deleted. What it paid for is still in the store.")
    state.forget(run)


def _told(act: Callable[[], None]) -> bool:
    """Act, or say in one sentence why not."""
    try:
        act()
    except SpexError as refused:
        state.notify("error", str(refused))
        return False
    return True


def start(request: Request) -> None:
    """Run a request in the background, or join the run that answers it already."""
    try:
        request.check(request.question.n_players)
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    plan = loaders.jobs().get(state.get(state.PLAN))
    if plan is not None:
        plan.stop()  # nobody waits for what it would say
    job = loaders.jobs().submit(f"run-{request.id}", lambda job: work.explain_question(job, request, loaders.shelf()))
    state.put(**{state.JOB: job.id})
    state.set_address(job=job.id)


def open_run(name: str) -> None:
    """Put a preset or a run of this machine on screen and into the form, on the page of its lens."""
    try:
        shown = loaders.explanation(name)
        if lens_of(shown) != state.get(state.LENS):
            state.put(**{state.LENS: lens_of(shown), state.GOTO: lens_of(shown)})
        forms.fill(shown)
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    state.put(**{state.SHOWN: name, state.CHOSEN: (), state.CORRECTED: []})
    if shown.imported in INDEX_NAMES:
        state.put(**{state.INDEX: shown.imported})
    state.set_address(run=name, sel="")


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
    go_to(name)
