"""Charts that share a selection: it is marked in them, and a click in one is told. A Streamlit v2 component, unseen.

Streamlit builds a chart anew for whatever changes in its figure, which takes longer than all else after a click. So
charts are drawn with nothing selected, and the marks of the selection are put on them in the browser.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dashboard import state
from spexcore.figures.marks import MARK, Marks
from spexcore.figures.rows import coalition_from
from spexcore.masks import Coalition

_KEY = "links"
_HTML = """
<span hidden></span>
"""
_JS = (
    f"const MARK = '{MARK}';"
    + """
const LOOK = 300;                                   // ms between two looks for charts that the page has drawn anew

function mark(chart, {shapes, traces}) {
  const kept = (chart.layout.shapes || []).filter(shape => shape.name !== MARK);
  const layout = {shapes: [...kept, ...shapes]};
  const wanted = JSON.stringify(traces), places = Object.keys(traces).map(Number);
  // Shapes alone are drawn in a moment; for an attribute of a trace Plotly goes through the whole figure.
  if (!places.length || chart._traced === wanted) return window.Plotly.relayout(chart, layout);
  chart._traced = wanted;
  const names = [...new Set(places.flatMap(k => Object.keys(traces[k])))];
  const style = Object.fromEntries(names.map(name => [name, places.map(k => traces[k][name])]));
  return window.Plotly.update(chart, style, layout, places);
}

export default function({data, parentElement, setTriggerValue}) {
  clearTimeout(parentElement._look);
  const link = (key, {figure, marks}) => {
    const chart = document.querySelector(`.st-key-${key} .js-plotly-plot`);
    // Another figure, or none yet: it is still to come. `meta` is Plotly's place for what a figure's maker notes on it.
    if (!window.Plotly || !chart?.calcdata || chart.layout.meta !== figure) return false;
    chart._pick = id => setTriggerValue('pick', {chart: key, id});
    if (!chart._linked) {
      chart._linked = true;
      chart.on('plotly_click', ({points}) => points[0]?.customdata && chart._pick(String(points[0].customdata)));
    }
    const wanted = JSON.stringify(marks);
    if (chart._marked !== wanted) {
      chart._marked = wanted;
      mark(chart, marks);
    }
    return true;
  };
  const look = () => {
    const all = Object.entries(data.charts).map(([key, chart]) => link(key, chart));
    parentElement._look = setTimeout(look, all.every(Boolean) ? LOOK : 16);
  };
  look();
  return () => clearTimeout(parentElement._look);
}
"""
)
_component = st.components.v2.component("spexcore.links", html=_HTML, js=_JS)


@dataclass(frozen=True)
class Linked:
    """A chart that is on the page. figure: what `charts.chart` said of it; choose: what a click does with its term."""

    figure: str
    marks: Marks = Marks()
    choose: Callable[[Coalition], None] = state.choose


def draw(charts: Mapping[str, Linked]) -> None:
    """Mark the selection in charts, by their keys, and let a click in one choose."""
    data = {key: {"figure": one.figure, "marks": one.marks.to_json()} for key, one in charts.items()}
    _component(data={"charts": data}, key=_KEY, on_pick_change=partial(_picked, charts))


def _picked(charts: Mapping[str, Linked]) -> None:
    told = st.session_state[_KEY]["pick"] or {}
    clicked, chosen = charts.get(str(told.get("chart"))), coalition_from(str(told.get("id")), state.MANY)
    if clicked is not None and chosen:
        clicked.choose(chosen)
