"""Llama, Mistral, Qwen2, Qwen3 and Gemma over packs: linear layers on all tokens at once, attention block by block.

The last layer is computed only at the scored positions (keys and values need every token), and the head too. A text
that many rows begin with is computed once, and each row continues its keys and values. Every weight is used where it
lies in the network of transformers; nothing is copied or changed.
"""

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import rms_norm, scaled_dot_product_attention

from spexcore.models.causal import CausalForward, Past
from spexcore.models.forward import Block, Embedder, by_block, places_of, together
from spexcore.models.language_model import LanguageModel
from spexcore.models.vocabulary import picked

FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "gemma")


def window(model: LanguageModel) -> int:
    """Tokens that every layer attends to: inputs up to this length need no sliding window."""
    return min(getattr(model.network.config, "sliding_window", None) or model.max_tokens, model.max_tokens)


@dataclass(frozen=True)
class _Pack:
    """What every layer of one pass shares: the blocks, their past, and cos and sin of each token.

    cos, sin: (n_tokens, 1, width of a head); both halves of the width turn by the same angles, and sin is negative in
    the first, as the right half enters the left one.
    """

    blocks: list[Block]
    past: Past | None
    cos: Tensor
    sin: Tensor

    def rotated(self, heads: Tensor, rows: Tensor | None = None) -> Tensor:
        """(n_tokens, n_heads, width of a head), turned by the place of each token."""
        cos, sin = (self.cos, self.sin) if rows is None else (self.cos[rows], self.sin[rows])
        left, right = heads.chunk(2, dim=-1)
        return torch.cat([right, left], dim=-1).mul_(sin).add_(heads * cos)


@final
class Decoder(CausalForward):
    """A pre-norm decoder with rotary positions and a gated MLP."""

    def __init__(self, model: LanguageModel) -> None:
        network = model.network
        self._embed = Embedder(network)
        self._rotary = network.model.rotary_emb
        self._layers = [_Layer(one) for one in network.model.layers]
        self._norm = _norm(network.model.norm)
        self._head = network.lm_head

    def log_probabilities(self, pack: list[Block], past: Past | None, picks: Tensor) -> Tensor:
        hidden, shared = self._embedded(pack, past)
        scored = places_of(pack, range(-len(picks), 0))
        for index, layer in enumerate(self._layers):
            last = index == len(self._layers) - 1
            hidden, _ = layer(hidden, shared, index, scored if last else None)
        return picked(self._norm(hidden).view(-1, len(picks), hidden.shape[-1]), self._head.weight, picks)

    def remember(self, block: Block, past: Past | None) -> Past:
        hidden, shared = self._embedded([block], past)
        kept = []
        for index, layer in enumerate(self._layers):
            hidden, keys_values = layer(hidden, shared, index, None)
            kept.append(keys_values)
        return Past(tuple(kept))

    def _embedded(self, pack: list[Block], past: Past | None) -> tuple[Tensor, _Pack]:
        hidden = together([self._embed(block).flatten(0, 1) for block in pack])  # (n_tokens, width)
        length = past.length if past else 0
        places = together([block.places(length).expand(*block.ids.shape).flatten() for block in pack])
        cos, sin = self._rotary(hidden, places[None])
        cos, sin = cos[0, :, None], sin[0, :, None].clone()
        sin[..., : sin.shape[-1] // 2].neg_()
        return hidden, _Pack(pack, past, cos, sin)


@final
class _Layer:
    """One layer over a pack."""

    def __init__(self, module: Any) -> None:
        self._before, self._after = _norm(module.input_layernorm), _norm(module.post_attention_layernorm)
        self._mix, self._mlp = module.self_attn, module.mlp
        self._scale, self._width = self._mix.scaling, self._mix.head_dim
        self._query_norm = _norm(self._mix.q_norm) if hasattr(self._mix, "q_norm") else None
        self._key_norm = _norm(self._mix.k_norm) if hasattr(self._mix, "k_norm") else None

    def __call__(
        self, hidden: Tensor, pack: _Pack, index: int, scored: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Hidden states (n_tokens, width), of the scored rows only if given; keys and values of the last block."""
        normed = self._before(hidden)
        keys = pack.rotated(self._heads(self._mix.k_proj(normed), self._key_norm))
        values = self._heads(self._mix.v_proj(normed), None)
        if scored is not None:
            hidden, normed = hidden[scored], normed[scored]
        queries = pack.rotated(self._heads(self._mix.q_proj(normed), self._query_norm), scored)
        per_row = None if scored is None else len(scored) // sum(len(block.ids) for block in pack.blocks)
        parts = (by_block(queries, pack.blocks, per_row), *(by_block(part, pack.blocks) for part in (keys, values)))
        mixed = []
        for block, query, key, value in zip(pack.blocks, *parts, strict=True):
            if pack.past is not None:
                before = pack.past.continued(index, block)
                key, value = (torch.cat(pair, dim=2) for pair in zip(before, (key, value), strict=True))
            mixed.append(self._attend(query, key, value))
        hidden = self._mix.o_proj(together(mixed)).add_(hidden)
        return self._feed(self._after(hidden)).add_(hidden), (key, value)

    def _feed(self, normed: Tensor) -> Tensor:
        """The gated MLP; in place, for fresh memory costs a processor more than the arithmetic."""
        gate = self._mlp.act_fn(self._mlp.gate_proj(normed))
        return self._mlp.down_proj(gate.mul_(self._mlp.up_proj(normed)))

    def _heads(self, flat: Tensor, normed: Any) -> Tensor:
        """(n_tokens, n_heads * width) -> (n_tokens, n_heads, width)."""
        heads = flat.view(len(flat), -1, self._width)
        return heads if normed is None else normed(heads)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """(n_rows, n_heads, n_queries, width), keys and values of the whole text -> (n_rows * n_queries, all heads)."""
        n_queries, length = query.shape[2], key.shape[2]
        causal, mask = n_queries == length > 1, None
        if 1 < n_queries < length:
            mask = torch.ones(n_queries, length, dtype=torch.bool, device=query.device).tril(length - n_queries)
        grouped = query.shape[1] != key.shape[1]
        mixed = scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=causal, scale=self._scale, enable_gqa=grouped
        )
        return mixed.transpose(1, 2).flatten(2).flatten(0, 1)


def _norm(module: Any) -> Any:
    """A fused RMS norm for the module's steps, where it is the usual one; float64 keeps the module's rounding."""
    usual = hasattr(module, "variance_epsilon") and module.weight.dtype != torch.float64
    if not usual:
        return module
    return lambda hidden: rms_norm(hidden, module.weight.shape, module.weight, module.variance_epsilon)
