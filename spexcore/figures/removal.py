"""The removal curve: how the value falls when the players that a method ranks first are really taken away."""

from collections.abc import Sequence

import plotly.graph_objects as go

from spexcore.figures.theme import canvas, label, palette
from spexcore.figures.words import Quantity, amount
from spexcore.removal import Removal

HEIGHT = 300
#: Method -> what it is called, its dash and its marker; colour never tells it.
_LINES = {
    "spectrum": ("this explanation", "solid", "circle"),
    "influence": ("influence", "dash", "diamond"),
    "random": ("at random, mean of five", "dot", "x"),
}


def removal(found: Removal, what: Quantity, *, dark: bool = False) -> go.Figure:
    """One line a method: the value, by retraining, after its first players were taken away. what: `words.quantity`."""
    colours = palette(dark)
    figure = canvas(colours, HEIGHT, margin={"l": 58, "r": 16, "t": 12, "b": 66})
    font = {"size": 12, "color": colours.muted}
    plain = {"fixedrange": True, "gridcolor": colours.faint, "zerolinecolor": colours.muted}
    places = list(range(len(found.sizes)))  # evenly apart: sizes double
    figure.update_layout(
        xaxis={
            **plain, "tickvals": places, "ticktext": [f"{size:,}" for size in found.sizes],
            "title": {"text": "players taken away, then trained again", "font": font, "standoff": 6},
        },
        yaxis={**plain, "title": {"text": label(_axis(what), 34), "font": font}},
        showlegend=True, legend={"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0, "font": {"size": 12}},
    )  # fmt: skip
    inks = {"spectrum": colours.raises, "influence": colours.lowers, "random": colours.muted}
    for method, values in found.values.items():
        name, dash, marker = _LINES.get(method, (method, "solid", "square"))
        figure.add_scatter(
            x=places, y=list(values), name=label(name, 40), mode="lines+markers", hoverinfo="text",
            line={"dash": dash, "width": 2.5, "color": inks.get(method, colours.ink)},
            marker={"symbol": marker, "size": 9},
            hovertext=_hovers(found.sizes, values, name),
        )  # fmt: skip
    return figure


def _hovers(sizes: Sequence[int], values: Sequence[float], name: str) -> list[str]:
    return [
        f"{label(name, 40)}<br>without {size:,}: <b>{amount(value)}</b>"
        for size, value in zip(sizes, values, strict=True)
    ]


def _axis(what: Quantity) -> str:
    return f"{what.name} ({what.unit})" if what.unit else what.name
