"""Suspected mislabels: examples that only they themselves speak for."""

from dataclasses import dataclass

import numpy as np

from spexcore.evidence.cards import nearest
from spexcore.lenses.examples import Examples
from spexcore.lenses.heads import Head, margins
from spexcore.lenses.influence import self_logits

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
    logits = self_logits(head, rows)
    own = margins(logits[None], head.labels[rows])[0]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    order = np.argsort(own - whole[rows], kind="stable")[:top]
    return [
        Suspect(
            row=int(rows[at]),
            text=examples.texts[rows[at]],
            label=examples.labels[rows[at]],
            suggested=examples.classes[int(shares[at].argmax())],
            probability=float(shares[at].max()),
            self_influence=float(whole[rows[at]] - own[at]),
            margin_without=float(own[at]),
            neighbours=nearest(head, int(rows[at])),
        )
        for at in order.tolist()
    ]
