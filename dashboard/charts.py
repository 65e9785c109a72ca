"""How a Plotly figure stands on the page: with an accessible name, and a PNG to take."""

from hashlib import sha256
from typing import Any

import streamlit as st

_SCALE = 2  # pixels of the PNG for each one on screen


def chart(figure: Any, *, key: str, alt: str, name: str) -> str:
    """Draw a figure; what tells it from another, as `links` asks. name: of its PNG, made by the browser from what is
    on screen."""
    image = {"format": "png", "filename": name, "scale": _SCALE}
    config = {
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "displaylogo": False,
        "toImageButtonOptions": image,
        "responsive": True,
    }
    told = sha256(figure.to_json(validate=False).encode()).hexdigest()[:16]
    figure.layout.meta = told
    st.plotly_chart(figure, key=key, config=config, theme=None, alt=alt)
    return told
