"""A model's parts in their places, layers x heads: their effect, and beside it a baseline; the picture of its page."""

from collections.abc import Sequence
from functools import partial
from math import isnan

import streamlit as st

from dashboard import dissection, loaders, state, waiting
from dashboard.charts import chart
from dashboard.jobs import Job
from dashboard.links import Linked
from dashboard.view import View
from spexcore.circuits import layer_energy
from spexcore.evidence.ranking import spearman
from spexcore.explanation import Explanation
from spexcore.figures import heads
from spexcore.figures.heads import frame, is_wide, strongest_interactions
from spexcore.figures.words import INDEX_NAMES
from spexcore.masks import Coalition

_GRID, _BESIDE, _ADDING = "pick-part", "beside", "adding"
_INTERACTION, _SINGLE, _GRADIENT = "Strongest interaction", "Single ablation", "Gradient × activation"
_MEANS = {
    _INTERACTION: "Score of the strongest interaction that a part is in: what it does with others.",
    _SINGLE: "What the value loses when this part alone is taken out: measured where the run did, else predicted.",
    _GRADIENT: "First-order guess of the same, from one backward pass a prompt; nothing is ablated.",
}


def draw(view: View) -> dict[str, Linked]:
    """Both grids, and in words where the interactions lie."""
    explanation = view.explanation
    shown = explanation.interactions(view.index, max_order=1)
    scores = [shown[(i,)] for i in range(len(explanation.players))]
    with st.container(key="grids"):
        places = [st.container(), st.container()] if is_wide(explanation.players) else st.columns(2, gap="medium")
    with places[0]:
        single = view.index == "comobius"
        with st.container(key="grid-title", horizontal=True, vertical_alignment="center"):
            st.caption(f"**{_SINGLE if single else INDEX_NAMES[view.index][0]}** of each part")
            st.toggle(
                "Add to the term", key=_ADDING, help="A click then adds a part to the term chosen, or takes it out."
            )
        linked = _grid(
            view, scores, _GRID, "Layers and heads, each with its score; a click chooses one, in the list of terms too"
        )
    with places[1]:
        linked |= _beside(view, scores)
    st.caption(_where(view))
    return linked


def _grid(view: View, scores: Sequence[float], key: str, alt: str, largest: float | None = None) -> dict[str, Linked]:
    figure = heads(view.explanation, scores=scores, largest=largest, dark=view.dark)
    drawn = chart(figure, key=key, name=f"spex-{view.explanation.id}-parts", alt=alt)
    return {key: Linked(drawn, frame(view.explanation, selected=view.chosen, dark=view.dark), partial(_choose, view))}


def _choose(view: View, part: Coalition) -> None:
    state.choose(tuple(set(view.chosen) ^ set(part)) if st.session_state.get(_ADDING) else part)


def _beside(view: View, shown: Sequence[float]) -> dict[str, Linked]:
    offered = [_INTERACTION, _SINGLE, _GRADIENT] if view.index != "comobius" else [_INTERACTION, _GRADIENT]
    if st.session_state.get(_BESIDE) not in offered:
        st.session_state[_BESIDE] = _INTERACTION
    which = st.segmented_control(
        "Beside it", offered, key=_BESIDE, required=True, label_visibility="collapsed", persist_state="session",
        help="\n\n".join(f"**{name}**: {_MEANS[name]}" for name in offered),
    )  # fmt: skip
    scores = _scores(view, which)
    if scores is None:
        return {}
    # One scale for both, or what is next to nothing would look like what is large.
    linked = _grid(view, scores, f"{_GRID}-beside", f"{which} of each part", largest=max(map(abs, [*shown, *scores])))
    if which != _INTERACTION:
        other, compared = (_SINGLE, _single(view.explanation)) if which == _GRADIENT else ("what is shown", shown)
        agreement = spearman(compared, scores)
        if not isnan(agreement):
            st.caption(f"Rank agreement with {other.lower()}: {agreement:.2f} (Spearman; 1 is the same order)")
    return linked


def _scores(view: View, which: str | None) -> Sequence[float] | None:
    """The numbers of the second grid; None while they are not there yet."""
    if which == _INTERACTION:
        return strongest_interactions(view.explanation, view.index)
    return _single(view.explanation) if which == _SINGLE else _gradients(view.explanation)


def _single(explanation: Explanation) -> list[float]:
    return [explanation.comobius((i,)) for i in range(len(explanation.players))]


def _gradients(explanation: Explanation) -> Sequence[float] | None:
    """What the job found; until then the button that starts it."""
    name = f"gradients-{explanation.id}"
    job = loaders.jobs().get(name)
    if job is not None and job.state == "done":
        return tuple(job.result)
    st.caption(_MEANS[_GRADIENT])
    waiting.button("Compute", job, partial(_start, name, explanation), key="gradients", icon=":material/south:")
    if job is not None:
        waiting.polled(job, _progress)
    return None


def _start(name: str, explanation: Explanation) -> None:
    loaders.jobs().submit(name, lambda job: dissection.gradients(job, explanation, loaders.shelf()))


def _progress(job: Job) -> None:
    st.caption(f"{waiting.phase(job)} …")


def _where(view: View) -> str:
    """Within layers or across them: a sentence on the interactions of the index on screen."""
    found = view.explanation.interactions(view.index)
    energy = layer_energy(found.scores, view.explanation.players)
    together = energy.within + energy.across
    if not together:
        return f"{INDEX_NAMES[view.index][0]} gives no score to any combination of parts here."
    orders = f"orders 2 to {found.max_order}" if found.max_order > 2 else "pairs"
    within = 100 * energy.within / together
    return (
        f"Of the interactions ({INDEX_NAMES[view.index][0]}, {orders}, squared) {within:.0f} % lies within one layer, "
        f"{100 - within:.0f} % across layers."
    )
