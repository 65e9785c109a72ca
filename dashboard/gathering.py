"""The evidence of a run that carries none yet: a button that gathers it in the background."""

import streamlit as st

from dashboard import loaders, state, waiting, work
from dashboard.doors import plain
from dashboard.jobs import Job
from spexcore.explanation import Explanation


def offer(explanation: Explanation) -> None:
    """The button, or how far the work is; once it is done, the run with its evidence comes on screen."""
    job = loaders.jobs().get(_job_id(explanation))
    if job is not None and job.state == "done" and state.get(state.GATHERED) is not job:
        state.put(**{state.GATHERED: job, state.SHOWN: job.result})
        state.set_address(run=job.result)
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", key="gathering"):
        if job is None or not job.active:
            st.button(
                "Measure every example", key="gather", icon=":material/science:", on_click=_start, args=(explanation,)
            )  # fmt: skip
        st.caption("This run holds no evidence yet: each example is left out and the head trained again.")
    if job is not None:
        polled(job)


def polled(job: Job) -> None:
    """How far a job of the training page is, with its stop button."""
    waiting.polled(job, _progress)


def _progress(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{plain(waiting.phase(job))}{_how_far(job)} …")
        st.button("Stop", key=f"stop-{job.id}", icon=":material/stop_circle:", on_click=job.stop)


def _how_far(job: Job) -> str:
    left = "" if job.seconds_left is None else f", {job.seconds_left:,.0f} s left"
    return f": {job.done:,} of {job.total:,} steps{left}" if job.total else ""


def _job_id(explanation: Explanation) -> str:
    return f"gather-{explanation.id}"


def _start(explanation: Explanation) -> None:
    loaders.jobs().submit(
        _job_id(explanation), lambda job: work.gather_evidence(job, explanation, loaders.shelf())
    )  # fmt: skip
