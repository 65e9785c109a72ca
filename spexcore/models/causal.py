"""Forward passes of causal models: log-probabilities of chosen tokens at the last positions, after a shared past."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from spexcore.models.forward import Block, Embedder, in_one_piece
from spexcore.models.language_model import LanguageModel
from spexcore.models.vocabulary import LOGITS, head_size, picked_logits


@dataclass(frozen=True)
class Past:
    """What attention remembers of texts that come before: for each layer (keys, values).

    Each is (n_texts, key-value heads, length, width of a head).
    """

    layers: tuple[tuple[Tensor, Tensor], ...]

    @property
    def length(self) -> int:
        return self.layers[0][0].shape[2]

    def continued(self, layer: int, block: Block) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer for each row of a block that continues these texts."""
        keys, values = self.layers[layer]
        if block.prefix is not None:
            rows = block.prefix.to(keys.device)  # layers may lie on several devices
            return keys[rows], values[rows]
        n_rows = len(block.ids)
        return keys.expand(n_rows, -1, -1, -1), values.expand(n_rows, -1, -1, -1)


def together_past(parts: list[Past]) -> Past:
    """The texts of several pasts of one length, one below another."""
    if len(parts) == 1:
        return parts[0]
    layers = [[torch.cat(tensors) for tensors in zip(*pairs, strict=True)] for pairs in zip(*(p.layers for p in parts))]
    return Past(tuple((keys, values) for keys, values in layers))


class CausalForward(ABC):
    """The log-probabilities that a causal model gives to tokens."""

    @abstractmethod
    def log_probabilities(self, pack: list[Block], past: Past | None, picks: Tensor) -> Tensor:
        """(rows of all blocks, n_scored, n_picks) of the tokens picks (n_scored, n_picks) after the last positions."""

    @abstractmethod
    def remember(self, block: Block, past: Past | None) -> Past:
        """The past that continues with the rows of a block, the whole of it."""


@final
class PlainCausal(CausalForward):
    """Any causal model of transformers, as it is, one block at a time; logits only at the scored positions."""

    def __init__(self, model: LanguageModel) -> None:
        self._network = model.network
        self._embed = Embedder(model.network)
        self._most = LOGITS[model.device.split(":")[0]] // head_size(model.network.get_output_embeddings())

    def log_probabilities(self, pack: list[Block], past: Past | None, picks: Tensor) -> Tensor:
        n_scored = len(picks)
        found = []
        for block in pack:
            for part in _parts(block, max(1, self._most // n_scored)):
                logits = self._run(part, past, n_scored).logits[:, -n_scored:]
                found.append(picked_logits(logits, picks))
        return torch.cat(found)

    def remember(self, block: Block, past: Past | None) -> Past:
        cache = self._run(block, past, 1, use_cache=True).past_key_values
        return Past(tuple((layer.keys, layer.values) for layer in cache.layers))

    def _run(self, block: Block, past: Past | None, n_scored: int, use_cache: bool = False) -> Any:
        from transformers import DynamicCache

        length = past.length if past else 0
        cache = DynamicCache() if past or use_cache else None
        for layer in range(len(past.layers) if past else 0):
            cache.update(*past.continued(layer, block), layer)  # type: ignore[union-attr]
        # The mask of ones tells transformers that gaps between positions are no borders between packed texts.
        seen = torch.ones(len(block.ids), length + block.ids.shape[1], dtype=torch.long, device=block.ids.device)
        with in_one_piece(self._network.get_output_embeddings()):
            return self._network(
                inputs_embeds=self._embed(block),
                position_ids=block.places(length).expand(len(block.ids), -1),
                attention_mask=seen,
                past_key_values=cache,
                use_cache=cache is not None,
                logits_to_keep=n_scored,
            )


def _parts(block: Block, n_rows: int) -> list[Block]:
    if len(block.ids) <= n_rows:
        return [block]
    return [part for half in block.halves() for part in _parts(half, n_rows)]
