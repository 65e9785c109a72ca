"""Forward passes over packs: groups of token sequences of one exact length each, so that nothing is padded."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from spexcore.models.language_model import LanguageModel


@dataclass(frozen=True)
class Block:
    """Sequences of one length: ids (n_rows, length); positions of the same shape where `drop` kept them, else None."""

    ids: Tensor
    positions: Tensor | None = None

    @property
    def places(self) -> Tensor:
        """Position ids, (n_rows or 1, length)."""
        if self.positions is not None:
            return self.positions
        return torch.arange(self.ids.shape[1], device=self.ids.device)[None]


class Embedder:
    """Token ids to embeddings; the id after the last one stands for the mean of all embeddings."""

    def __init__(self, network: Any) -> None:
        self._module = network.get_input_embeddings()
        self._n_ids = self._module.num_embeddings
        self._mean: Tensor | None = None

    def __call__(self, ids: Tensor) -> Tensor:
        """(n_rows, length) -> (n_rows, length, width)."""
        is_mean = ids == self._n_ids
        if not bool(is_mean.any()):
            return self._module(ids)
        if self._mean is None:
            every = torch.arange(self._n_ids, device=ids.device)
            self._mean = torch.stack([self._module(part).double().sum(0) for part in every.split(8192)]).sum(0) / len(
                every
            )
        embedded = self._module(ids.clamp(max=self._n_ids - 1))
        return torch.where(is_mean[..., None], self._mean.to(embedded.dtype), embedded)


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
        arguments = {"attention_mask": torch.ones_like(block.ids), "position_ids": block.places}
        return self._network(inputs_embeds=self._embed(block.ids), **arguments).logits
