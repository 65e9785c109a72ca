"""Brittleness: the fewest training examples whose removal changes the answer, found greedily and confirmed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.lenses.heads import Head
from spexcore.lenses.influence import Question, influence
from spexcore.lenses.training import TrainingLens

_ROUND = 4  # examples removed between two scorings
_SHARE = 0.5  # of the examples, beyond which a flip says nothing


@dataclass(frozen=True)
class Flip:
    """Rows without which the head answers `after` instead of `before`; margins are of the answer before, in logits.

    Confirmed by training again without them. No smaller set is excluded: the search is greedy.
    """

    rows: tuple[int, ...]
    before: str
    after: str
    margin_before: float
    margin_after: float


def smallest_flip(lens: TrainingLens) -> Flip | None:
    """A small set of training rows whose removal changes the head's answer; None where half of them do not."""
    if len(lens.tests) != 1:
        raise BadInput(f"`test` must be one text to ask what flips its answer; got {len(lens.tests)}.")
    search = _Search(lens)
    removed = search.greedy()
    return None if removed is None else search.confirmed(search.pruned(removed))


class _Search:
    """Removals of one test text's answer."""

    def __init__(self, lens: TrainingLens) -> None:
        self._lens, self._head = lens, lens.head
        self._point = lens.question.features
        self._answer = int(self._logits(np.ones((1, len(lens.examples))))[0].argmax())
        self._question = Question(self._point, np.array([self._answer]))

    def greedy(self) -> list[int] | None:
        """Rows removed, those of largest influence first, scored anew on what is left after every few."""
        n = len(self._lens.examples)
        kept, removed = np.ones(n, dtype=bool), list[int]()
        while len(removed) < _SHARE * n:
            rows = np.flatnonzero(kept)
            head = Head(self._head.features[rows], self._head.labels[rows], self._head.n_classes, self._head.ridge)
            worth = influence(head, self._question)
            chosen = rows[np.argsort(-worth, kind="stable")[:_ROUND]].tolist()
            flips = self._flips([[*removed, *chosen[: size + 1]] for size in range(len(chosen))])
            if flips.any():
                return [*removed, *chosen[: int(flips.argmax()) + 1]]
            removed += chosen
            kept[chosen] = False
        return None

    def pruned(self, removed: list[int]) -> list[int]:
        """Without the rows that may stay: put back one at a time, the last removed first."""
        for row in reversed(removed[:-1]):
            fewer = [other for other in removed if other != row]
            if self._flips([fewer])[0]:
                removed = fewer
        return removed

    def confirmed(self, removed: list[int]) -> Flip:
        weights = np.ones((2, len(self._lens.examples)))
        weights[1, removed] = 0.0
        theta = self._head.retrained(weights)
        before, after = self._question.of(self._head, theta).tolist()
        answer = int(self._head.logits(theta[1:], self._point)[0, 0].argmax())
        classes = self._lens.examples.classes
        return Flip(tuple(sorted(removed)), classes[self._answer], classes[answer], before, after)

    def _flips(self, removals: list[list[int]]) -> NDArray[np.bool_]:
        """Whether each removal changes the answer, by retraining."""
        weights = np.ones((len(removals), len(self._lens.examples)))
        for row, removed in enumerate(removals):
            weights[row, removed] = 0.0
        return np.asarray(self._logits(weights).argmax(axis=1) != self._answer)

    def _logits(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n_masks, n_classes) at the test point."""
        return self._head.logits(self._head.retrained(weights), self._point)[:, 0]
