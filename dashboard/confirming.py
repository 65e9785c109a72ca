"""The confirmation of a run: its leading terms re-ablated in the background, the rate, and claimed against measured."""

from functools import partial

import streamlit as st

from dashboard import loaders, settings, state, waiting, work
from dashboard.charts import chart
from dashboard.doors import plain
from dashboard.jobs import Job
from spexcore.explanation import Explanation
from spexcore.figures.confirmation import confirmation
from spexcore.figures.trust import confirmed

_CHART = "pick-claim"


def panel(explanation: Explanation, dark: bool) -> dict[str, str]:
    """What was confirmed, or the button that finds out; part of the results. Key -> figure of its chart, if any."""
    job = loaders.jobs().get(_job_id(explanation))
    if job is not None and job.state == "done" and state.get(state.CONFIRMED) is not job:
        # The run file has changed: read it again; of an example, the copy that was kept with its confirmation.
        state.put(**{state.CONFIRMED: job, state.SHOWN: job.result})
        state.set_address(run=job.result)
        st.rerun(scope="app")
    with st.container(border=True, key="confirming"):
        drawn = _found(explanation, dark) if explanation.confirmation is not None else {}
        with st.container(horizontal=True, vertical_alignment="center", key="validating"):
            _button(explanation, job)
            st.caption(
                "The leading terms, re-ablated on the model itself: the share that holds is the confirmation rate."
            )
        if job is not None:
            waiting.polled(job, _progress)
    return drawn


def _found(explanation: Explanation, dark: bool) -> dict[str, str]:
    st.markdown(f"**{plain(confirmed(explanation) or 'There is no term to confirm')}**")
    if not confirmed(explanation):
        return {}
    figure = chart(
        confirmation(explanation, dark=dark), key=_CHART, name=f"spex-{explanation.id}-confirmation",
        alt="Claimed against measured value of the leading terms; confirmed ones lie on the diagonal",
    )  # fmt: skip
    st.caption(
        "Filled: predicted, with its 95 % interval. Hollow: measured by the run itself, so exact by construction. "
        "A term on the diagonal was claimed as it was measured; ✗ marks one that does not hold."
    )
    return {_CHART: figure}


def _button(explanation: Explanation, job: Job | None) -> None:
    if not explanation.recipe:
        st.caption("The game of this run is not here, so its terms cannot be re-ablated.")
        return
    again = " again" if explanation.confirmation is not None else ""
    waiting.button(
        f"Validate the top {settings.VALIDATED}{again}", job, partial(_start, explanation),
        key="validate", icon=":material/fact_check:",
    )  # fmt: skip


def _progress(job: Job) -> None:
    st.caption(f"{waiting.phase(job)}: {job.done:,} of {job.total:,} ablations")


def _job_id(explanation: Explanation) -> str:
    return f"confirm-{explanation.id}"


def _start(explanation: Explanation) -> None:
    loaders.jobs().submit(
        _job_id(explanation), lambda job: work.confirm_top(job, explanation, settings.VALIDATED, loaders.shelf())
    )
