"""The detail card with its choice of term and its Re-ablate button: the claim, checked on the real model."""

from collections.abc import Sequence

import streamlit as st

from dashboard import card, details, loaders, settings, state, work
from dashboard.doors import guarded, plain
from dashboard.jobs import Job
from spexcore.explanation import Explanation
from spexcore.figures.rows import Row, claimed, coalition_from, coalition_id
from spexcore.figures.tokens import Piece
from spexcore.figures.words import title
from spexcore.masks import Coalition

_TERM = "pick-term"


def inspector(explanation: Explanation, shown: Sequence[Row], chosen: Coalition, pieces: Sequence[Piece]) -> None:
    """The selected term in words and numbers, and the button that measures it."""
    _choice(explanation, shown, chosen)
    job_id = f"ablate-{explanation.id}-{coalition_id(chosen)}"
    job = loaders.jobs().get(job_id)
    poll = settings.POLL_SECONDS / 2 if job is not None and job.active else None
    st.fragment(_measure, run_every=poll)(explanation, chosen, pieces, job_id, poll is not None)


def _choice(explanation: Explanation, shown: Sequence[Row], chosen: Coalition) -> None:
    """A plain list of the terms: the way with a keyboard, and of a screen reader."""
    rows = {row.id: row for row in shown}
    if coalition_id(chosen) not in rows:
        rows[coalition_id(chosen)] = claimed(explanation, chosen)
    st.session_state[_TERM] = coalition_id(chosen)
    st.selectbox(
        "Term", list(rows), key=_TERM, format_func=lambda name: title(rows[name]), on_change=_listed,
        label_visibility="collapsed",
    )  # fmt: skip


def _listed() -> None:
    state.choose(coalition_from(st.session_state[_TERM], 10**6))


def _measure(
    explanation: Explanation, chosen: Coalition, pieces: Sequence[Piece], job_id: str, was_active: bool
) -> None:
    with guarded():
        job = loaders.jobs().get(job_id)
        row = claimed(explanation, chosen)
        _button(explanation, chosen, job_id, job)
        found = job.result if job is not None and job.state == "done" else None
        content = details.content(explanation, row, pieces, found, state.get(state.INDEX))
        card.draw(content, key="card")
    if was_active and job is not None and not job.active:
        st.rerun(scope="app")


def _button(explanation: Explanation, chosen: Coalition, job_id: str, job: Job | None) -> None:
    if job is not None and job.active:
        with st.container(horizontal=True, vertical_alignment="center", key="measuring"):
            st.caption(f"{(job.phase or 'waiting for the device').capitalize()} …", width="stretch")
            st.button("Stop", key="stop-ablation", on_click=job.stop)
        return
    if len(chosen) > settings.MAX_RE_ABLATED:
        st.caption(f"Choose at most {settings.MAX_RE_ABLATED} parts to re-ablate; {len(chosen)} are selected.")
        return
    st.button(
        f"Re-ablate: {2 ** len(chosen)} ablations", key="re-ablate", type="primary", width="stretch",
        icon=":material/science:", on_click=_ablate, args=(explanation, chosen, job_id),
    )  # fmt: skip
    if job is not None and job.state in ("failed", "cancelled"):
        st.warning(plain(job.error))


def _ablate(explanation: Explanation, chosen: Coalition, job_id: str) -> None:
    loaders.jobs().submit(job_id, lambda job: work.re_ablate(job, explanation, chosen, loaders.shelf()))
