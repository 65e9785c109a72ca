"""Layers x heads: each part of a model on the colour of its own effect, the MLPs in a column beside the heads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from spexcore.errors import BadInput
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.marks import MARK, Marks
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
    grid = _Grid.of(explanation.players)
    tints = [tint(score, largest, colours) for score in scores]
    faint = {"color": colours.faint, "width": 1}
    cellwise = list(zip(grid.at, scores, tints, strict=True))
    figure = canvas(
        colours, 60 + _CELL * len(grid.lines), margin={"l": 64, "r": 8, "t": 34, "b": 8},
        shapes=[_rectangle(place, fillcolor=ground, line=faint) for place, _, (ground, _) in cellwise],
        annotations=[_number(place, amount(score), ink) for place, score, (_, ink) in cellwise],
        **_axes(grid),
    )  # fmt: skip
    _targets(figure, explanation, grid.at, scores)
    return frame(explanation, selected=selected, dark=dark).on(figure)


def frame(explanation: Explanation, *, selected: Coalition, dark: bool = False) -> Marks:
    """What marks the selected players: a frame around the cell of each."""
    line, at = {"color": palette(dark).ink, "width": 3}, _Grid.of(explanation.players).at
    return Marks(tuple(_rectangle(at[i], name=MARK, line=line) for i in selected))


@dataclass(frozen=True)
class _Grid:
    """places: of the players, as `cells` says them; columns: name -> place from left to right; lines: from below."""

    places: list[tuple[tuple[int, int], str]]
    columns: dict[str, float]
    lines: list[tuple[int, int]]

    @classmethod
    def of(cls, players: Sequence[str]) -> "_Grid":
        places = cells(players)
        return cls(places, _columns(places), sorted({line for line, _ in places}))

    @property
    def at(self) -> list[tuple[float, int]]:
        """Middle of each player's cell."""
        return [(self.columns[column], self.lines.index(line)) for line, column in self.places]


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


def _rectangle(place: tuple[float, int], **look: Any) -> dict[str, Any]:
    x, y = place
    return {"type": "rect", "x0": x - 0.48, "x1": x + 0.48, "y0": y - 0.46, "y1": y + 0.46, "layer": "below", **look}


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


def _axes(grid: _Grid) -> dict[str, Any]:
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    columns, lines = grid.columns, grid.lines
    named = [name if name == "MLP" else name[1:] if name[0] == "N" else name for name in columns]
    across = {"tickvals": list(columns.values()), "ticktext": named, "range": [-0.6, max(columns.values()) + 0.6]}
    layers = [f"layer {layer}" if line == min(k for j, k in lines if j == layer) else "" for layer, line in lines]
    upwards = {"tickvals": list(range(len(lines))), "ticktext": layers, "range": [-0.6, len(lines) - 0.4]}
    return {"xaxis": {**plain, **across, "side": "top"}, "yaxis": {**plain, **upwards}}
