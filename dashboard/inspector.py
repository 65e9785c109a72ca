"""The detail card with its choice of term and its Re-ablate button: the claim, checked on the real model."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard import card, details, loaders, notes, settings, state, waiting, work
from dashboard.doors import guarded, plain
from dashboard.jobs import Job
from dashboard.view import View
from spexcore.explanation import Explanation
from spexcore.figures.rows import Row, claimed, coalition_from, coalition_id
from spexcore.figures.tokens import Piece
from spexcore.figures.words import title
from spexcore.masks import Coalition

_TERM = "pick-term"


def inspector(view: View, pieces: Sequence[Piece]) -> None:
    """The selected term in words and numbers, and the button that measures it. pieces: the text around a term."""
    explanation, chosen = view.explanation, view.chosen
    _choice(explanation, view.rows, chosen)
    job = loaders.jobs().get(_job_id(explanation, chosen))
    _button(explanation, chosen, job)
    # A fragment of its own looks again while the ablations run; the button is outside, for only a redraw of what is
    # around a fragment can start or end its looking.
    active = job is not None and job.active
    poll = settings.POLL_SECONDS / 2 if active else None
    st.fragment(_card, run_every=poll)(explanation, chosen, pieces, job, active)
    _elsewhere(explanation, chosen)
    notes.on_term(explanation, chosen)


def _choice(explanation: Explanation, shown: Sequence[Row], chosen: Coalition) -> None:
    """A plain list of the terms: the way with a keyboard, and of a screen reader."""
    rows, noted = {row.id: row for row in shown}, explanation.remarks.terms
    for coalition in (chosen, *noted):
        if coalition_id(coalition) not in rows:
            rows[coalition_id(coalition)] = claimed(explanation, coalition)
    st.session_state[_TERM] = coalition_id(chosen)
    st.selectbox(
        "Term", list(rows), key=_TERM, on_change=_listed, label_visibility="collapsed",
        format_func=lambda name: title(rows[name]) + (" ✎" if rows[name].coalition in noted else ""),
    )  # fmt: skip


def _listed() -> None:
    state.choose(coalition_from(st.session_state[_TERM], state.MANY))


def _button(explanation: Explanation, chosen: Coalition, job: Job | None) -> None:
    if not explanation.recipe:
        st.caption("The game of this run is not here, so nothing can be re-ablated.")
        return
    if len(chosen) > settings.MAX_RE_ABLATED:
        st.caption(f"Choose at most {settings.MAX_RE_ABLATED} parts to re-ablate; {len(chosen)} are selected.")
        return
    act, ablations = details.called(explanation)
    waiting.button(
        f"{act}: {2 ** len(chosen)} {ablations}", job, partial(_ablate, explanation, chosen),
        key="re-ablate", icon=":material/science:", type="primary", width="stretch",
    )  # fmt: skip


def _elsewhere(explanation: Explanation, chosen: Coalition) -> None:
    """The same term in random contexts: whether it holds beyond the whole as it stands."""
    if not explanation.recipe or len(chosen) > settings.MAX_IN_CONTEXTS:
        return
    job_id = f"contexts-{explanation.id}-{coalition_id(chosen)}"
    job = loaders.jobs().get(job_id)
    label = f"In random contexts: {(1 + settings.CONTEXTS) * 2 ** len(chosen)} {details.called(explanation)[1]}"
    start = partial(_try_elsewhere, job_id, explanation, chosen)
    waiting.button(label, job, start, key="elsewhere", icon=":material/shuffle:", width="stretch")
    if job is not None and job.state == "done":
        st.caption(plain(details.elsewhere(explanation, explanation.comobius(chosen), job.result)))
    elif job is not None:
        waiting.polled(job, _busy)


def _busy(job: Job) -> None:
    st.caption(f"{waiting.phase(job)} …")


def _card(
    explanation: Explanation, chosen: Coalition, pieces: Sequence[Piece], job: Job | None, was_active: bool
) -> None:
    with guarded():
        with st.container(key="news-of-ablation"):
            if job is not None and job.active:
                _busy(job)
            elif job is not None and job.state != "done":
                st.warning(plain(job.error))
        found = job.result if job is not None and job.state == "done" else None
        row = claimed(explanation, chosen)
        card.draw(details.content(explanation, row, pieces, found, state.get(state.INDEX)), key="card")
    if was_active and job is not None and not job.active:
        st.rerun(scope="app")


def _try_elsewhere(job_id: str, explanation: Explanation, chosen: Coalition) -> None:
    loaders.jobs().submit(job_id, lambda job: work.in_contexts(job, explanation, chosen, loaders.shelf()))


def _job_id(explanation: Explanation, chosen: Coalition) -> str:
    return f"ablate-{explanation.id}-{coalition_id(chosen)}"


def _ablate(explanation: Explanation, chosen: Coalition) -> None:
    job_id = _job_id(explanation, chosen)
    loaders.jobs().submit(job_id, lambda job: work.re_ablate(job, explanation, chosen, loaders.shelf()))
