"""Figures of an explanation, for page and notebook alike: Plotly figures, or HTML that shows itself."""

from spexcore.figures.comparison import comparison
from spexcore.figures.confirmation import confirmation
from spexcore.figures.faithfulness import faithfulness
from spexcore.figures.heads import heads
from spexcore.figures.methods import methods
from spexcore.figures.network import network
from spexcore.figures.printing import pdf
from spexcore.figures.pruning import pruning
from spexcore.figures.removal import removal
from spexcore.figures.report import report
from spexcore.figures.terms import terms
from spexcore.figures.tokens import tokens

__all__ = [
    "comparison",
    "confirmation",
    "faithfulness",
    "heads",
    "methods",
    "network",
    "pdf",
    "pruning",
    "removal",
    "report",
    "terms",
    "tokens",
]
