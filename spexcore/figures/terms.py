"""The term matrix: one row a term, one column a player in reading order, its score as a bar with an interval."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.marks import MARK, Marks
from spexcore.figures.rows import Row, player_names, rows
from spexcore.figures.theme import Palette, canvas, faded, label, palette, sign_colour
from spexcore.figures.words import amount, hover, quantity
from spexcore.masks import Coalition

ROW = 29  # pixels
_FOOT = 50  # pixels: axis and its title
_SPLIT = 0.58  # share of the width that the dots take; bars take the rest
_SLANTED = 24  # columns up to which their labels are slanted, beyond it they stand upright
_CROWDED = 40  # labels at most
_DOTS = 1_000  # empty cells up to which each is a dot: a browser draws some thousand in a second


def terms(
    explanation: Explanation,
    *,
    index: str = DEFAULT_INDEX,
    top: int = 12,
    orders: Collection[int] | None = None,
    least: float = 0.0,
    selected: Coalition = (),
    dark: bool = False,
) -> go.Figure:
    """The `top` terms; a dot joins each player of a term, and dots and bars can be clicked (customdata: row id)."""
    shown = rows(explanation, index=index, top=top, orders=orders, least=least)
    return matrix(explanation, shown, selected=selected, dark=dark)


def matrix(
    explanation: Explanation, shown: Sequence[Row], *, selected: Coalition = (), dark: bool = False
) -> go.Figure:
    """The term matrix of rows that are chosen already."""
    return band(shown, selected=selected, dark=dark).on(_picture(explanation, shown, palette(dark)))


def band(shown: Sequence[Row], *, selected: Coalition, dark: bool = False) -> Marks:
    """What marks the selected row in the matrix."""
    colours = palette(dark)
    line = {"color": colours.ink, "width": 1.5}
    look = {"type": "rect", "name": MARK, "layer": "below", "fillcolor": colours.marked, "line": line}
    across = {"x0": 0, "x1": 1, "xref": "paper", "yref": "y"}
    rows = [k for k, row in enumerate(shown) if row.coalition == selected]
    return Marks(tuple({**look, **across, "y0": k - 0.5, "y1": k + 0.5} for k in rows))


def _picture(explanation: Explanation, shown: Sequence[Row], colours: Palette) -> go.Figure:
    columns = sorted({i for row in shown for i in row.coalition})
    names = [label(name, 12) for name in player_names(explanation.players)]
    head = _head([names[i] for i in columns])
    height = head + _FOOT + ROW * max(1, len(shown))
    axes = _axes(explanation, shown, {i: names[i] for i in columns}, colours)
    figure = canvas(colours, height, margin={"l": 4, "r": 78, "t": head, "b": _FOOT}, barmode="overlay", **axes)
    _grid(figure, shown, columns, colours)
    _members(figure, shown, columns, colours)
    _bars(figure, explanation, shown, colours)
    return figure


def _head(labels: Sequence[str]) -> int:
    """Pixels that slanted or upright column labels need."""
    upright = 1.0 if len(labels) > _SLANTED else 0.8
    return round(18 + upright * 7.2 * max(map(len, labels), default=0))


def _axes(
    explanation: Explanation, shown: Sequence[Row], columns: Mapping[int, str], colours: Palette
) -> dict[str, dict[str, Any]]:
    step = -(-len(columns) // _CROWDED)
    labels = [name if k % max(1, step) == 0 else "" for k, name in enumerate(columns.values())]
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True}
    return {
        "xaxis": {
            **plain, "domain": [0, _SPLIT], "side": "top", "tickangle": -52 if len(columns) <= _SLANTED else -90,
            "tickvals": list(range(len(columns))), "ticktext": labels, "range": [-0.6, max(1, len(columns)) - 0.4],
            "tickfont": {"size": 13 if len(columns) <= _SLANTED else 11}, "ticks": "",
        },
        "xaxis2": {
            **plain, "domain": [_SPLIT + 0.03, 1], "zeroline": True, "zerolinecolor": colours.muted,
            "zerolinewidth": 1, "range": _reach(shown), "nticks": 5, "tickfont": {"color": colours.muted, "size": 12},
            "title": {"text": label(quantity(explanation).axis, 44), "font": {"size": 12, "color": colours.muted}},
        },
        "yaxis": {
            **plain, "range": [len(shown) - 0.45, -0.55], "side": "right", "anchor": "free", "position": 1,
            "tickvals": list(range(len(shown))), "ticks": "",
            "ticktext": [(" ✓ " if row.measured else "     ") + amount(row.score) for row in shown],
        },
    }  # fmt: skip


def _reach(shown: Sequence[Row]) -> list[float]:
    """Range of the bars: all of them and their intervals, zero inside."""
    ends = [0.0, *(end for row in shown for end in (row.score, row.low, row.high) if end is not None)]
    pad = 0.06 * (max(ends) - min(ends) or 1.0)
    return [min(ends) - pad, max(ends) + pad]


def _grid(figure: go.Figure, shown: Sequence[Row], columns: Sequence[int], colours: Palette) -> None:
    """Small dots for the players that are not in a term; they catch clicks for their row. Too many become lines."""
    cells = [(x, y, row) for y, row in enumerate(shown) for x, i in enumerate(columns) if i not in row.coalition]
    if len(cells) > _DOTS:
        x = [-0.5, len(columns) - 0.5, None] * len(shown)
        y = [end for k in range(len(shown)) for end in (k, k, None)]
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": colours.faint, "width": 1}, hoverinfo="skip")
        return
    _clickable(
        figure,
        x=[x for x, _, _ in cells],
        y=[y for _, y, _ in cells],
        rows=[row for _, _, row in cells],
        marker={"size": 4, "color": colours.faint},
        hoverinfo="none",  # no label, but a click: "skip" would take both
    )


def _members(figure: go.Figure, shown: Sequence[Row], columns: Sequence[int], colours: Palette) -> None:
    place = {i: x for x, i in enumerate(columns)}
    for sign in (1, -1):
        mine = [(y, row) for y, row in enumerate(shown) if row.score * sign > 0]
        colour = sign_colour(sign, colours)
        x = [e for _, row in mine for e in (place[row.coalition[0]], place[row.coalition[-1]], None)]
        y = [e for y, _ in mine for e in (y, y, None)]
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 2.5}, hoverinfo="skip")
    dots = [(place[i], y, row) for y, row in enumerate(shown) for i in row.coalition]
    _clickable(
        figure,
        x=[x for x, _, _ in dots],
        y=[y for _, y, _ in dots],
        rows=[row for _, _, row in dots],
        marker={"size": 13, "color": [sign_colour(row.score, colours) for _, _, row in dots], "opacity": 1},
        hovertext=[hover(row) for _, _, row in dots],
    )


def _clickable(figure: go.Figure, *, rows: Sequence[Row], **trace: object) -> None:
    trace.setdefault("hoverinfo", "text")
    figure.add_scatter(
        mode="markers",
        customdata=[row.id for row in rows],
        cliponaxis=False,
        **trace,
    )


def _bars(figure: go.Figure, explanation: Explanation, shown: Sequence[Row], colours: Palette) -> None:
    whiskers = [row for row in shown if row.low is not None and row.high is not None and not row.measured]
    figure.add_bar(
        x=[row.score for row in shown],
        y=list(range(len(shown))),
        orientation="h",
        width=0.56,
        xaxis="x2",
        marker={
            "color": [faded(sign_colour(row.score, colours), 0.3 if row.doubtful else 1) for row in shown],
            "line": {"width": 0},
        },
        customdata=[row.id for row in shown],
        hovertext=[hover(row) for row in shown],
        hoverinfo="text",
    )
    if whiskers:
        _whiskers(figure, shown, colours)


def _whiskers(figure: go.Figure, shown: Sequence[Row], colours: Palette) -> None:
    known = [(y, row) for y, row in enumerate(shown) if row.low is not None and row.high is not None]
    predicted = [(y, row) for y, row in known if not row.measured]
    figure.add_scatter(
        x=[row.score for _, row in predicted],
        y=[y for y, _ in predicted],
        xaxis="x2",
        mode="markers",
        marker={"size": 1, "color": colours.ink, "opacity": 0},
        error_x={
            "type": "data",
            "symmetric": False,
            # An interval of a Fourier coefficient may lie beside what the spectrum says; it is drawn up to there.
            "array": [max(0.0, (row.high or 0) - row.score) for _, row in predicted],
            "arrayminus": [max(0.0, row.score - (row.low or 0)) for _, row in predicted],
            "color": colours.ink,
            "thickness": 1.2,
            "width": 4,
        },
        hoverinfo="skip",
    )
