"""How far a spectrum may be trusted: R2 by terms kept, the value while players are removed, energy by order."""

import plotly.graph_objects as go

from spexcore.explanation import Explanation
from spexcore.figures.theme import Palette, canvas, label, palette
from spexcore.figures.trust import REMOVED_BY
from spexcore.figures.words import quantity

HEIGHT = 300
_PANELS = ((0.0, 0.34), (0.42, 0.75), (0.84, 1.0))  # from, to: shares of the width
_SHOWN = 0.005  # share of the energy below which an order at the end is left out


def faithfulness(explanation: Explanation, *, dark: bool = False) -> go.Figure:
    """Three panels; one is empty where the run does not have it, as old run files do not."""
    colours = palette(dark)
    figure = canvas(colours, HEIGHT, margin={"l": 40, "r": 8, "t": 62, "b": 46})
    plain = {"fixedrange": True, "zeroline": False, "tickfont": {"size": 11, "color": colours.muted}}
    titles = ("terms kept, largest first", "parts removed", "order")
    for number, (title, domain) in enumerate(zip(titles, _PANELS, strict=True), 1):
        named = {"text": title, "font": {"size": 12, "color": colours.muted}, "standoff": 6}
        figure.update_layout({
            f"xaxis{number}": {**plain, "domain": domain, "anchor": f"y{number}", "title": named, "type": "category",
                               "showgrid": False},
            f"yaxis{number}": {**plain, "anchor": f"x{number}", "gridcolor": colours.faint},
        })  # fmt: skip
    _sizes(figure, explanation, colours)
    _removal(figure, explanation, colours)
    _energy(figure, explanation, colours)
    return figure


def _sizes(figure: go.Figure, explanation: Explanation, colours: Palette) -> None:
    """Held-out R2 of the largest terms alone; the interval is that of all of them."""
    judged = explanation.faithfulness
    low, high = judged.r2_interval or (judged.r2, judged.r2)
    last = len(judged.by_size) - 1
    figure.add_scatter(
        x=[f"{size:,}" for size in judged.by_size],
        y=list(judged.by_size.values()),
        mode="lines+markers",
        line={"color": colours.ink, "width": 2},
        marker={"size": 7},
        showlegend=False,
        error_y={
            "type": "data", "symmetric": False, "color": colours.ink, "thickness": 1.2, "width": 4,
            "array": [high - judged.r2 if k == last else 0 for k in range(last + 1)],
            "arrayminus": [judged.r2 - low if k == last else 0 for k in range(last + 1)],
        },
        hovertemplate="%{x} terms: R² %{y:.3f}<extra></extra>",
    )  # fmt: skip
    _titled(figure, 0, "Held-out R² by terms kept", colours)
    named = [f"{size:,}" for size in judged.by_size][::-2]  # every second size, the last among them
    figure.update_layout(xaxis={"tickvals": named, "tickangle": 0})
    figure.update_layout(yaxis={"range": [min([0.0, *judged.by_size.values()]) - 0.04, 1.04]})


def _removal(figure: go.Figure, explanation: Explanation, colours: Palette) -> None:
    """The value as it really was; three orders of removal, told apart by their dashes."""
    _titled(figure, 1, f"{label(quantity(explanation).name, 24)} as parts are removed", colours)
    found = explanation.faithfulness.removal
    if found is None:
        return
    for name, dash in zip(REMOVED_BY, ("solid", "dash", "dot"), strict=True):
        figure.add_scatter(
            x=[str(size) for size in found.sizes],
            y=list(found.values[name]),
            xaxis="x2",
            yaxis="y2",
            name=REMOVED_BY[name],
            showlegend=True,
            mode="lines+markers",
            line={"color": colours.ink if name == "terms" else colours.muted, "width": 2, "dash": dash},
            marker={"size": 6},
            hovertemplate="%{x} removed " + REMOVED_BY[name] + ": %{y:+.2f}<extra></extra>",
        )
    place = {"x": _PANELS[1][0], "y": 1.0, "xanchor": "left", "yanchor": "bottom", "orientation": "h"}
    figure.update_layout(showlegend=True, legend={**place, "font": {"size": 11}, "bgcolor": "rgba(0,0,0,0)"})


def _energy(figure: go.Figure, explanation: Explanation, colours: Palette) -> None:
    energy = explanation.faithfulness.energy
    last = max((order for order, share in energy.items() if share >= _SHOWN), default=0)
    shown = {order: share for order, share in energy.items() if order <= last}
    figure.add_bar(
        x=[str(order) for order in shown],
        y=list(shown.values()),
        xaxis="x3",
        yaxis="y3",
        marker={"color": colours.muted},
        showlegend=False,
        hovertemplate="order %{x}: %{y:.1%} of the variance<extra></extra>",
    )
    figure.update_layout(yaxis3={"tickformat": ".0%", "range": [0, 1.04], "nticks": 5})
    _titled(figure, 2, "Variance by order", colours)


def _titled(figure: go.Figure, panel: int, text: str, colours: Palette) -> None:
    figure.add_annotation(
        text=text, x=_PANELS[panel][0], y=1, yshift=28, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
        showarrow=False, font={"size": 12.5, "color": colours.ink},
    )  # fmt: skip
