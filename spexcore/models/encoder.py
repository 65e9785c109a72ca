"""BERT, RoBERTa and DistilBERT classifiers over packs: linear layers on all tokens at once, attention block by block.

The answer is read at the first token, so the last layer is computed only there; keys and values need every token.
Every weight is used where it lies in the network of transformers; nothing is copied or changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from spexcore.models.forward import Block, ClassifierForward, Embedder
from spexcore.models.language_model import LanguageModel

Layer = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class EncoderLayer:
    """The parts of one post-norm transformer layer, by what they do."""

    query: Layer
    key: Layer
    value: Layer
    output: Layer
    attention_norm: Layer
    up: Layer
    activation: Layer
    down: Layer
    norm: Layer


@final
class EncoderClassifier(ClassifierForward):
    """A classifier that reads the first token of a post-norm encoder."""

    def __init__(self, model: LanguageModel) -> None:
        network = model.network
        base = getattr(network, network.base_model_prefix)
        self._embeddings = base.embeddings
        self._embed = Embedder(network)
        self._offset = base.embeddings.padding_idx + 1 if network.config.model_type == "roberta" else 0
        self._n_heads = network.config.num_attention_heads
        distil = network.config.model_type == "distilbert"
        self._layers = [_distil_layer(one) if distil else _bert_layer(one) for one in _stack(base)]
        self._head = _HEADS[network.config.model_type](network)

    def __call__(self, pack: list[Block]) -> Tensor:
        shapes = [tuple(block.ids.shape) for block in pack]
        hidden = _side_by_side([self._embedded(block).flatten(0, 1) for block in pack])  # (n_tokens, width)
        for layer in self._layers[:-1]:
            hidden = self._layer(layer, hidden, shapes)
        return self._head(self._last_layer(self._layers[-1], hidden, shapes))

    def _embedded(self, block: Block) -> Tensor:
        """(n_rows, length, width), normed."""
        parts = self._embeddings
        hidden = self._embed(block.ids) + parts.position_embeddings(block.places + self._offset)
        if (types := getattr(parts, "token_type_embeddings", None)) is not None:
            hidden = hidden + types.weight[0]
        return parts.LayerNorm(hidden)

    def _layer(self, layer: EncoderLayer, hidden: Tensor, shapes: list[tuple[int, ...]]) -> Tensor:
        parts = (layer.query(hidden), layer.key(hidden), layer.value(hidden))  # each (n_tokens, width)
        attended = []
        for (rows, length), *three in zip(shapes, *(_split(part, shapes) for part in parts), strict=True):
            heads = (part.view(rows, length, self._n_heads, -1).transpose(1, 2) for part in three)
            mixed = scaled_dot_product_attention(*heads)  # (rows, heads, length, width of a head)
            attended.append(mixed.transpose(1, 2).reshape(rows * length, -1))
        return _finish(layer, hidden, _side_by_side(attended))

    def _last_layer(self, layer: EncoderLayer, hidden: Tensor, shapes: list[tuple[int, ...]]) -> Tensor:
        """(rows of all blocks, width): the layer at the first token of each row."""
        blocks = [part.view(*shape, -1) for part, shape in zip(_split(hidden, shapes), shapes, strict=True)]
        first = _side_by_side([block[:, 0] for block in blocks])
        queries = layer.query(first).split([shape[0] for shape in shapes])
        parts = (_split(layer.key(hidden), shapes), _split(layer.value(hidden), shapes))
        attended = []
        for (rows, length), query, key, value in zip(shapes, queries, *parts, strict=True):
            keys, values = (part.view(rows, length, self._n_heads, -1).transpose(1, 2) for part in (key, value))
            one = query.view(rows, 1, self._n_heads, -1).transpose(1, 2)
            attended.append(scaled_dot_product_attention(one, keys, values).transpose(1, 2).reshape(rows, -1))
        return _finish(layer, first, _side_by_side(attended))


def _finish(layer: EncoderLayer, hidden: Tensor, attended: Tensor) -> Tensor:
    hidden = layer.attention_norm(layer.output(attended) + hidden)
    return layer.norm(layer.down(layer.activation(layer.up(hidden))) + hidden)


def _split(hidden: Tensor, shapes: list[tuple[int, ...]]) -> tuple[Tensor, ...]:
    return hidden.split([rows * length for rows, length in shapes])


def _side_by_side(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _stack(base: Any) -> Any:
    return base.transformer.layer if hasattr(base, "transformer") else base.encoder.layer


def _bert_layer(one: Any) -> EncoderLayer:
    mix, after = one.attention.self, one.attention.output
    inner, outer = one.intermediate, one.output
    return EncoderLayer(
        *(mix.query, mix.key, mix.value, after.dense, after.LayerNorm),
        *(inner.dense, inner.intermediate_act_fn, outer.dense, outer.LayerNorm),
    )


def _distil_layer(one: Any) -> EncoderLayer:
    mix, inner = one.attention, one.ffn
    return EncoderLayer(
        *(mix.q_lin, mix.k_lin, mix.v_lin, mix.out_lin, one.sa_layer_norm),
        *(inner.lin1, inner.activation, inner.lin2, one.output_layer_norm),
    )


# From the first token's hidden state (n_rows, width) to logits, as each family does it.
_HEADS: dict[str, Callable[[Any], Layer]] = {
    "bert": lambda network: lambda first: network.classifier(network.bert.pooler(first[:, None])),
    "roberta": lambda network: lambda first: network.classifier(first[:, None]),
    "distilbert": lambda network: lambda first: network.classifier(torch.relu(network.pre_classifier(first))),
}
FAMILIES = tuple(_HEADS)
