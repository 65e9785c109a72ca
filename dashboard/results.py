"""The results of one run: text, term matrix, graph and detail card, which show one selection.

Two fragments, one in the other. The outer draws what a run is, under the index and the terms asked for; the inner, what
depends on the selection, and it alone is drawn again after a click.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import confirming, links, panels, settings, state, trusting
from dashboard.charts import chart
from dashboard.doors import guarded, plain
from dashboard.inspector import inspector
from dashboard.lenses import LENSES
from dashboard.links import Linked
from dashboard.view import View
from spexcore.explanation import Explanation
from spexcore.figures.marks import Marks
from spexcore.figures.network import Plan, graph, plan, spot
from spexcore.figures.rows import rows
from spexcore.figures.terms import band, matrix
from spexcore.figures.trust import confirmed, made, trust
from spexcore.figures.words import INDEX_NAMES, answer, headline, legend
from spexcore.masks import Coalition

_ORDERS = (1, 2, 3, 4)
_TERMS, _GRAPH = "pick-terms", "pick-graph"


def results(explanation: Explanation) -> None:
    """Draw a run."""
    st.fragment(_results)(explanation, state.get(state.SHOWN))


def _results(explanation: Explanation, name: str) -> None:
    _leave_to_page(name)
    with guarded():
        index = state.get(state.INDEX)
        shown = rows(explanation, index=index, **state.filters())
        view = View(explanation, tuple(shown), (), index, dark=st.context.theme.type == "dark")
        with st.container(key="panes"):
            left, right = st.columns([68, 32], gap="medium")
        with left:
            _head(explanation)
            parts = st.container()
            _switches()
            planned = plan(explanation, view.rows, index=index)
            charts = _views(view, planned)
        trusting.panel(explanation, dark=view.dark)  # beneath both columns: in one, the card follows the figures
        charts |= confirming.panel(explanation, dark=view.dark)
        st.fragment(_linked)(name, view, planned, charts, (parts, right, st.container()))


def _leave_to_page(name: str) -> None:
    """A click in here opened another run or page, or left something to say: that is the whole page's."""
    if state.get(state.SHOWN) != name or state.get(state.NOTICE) or state.get(state.GOTO):
        st.rerun()


def _linked(name: str, view: View, planned: Plan, charts: Mapping[str, str], places: tuple[Any, Any, Any]) -> None:
    """What depends on the selection. charts: key -> figure of those drawn around; places: containers around this."""
    _leave_to_page(name)
    with guarded():
        parts, card, beneath = places
        view = replace(view, chosen=_chosen(view))
        lens = LENSES[state.get(state.LENS)]
        # Each in a container of this fragment's own: a fragment within it would leave its traces in those around.
        with parts, st.container(key="parts"):
            linked = lens.parts(view)
        with card, st.container(border=True, key="inspector"):
            inspector(view, lens.excerpt(view))
        with beneath, st.container(key="beneath"):
            lens.beneath(view)
        marks = {
            _TERMS: band(view.rows[: settings.ROWS], selected=view.chosen, dark=view.dark),
            _GRAPH: spot(planned, selected=view.chosen, dark=view.dark),
        }
        around = {key: Linked(figure, marks.get(key, Marks())) for key, figure in charts.items()}
        links.draw({**around, **linked})


def _chosen(view: View) -> Coalition:
    """What is selected, else the strongest interaction on screen, so that the card is never empty."""
    chosen = tuple(i for i in state.get(state.CHOSEN) if i < len(view.explanation.players))
    together = [row for row in view.rows if row.order > 1] or list(view.rows)
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
        st.select_slider("Terms", settings.TOPS, key=state.key(state.TOP), width=170, persist_state="session")
        st.select_slider(
            "At least", settings.LEASTS, key=state.key(state.LEAST), width=170, persist_state="session",
            format_func=lambda share: f"{100 * share:.0f} %", help="Smallest size shown, as a share of the largest.",
        )  # fmt: skip


def _views(view: View, planned: Plan) -> dict[str, str]:
    """Matrix and graph; key -> figure of each."""
    if not view.rows:
        st.info("No term of this kind: choose other orders, a smaller size, or another index.")
        return {}
    if note := view.explanation.interactions(view.index).note:
        st.caption(f":material/info: {note}")
    with st.container(key="views"):
        terms, network = st.columns([55, 45], gap="small")
    with terms:
        table = chart(
            matrix(view.explanation, view.rows[: settings.ROWS], dark=view.dark),
            key=_TERMS, name=f"spex-{view.explanation.id}-terms",
            alt="Matrix of the strongest terms: their players, effects and intervals",
        )  # fmt: skip
    with network:
        circle = chart(
            graph(planned, dark=view.dark), key=_GRAPH, name=f"spex-{view.explanation.id}-graph",
            alt="Graph of the interactions between the parts",
        )  # fmt: skip
    if len(view.rows) > settings.ROWS:
        st.caption(f"The matrix holds the {settings.ROWS} strongest, the graph all {len(view.rows)}.")
    st.caption(legend(view.index))
    return {_TERMS: table, _GRAPH: circle}
