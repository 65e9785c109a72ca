"""The interaction graph: players on a circle in reading order, every term of order 2 and more one clickable hub."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import cos, dist, hypot, pi, sin, tau
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.marks import MARK, Marks, ring
from spexcore.figures.rows import Row, player_names, rows
from spexcore.figures.theme import Palette, canvas, label, palette, shortened, sign_colour, symbol
from spexcore.figures.words import amount, hover
from spexcore.masks import Coalition

Point = tuple[float, float]

HEIGHT = 440
_SHORT = 10  # characters of a line of a label that the sides have room for
_ALL = 36  # players beyond which only those in a shown term are drawn
_APART = 0.13  # least distance of two hubs, in radii of the circle
_MOVED = 80  # hubs beyond which they stay where they fall
_WIDTHS = (1.2, 2.2, 3.8, 6.0)  # one trace for each width and sign: a trace for each line would draw in seconds
_STEPS = 8  # of a curve
_DIGITS = 4  # of a place: a hundredth of a pixel
_LABELS = 72  # names that the circle has room for, those of the strongest players
_AT_REST, _BEHIND = 0.55, 0.22  # opacity of lines, and while one of them is selected
_RING, _RING_OF_HUB = 2.5, 18  # pixels around a player's marker; from the middle of a hub


@dataclass(frozen=True)
class Plan:
    """Where everything in a graph stands, whatever is selected. scores: of each player drawn, by itself."""

    explanation: Explanation
    places: Mapping[int, Point]
    scores: Mapping[int, float]
    joined: tuple[Row, ...]
    hubs: tuple[Point, ...]
    largest: float

    def level(self, row: Row) -> int:
        """Place of its line's width in _WIDTHS."""
        return min(3, int(4 * abs(row.score) / self.largest))

    @cached_property
    def sizes(self) -> dict[int, float]:
        """Pixels across the marker of each player."""
        largest = max(map(abs, self.scores.values()), default=0.0) or 1.0
        return {i: round(9 + 17 * (abs(score) / largest) ** 0.5, 1) for i, score in self.scores.items()}

    @cached_property
    def lines(self) -> dict[tuple[bool, int], tuple[list[float | None], list[float | None]]]:
        """(raises, width) -> points of one trace."""
        buckets: dict[tuple[bool, int], tuple[list[float | None], list[float | None]]] = {}
        for row, hub in zip(self.joined, self.hubs, strict=True):
            x, y = buckets.setdefault((row.score > 0, self.level(row)), ([], []))
            for points in _strokes(row, hub, self.places):
                x += [*(round(px, _DIGITS) for px, _ in points), None]
                y += [*(round(py, _DIGITS) for _, py in points), None]
        return buckets


def network(
    explanation: Explanation,
    *,
    index: str = DEFAULT_INDEX,
    top: int = 12,
    orders: Collection[int] | None = None,
    least: float = 0.0,
    selected: Coalition = (),
    dark: bool = False,
) -> go.Figure:
    """The `top` terms as a graph; hubs and players can be clicked (customdata: row id)."""
    planned = plan(explanation, rows(explanation, index=index, top=top, orders=orders, least=least), index=index)
    return spot(planned, selected=selected, dark=dark).on(graph(planned, dark=dark))


def plan(explanation: Explanation, shown: Sequence[Row], *, index: str = DEFAULT_INDEX) -> Plan:
    """The places of rows that are chosen already; players carry their own score under the index."""
    joined = tuple(row for row in shown if row.order > 1)
    n = len(explanation.players)
    drawn = range(n) if n <= _ALL else sorted({i for row in shown for i in row.coalition})
    places = _circle(drawn)
    single = explanation.interactions(index)
    scores = {i: single[(i,)] for i in places}
    largest = max((abs(row.score) for row in joined), default=0.0) or 1.0
    return Plan(explanation, places, scores, joined, tuple(_hubs(joined, places)), largest)


def graph(plan: Plan, *, dark: bool = False) -> go.Figure:
    """The interaction graph as planned, nothing selected."""
    colours = palette(dark)
    hidden = {"visible": False, "fixedrange": True}
    longest = max((len(plan.explanation.players[i]) for i in plan.places), default=0)
    side = 1.5 if longest <= _SHORT else 1.9  # room for labels beside the circle
    axes = {"xaxis": {**hidden, "range": [-side, side]}, "yaxis": {**hidden, "range": [-1.25, 1.25]}}
    figure = canvas(colours, HEIGHT, margin={"l": 4, "r": 4, "t": 4, "b": 4}, **axes)
    for (raises, level), (x, y) in plan.lines.items():
        line = {"color": sign_colour(1 if raises else -1, colours), "width": _WIDTHS[level]}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, opacity=_AT_REST, hoverinfo="skip")
    _players(figure, plan, colours)
    _markers(figure, plan, colours)
    return figure


def spot(plan: Plan, *, selected: Coalition, dark: bool = False) -> Marks:
    """What marks the selected coalition: its lines, hub and players; the lines of others step back."""
    if not selected:
        return Marks()
    colours, places = palette(dark), plan.places
    drawn = [i for i in selected if i in places]
    shapes = [ring(places[i], plan.sizes[i] / 2 + _RING, colours) for i in drawn]
    shapes += [_aside(plan, i, colours) for i in selected if i not in places]
    found = next((k for k, row in enumerate(plan.joined) if row.coalition == selected), None)
    if found is not None:
        row, hub = plan.joined[found], plan.hubs[found]
        line = {"color": sign_colour(row.score, colours), "width": _WIDTHS[plan.level(row)]}
        stroke = {"type": "path", "name": MARK, "layer": "below", "line": line, "opacity": 0.95}
        shapes = [{**stroke, "path": _path(row, hub, places)}, *shapes, ring(hub, _RING_OF_HUB, colours)]
    # No attribute that is an array: Plotly then draws the whole figure anew, which takes ten times as long.
    others = {"opacity": _AT_REST if found is None else _BEHIND}
    return Marks(tuple(shapes), dict.fromkeys(range(len(plan.lines)), others))


def _aside(plan: Plan, player: int, colours: Palette) -> dict[str, Any]:
    """A player that is in no shown term: between its neighbours in reading order, where nobody has to move."""
    before = sum(i < player for i in plan.places)
    angle = pi / 2 - tau * (before - 0.5) / max(1, len(plan.places))
    x, y = cos(angle), sin(angle)
    side = ("right", "left") if x >= 0 else ("left", "right")
    name = _folded(player_names(plan.explanation.players)[player])
    text = {"text": name, "textposition": f"middle {side[0]}", "xanchor": side[1], "font": {"color": colours.ink}}
    return {**ring((x, y), 2 * _RING, colours), "fillcolor": colours.muted, "label": text}


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


def _strokes(row: Row, hub: Point, places: Mapping[int, Point]) -> list[list[Point]]:
    """A pair is one curve through its hub; a larger term is a spoke from the hub to each member."""
    ends = [places[i] for i in row.coalition]
    if row.order > 2:
        return [[hub, end] for end in ends]
    control = _control(ends, hub)
    return [[_bend(ends, control, k / _STEPS) for k in range(_STEPS + 1)]]


def _path(row: Row, hub: Point, places: Mapping[int, Point]) -> str:
    """The same strokes as one path."""
    ends = [places[i] for i in row.coalition]
    if row.order > 2:
        return " ".join(f"M {_at(hub)} L {_at(end)}" for end in ends)
    return f"M {_at(ends[0])} Q {_at(_control(ends, hub))} {_at(ends[1])}"


def _at(point: Point) -> str:
    return f"{point[0]:.4f},{point[1]:.4f}"


def _control(ends: Sequence[Point], hub: Point) -> Point:
    """Control point of the quadratic Bezier from one end to the other that passes the hub at t = 1/2."""
    (ax, ay), (bx, by) = ends
    return 2 * hub[0] - (ax + bx) / 2, 2 * hub[1] - (ay + by) / 2


def _bend(ends: Sequence[Point], control: Point, t: float) -> Point:
    start, end = ends
    one, two, three = (1 - t) ** 2, 2 * t * (1 - t), t**2
    return one * start[0] + two * control[0] + three * end[0], one * start[1] + two * control[1] + three * end[1]


def _players(figure: go.Figure, plan: Plan, colours: Palette) -> None:
    places, scores, names = plan.places, plan.scores, player_names(plan.explanation.players)
    named = set(sorted(places, key=lambda i: -abs(scores[i]))[:_LABELS])
    figure.add_scatter(
        x=[round(x, _DIGITS) for x, _ in places.values()],
        y=[round(y, _DIGITS) for _, y in places.values()],
        mode="markers+text",
        text=[_clear(_folded(names[i]), point) if i in named else "" for i, point in places.items()],
        textposition=[_side(point) for point in places.values()],
        textfont={"color": colours.ink, "size": 13 if len(places) <= 30 else 11},
        marker={
            "size": [plan.sizes[i] for i in places],
            "color": [sign_colour(scores[i], colours) for i in places],
            "opacity": 1,
            "line": {"width": 1, "color": colours.paper},
        },
        customdata=[str(i) for i in places],
        hovertext=[f"{label(names[i], 40)}<br><b>{amount(scores[i])}</b> · by itself" for i in places],
        hoverinfo="text",
        cliponaxis=False,
    )


def _folded(name: str) -> str:
    """A label in lines that the side of the circle has room for, also where the figure is narrow."""
    return "<br>".join(label(line) for line in wrap(shortened(name, 2 * _SHORT - 2), _SHORT)) or label(name)


def _clear(text: str, point: Point) -> str:
    """A label, its lines clear of the ring that marks a selected player."""
    across = _side(point)
    before, after = ("\u00a0" * across.endswith("right"), "\u00a0" * across.endswith("left"))
    return "<br>".join(f"{before}{line}{after}" for line in text.split("<br>"))


def _side(point: Point) -> str:
    """Where the label of a player goes: outwards."""
    x, y = point
    across = "right" if x > 0.12 else "left" if x < -0.12 else "center"
    return f"middle {across}" if across != "center" else ("top center" if y > 0 else "bottom center")


def _markers(figure: go.Figure, plan: Plan, colours: Palette) -> None:
    figure.add_scatter(
        x=[round(x, _DIGITS) for x, _ in plan.hubs],
        y=[round(y, _DIGITS) for _, y in plan.hubs],
        mode="markers",
        marker={
            "size": [round(12 + 11 * (abs(row.score) / plan.largest) ** 0.5, 1) for row in plan.joined],
            "symbol": [symbol(row.order) for row in plan.joined],
            "color": [sign_colour(row.score, colours) for row in plan.joined],
            "opacity": 1,
            "line": {"width": 2, "color": colours.paper},
        },
        customdata=[row.id for row in plan.joined],
        hovertext=[hover(row) for row in plan.joined],
        hoverinfo="text",
    )
