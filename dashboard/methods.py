"""Other methods on the masks of a run: fitted in the background, then their R2 and their leading terms side by side."""

from functools import partial

import streamlit as st

from dashboard import loaders, waiting, work
from dashboard.charts import chart
from dashboard.doors import plain
from dashboard.jobs import Job
from spexcore.explanation import Explanation
from spexcore.figures import methods
from spexcore.figures.words import INDEX_NAMES, amount, quantity
from spexcore.same_masks import MethodFit, SameMasks

_TERMS = 3  # leading terms of each method


def panel(explanation: Explanation, index: str, *, dark: bool) -> None:
    """The button that starts them, how far they are, and what they found."""
    job = loaders.jobs().get(_job_id(explanation))
    with st.container(border=True, key="methods"):
        if not explanation.recipe:
            st.caption("The game of run A is not here, so no other method can be tried on it.")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            waiting.button(
                "Other methods on the same masks", job, partial(_start, explanation),
                key="try-methods", icon=":material/tune:",
            )  # fmt: skip
            st.caption(
                f"On run A: as many masks, drawn as its own were ({explanation.masks}, {explanation.masks_asked:,}), "
                "the same for every method, and the same held-out masks."
            )
        if job is not None:
            waiting.polled(job, _progress)
            if job.state == "done":
                _found(explanation, job.result, index, dark)


def _progress(job: Job) -> None:
    done = f": {job.done:,} of {job.total:,}" if job.total else ""
    st.caption(plain(f"{waiting.phase(job)}{done} …"))


def _found(explanation: Explanation, found: SameMasks, index: str, dark: bool) -> None:
    unit = quantity(explanation).unit or "the value's own unit"
    terms = f"Leading terms, {INDEX_NAMES[index][0]}"
    names = ("Method", "R² uniform", "R² near", f"Error near ({unit})", "Fit (s)", terms)
    lines = [_line(fit, index) for fit in found.fits]
    st.table({name: [line[k] for line in lines] for k, name in enumerate(names)}, border="horizontal", hide_index=True)
    for method, sentence in found.refused.items():
        st.caption(plain(f"{method}: {sentence}"))
    chart(
        methods(found, index=index, top=_TERMS, dark=dark), key="methods-chart", name=f"spex-{explanation.id}-methods",
        alt="The leading terms of every method on one scale; the table above holds the first of each",
    )  # fmt: skip
    st.caption(
        "\\* SPEX takes no given masks: it designs its own, as many. KernelSHAP and LIME are made for masks of every "
        "size and can do better on those. measured: by run A's own ablations; no bar there means not measured. "
        "All columns have one scale."
    )


def _line(fit: MethodFit, index: str) -> tuple[str, ...]:
    judged, found = fit.faithfulness, fit.interactions(index)
    terms = [f"{' × '.join(found.names(S))} {amount(score)}" for S, score in found.ranked()[:_TERMS]]
    numbers = [f"{value:.2f}".replace("-", "−") for value in (judged.r2, judged.r2_near, judged.mae_near, fit.seconds)]
    return (fit.method + (" \\*" if fit.own_masks else ""), *numbers, plain(" · ".join(terms)))


def _job_id(explanation: Explanation) -> str:
    return f"methods-{explanation.id}"


def _start(explanation: Explanation) -> None:
    loaders.jobs().submit(_job_id(explanation), lambda job: work.try_methods(job, explanation, loaders.shelf()))
