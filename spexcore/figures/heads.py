"""Layers x heads: each part of a model on the colour of its own effect, the MLPs in a column beside the heads."""

import re
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from spexcore.errors import BadInput
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.rows import coalition_id
from spexcore.figures.theme import canvas, label, palette, tint
from spexcore.figures.words import amount, quantity
from spexcore.masks import Coalition

_PART = re.compile(r"L(\d+)(?:([HGN])(\d+)|MLP)")
_CELL = 46  # pixels
_WIDE = 16  # neurons a row
_NARROW = 8  # columns of a grid that leaves room for another beside it
_TEXT = 12  # pixels of a number in its cell
_GAP = 0.4  # between the heads and the MLPs, in cells


def heads(
    explanation: Explanation,
    *,
    index: str = DEFAULT_INDEX,
    scores: Sequence[float] | None = None,
    largest: float | None = None,
    selected: Coalition = (),
    dark: bool = False,
) -> go.Figure:
    """A cell for each player, last layer on top; its score as colour and as signed text (customdata: row id).

    scores: another attribution to show in place of the index's, one number a player in the same unit. largest: score
    of the strongest colour, by default that of the strongest player.
    """
    colours = palette(dark)
    if scores is None:
        single = explanation.interactions(index, max_order=1)
        scores = [single[(i,)] for i in range(len(explanation.players))]
    largest = max(map(abs, scores), default=0.0) if largest is None else largest
    places = cells(explanation.players)
    columns, lines = _columns(places), sorted({line for line, _ in places})
    figure = canvas(colours, 60 + _CELL * len(lines), margin={"l": 64, "r": 8, "t": 34, "b": 8})
    at = [(columns[column], lines.index(line)) for line, column in places]
    shapes, numbers = [], []
    for i, (place, score) in enumerate(zip(at, scores, strict=True)):
        ground, ink = tint(score, largest, colours)
        edge = {"color": colours.ink, "width": 3} if i in selected else {"color": colours.faint, "width": 1}
        shapes.append(_rectangle(place, {"fillcolor": ground, "line": edge}))
        numbers.append(_number(place, amount(score), ink))
    figure.update_layout(shapes=shapes, annotations=numbers)  # at once: one by one takes quadratic time
    _targets(figure, explanation, at, scores)
    _axes(figure, places, columns, lines)
    return figure


def _targets(
    figure: go.Figure, explanation: Explanation, at: Sequence[tuple[float, int]], scores: Sequence[float]
) -> None:
    """Unseen markers over the cells: what the pointer finds and a click chooses."""
    unit = quantity(explanation).unit
    named = zip(explanation.players, scores, strict=True)
    figure.add_scatter(
        x=[x for x, _ in at],
        y=[y for _, y in at],
        mode="markers",
        marker={"size": _CELL - 10, "symbol": "square", "opacity": 0},
        unselected={"marker": {"opacity": 0}},
        customdata=[coalition_id((i,)) for i in range(len(scores))],
        hovertext=[f"{label(name, 40)}<br><b>{amount(score)}</b> {unit}" for name, score in named],
        hoverinfo="text",
    )


def strongest_interactions(explanation: Explanation, index: str = DEFAULT_INDEX) -> list[float]:
    """For each player the score of the strongest interaction that it is in, 0 where it is in none."""
    found: dict[int, float] = {}
    for coalition, score in explanation.interactions(index).ranked():
        for i in coalition if len(coalition) > 1 else ():
            found.setdefault(i, score)
    return [found.get(i, 0.0) for i in range(len(explanation.players))]


def is_wide(players: Sequence[str]) -> bool:
    """Whether the grid of these players needs the whole width of a page."""
    return len(_columns(cells(players))) > _NARROW


def _rectangle(place: tuple[float, int], fill: dict[str, Any]) -> dict[str, Any]:
    x, y = place
    return {"type": "rect", "x0": x - 0.48, "x1": x + 0.48, "y0": y - 0.46, "y1": y + 0.46, "layer": "below", **fill}


def _number(place: tuple[float, int], text: str, ink: str) -> dict[str, Any]:
    return {"x": place[0], "y": place[1], "text": text, "showarrow": False, "font": {"color": ink, "size": _TEXT}}


def cells(players: Sequence[str]) -> list[tuple[tuple[int, int], str]]:
    """((layer, line within it), column) of each part; raises BadInput for players that are not parts of a model."""
    found = []
    for name in players:
        match = _PART.fullmatch(name)
        if match is None:
            raise BadInput(f"`explanation` must be of a model's parts, as L4H4 or L4MLP; got the player {name!r}.")
        number = int(match[3] or 0)
        line, column = (number // _WIDE, number % _WIDE) if match[2] == "N" else (0, number)
        found.append(((int(match[1]), line), "MLP" if match[2] is None else f"{match[2]}{column}"))
    return found


def _columns(places: list[tuple[tuple[int, int], str]]) -> dict[str, float]:
    """Column name -> place from left to right; the MLPs stand apart."""
    names = sorted({column for _, column in places if column != "MLP"}, key=lambda name: int(name[1:]))
    found = {name: float(x) for x, name in enumerate(names)}
    if any(column == "MLP" for _, column in places):
        found["MLP"] = len(names) + (_GAP if names else 0.0)
    return found


def _axes(
    figure: go.Figure,
    places: list[tuple[tuple[int, int], str]],
    columns: dict[str, float],
    lines: list[tuple[int, int]],
) -> None:
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    named = [name if name == "MLP" else name[1:] if name[0] == "N" else name for name in columns]
    figure.update_xaxes(
        **plain, side="top", tickvals=list(columns.values()), ticktext=named, range=[-0.6, max(columns.values()) + 0.6]
    )
    layers = [f"layer {layer}" if line == min(k for j, k in lines if j == layer) else "" for layer, line in lines]
    figure.update_yaxes(**plain, tickvals=list(range(len(lines))), ticktext=layers, range=[-0.6, len(lines) - 0.4])
