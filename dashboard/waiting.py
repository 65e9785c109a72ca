"""Waiting for a job: the button that starts or stops it, and what is drawn, again and again, while it is active."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from dashboard import settings
from dashboard.doors import guarded, plain
from dashboard.jobs import Job


def button(
    label: str,
    job: Job | None,
    start: Callable[[], None],
    *,
    key: str,
    icon: str,
    type: Literal["primary", "secondary"] = "secondary",
    width: Literal["content", "stretch"] = "content",
) -> None:
    """A button that starts a job; of one that is active, it stops it."""
    if job is not None and job.active:
        st.button("Stop", key=key, icon=":material/stop_circle:", on_click=job.stop, width=width)
    else:
        st.button(label, key=key, icon=icon, on_click=start, type=type, width=width)


def polled(job: Job, draw: Callable[[Job], None]) -> None:
    """Draw how far a job is while it is active, or why it failed; the page is drawn again when it ends."""
    st.fragment(_look, run_every=settings.POLL_SECONDS if job.active else None)(job, draw, job.active)


def phase(job: Job) -> str:
    """What a job is busy with, as a sentence begins."""
    return (job.phase or "waiting for the device").capitalize()


def _look(job: Job, draw: Callable[[Job], None], was_active: bool) -> None:
    with guarded():
        if job.active:
            draw(job)
        elif job.state != "done":
            st.warning(plain(job.error))
    if was_active and not job.active:
        st.rerun(scope="app")
