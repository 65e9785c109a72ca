"""How a Plotly figure stands on the page: an accessible name, clicks where somebody listens, and a PNG to take."""

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

_SCALE = 2  # pixels of the PNG for each one on screen


def chart(
    figure: Any, *, key: str, alt: str, name: str, on_select: Callable[[], None] | Literal["ignore"] = "ignore"
) -> None:
    """Draw a figure. name: of its PNG, which the browser itself makes from what is on screen."""
    image = {"format": "png", "filename": name, "scale": _SCALE}
    config = {
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "displaylogo": False,
        "toImageButtonOptions": image,
        "responsive": True,
    }
    st.plotly_chart(
        figure, key=key, on_select=on_select, selection_mode="points", config=config, theme=None, alt=alt
    )  # fmt: skip


def picked(key: str) -> str:
    """What the point last clicked in a figure carries as customdata; "" where none is selected."""
    points = st.session_state[key]["selection"]["points"]
    marked = points[-1].get("customdata", "") if points else ""
    return str(marked[0] if isinstance(marked, list) else marked)
