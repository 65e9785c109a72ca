"""The results of one run: text, term matrix, graph and detail card, which show one selection. A fragment of its own.

A click redraws this fragment alone. What it chose is copied into the page's own state at once, because any change of a
figure clears Plotly's selection without a call.
"""

from collections.abc import Sequence

import streamlit as st

from dashboard import confirming, panels, session, settings, state, trusting
from dashboard.charts import chart, picked
from dashboard.doors import guarded, plain
from dashboard.inspector import inspector
from dashboard.lenses import LENSES
from dashboard.view import View
from spexcore.explanation import Explanation
from spexcore.figures.network import graph
from spexcore.figures.rows import Row, coalition_from, rows
from spexcore.figures.terms import matrix
from spexcore.figures.trust import confirmed, made, trust
from spexcore.figures.words import INDEX_NAMES, answer, headline
from spexcore.masks import Coalition

_ORDERS = (1, 2, 3, 4)
_TERMS, _GRAPH = "pick-terms", "pick-graph"


def results(explanation: Explanation) -> None:
    """Draw a run; on a click only this part is drawn again."""
    st.fragment(_results)(explanation, state.get(state.SHOWN))


def _results(explanation: Explanation, name: str) -> None:
    if state.get(state.SHOWN) != name or state.get(state.NOTICE) or state.get(state.GOTO):
        st.rerun()  # a click in here opened another run or page, or left something to say: that is the whole page's
    with guarded():
        index = state.get(state.INDEX)
        shown = rows(explanation, index=index, top=state.get(state.TOP), orders=state.get(state.ORDERS))
        view = View(explanation, tuple(shown), _chosen(explanation, shown), index, dark=st.context.theme.type == "dark")
        lens = LENSES[state.get(state.LENS)]
        with st.container(key="panes"):
            left, right = st.columns([68, 32], gap="medium")
        with left:
            _head(explanation)
            lens.parts(view)
            _switches()
            _views(view)
            trusting.panel(explanation, dark=view.dark)
            confirming.panel(explanation, dark=view.dark)
        with right, st.container(border=True, key="inspector"):
            inspector(view, lens.excerpt(view))
        lens.beneath(view)


def _chosen(explanation: Explanation, shown: Sequence[Row]) -> Coalition:
    """What is selected, else the strongest interaction on screen, so that the card is never empty."""
    chosen = tuple(i for i in state.get(state.CHOSEN) if i < len(explanation.players))
    together = [row for row in shown if row.order > 1] or list(shown)
    return chosen or (together[0].coalition if together else (0,))


def _head(explanation: Explanation) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        with st.container(key="verdict", width="stretch"):
            st.text(answer(explanation))
            st.caption(plain(f"{made(explanation)} · {trust(explanation)}"))
        panels.files(explanation)
    with st.container(key="headline"):
        st.text(headline(explanation))
        if explanation.remarks.run:
            with st.container(key="remark"):
                st.text(f"Note: {explanation.remarks.run}")
        if confirmed(explanation):
            st.caption(f":material/fact_check: {plain(confirmed(explanation))}")
        for note in explanation.notes:
            st.caption(f":material/info: {plain(note)}")


def _switches() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="switches"):
        st.selectbox(
            "Index", list(INDEX_NAMES), key=state.key(state.INDEX), width=215,
            format_func=lambda name: INDEX_NAMES[name][0],
            help="\n\n".join(f"**{name}**: {means}" for name, means in INDEX_NAMES.values()), persist_state="session",
        )  # fmt: skip
        st.segmented_control(
            "Orders", _ORDERS, key=state.key(state.ORDERS), selection_mode="multi", persist_state="session",
            help="How many parts a term joins; none chosen shows all.",
        )  # fmt: skip
        st.select_slider("Terms", settings.TOPS, key=state.key(state.TOP), width=190, persist_state="session")


def _views(view: View) -> None:
    if not view.rows:
        st.info("No term of this kind: choose other orders, or another index.")
        return
    if note := view.explanation.interactions(view.index).note:
        st.caption(f":material/info: {note}")
    with st.container(key="views"):
        terms, network = st.columns([55, 45], gap="small")
    with terms:
        figure = matrix(view.explanation, view.rows[: settings.ROWS], selected=view.chosen, dark=view.dark)
        chart(
            figure, key=_TERMS, name=f"spex-{view.explanation.id}-terms", on_select=_clicked_term,
            alt="Matrix of the strongest terms: their players, effects and intervals",
        )  # fmt: skip
    with network:
        figure = graph(view.explanation, view.rows, index=view.index, selected=view.chosen, dark=view.dark)
        chart(
            figure, key=_GRAPH, name=f"spex-{view.explanation.id}-graph", on_select=_clicked_node,
            alt="Graph of the interactions between the parts",
        )  # fmt: skip
    if len(view.rows) > settings.ROWS:
        st.caption(f"The matrix holds the {settings.ROWS} strongest, the graph all {len(view.rows)}.")
    st.caption(
        "Red raises, blue lowers. ✓ measured by re-ablation; the others are predicted, whiskers are 95 % intervals, "
        "pale bars are not told apart from zero. Hubs: ● two parts, ▲ three, ■ four, ★ more."
    )


def _clicked_term() -> None:
    _clicked(_TERMS)


def _clicked_node() -> None:
    _clicked(_GRAPH)


def _clicked(key: str) -> None:
    if marked := picked(key):
        state.choose(coalition_from(marked, session.MANY))
