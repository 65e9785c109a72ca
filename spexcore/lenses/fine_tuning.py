"""Confirmation by full fine-tuning: does a finding about a head on frozen features hold when everything is trained?"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from spexcore.errors import BadInput, Cancelled
from spexcore.game import Progress, Values, content_key
from spexcore.lenses.features import FrozenEncoder
from spexcore.lenses.training import TrainingLens

RECIPE = 1  # raised when a release changes how it is trained
MOST_TEXTS = 1_000
MOST_EPOCHS = 5
MOST_PARAMETERS = 200e6
SEEDS = (0, 1, 2)
EPOCHS = 2


@dataclass(frozen=True)
class FineTuned:
    """What fully fine-tuned models say of the test texts, with and without some training rows.

    intact, without: values, one a seed, of models trained on every row, and on all but `rows`. frozen: the effect of
    the same rows, with minus without, on the lens' own head. A seed is an order of the rows, which both of its models
    share. key: of everything but the rows.
    """

    rows: tuple[int, ...]
    seeds: tuple[int, ...]
    epochs: int
    intact: tuple[float, ...]
    without: tuple[float, ...]
    frozen: float
    key: str

    @property
    def effects(self) -> tuple[float, ...]:
        """With minus without the rows, one a seed."""
        return tuple(a - b for a, b in zip(self.intact, self.without, strict=True))

    @property
    def effect(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.effects))

    @property
    def spread(self) -> float:
        """Standard deviation of the effect between seeds, the replicate ceiling; NaN for one seed."""
        return float(np.std(self.effects, ddof=1)) if len(self.seeds) > 1 else float("nan")

    @property
    def agrees(self) -> bool:
        """Whether in every seed the effect has the sign that it has with the encoder frozen."""
        return all(np.sign(effect) == np.sign(self.frozen) for effect in self.effects)


def confirm_by_fine_tuning(
    lens: TrainingLens,
    rows: Iterable[int],
    *,
    seeds: Sequence[int] = SEEDS,
    epochs: int = EPOCHS,
    earlier: FineTuned | None = None,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> FineTuned:
    """Fine-tune encoder and head with and without these training rows, once a seed each: 2 x seeds trainings.

    earlier: a result of the same lens, seeds and epochs, whose models of every row are not trained again. on_progress
    counts steps of training (a batch each), cancel stops between two of them; `seconds` says beforehand how long it
    takes. Raises BadInput for rows that the table does not have, and for a table or an encoder too large for this.
    """
    named, key = _checked(lens, rows, seeds, epochs), content_key([lens.key, list(seeds), epochs, RECIPE])
    if earlier is not None and earlier.key != key:
        raise BadInput("`earlier` must be of the same lens, seeds and epochs; leave it out.")
    weights = np.ones((2, len(lens.examples)))
    weights[1, list(named)] = 0.0
    tick = _Tick((1 if earlier else 2) * len(seeds) * steps(lens, epochs), on_progress, cancel)
    values = [_values(lens, w, seeds, epochs, tick) for w in (weights[1:] if earlier else weights)]
    whole, part = lens.question.of(lens.head, lens.head.retrained(weights)).tolist()
    intact = earlier.intact if earlier else values[0]
    return FineTuned(named, tuple(seeds), epochs, intact, values[-1], whole - part, key)


def steps(lens: TrainingLens, epochs: int = EPOCHS) -> int:
    """Steps of one training; a confirmation takes 2 x seeds trainings."""
    from spexcore.models.fine_tuning import n_steps

    return n_steps(len(lens.examples), epochs)


def seconds(lens: TrainingLens, *, seeds: int = len(SEEDS), epochs: int = EPOCHS) -> float:
    """What a confirmation takes on this machine, as busy as it is now: measured on a batch. Raises as it would."""
    from spexcore.models.fine_tuning import BATCH

    _checked(lens, (0,), range(seeds), epochs)
    rows = range(min(BATCH, len(lens.examples)))
    for _ in range(2):  # the first also loads what is used for the first time
        began = perf_counter()
        _scores(lens, rows, np.ones(len(rows)), 1, seed=0, tick=lambda: None)
        took = perf_counter() - began
    return took * steps(lens, epochs) * 2 * seeds


def _values(
    lens: TrainingLens, weights: Values, seeds: Sequence[int], epochs: int, tick: Callable[[], None]
) -> tuple[float, ...]:
    """The lens' value of models fine-tuned on the rows of weight 1, one a seed."""
    rows = range(len(lens.examples))
    scores = [_scores(lens, rows, weights, epochs, seed=seed, tick=tick) for seed in seeds]
    return tuple(lens.question.said(lens.head.classed(np.stack(scores))).tolist())


def _scores(
    lens: TrainingLens, rows: Sequence[int], weights: Values, epochs: int, *, seed: int, tick: Callable[[], None]
) -> Values:
    """Scores (n_tests, K) after training on these rows, those of weight 1."""
    from spexcore.models.fine_tuning import Task, fine_tuned

    texts = [lens.examples.texts[row] for row in rows]
    task = Task(texts, lens.examples.codes[list(rows)], lens.head.problem.ridge, list(lens.tests))
    everywhere = np.zeros((1, len(lens.examples)))
    everywhere[0, list(rows)] = weights
    start = lens.head.retrained(everywhere)[0]
    assert isinstance(lens.encoder, FrozenEncoder)  # `_checked` has refused any other
    return fine_tuned(lens.encoder.model, task, start, weights, epochs=epochs, seed=seed, on_step=tick)


def _checked(lens: TrainingLens, rows: Iterable[int], seeds: Sequence[int], epochs: int) -> tuple[int, ...]:
    """The rows, sorted, once everything can be done."""
    named, n = tuple(sorted({int(row) for row in rows})), len(lens.examples)
    if not named or named[0] < 0 or named[-1] >= n or len(named) == n:
        raise BadInput(f"`rows` must name some of the rows 0 to {n - 1}, not all; got {list(named)[:5]}.")
    if not seeds or len(set(seeds)) < len(seeds):
        raise BadInput(f"`seeds` must be different whole numbers, at least one; got {list(seeds)}.")
    if not 1 <= epochs <= MOST_EPOCHS:
        raise BadInput(f"`epochs` must be from 1 to {MOST_EPOCHS}; got {epochs!r}.")
    if n > MOST_TEXTS:
        raise BadInput(f"`lens` must have at most {MOST_TEXTS:,} rows to be fine-tuned; got {n:,}. Take a sample.")
    if not isinstance(lens.encoder, FrozenEncoder) or lens.encoder.model.n_parameters > MOST_PARAMETERS:
        raise BadInput(
            f"`lens` must have as encoder a language model of at most {MOST_PARAMETERS / 1e6:.0f} M parameters to be "
            f"fine-tuned; it has {lens.encoder.id!r}."
        )
    return named


class _Tick:
    """Called before each step: reports it, and stops when told to."""

    def __init__(self, total: int, on_progress: Progress | None, cancel: threading.Event | None) -> None:
        self._done, self._total, self._on_progress, self._cancel = 0, total, on_progress, cancel

    def __call__(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled(f"Stopped after {self._done} of {self._total} steps of fine-tuning; none of it is kept.")
        self._done += 1
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)
