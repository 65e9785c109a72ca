"""Several methods on the same masks: a column of bars a method, all on one scale, beside what was measured."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from spexcore.explanation import DEFAULT_INDEX
from spexcore.figures.rows import player_names
from spexcore.figures.theme import Palette, canvas, label, palette, shape, sign_colour
from spexcore.figures.words import amount
from spexcore.masks import Coalition
from spexcore.same_masks import SameMasks

_ROW, _FRAME = 26, 96  # pixels
_GAP = 0.012  # between two columns, as a share of the width
_FAINT = 1e-9  # of the largest: not drawn

Column = tuple[str, str, Mapping[Coalition, float]]  # name, what stands below it, scores


def methods(found: SameMasks, *, index: str = DEFAULT_INDEX, top: int = 3, dark: bool = False) -> go.Figure:
    """The leading terms of every method; a term that a method does not report has no bar in its column."""
    colours, leading = palette(dark), found.leading(index, top)
    columns = _columns(found, index)
    reach = max((abs(scores.get(S, 0.0)) for _, _, scores in columns for S in leading), default=0.0) or 1.0
    figure = canvas(colours, _FRAME + _ROW * max(1, len(leading)), margin={"l": 8, "r": 8, "t": 60, "b": 24})
    names = player_names(found.players)
    titles = [f"{shape(len(S))} {label(' × '.join(names[i] for i in S), 34)}" for S in leading]
    figure.update_layout(
        yaxis={
            "tickvals": list(range(len(leading))), "ticktext": titles, "fixedrange": True, "showgrid": False,
            "zeroline": False, "range": [len(leading) - 0.4, -0.6], "automargin": True,
        },
        bargap=0.3,
        hovermode="closest",
    )  # fmt: skip
    width = (1 + _GAP) / len(columns)
    for k, column in enumerate(columns):
        _place(figure, k, (k * width, (k + 1) * width - _GAP), 1.08 * reach, colours)
        _bars(figure, k, column, leading, colours)
    return figure


def _columns(found: SameMasks, index: str) -> list[Column]:
    """What the run has measured, then the methods."""
    measured = [("measured", "", found.measured)] if index == DEFAULT_INDEX and found.measured else []
    fitted = [
        (
            f"{fit.method}{' *' if fit.own_masks else ''}",
            f"R² {fit.faithfulness.r2:.2f}".replace("-", "−"),
            fit.interactions(index).scores,
        )
        for fit in found.fits
    ]
    return measured + fitted


def _place(figure: go.Figure, k: int, domain: tuple[float, float], reach: float, colours: Palette) -> None:
    """The k-th axis, its zero in the middle, as long as all the others."""
    figure.update_layout(
        {
            f"xaxis{k + 1}": {
                "domain": domain, "range": [-reach, reach], "fixedrange": True, "showticklabels": False,
                "showgrid": False, "zeroline": True, "zerolinecolor": colours.muted, "zerolinewidth": 1,
                "anchor": "y",
            }
        }
    )  # fmt: skip


def _bars(figure: go.Figure, k: int, column: Column, leading: Sequence[Coalition], colours: Palette) -> None:
    name, below, scores = column
    drawn = [(y, S, scores[S]) for y, S in enumerate(leading) if abs(scores.get(S, 0.0)) > _FAINT]
    figure.add_bar(
        x=[score for _, _, score in drawn], y=[y for y, _, _ in drawn], orientation="h", xaxis=f"x{k + 1}", yaxis="y",
        marker={"color": [sign_colour(score, colours) for _, _, score in drawn]},
        text=[amount(score) for _, _, score in drawn], textposition="none",
        hovertext=[f"{name}<br><b>{amount(score)}</b>" for _, _, score in drawn], hoverinfo="text",
    )  # fmt: skip
    title = f"<b>{name}</b><br>{below}"
    figure.add_annotation(
        text=title, x=0.5, xref=f"x{k + 1 if k else ''} domain", y=1, yref="paper", yanchor="bottom", showarrow=False,
        font={"size": 11, "color": colours.ink},
    )  # fmt: skip
