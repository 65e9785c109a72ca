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

from spexcore.models.forward import Block, ClassifierForward, Embedder, by_block, places_of, together
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
        hidden = together([self._embedded(block).flatten(0, 1) for block in pack])  # (n_tokens, width)
        for layer in self._layers[:-1]:
            hidden = self._layer(layer, hidden, pack, None)
        return self._head(self._layer(self._layers[-1], hidden, pack, places_of(pack, range(1))))

    def _embedded(self, block: Block) -> Tensor:
        """(n_rows, length, width), normed."""
        parts = self._embeddings
        hidden = self._embed(block) + parts.position_embeddings(block.places() + self._offset)
        if (types := getattr(parts, "token_type_embeddings", None)) is not None:
            hidden = hidden + types.weight[0]
        return parts.LayerNorm(hidden)

    def _layer(self, layer: EncoderLayer, hidden: Tensor, pack: list[Block], read: Tensor | None) -> Tensor:
        """Hidden states (n_tokens, width) after the layer; only those of the rows `read`, one a sequence, if given."""
        keys, values = self._heads(layer.key(hidden), pack), self._heads(layer.value(hidden), pack)
        hidden = hidden if read is None else hidden[read]
        queries = self._heads(layer.query(hidden), pack, None if read is None else 1)
        mixed = [scaled_dot_product_attention(*three) for three in zip(queries, keys, values, strict=True)]
        attended = together([part.transpose(1, 2).flatten(2).flatten(0, 1) for part in mixed])
        hidden = layer.attention_norm(layer.output(attended) + hidden)
        return layer.norm(layer.down(layer.activation(layer.up(hidden))) + hidden)

    def _heads(self, flat: Tensor, pack: list[Block], per_row: int | None = None) -> list[Tensor]:
        return by_block(flat.view(len(flat), self._n_heads, -1), pack, per_row)


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
