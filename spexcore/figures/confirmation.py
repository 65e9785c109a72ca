"""Claimed against measured: the leading terms of an explanation after they were re-ablated."""

import plotly.graph_objects as go

from spexcore.explanation import Explanation
from spexcore.figures.rows import coalition_id, player_names
from spexcore.figures.theme import Palette, canvas, label, palette, sign_colour, symbol
from spexcore.figures.words import amount, quantity
from spexcore.validation import Claim

HEIGHT = 330


def confirmation(explanation: Explanation, *, dark: bool = False) -> go.Figure:
    """One marker a claim: where it lies on the diagonal it was claimed as it was measured. Empty where none is kept."""
    colours = palette(dark)
    claims = explanation.confirmation.claims if explanation.confirmation else ()
    ends = [0.0, *(end for claim in claims for end in (claim.low, claim.high, claim.measured))]
    pad = 0.08 * (max(ends) - min(ends) or 1.0)
    reach = [min(ends) - pad, max(ends) + pad]
    axis = {"range": reach, "fixedrange": True, "gridcolor": colours.faint, "zerolinecolor": colours.muted}
    unit = f", {quantity(explanation).unit}" if quantity(explanation).unit else ""
    font = {"size": 12, "color": colours.muted}
    axes = {
        "xaxis": {**axis, "title": {"text": f"claimed{unit}", "font": font}},
        "yaxis": {**axis, "title": {"text": f"re-ablated{unit}", "font": font}},
    }
    figure = canvas(colours, HEIGHT, margin={"l": 64, "r": 12, "t": 12, "b": 52}, **axes)
    line = {"color": colours.muted, "width": 1, "dash": "dot"}
    figure.add_scatter(x=reach, y=reach, mode="lines", line=line, hoverinfo="skip")
    _markers(figure, explanation, claims, colours)
    return figure


def _markers(figure: go.Figure, explanation: Explanation, claims: tuple[Claim, ...], colours: Palette) -> None:
    tints = [sign_colour(claim.measured, colours) for claim in claims]
    figure.add_scatter(
        x=[claim.claimed for claim in claims],
        y=[claim.measured for claim in claims],
        mode="markers+text",
        text=["" if claim.confirmed else "✗" for claim in claims],
        textposition="top center",
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.2, "width": 4, "color": colours.ink,
            "array": [claim.high - claim.claimed for claim in claims],
            "arrayminus": [claim.claimed - claim.low for claim in claims],
        },
        marker={
            "size": 12, "opacity": 1, "line": {"width": 2, "color": tints},
            "symbol": [symbol(len(claim.coalition)) for claim in claims],
            "color": [colours.paper if c.first_hand else tint for c, tint in zip(claims, tints, strict=True)],
        },
        customdata=[coalition_id(claim.coalition) for claim in claims],
        hovertext=[_hover(explanation, claim) for claim in claims],
        hoverinfo="text",
    )  # fmt: skip


def _hover(explanation: Explanation, claim: Claim) -> str:
    names = player_names(explanation.players)
    known = "measured by the run" if claim.first_hand else f"95 % in {amount(claim.low)} … {amount(claim.high)}"
    return (
        f"{' × '.join(label(names[i], 40) for i in claim.coalition)}<br>claimed <b>{amount(claim.claimed)}</b>, {known}"
        f"<br>re-ablated <b>{amount(claim.measured)}</b> · {'✓ holds' if claim.confirmed else '✗ does not hold'}"
    )
