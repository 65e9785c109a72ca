"""Colours, labels and the empty canvas of every figure. Red raises the value, blue lowers it; a sign says so too."""

import html
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

RGB = tuple[int, int, int]

FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif"

#: Plotly marker and character of an order; colour never tells it.
_SYMBOLS = {1: "circle", 2: "circle", 3: "triangle-up", 4: "square"}
_SHAPES = {1: "●", 2: "●", 3: "▲", 4: "■"}


@dataclass(frozen=True)
class Palette:
    """Colours of one appearance; its red and blue stay apart for red-green blind readers."""

    raises: str
    lowers: str
    ink: str
    muted: str
    faint: str
    paper: str
    marked: str  # behind what is selected


LIGHT = Palette("#b2182b", "#2166ac", "#1c2430", "#5d6878", "#d5dbe3", "#ffffff", "rgba(28,36,48,.07)")
DARK = Palette("#f4a582", "#92c5de", "#e8ebf1", "#9aa5b5", "#3a4454", "#10151d", "rgba(232,235,241,.12)")


def palette(dark: bool) -> Palette:
    return DARK if dark else LIGHT


def sign_colour(value: float, colours: Palette) -> str:
    """Red above zero, blue below, grey at zero."""
    return colours.raises if value > 0 else colours.lowers if value < 0 else colours.muted


def tint(value: float, largest: float, colours: Palette) -> tuple[str, str]:
    """Background and text colour (#rrggbb) of a value on a scale that ends at `largest`; readable at every strength."""
    strength = 0.0 if largest <= 0 else 0.86 * min(1.0, abs(value) / largest) ** 0.8
    ground = _mix(rgb(colours.paper), rgb(sign_colour(value, colours)), strength)
    # The page's own ink is calmer than pure black or white, so it stays wherever it is legible.
    if contrast(rgb(colours.ink), ground) >= 4.5:
        return _hex(ground), colours.ink
    return _hex(ground), max(("#000000", "#ffffff"), key=lambda colour: contrast(rgb(colour), ground))


def contrast(one: RGB, other: RGB) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def rgb(colour: str) -> RGB:
    """#rrggbb as three integers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def faded(colour: str, opacity: float) -> str:
    """#rrggbb as rgba(...)."""
    return "rgba({},{},{},{})".format(*rgb(colour), opacity)


def symbol(order: int) -> str:
    """Plotly marker of an order."""
    return _SYMBOLS.get(order, "star")


def shape(order: int) -> str:
    """The same marker as a character."""
    return _SHAPES.get(order, "★")


def label(name: str, width: int = 14) -> str:
    """A player's name in a figure: on one line, cut in the middle, Plotly's pseudo-HTML (<b>, <br>, &amp;) disarmed."""
    return html.escape(shortened(name, width), quote=False)


def shortened(text: str, width: int) -> str:
    flat = " ".join(text.split()) or "␣"
    tail = width // 3
    return flat if len(flat) <= width else f"{flat[: width - tail - 1].rstrip()}…{flat[-tail:].lstrip()}"


def canvas(colours: Palette, height: int, **layout: Any) -> go.Figure:
    """A figure on the paper of its appearance, which its PNG keeps, whose markers can be clicked."""
    look = {
        "height": height,
        "showlegend": False,
        "paper_bgcolor": colours.paper,
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.ink, "size": 13, "family": FONT},
        "hoverlabel": {"bgcolor": colours.paper, "bordercolor": colours.muted, "font": {"color": colours.ink}},
        "clickmode": "event",
        "dragmode": False,
    }
    return go.Figure(layout={**look, **layout})  # at birth: updating a layout takes many times as long


def _mix(ground: RGB, colour: RGB, strength: float) -> RGB:
    red, green, blue = (round(g + (c - g) * strength) for g, c in zip(ground, colour, strict=True))
    return red, green, blue


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: RGB) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
