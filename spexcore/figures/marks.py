"""What selecting a coalition changes in a figure. A page draws the figure once and these for every selection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from spexcore.figures.theme import Palette

MARK = "mark"  # name of every shape that marks a selection, so that the next one can replace it


@dataclass(frozen=True)
class Marks:
    """shapes: of Plotly's layout; traces: place of a trace -> attribute, written with dots, -> its value."""

    shapes: tuple[dict[str, Any], ...] = ()
    traces: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def on(self, figure: go.Figure) -> go.Figure:
        """The figure itself, marked."""
        if self.shapes:
            figure.update_layout(shapes=[*figure.layout.shapes, *self.shapes])
        for k, changed in self.traces.items():
            figure.data[k].update({name.replace(".", "_"): value for name, value in changed.items()})
        return figure

    def to_json(self) -> dict[str, Any]:
        """As the browser takes them."""
        return {"shapes": list(self.shapes), "traces": {str(k): dict(changed) for k, changed in self.traces.items()}}


def ring(place: tuple[float, float], radius: float, colours: Palette) -> dict[str, Any]:
    """A circle around a point. radius: pixels."""
    reach = {"x0": -radius, "x1": radius, "y0": -radius, "y1": radius}
    pixels = {"xsizemode": "pixel", "ysizemode": "pixel", "xanchor": place[0], "yanchor": place[1]}
    return {"type": "circle", "name": MARK, **reach, **pixels, "line": {"color": colours.ink, "width": 2.5}}
