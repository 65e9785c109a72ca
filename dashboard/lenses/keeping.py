"""Which parts of a model to keep: pruning curves in the background, and how well the chosen parts do alone."""

from functools import partial

import streamlit as st

from dashboard import dissection, loaders, state, waiting
from dashboard.charts import chart
from dashboard.dissection import Pruning
from dashboard.doors import plain
from dashboard.jobs import Job
from dashboard.lenses import boxes
from dashboard.view import View
from spexcore.circuits import METHODS, Circuit, Pruned
from spexcore.explanation import Explanation
from spexcore.figures import pruning
from spexcore.figures.words import amount, quantity
from spexcore.game import content_key

_OTHERS, _FILE, _SIZE, _ON = "others", "others-file", "kept-size", "judged-on"
_CHOSEN = "the prompts of the run"


def panel(view: View) -> None:
    """The curves, or the button that finds them; part of the results."""
    explanation = view.explanation
    with st.container(border=True, key="pruning"):
        st.markdown("**Which parts to keep**")
        job = loaders.jobs().get(_job_id(explanation))
        if job is not None and job.state == "done":
            _found(view, job.result)
        with st.container(horizontal=True, vertical_alignment="center", key="pruning-asked"):
            _button(explanation, job)
            with st.popover("Judge on other prompts", icon=":material/quiz:"):
                boxes.prompts_box("Prompts (CSV)", _FILE, _uploaded, "Parts are chosen on the run's own prompts.")
            if state.get(_OTHERS):
                st.caption(f"judged on {len(state.get(_OTHERS))} other prompts")
        st.caption(
            "Keeps few parts and ablates all others. Each way of choosing has the same "
            f"{dissection.n_samples(explanation):,} ablations a size: half of them for a spectrum (WalshGP) and half "
            "for swaps that it proposes, all for a Lasso, or for random sets; those missed most alone take one a part."
        )
        if job is not None:
            waiting.polled(job, _progress)


def _found(view: View, found: Pruning) -> None:
    scores = [name for name in found.ends if name]
    on = None
    if scores:
        chosen = st.segmented_control("Judged on", [_CHOSEN, *scores], key=_ON, default=_CHOSEN, required=True)
        on = None if chosen == _CHOSEN else chosen
    sizes = sorted(found.circuits)
    if st.session_state.get(_SIZE) not in sizes:
        st.session_state[_SIZE] = sizes[len(sizes) // 2]
    size = st.select_slider("Parts kept", sizes, key=_SIZE)
    unit = "" if on == "accuracy" else quantity(view.explanation).unit
    figure = pruning(found.curve, on=on, ends=found.ends[on or ""], unit=unit, size=size, dark=view.dark)
    chart(
        figure, key="pruning-curve", name=f"spex-{view.explanation.id}-pruning",
        alt="Value against the number of parts kept, a line for each way of choosing them; told below for one size",
    )  # fmt: skip
    best = next(one for one in found.curve if one.method == METHODS[0] and len(one.kept) == size)
    _told(view.explanation, best, found.circuits[size], found.ends[""])


def _told(explanation: Explanation, best: Pruned, found: Circuit, ends: tuple[float, float]) -> None:
    """The choice of one size in words and numbers."""
    unit = quantity(explanation).unit
    names = ", ".join(explanation.players[i] for i in best.kept)
    surely = (
        "Every swap of one of these parts for another was measured: none is better."
        if best.settled
        else "Found by measured swaps, as many as were paid for: another set may be better."
    )
    reached = f"{amount(best.chosen_on)} {unit}".rstrip()
    st.text(f"The spectrum keeps {names}. On {_CHOSEN}: {reached}; the whole model has {amount(ends[1])}.")
    least = min(found.minimality, key=lambda i: found.minimality[i])
    st.caption(
        plain(
            f"Faithfulness {found.faithfulness:.2f} (1: does what the whole model does beyond nothing). "
            f"Incompleteness {found.incompleteness:.2f} {unit} (0: nothing outside stands in). "
            f"Minimality: {explanation.players[least]} does least, {amount(found.minimality[least])} {unit}, alone or "
            "with another one gone. "
            f"{surely}"
        )
    )


def _uploaded() -> None:
    state.put(**{_OTHERS: boxes.prompts_in(st.session_state.get(state.key(_FILE)))})


def _button(explanation: Explanation, job: Job | None) -> None:
    again = " again" if job is not None and job.state == "done" else ""
    count = dissection.ablations(explanation)
    waiting.button(
        f"Prune{again}: up to {count:,} ablations", job, partial(_start, explanation),
        key="prune", icon=":material/content_cut:",
    )  # fmt: skip


def _progress(job: Job) -> None:
    st.caption(f"{waiting.phase(job)}: {job.done:,} of about {job.total:,} ablations")


def _job_id(explanation: Explanation) -> str:
    others = content_key([list(row) for row in state.get(_OTHERS) or ()])[:8]
    return f"prune-{explanation.id}-{others}"


def _start(explanation: Explanation) -> None:
    others = state.get(_OTHERS) or ()
    loaders.jobs().submit(_job_id(explanation), lambda job: dissection.prune(job, explanation, others, loaders.shelf()))
