"""Suspected mislabels: examples that only they themselves speak for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.evidence.cards import nearest
from spexcore.lenses.examples import Examples
from spexcore.lenses.heads import Head, margins
from spexcore.lenses.influence import self_margins

MOST = 5_000  # rows retrained without; of a longer table those the head doubts most


@dataclass(frozen=True)
class Suspect:
    """A row whose label the other rows contradict, and the evidence.

    self_influence: margin of its own label, in logits, with it minus without it. margin_without: by a head trained
    without it. suggested: that head's answer, with its probability. neighbours: the rows of nearest text.
    """

    row: int
    text: str
    label: str
    suggested: str
    probability: float
    self_influence: float
    margin_without: float
    neighbours: tuple[int, ...]


def suspects(examples: Examples, head: Head, *, top: int | None = None) -> list[Suspect]:
    """Rows by self-influence, the most suspicious first; every one was left out and the head trained again."""
    whole = margins(head.logits(head.full[None], head.features), head.labels)[0]
    rows = np.sort(np.argsort(whole, kind="stable")[:MOST])
    own = whole[rows] - self_margins(head, rows)
    order = rows[np.argsort(-own, kind="stable")][:top]
    return _described(examples, head, order, whole)


def _described(examples: Examples, head: Head, rows: NDArray[np.intp], whole: NDArray[np.float64]) -> list[Suspect]:
    found = []
    for row in rows.tolist():
        weights = np.ones((1, len(examples)))
        weights[0, row] = 0.0
        logits = head.logits(head.retrained(weights), head.features[row : row + 1])
        without = float(margins(logits, head.labels[row : row + 1])[0, 0])
        shares = np.exp(logits[0, 0] - logits[0, 0].max())
        answer = int(shares.argmax())
        labels = examples.labels[row], examples.classes[answer]
        numbers = float(shares[answer] / shares.sum()), float(whole[row]) - without, without
        found.append(Suspect(row, examples.texts[row], *labels, *numbers, nearest(head, row)))
    return found
