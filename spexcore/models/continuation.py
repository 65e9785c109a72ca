"""Log-probabilities of continuations: exact teacher-forced sums over their tokens, in nats."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from spexcore.models import decoder
from spexcore.models.causal import CausalForward, Past, PlainCausal, together_past
from spexcore.models.forward import Block
from spexcore.models.inputs import (
    Inputs,
    Ints,
    chosen,
    common_start,
    extended,
    first_tokens,
    without_first,
)
from spexcore.models.language_model import LanguageModel
from spexcore.models.scoring import Scorer, Values
from spexcore.models.sharing import beginnings, best_cut, long_enough

SHORT = 4  # a common start of fewer tokens is not worth remembering
REMEMBERED = 8192  # tokens whose keys and values are kept at one time


@dataclass(frozen=True)
class Reading:
    """One pass over inputs: the suffix fed behind each, and which tokens count at the last positions, with which sign.

    picks, signs: (n_scored, n_picks).
    """

    suffix: tuple[int, ...]
    picks: NDArray[np.int64]
    signs: NDArray[np.float64]


def readings(target: list[int], versus: list[int] | None) -> list[Reading]:
    """The passes that give log p(target) - log p(versus); one is enough where one feeds all that the other needs."""
    long, short, sign = (target, versus or [], 1.0) if len(target) >= len(versus or []) else (versus, target, -1.0)
    assert long is not None
    if versus and long[: len(short) - 1] != short[:-1]:
        return [_reading(target, [], 1.0), _reading(versus, [], -1.0)]
    return [_reading(long, short, sign)]


def _reading(long: list[int], short: list[int], sign: float) -> Reading:
    picks, signs = np.zeros((len(long), 2), dtype=np.int64), np.zeros((len(long), 2))
    picks[:, 0], signs[:, 0] = long, sign
    picks[: len(short), 1], signs[: len(short), 1] = short, -sign
    width = 2 if short else 1
    return Reading(tuple(long[:-1]), picks[:, :width], signs[:, :width])


@dataclass(frozen=True)
class _Pass:
    """How to read inputs: by which forward pass, what at the last positions, after which past."""

    forward: CausalForward
    picks: torch.Tensor
    past: Past | None = None

    def __call__(self, pack: list[Block]) -> torch.Tensor:
        return self.forward.log_probabilities(pack, self.past, self.picks)

    def remember(self, block: Block) -> Past:
        return self.forward.remember(block, self.past)


@final
class ContinuationScorer(Scorer):
    """log p(target | input), or the difference to log p(versus | input), in nats.

    whole: tokens of the prompt with every player, behind which a target stands where positions are kept. share: whether
    what many inputs begin with is computed once.
    """

    def __init__(
        self, model: LanguageModel, target: list[int], versus: list[int] | None, *, whole: int, share: bool = True
    ) -> None:
        super().__init__(model)
        self._readings = readings(target, versus)
        self._whole, self._share = whole, share
        self._forward, self._plain = causal_forward(model), PlainCausal(model)
        self._start: tuple[bytes, Past] | None = None

    def values(self, inputs: Inputs) -> Values:
        values = np.zeros(len(inputs))
        for reading in self._readings:
            whole = extended(inputs, reading.suffix, self._model.start_id, self._whole)
            picks = torch.from_numpy(reading.picks).to(self._model.device)
            found = self._read(whole, picks)  # (n_inputs, n_scored, n_picks)
            values += (found * reading.signs).sum(axis=(1, 2))
            self.forwards += len(inputs)
        return values

    def _read(self, inputs: Inputs, picks: torch.Tensor) -> Values:
        fits = inputs.lengths.max() <= decoder.window(self._model)
        one = _Pass(self._forward if fits else self._plain, picks)
        if not self._share or len(inputs) < 2:
            return self._flat(inputs, one)
        start = common_start(inputs, int(inputs.lengths.min()) - len(picks))
        if start >= max(SHORT, inputs.lengths.mean() / 10):
            one = replace(one, past=self._remembered(inputs, start, one))
            inputs = without_first(inputs, start)
        cut = best_cut(inputs, len(picks))
        return self._continued(inputs, one, cut) if cut else self._flat(inputs, one)

    def _flat(self, inputs: Inputs, one: _Pass, prefix: Ints | None = None) -> Values:
        self.tokens_forwarded += len(inputs.ids)
        return self._runner.run(inputs, one, prefix)

    def _continued(self, inputs: Inputs, one: _Pass, cut: int) -> Values:
        """All inputs; of those that begin with the same `cut` tokens, these are computed once."""
        behind = long_enough(inputs, cut, len(one.picks))
        short = np.setdiff1d(np.arange(len(inputs)), behind)
        found = np.empty((len(inputs), *one.picks.shape))
        if len(short):
            found[short] = self._flat(chosen(inputs, short), one)
        for first, rows, which in _chunks(beginnings(inputs, behind, cut), max(1, REMEMBERED // cut)):
            begun = replace(one, past=self._remember(chosen(inputs, behind[first]), cut, one))
            found[behind[rows]] = self._flat(without_first(chosen(inputs, behind[rows]), cut), begun, which)
        return found

    def _remembered(self, inputs: Inputs, start: int, one: _Pass) -> Past:
        """The past of what all inputs begin with; kept for the next call."""
        key = beginnings(inputs, np.array([0]), start)[0] + type(one.forward).__name__.encode()
        if self._start is None or self._start[0] != key:
            self._start = key, self._remember(chosen(inputs, np.array([0])), start, one)
        return self._start[1]

    def _remember(self, inputs: Inputs, cut: int, one: _Pass) -> Past:
        """The past that continues with the first `cut` tokens of each input."""
        first = first_tokens(inputs, cut)
        self.tokens_forwarded += len(first.ids)
        return self._runner.gather(first, one.remember, together_past)


def _chunks(texts: list[bytes], most: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """At most `most` different texts at a time: (a row of each, all rows, which of the texts each row begins with)."""
    places: dict[bytes, int] = {}
    which = np.array([places.setdefault(text, len(places)) for text in texts])
    first = np.unique(which, return_index=True)[1]
    for start in range(0, len(places), most):
        rows = np.flatnonzero((which >= start) & (which < start + most))
        yield first[start : start + most], rows, which[rows] - start


def causal_forward(model: LanguageModel) -> CausalForward:
    """The fast forward pass of families that have one, else the network as it is."""
    known = model.network.config.model_type in decoder.FAMILIES and not model.spread
    return decoder.Decoder(model) if known else PlainCausal(model)
