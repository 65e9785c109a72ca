"""What there is to say of single training examples: their effect, their label, and the texts most like them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spexcore.lenses.heads import Head
from spexcore.lenses.influence import without
from spexcore.lenses.training import TrainingLens

_NEIGHBOURS = 3


@dataclass(frozen=True)
class Card:
    """One training example. effect: the value with it minus the value retrained without it, exact.

    influence: the same to first order. similarity: cosine to the (first) test text. neighbours: rows of nearest text.
    """

    row: int
    text: str
    label: str
    player: int
    effect: float
    influence: float
    similarity: float
    neighbours: tuple[int, ...]


def cards(lens: TrainingLens, rows: Iterable[int] | None = None, *, top: int = 20) -> list[Card]:
    """Cards of rows, or of the `top` rows of largest influence, the largest first; each is left out and retrained."""
    if rows is None:
        rows = np.argsort(-np.abs(lens.influence_of_examples), kind="stable")[:top].tolist()
    chosen = list(rows)
    if not chosen:
        return []
    head, question, n = lens.head, lens.question, len(lens.examples)
    whole = question.of(head, head.full[None])[0]
    effects = (whole - question.of(head, head.retrained(without(n, chosen)))).tolist()
    point = question.features[0] / np.linalg.norm(question.features[0])
    alike = head.features @ point / np.linalg.norm(head.features, axis=1)
    return [
        Card(
            row,
            lens.examples.texts[row],
            lens.examples.labels[row],
            int(lens.player_of[row]),
            effect,
            float(lens.influence_of_examples[row]),
            float(alike[row]),
            nearest(head, row),
        )
        for row, effect in zip(chosen, effects, strict=True)
    ]


def nearest(head: Head, row: int) -> tuple[int, ...]:
    """Rows of the nearest texts by the cosine of their features."""
    alike = head.features @ head.features[row] / np.linalg.norm(head.features, axis=1)
    alike[row] = -np.inf
    return tuple(np.argsort(-alike, kind="stable")[:_NEIGHBOURS].tolist())
