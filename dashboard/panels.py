"""Panels around a run: what it would cost, how far it is, and the ways to open and to keep a run file."""

import json
from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard import loaders, notes, runs, session, settings, state, work
from dashboard.doors import guarded, plain
from dashboard.jobs import Job
from dashboard.lenses import LENSES
from dashboard.request import Request, asks_for
from spexcore.errors import SpexError
from spexcore.explanation import Explanation
from spexcore.exports import SHAPIQ_INDICES, csv_text, shapiq_json
from spexcore.figures import pdf, report
from spexcore.figures.words import INDEX_NAMES

_CURVE = {
    "mark": {"type": "line", "point": True},
    "encoding": {
        "x": {"field": "masks", "type": "quantitative", "title": "masks", "scale": {"domainMin": 0}},
        "y": {"field": "r2", "type": "quantitative", "title": "held-out R²", "scale": {"domain": [0, 1]}},
    },
}


def cost(request: Request, shown: Explanation | None) -> None:
    """What Run would cost, weighed in the background once the form asks for something that is not on screen."""
    if shown is not None and asks_for(request, shown, LENSES[state.get(state.LENS)].values(shown.recipe)):
        st.caption(f"On screen: {shown.masks_asked:,} masks, {shown.seconds:.1f} s. Change anything to explain anew.")
        return
    if shown is not None and shown.imported:
        st.caption("On screen: the scores of a file. Press Run to explain what the form asks for.")
        return
    try:
        request.check(request.question.n_players)
    except SpexError as refused:
        st.caption(f":material/error: {plain(str(refused))}")
        return
    job = _plan(request)
    _polled(_weighed, job)(job, request, job.active)


def progress() -> None:
    """The run in progress, with its stop button; nothing when there is none."""
    job = loaders.jobs().get(state.get(state.JOB))
    if job is not None:
        _polled(_running, job)(job)


def nothing_yet() -> None:
    """What stands in place of results on a page that has none."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text("Nothing is explained here yet: press Run, or open a run.")
        opening()


def opening(label: str = "Open") -> None:
    """Open an example or a run file."""
    with st.popover(label, icon=":material/folder_open:"):
        st.caption("Examples, finished")
        for name in runs.presets():
            st.button(
                name.replace("-", " ").capitalize(),
                key=f"open-{name}",
                on_click=session.go_to,
                args=(name,),
                width="stretch",
            )
        st.file_uploader(
            "A run file, or one of shapiq's InteractionValues (JSON)",
            key="upload",
            type="json",
            on_change=session.upload,
            max_upload_size=settings.MAX_UPLOAD_MB,
        )


def files(shown: Explanation) -> None:
    """Open another run, set this one beside the one before, and take it away."""
    if state.get(state.BEFORE) not in ("", state.get(state.SHOWN)):
        st.button("Before / after", icon=":material/compare_arrows:", on_click=session.before_and_after)
    notes.on_run(shown)
    opening()
    with st.popover("Download", icon=":material/download:"):
        _downloads(shown)


def _downloads(shown: Explanation) -> None:
    """The run on screen for another program; report and tables show the terms that the page shows."""
    index = state.get(state.INDEX)
    told = partial(report, shown, index=index, **state.filters())
    offered: dict[str, tuple[str, str, Callable[[], str | bytes]]] = {
        "json": ("Run file (JSON)", "application/json", lambda: json.dumps(shown.to_json(), ensure_ascii=False)),
        "html": ("Report (HTML)", "text/html", lambda: str(told())),
    }
    if loaders.browser():
        offered["pdf"] = ("Report (PDF)", "application/pdf", lambda: pdf(told()))
    offered["csv"] = ("Terms (CSV)", "text/csv", lambda: csv_text(shown, index))
    if index in SHAPIQ_INDICES:
        offered["shapiq.json"] = ("shapiq (JSON)", "application/json", lambda: shapiq_json(shown, index))
    for ending, (label, mime, made) in offered.items():
        # Made on the click, by a thread of the server's own, so that drawing the page never waits for it.
        st.download_button(
            label, key=f"save-{ending}", data=partial(_encoded, made), mime=mime, on_click="ignore",
            file_name=f"spex-{shown.id}.{ending}", width="stretch",
        )  # fmt: skip
    st.caption(f"Terms under {INDEX_NAMES[index][0]}. The run file opens here, and with spex validate --run.")


def _encoded(made: Callable[[], str | bytes]) -> bytes:
    content = made()
    return content if isinstance(content, bytes) else content.encode("utf-8")


def _plan(request: Request) -> Job:
    """The job that weighs a request; a plan for what the form asked before is dropped."""
    name, jobs = f"plan-{request.id}-{state.get(state.RUNS)}", loaders.jobs()
    before = jobs.get(state.get(state.PLAN))
    if before is not None and before.id != name:
        before.stop()
    state.put(**{state.PLAN: name})
    job = jobs.get(name)
    if job is not None and job.state != "cancelled":
        return job
    return jobs.submit(name, lambda job: work.plan(job, request, loaders.shelf()))


def _polled(draw: Callable[..., None], job: Job) -> Callable[..., None]:
    """The panel as a fragment that looks again while the job is active, and only then."""
    return st.fragment(draw, run_every=settings.POLL_SECONDS if job.active else None)


def _weighed(job: Job, request: Request, was_active: bool) -> None:
    with guarded():
        if job.active:
            st.caption(f"{request.method.budget:,} masks · weighing the rest: {job.phase or 'waiting'} …")
        elif job.state == "done":
            st.caption(_plan_line(job.result))
        else:
            st.caption(f":material/error: {plain(job.error)}")
    if was_active and not job.active:
        st.rerun()  # only a run of the whole page ends the polling


def _plan_line(plan: work.Plan) -> str:
    share = f"up to {100 * plan.known:.0f} % in the store already" if plan.known else "nothing in the store yet"
    time = f"about {plan.seconds:,.0f} s" if plan.seconds >= 1 else "under a second"
    held_out = f" + {plan.held_out:,} to judge it" if plan.held_out else ""
    return f"{plan.n_players:,} parts · {plan.masks:,} masks{held_out} · {time} · {share}"


def _running(job: Job) -> None:
    if not job.active:
        st.rerun()
    with guarded(), st.container(key="progress"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(job.share, text=_how_far(job))
            if job.curve and job.phase in work.ENDS_EARLY:
                st.button(
                    "Stop and keep", key="enough", icon=":material/done_all:", on_click=job.enough.set,
                    disabled=job.enough.is_set(), help="End here with what is known; it is judged as always.",
                )  # fmt: skip
            st.button("Cancel", key="cancel", icon=":material/stop_circle:", on_click=job.stop)
        _curve(job)


def _curve(job: Job) -> None:
    """Held-out R2 as it rises. Not Plotly: a figure of Plotly's is torn down at every look."""
    if not job.curve:
        return
    masks, r2 = job.curve[-1]
    st.caption(plain(f"Held-out R² {r2:.2f} after {masks:,} masks" + (": no better than the mean yet" * (r2 <= 0))))
    if len(job.curve) > 1:
        # Below zero says only that it is no better than the mean; how far below would flatten what comes after.
        known = [{"masks": masks, "r2": max(0.0, r2)} for masks, r2 in job.curve]
        st.vega_lite_chart({"values": known}, _CURVE, width=520, height=150)


def _how_far(job: Job) -> str:
    if job.state == "queued":
        before = loaders.jobs().ahead(job)
        return f"Queued behind {before} other {'job' if before == 1 else 'jobs'}"
    if not job.total:
        return f"{job.phase.capitalize() or 'Starting'} …"
    left = job.seconds_left
    eta = "" if left is None else f" · {left:,.0f} s left" if left >= 1 else " · nearly done"
    return f"{job.phase.capitalize()}: {job.done:,} of {job.total:,} masks{eta}"
