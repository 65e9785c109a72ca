"""Figures of an explanation, for page and notebook alike: Plotly figures, or HTML that shows itself."""

from spexcore.figures.heads import heads
from spexcore.figures.network import network
from spexcore.figures.terms import terms
from spexcore.figures.tokens import tokens

__all__ = ["heads", "network", "terms", "tokens"]
