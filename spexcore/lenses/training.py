"""The training lens: players are training examples or groups of them, the value what a head trained on some says."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import Game, Values, content_key
from spexcore.lenses import grouping, influence
from spexcore.lenses.examples import Examples, checked_examples
from spexcore.lenses.features import Encoder, encoder_of
from spexcore.lenses.heads import Head
from spexcore.lenses.influence import VALUES, Question
from spexcore.masks import Masks

NUMERICS = 1  # raised when a release changes values beyond rounding, so that stores forget the old ones
_RECIPE_BYTES = 4_000_000  # of texts that a run file carries


@final
class TrainingLens(Game):
    """Training examples: which of them, and which together, make a classifier say what it says of a test text.

    A mask means: train again without the examples left out. What is trained is a logistic (softmax) head on features
    of an encoder that stays frozen: minimise sum_i w_i loss_i + ridge / 2 |theta|^2, solved exactly.
    test: a text or several, whose mean is the value; target: the label explained (one, or one a test text; by default
    the head's own answer). value: margin (log-odds, logits) or loss (minus log-probability, nats). encoder: a name, a
    folder, or a loaded model. groups: None (single examples), one name a row, or duplicates | clusters | staged.
    source: where texts, labels and groups came from, for whoever asks again. `notes` says what a reader must know.
    """

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[object],
        *,
        test: str | Sequence[str],
        target: str | Sequence[str] | None = None,
        encoder: Any = "minilm",
        groups: str | Sequence[object] | None = None,
        ridge: float = 1.0,
        value: str = "margin",
        seed: int = 0,
        source: Mapping[str, Any] | None = None,
    ) -> None:
        self.tests = _tests(test)
        if value not in VALUES:
            raise BadInput(f"`value` must be one of {', '.join(VALUES)}; got {value!r}.")
        self.ridge, self.seed, self.value, self.source = float(ridge), seed, value, dict(source or {})
        self.encoder = encoder_of(encoder)
        self.examples, self.head, n_cut = trained(texts, labels, self.encoder, self.ridge)
        points = self.encoder.features(list(self.tests))[0].astype(np.float64)
        self.targets = self._targets(target, points)
        codes = np.array([self.examples.code(label) for label in self.targets], dtype=np.intp)
        self.question = Question(points, codes, value)
        self.groups = self._grouped(groups)
        self._notes = _notes(self.examples, self.tests, n_cut)

    def _targets(self, target: str | Sequence[str] | None, points: NDArray[np.float64]) -> tuple[str, ...]:
        """One label a test text."""
        if target is None:
            answers = self.head.logits(self.head.full[None], points)[0].argmax(axis=1)
            return tuple(self.examples.classes[code] for code in answers)
        named = (target,) * len(self.tests) if isinstance(target, str) else tuple(target)
        if len(named) != len(self.tests):
            raise BadInput(f"`target` must be one label, or one a test text ({len(self.tests)}); got {len(named)}.")
        return named

    def _grouped(self, groups: str | Sequence[object] | None) -> tuple[str, ...]:
        """The name of each row's player."""
        examples, features = self.examples, self.head.features
        if groups is None:
            return tuple(grouping.single_names(examples.texts))
        if groups == "duplicates":
            return tuple(grouping.duplicate_names(examples, features))
        if groups == "clusters":
            return tuple(grouping.cluster_names(examples, features, seed=self.seed))
        if groups == "staged":
            return tuple(grouping.staged_names(examples, features, self.influence_of_examples, self.seed))
        return tuple(grouping.column_names(groups, len(examples)))

    @property
    def notes(self) -> list[str]:
        """What a reader must know beside the numbers; whoever made the table adds to it."""
        return self._notes

    @cached_property
    def players(self) -> tuple[str, ...]:
        """The groups in the order of their first rows."""
        return tuple(dict.fromkeys(self.groups))

    @cached_property
    def player_of(self) -> NDArray[np.intp]:
        """Index of each row's player, (n_rows,)."""
        index = {name: player for player, name in enumerate(self.players)}
        return np.array([index[name] for name in self.groups], dtype=np.intp)

    def rows(self, player: int) -> list[int]:
        """The training rows of a player."""
        return np.flatnonzero(self.player_of == player).tolist()

    @cached_property
    def influence_of_examples(self) -> Values:
        """First-order effect of having each example, (n_rows,), in closed form."""
        return influence.influence(self.head, self.question)

    @cached_property
    def influence(self) -> Values:
        """First-order effect of having each player, (n_players,): the sum over its examples."""
        return np.asarray(np.bincount(self.player_of, self.influence_of_examples, self.n_players), dtype=np.float64)

    @property
    def expected(self) -> Values:
        """Influence: what is left for an estimator to explain are interactions and saturation."""
        return self.influence

    @cached_property
    def leave_one_out(self) -> Values:
        """Exact effect of having each example, (n_rows,), by retraining without it."""
        return influence.leave_one_out(self.head, self.question)

    @cached_property
    def probabilities(self) -> dict[str, list[float]]:
        """What the head with every example says: for each class, one probability a test text."""
        logits = self.head.logits(self.head.full[None], self.question.features)[0]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return dict(zip(self.examples.classes, shares.T.tolist(), strict=True))

    @property
    def batch(self) -> int:  # type: ignore[override]
        """Masks between two looks at progress and store: about a second's work."""
        cells = self.head.problem.rows.size * len(self.head.problem.targets)
        return int(np.clip(100_000_000 // cells, 16, 2048))

    @cached_property
    def key(self) -> str:
        labelled = [list(self.examples.texts), list(self.examples.labels)]
        asked = [list(self.tests), list(self.targets), self.value, self.ridge]
        return content_key([labelled, asked, list(self.groups), self.encoder.sha256, NUMERICS])

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """Everything, the texts too where they are few enough for a run file."""
        named = {"lens": "training", "model": self.encoder.recipe, **({"source": self.source} if self.source else {})}
        asked = {"test": list(self.tests), "target": list(self.targets), "value": self.value, "ridge": self.ridge}
        small = sum(map(len, (*self.examples.texts, *self.groups))) <= _RECIPE_BYTES
        table = {"texts": list(self.examples.texts), "labels": list(self.examples.labels), "groups": list(self.groups)}
        whole = hashlib.sha256("\n".join(self.examples.texts).encode("utf-8", "surrogatepass")).hexdigest()
        return {**named, **asked, **(table if small else {"texts": None, "texts_sha256": whole})}

    def relabelled(self, labels: Mapping[int, str]) -> "TrainingLens":
        """The same lens with other labels in some rows: what if they were corrected."""
        changed = list(self.examples.labels)
        for row, label in labels.items():
            if not 0 <= row < len(changed):
                raise BadInput(f"`labels` must name rows 0 to {len(changed) - 1}; got {row}.")
            self.examples.code(label)
            changed[row] = label
        asked: dict[str, Any] = {"test": self.tests, "target": self.targets, "value": self.value, "seed": self.seed}
        return TrainingLens(
            self.examples.texts, changed, encoder=self.encoder, groups=self.groups, ridge=self.ridge, **asked
        )

    def _values(self, masks: Masks) -> Values:
        weights = masks[:, self.player_of].astype(np.float64)  # (n_masks, n_players) -> (n_masks, n_rows)
        return self.question.of(self.head, self.head.retrained(weights))


def _tests(test: str | Sequence[str]) -> tuple[str, ...]:
    tests = (test,) if isinstance(test, str) else tuple(test)
    if not tests or not all(isinstance(one, str) and one.strip() for one in tests):
        raise BadInput(f"`test` must be a text, or several, each with at least one word; got {list(tests)[:3]}.")
    return tests


def trained(
    texts: Sequence[str], labels: Sequence[object], encoder: Encoder, ridge: float = 1.0
) -> tuple[Examples, Head, int]:
    """A table checked, a head to train on its features, and how many of its texts were cut."""
    examples = checked_examples(texts, labels)
    if not 1e-3 <= ridge <= 1e6:
        raise BadInput(f"`ridge` must be a number from 1e-3 to 1e6; got {ridge!r}. Its usual value is 1.")
    found, n_cut = encoder.features(list(examples.texts))
    return examples, Head(found.astype(np.float64), examples.codes, len(examples.classes), ridge), n_cut


def _notes(examples: Examples, tests: tuple[str, ...], n_cut: int) -> list[str]:
    """What a reader must know beside the numbers."""
    notes = ["What is explained is the head: the encoder stays frozen."]
    if n_cut:
        notes.append(f"{n_cut} texts are longer than the encoder reads and were cut.")
    for test in tests:
        if same := [row for row, text in enumerate(examples.texts) if text.strip() == test.strip()]:
            notes.append(f"The test text {test[:40]!r} is itself training row {', '.join(map(str, same[:5]))}.")
    return notes
