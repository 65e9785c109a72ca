"""Values of masks over parts: rows of (mask, prompt) through the network, each with its own parts cut out."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import Masks
from spexcore.models.anatomy import Anatomy
from spexcore.models.language_model import LanguageModel
from spexcore.models.narrowing import narrowed, position_wise
from spexcore.models.parts import Part
from spexcore.models.passes import Pass, groups, logits, read
from spexcore.models.resuming import MOST_BYTES, recorded, resumed, size
from spexcore.models.running import TOKENS, considerate, out_of_memory
from spexcore.models.sites import Cut, Fill, hooked, sites_of
from spexcore.models.vocabulary import LOGITS

_SAME = {torch.float64: 1e-9, torch.float32: 1e-3}  # how far a resumed pass may be off before it is given up


@dataclass(frozen=True)
class Results:
    """values, right: (n_masks, n_prompts): what is read from each prompt, and whether its answer is the target's."""

    values: NDArray[np.float64]
    right: NDArray[np.bool_]


@final
class PartScorer:
    """Runs masks over parts. forwards: rows computed; layers_run: of forwards x n_layers, those really computed.

    shortcuts: whether layers below the first ablated one are computed once, and the last one only where it is read.
    """

    def __init__(
        self,
        model: LanguageModel,
        anatomy: Anatomy,
        parts: Sequence[Part],
        passes: Sequence[Pass],
        *,
        fills: Sequence[Fill | None] | None = None,
        rescale: bool = False,
        shortcuts: bool = True,
    ) -> None:
        self.notes: list[str] = []
        self.forwards = self.layers_run = self.tokens_forwarded = 0
        self._model, self._anatomy, self._rescale = model, anatomy, rescale
        self._sites = sites_of(anatomy, parts)
        self._layer_of = np.array([part.layer for part in parts])
        fills = fills if fills is not None else [None] * len(list(groups(passes)))
        self._groups = [
            _Group(tuple(some), fill, model.device) for some, fill in zip(groups(passes), fills, strict=True)
        ]
        self._n_texts = 1 + max(one.text for one in passes)
        self._shortcuts = shortcuts
        self._narrow = position_wise(anatomy)
        self._rows = TOKENS[model.device.split(":")[0]]

    def results(self, masks: Masks) -> Results:
        """Values of masks, (n_masks, n_players), one after another in order of their first ablated layer."""
        first = self._first_layers(masks)
        order = np.argsort(first, kind="stable")
        values = np.zeros((len(masks), self._n_texts))
        right = np.ones((len(masks), self._n_texts), dtype=bool)
        with considerate(self._model.device), torch.inference_mode():
            for group in self._groups:
                self._prepare(group)
                found, hits = self._group(group, masks[order], first[order])
                for column, one in enumerate(group.passes):
                    values[order, one.text] += found[:, column]
                    right[order, one.text] &= hits[:, column]
        compared = [one.text for group in self._groups for one in group.passes if one.compares]
        right[:, compared] = values[:, compared] > 0
        return Results(values, right)

    def _first_layers(self, masks: Masks) -> NDArray[np.int64]:
        """The first layer in which each mask cuts something; the last one where it cuts nothing."""
        return np.where(masks, self._anatomy.n_layers - 1, self._layer_of).min(axis=1)

    def _group(
        self, group: "_Group", masks: Masks, first: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(n_masks, n_passes) values and hits; rows of the forward passes are (mask, pass) pairs, masks outermost."""
        n_passes = len(group.passes)
        values, right = np.empty(len(masks) * n_passes), np.empty(len(masks) * n_passes, dtype=bool)
        layer = np.repeat(first, n_passes)
        start = 0
        while start < len(values):
            same = int(np.searchsorted(layer, layer[start], side="right"))  # rows that begin in the same layer
            rows = np.arange(start, min(same, start + self._fitting(group)))
            try:
                numbers, hits = self._run(group, masks[rows // n_passes], rows % n_passes, int(layer[start]))
            except RuntimeError as error:
                self._give_up_half(group, len(rows), error)
                continue
            values[rows], right[rows] = numbers, hits
            start += len(rows)
        return values.reshape(-1, n_passes), right.reshape(-1, n_passes)

    def _fitting(self, group: "_Group") -> int:
        """Rows of one forward pass: so many that tokens fill the device and logits stay small."""
        length, n_scored, _ = group.passes[0].shape
        config = self._model.network.config.get_text_config()
        numbers = n_scored * (config.vocab_size if self._model.kind == "causal" else 1)
        return max(1, min(self._rows // length, LOGITS[self._model.device.split(":")[0]] // numbers))

    def _give_up_half(self, group: "_Group", n_rows: int, error: RuntimeError) -> None:
        """Go on with half of the tokens when the memory is full; raises what else went wrong."""
        if not out_of_memory(error):
            raise error
        device, length = self._model.device, group.passes[0].shape[0]
        if n_rows == 1:
            raise BadInput(
                f"`text` must fit in the memory of {device}; a forward pass of {length} tokens does not. Shorten it, "
                "or use dtype='bfloat16', a smaller model or another device."
            ) from error
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
        self._rows = n_rows * length // 2
        self.notes.append(f"Memory of {device} ran out: went on with batches of {self._rows} tokens.")

    def _run(
        self, group: "_Group", masks: Masks, which: NDArray[np.int64], first: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """One forward pass, a row for each (mask, pass)."""
        texts = torch.from_numpy(which)
        cut = Cut(masks, texts, group.fill, self._rescale)
        known = group.known.get(first - 1)
        with ExitStack() as stack:
            stack.enter_context(hooked(self._sites, cut))
            if known is not None:
                stack.enter_context(resumed(self._anatomy.layers, first, known, texts))
            if group.read is not None:
                stack.enter_context(narrowed(self._narrow, group.read, len(which)))
            found = logits(self._model, group.ids[which], group.passes[0].n_scored)
        values, right = read(self._model, found, [group.passes[k] for k in which])
        self.forwards += len(which)
        self.layers_run += len(which) * (self._anatomy.n_layers - (first if known is not None else 0))
        self.tokens_forwarded += group.ids[which].numel()
        return values.cpu().double().numpy(), right.cpu().numpy()

    def _prepare(self, group: "_Group") -> None:
        """Finds out once which shortcuts serve these passes."""
        if not group.ready and self._shortcuts:
            self._keep_lower_layers(group)
            self._read_last_layer(group)
        group.ready = True

    def _keep_lower_layers(self, group: "_Group") -> None:
        """Computes once what the layers below the ablated ones give, and tries whether passes can go on from there."""
        layers = {int(layer) for layer in self._layer_of} - {0}
        if not layers:
            return
        kept: dict[int, Any] = {}
        with recorded(self._anatomy.layers, kept):
            found = logits(self._model, group.ids, group.passes[0].n_scored)
        kept = {layer: out for layer, out in kept.items() if layer + 1 in (*layers, self._anatomy.n_layers - 1)}
        if sum(map(size, kept.values())) > MOST_BYTES:
            return
        rows = np.arange(len(group.passes))
        whole = read(self._model, found, list(group.passes))[0]
        group.known = kept
        none_cut = np.ones((len(rows), len(self._layer_of)), dtype=bool)
        again = self._run(group, none_cut, rows, min(layers))[0]
        if not self._same(again, whole.cpu().double().numpy()):
            group.known = {}

    def _read_last_layer(self, group: "_Group") -> None:
        """Tries whether the last layer is read only at the last positions, or a classifier's only at the first."""
        length, n_scored, _ = group.passes[0].shape
        causal = self._model.kind == "causal"
        if n_scored > length / 2 or not self._narrow:
            return
        masks = np.arange(3 * len(self._layer_of)).reshape(3, -1) % 3 > 0
        masks[0] = True
        rows, first = np.zeros(3, dtype=int), int(self._layer_of.min())
        whole = self._run(group, masks, rows, first)[0]
        group.read = slice(-n_scored, None) if causal else slice(0, 1)
        if not self._same(self._run(group, masks, rows, first)[0], whole):
            group.read = None

    def _same(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
        dtype = next(self._model.network.parameters()).dtype
        return np.allclose(one, other, rtol=0, atol=_SAME.get(dtype, 0.1))


class _Group:
    """Passes of one shape: their ids (n_passes, length), what ablated parts say, and what lower layers gave.

    read: the positions at which the last layer is needed; None for all of them.
    """

    def __init__(self, passes: tuple[Pass, ...], fill: Fill | None, device: str) -> None:
        self.passes, self.fill = passes, fill
        self.ids = torch.tensor([one.ids for one in passes], device=device)
        self.known: dict[int, Any] = {}
        self.read: slice | None = None
        self.ready = False
