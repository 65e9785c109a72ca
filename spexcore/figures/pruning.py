"""Pruning curves: what a model still does when only few of its parts are kept, by who chose them."""

from collections.abc import Sequence

import plotly.graph_objects as go

from spexcore.circuits import Pruned
from spexcore.figures.theme import Palette, canvas, label, palette
from spexcore.figures.words import amount

_HEIGHT = 340  # pixels
#: Line and marker of each method; red and blue are signs everywhere else, so shape tells them apart.
_STYLES = (("solid", "circle"), ("dash", "diamond"), ("dot", "square"), ("dashdot", "x"))


def pruning(
    curve: Sequence[Pruned],
    *,
    on: str | None = None,
    ends: tuple[float, float] | None = None,
    unit: str = "",
    size: int | None = None,
    dark: bool = False,
) -> go.Figure:
    """Value against the number of parts kept, a line for each method of `spexcore.circuits.pruning_curve`.

    on: a game that was held out, by its name; None: the one by which parts were chosen. ends: its value with every part
    ablated and with none, drawn as lines. size: number of parts that is marked.
    """
    colours = palette(dark)
    figure = canvas(colours, _HEIGHT, margin={"l": 64, "r": 12, "t": 36, "b": 48})
    axis = {"fixedrange": True, "gridcolor": colours.faint, "zeroline": False}
    font = {"size": 12, "color": colours.muted}
    sizes = sorted({len(one.kept) for one in curve})
    figure.update_layout(
        xaxis={**axis, "title": {"text": "parts kept", "font": font}, "tickvals": sizes},
        yaxis={**axis, "title": {"text": f"value, {unit}" if unit else "value", "font": font}},
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        hovermode="x unified",
    )
    methods = list(dict.fromkeys(one.method for one in curve))
    for method, (dash, shape) in zip(methods, _STYLES, strict=False):
        points = [one for one in curve if one.method == method]
        colour = colours.ink if method == methods[0] else colours.muted
        _line(figure, method, points, on, {"color": colour, "dash": dash, "symbol": shape})
    for name, value in zip(("all ablated", "whole model"), ends or (), strict=False):
        _level(figure, name, value, colours)
    if size is not None:
        figure.add_vline(x=size, line={"color": colours.muted, "width": 1, "dash": "dot"}, layer="below")
    return figure


def _line(figure: go.Figure, method: str, points: Sequence[Pruned], on: str | None, style: dict[str, str]) -> None:
    values = [one.chosen_on if on is None else one.held_out[on] for one in points]
    figure.add_scatter(
        x=[len(one.kept) for one in points],
        y=values,
        mode="lines+markers",
        name=method,
        line={"color": style["color"], "dash": style["dash"], "width": 2},
        marker={"size": 9, "symbol": style["symbol"], "color": style["color"]},
        hovertext=[f"{label(method, 40)}: <b>{amount(value)}</b>" for value in values],
        hoverinfo="text",
    )


def _level(figure: go.Figure, name: str, value: float, colours: Palette) -> None:
    figure.add_hline(y=value, line={"color": colours.muted, "width": 1}, layer="below")
    figure.add_annotation(
        x=1, xref="paper", xanchor="right", y=value, yanchor="bottom", text=f"{name} {amount(value)}", showarrow=False,
        font={"color": colours.muted, "size": 12},
    )  # fmt: skip
