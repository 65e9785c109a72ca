"""Two explanations on one scale: a row a term, a disc for the first, a hollow diamond for the second."""

from collections.abc import Sequence

import plotly.graph_objects as go

from spexcore.comparison import Comparison, Pair, Side
from spexcore.figures.theme import Palette, canvas, label, palette
from spexcore.figures.words import amount

_ROW, _FRAME = 30, 86  # pixels


def comparison(found: Comparison, *, top: int = 20, dark: bool = False) -> go.Figure:
    """The first `top` terms; the line between two marks is what differs, whiskers are 95 % intervals."""
    colours = palette(dark)
    shown = found.pairs[:top]
    figure = canvas(colours, _FRAME + _ROW * max(1, len(shown)), margin={"l": 8, "r": 16, "t": 36, "b": 52})
    names = [label(" × ".join(pair.players), 40) for pair in shown]
    unit = found.unit or "the value's own unit"
    font = {"size": 12, "color": colours.muted}
    figure.update_layout(
        xaxis={
            "title": {"text": unit, "font": font}, "fixedrange": True, "gridcolor": colours.faint, "zeroline": True,
            "zerolinecolor": colours.muted, "zerolinewidth": 1,
        },
        yaxis={
            "tickvals": list(range(len(shown))), "ticktext": names, "fixedrange": True, "showgrid": False,
            "zeroline": False, "range": [len(shown) - 0.4, -0.6], "automargin": True,
        },
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        hovermode="closest",
    )  # fmt: skip
    _gaps(figure, shown, colours)
    _marks(figure, shown, [pair.a for pair in shown], "A", colours)
    _marks(figure, shown, [pair.b for pair in shown], "B", colours)
    return figure


def _gaps(figure: go.Figure, shown: Sequence[Pair], colours: Palette) -> None:
    both = [(y, pair.a.score, pair.b.score) for y, pair in enumerate(shown) if pair.a and pair.b]
    x = [end for _, a, b in both for end in (a, b, None)]
    y = [end for row, _, _ in both for end in (row, row, None)]
    line = {"color": colours.muted, "width": 3}
    figure.add_scatter(x=x, y=y, mode="lines", line=line, opacity=0.6, hoverinfo="skip", showlegend=False)


def _marks(figure: go.Figure, shown: Sequence[Pair], sides: Sequence[Side | None], name: str, colours: Palette) -> None:
    there = [(y, pair, side) for y, (pair, side) in enumerate(zip(shown, sides, strict=True)) if side]
    # Red and blue are signs everywhere else, so the runs differ in shape and filling.
    shape, filling = ("circle", colours.ink) if name == "A" else ("diamond", colours.paper)
    figure.add_scatter(
        x=[side.score for _, _, side in there],
        y=[y for y, _, _ in there],
        mode="markers",
        name=f"run {name}",
        marker={"size": 12, "symbol": shape, "color": filling, "line": {"width": 2, "color": colours.ink}},
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.2, "width": 4, "color": colours.ink,
            "array": [0.0 if side.high is None else side.high - side.score for _, _, side in there],
            "arrayminus": [0.0 if side.low is None else side.score - side.low for _, _, side in there],
        },
        hovertext=[_hover(pair, side, name) for _, pair, side in there],
        hoverinfo="text",
    )  # fmt: skip


def _hover(pair: Pair, side: Side, name: str) -> str:
    known = " · measured" if side.measured else ""
    interval = "" if side.low is None or side.high is None else f"<br>95 % in {amount(side.low)} … {amount(side.high)}"
    terms = " × ".join(label(player, 40) for player in pair.players)
    return f"{terms}<br>run {name}: <b>{amount(side.score)}</b>{known or interval}"
