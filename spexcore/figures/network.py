"""The interaction graph: players on a circle in reading order, every term of order 2 and more one clickable hub."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from math import cos, dist, hypot, pi, sin, tau

import plotly.graph_objects as go

from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.rows import Row, player_names, rows
from spexcore.figures.theme import Palette, canvas, label, palette, sign_colour, symbol
from spexcore.figures.words import amount, hover
from spexcore.masks import Coalition

Point = tuple[float, float]

HEIGHT = 440
_SHORT = 10  # characters of a label that the sides have room for
_ALL = 36  # players beyond which only those in a shown term are drawn
_APART = 0.13  # least distance of two hubs, in radii of the circle
_MOVED = 80  # hubs beyond which they stay where they fall
_WIDTHS = (1.2, 2.2, 3.8, 6.0)  # one trace for each width and sign: a trace for each line would draw in seconds


def network(
    explanation: Explanation,
    *,
    index: str = DEFAULT_INDEX,
    top: int = 12,
    orders: Collection[int] | None = None,
    selected: Coalition = (),
    dark: bool = False,
) -> go.Figure:
    """The `top` terms as a graph; hubs and players can be clicked (customdata: row id)."""
    shown = rows(explanation, index=index, top=top, orders=orders)
    return graph(explanation, shown, index=index, selected=selected, dark=dark)


def graph(
    explanation: Explanation,
    shown: Sequence[Row],
    *,
    index: str = DEFAULT_INDEX,
    selected: Coalition = (),
    dark: bool = False,
) -> go.Figure:
    """The interaction graph of rows that are chosen already; players carry their own score under the index."""
    colours = palette(dark)
    places = _circle(_drawn(explanation, shown, selected))
    joined = [row for row in shown if row.order > 1]
    hubs = _hubs(joined, places)
    figure = canvas(colours, HEIGHT, margin={"l": 4, "r": 4, "t": 4, "b": 4})
    hidden = {"visible": False, "fixedrange": True}
    longest = max((len(explanation.players[i]) for i in places), default=0)
    side = 1.5 if longest <= _SHORT else 1.9  # room for labels beside the circle
    figure.update_layout(xaxis={**hidden, "range": [-side, side]}, yaxis={**hidden, "range": [-1.25, 1.25]})
    _lines(figure, joined, hubs, places, selected=selected, colours=colours)
    _players(figure, explanation, places, index=index, selected=selected, colours=colours)
    _markers(figure, joined, hubs, selected, colours)
    return figure


def _drawn(explanation: Explanation, shown: Sequence[Row], selected: Coalition) -> list[int]:
    n = len(explanation.players)
    return list(range(n)) if n <= _ALL else sorted({i for row in shown for i in row.coalition} | set(selected))


def _circle(players: Sequence[int]) -> dict[int, Point]:
    """Clockwise from the top, where reading begins."""
    angles = [pi / 2 - tau * k / max(1, len(players)) for k in range(len(players))]
    return {i: (cos(angle), sin(angle)) for i, angle in zip(players, angles, strict=True)}


def _hubs(joined: Sequence[Row], places: Mapping[int, Point]) -> list[Point]:
    """Centroid of the members pulled to the centre, then moved apart where two would lie on one another."""
    hubs = []
    for row in joined:
        x = sum(places[i][0] for i in row.coalition) / row.order
        y = sum(places[i][1] for i in row.coalition) / row.order
        pull = 0.80 if row.order == 2 else 0.72
        hubs.append((x * pull, y * pull))
    return _apart(hubs) if len(hubs) <= _MOVED else hubs


def _apart(hubs: list[Point]) -> list[Point]:
    for _ in range(60):
        moved = False
        for a, b in combinations(range(len(hubs)), 2):
            gap = dist(hubs[a], hubs[b])
            if gap < _APART:
                hubs[a], hubs[b] = _pushed(hubs[a], hubs[b], gap, a + b)
                moved = True
        if not moved:
            break
    return hubs


def _pushed(one: Point, other: Point, gap: float, turn: int) -> tuple[Point, Point]:
    """Both moved half of what is missing, along their line; equal points along a direction of their own."""
    dx, dy = (other[0] - one[0], other[1] - one[1]) if gap > 1e-9 else (cos(turn), sin(turn))
    step = (_APART * 1.02 - gap) / 2 / hypot(dx, dy)
    return (one[0] - dx * step, one[1] - dy * step), (other[0] + dx * step, other[1] + dy * step)


def _lines(
    figure: go.Figure,
    joined: Sequence[Row],
    hubs: Sequence[Point],
    places: Mapping[int, Point],
    *,
    selected: Coalition,
    colours: Palette,
) -> None:
    largest = max((abs(row.score) for row in joined), default=1.0)
    chosen = any(row.coalition == selected for row in joined)
    buckets: dict[tuple[bool, int, bool], tuple[list[float | None], list[float | None]]] = {}
    for row, hub in zip(joined, hubs, strict=True):
        level = min(3, int(4 * abs(row.score) / largest))
        x, y = buckets.setdefault((row.score > 0, level, row.coalition == selected), ([], []))
        for px, py in _strokes(row, hub, places):
            x += [*px, None]
            y += [*py, None]
    for (raises, level, mine), (x, y) in sorted(buckets.items(), key=lambda item: item[0][2]):
        colour = sign_colour(1 if raises else -1, colours)
        opacity = 0.95 if mine else 0.22 if chosen else 0.55
        line = {"color": colour, "width": _WIDTHS[level]}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, opacity=opacity, hoverinfo="skip")


def _strokes(row: Row, hub: Point, places: Mapping[int, Point]) -> list[tuple[list[float], list[float]]]:
    """A pair is one curve through its hub; a larger term is a spoke from the hub to each member."""
    ends = [places[i] for i in row.coalition]
    if row.order > 2:
        return [([hub[0], x], [hub[1], y]) for x, y in ends]
    return [([_bend(ends, hub, 0, k / 16) for k in range(17)], [_bend(ends, hub, 1, k / 16) for k in range(17)])]


def _bend(ends: Sequence[Point], hub: Point, axis: int, t: float) -> float:
    """Quadratic Bezier from one end to the other that passes the hub at t = 1/2."""
    start, end = ends[0][axis], ends[1][axis]
    control = 2 * hub[axis] - (start + end) / 2
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def _players(
    figure: go.Figure,
    explanation: Explanation,
    places: Mapping[int, Point],
    *,
    index: str,
    selected: Coalition,
    colours: Palette,
) -> None:
    names = player_names(explanation.players)
    single = explanation.interactions(index)
    scores = {i: single[(i,)] for i in places}
    largest = max(map(abs, scores.values()), default=0.0) or 1.0
    inks = [colours.ink if not selected or i in selected else colours.muted for i in places]
    figure.add_scatter(
        x=[x for x, _ in places.values()],
        y=[y for _, y in places.values()],
        mode="markers+text",
        text=[f"<b>{label(names[i])}</b>" if i in selected else label(names[i]) for i in places],
        textposition=[_side(point) for point in places.values()],
        textfont={"color": inks, "size": 13 if len(places) <= 30 else 11},
        marker={
            "size": [9 + 17 * (abs(scores[i]) / largest) ** 0.5 for i in places],
            "color": [sign_colour(scores[i], colours) for i in places],
            "opacity": 1,
            "line": {"width": [2.5 if i in selected else 1 for i in places], "color": colours.paper},
        },
        customdata=[str(i) for i in places],
        hovertext=[f"{label(names[i], 40)}<br><b>{amount(scores[i])}</b> · by itself" for i in places],
        hoverinfo="text",
        unselected={"marker": {"opacity": 1}, "textfont": {"color": colours.ink}},
        cliponaxis=False,
    )


def _side(point: Point) -> str:
    """Where the label of a player goes: outwards."""
    x, y = point
    across = "right" if x > 0.12 else "left" if x < -0.12 else "center"
    return f"middle {across}" if across != "center" else ("top center" if y > 0 else "bottom center")


def _markers(
    figure: go.Figure, joined: Sequence[Row], hubs: Sequence[Point], selected: Coalition, colours: Palette
) -> None:
    largest = max((abs(row.score) for row in joined), default=1.0)
    for row, (x, y) in zip(joined, hubs, strict=True):
        if row.coalition == selected:
            ring = {"size": 34, "color": "rgba(0,0,0,0)", "line": {"width": 2.5, "color": colours.ink}}
            figure.add_scatter(x=[x], y=[y], mode="markers", marker=ring, hoverinfo="skip")
    figure.add_scatter(
        x=[x for x, _ in hubs],
        y=[y for _, y in hubs],
        mode="markers",
        marker={
            "size": [12 + 11 * (abs(row.score) / largest) ** 0.5 for row in joined],
            "symbol": [symbol(row.order) for row in joined],
            "color": [sign_colour(row.score, colours) for row in joined],
            "opacity": 1,
            "line": {"width": 2, "color": colours.paper},
        },
        customdata=[row.id for row in joined],
        hovertext=[hover(row) for row in joined],
        hoverinfo="text",
        unselected={"marker": {"opacity": 1}},
    )
