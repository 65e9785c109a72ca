"""Forward passes over packs: groups of token sequences of one exact length each, so that nothing is padded."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from spexcore.models.language_model import LanguageModel


@dataclass(frozen=True)
class Block:
    """Sequences of one length: ids (n_rows, length); positions of that shape where `drop` kept them, else None.

    has_mean: whether an id stands for the mean embedding. prefix: (n_rows,) row of the past that each one continues;
    None when all continue row 0 (or there is no past).
    """

    ids: Tensor
    positions: Tensor | None = None
    has_mean: bool = False
    prefix: Tensor | None = None

    def places(self, past_length: int = 0) -> Tensor:
        """Position ids, (n_rows or 1, length)."""
        if self.positions is not None:
            return self.positions
        return torch.arange(past_length, past_length + self.ids.shape[1], device=self.ids.device)[None]

    def halves(self) -> Iterator["Block"]:
        """The upper and the lower rows."""
        middle = len(self.ids) // 2
        for rows in (slice(0, middle), slice(middle, None)):
            parts = (None if part is None else part[rows] for part in (self.positions, self.prefix))
            positions, prefix = parts
            yield Block(self.ids[rows], positions, self.has_mean, prefix)


@final
class Embedder:
    """Token ids to embeddings; the id after the last one stands for the mean of all embeddings."""

    def __init__(self, network: Any) -> None:
        self._module = network.get_input_embeddings()
        self._n_ids = self._module.num_embeddings
        self._mean: Tensor | None = None

    def __call__(self, block: Block) -> Tensor:
        """(n_rows, length, width)."""
        if not block.has_mean:
            return self._module(block.ids)
        if self._mean is None:
            every = torch.arange(self._n_ids, device=block.ids.device)
            sums = [self._module(part).cpu().double().sum(0) for part in every.split(8192)]
            self._mean = torch.stack(sums).sum(0) / self._n_ids
        embedded = self._module(block.ids.clamp(max=self._n_ids - 1))
        return torch.where((block.ids == self._n_ids)[..., None], self._mean.to(embedded.dtype), embedded)


class ClassifierForward(ABC):
    """The logits of a classifier."""

    @abstractmethod
    def __call__(self, pack: list[Block]) -> Tensor:
        """(rows of all blocks, n_labels)."""


@final
class PlainClassifier(ClassifierForward):
    """Any classifier of transformers, as it is, one block at a time."""

    def __init__(self, model: LanguageModel) -> None:
        self._network = model.network
        self._embed = Embedder(model.network)

    def __call__(self, pack: list[Block]) -> Tensor:
        return torch.cat([self._logits(block) for block in pack])

    def _logits(self, block: Block) -> Tensor:
        # The mask of ones tells transformers that gaps between positions are no borders between packed texts.
        arguments = {"attention_mask": torch.ones_like(block.ids), "position_ids": block.places()}
        return self._network(inputs_embeds=self._embed(block), **arguments).logits


@contextmanager
def in_one_piece(head: Any) -> Iterator[None]:
    """Within, the head reads rows that lie end to end: slices it multiplies one by one, five times slower."""
    handle = head.register_forward_pre_hook(lambda _, fed: (fed[0].contiguous(), *fed[1:]))
    try:
        yield
    finally:
        handle.remove()


def together(parts: list[Tensor]) -> Tensor:
    """Tensors end to end; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def by_block(flat: Tensor, pack: list[Block], per_row: int | None = None) -> list[Tensor]:
    """(n_tokens, n_heads, width) of all blocks -> for each (n_rows, n_heads, length, width).

    per_row: tokens a row, where they are fewer than the block's length.
    """
    shapes = [(len(block.ids), per_row or block.ids.shape[1]) for block in pack]
    parts = flat.split([rows * length for rows, length in shapes])
    return [part.view(*shape, *flat.shape[1:]).transpose(1, 2) for part, shape in zip(parts, shapes, strict=True)]


def places_of(pack: list[Block], within: range) -> Tensor:
    """Flat indices, (n_rows * len(within),), of some positions of every row; negative ones count from its end."""
    found, start = [], 0
    for block in pack:
        rows, length = block.ids.shape
        at = torch.tensor([place % length for place in within])
        found.append((start + torch.arange(rows)[:, None] * length + at).flatten())
        start += rows * length
    return together(found).to(pack[0].ids.device)
