"""Where a network's parts are: for each layer the projection behind its heads, and the last one of its MLP.

One table of names serves every family, because both places are the same in all: what enters the attention output
projection are the heads side by side, whatever came before (grouped queries, fused projections, rotary positions).
The last projection of the MLP is hooked and not the MLP, because some MLPs add the residual stream themselves (Bloom)
and some layers have no MLP module (OPT).
"""

import re
from dataclasses import dataclass
from typing import Any

from spexcore.errors import BadInput

_LAYER = re.compile(r"(.*?(?:layers|layer|h|blocks))\.(\d+)\.(.+)")
_ATTENTION = re.compile(
    r"(?:self_attn|self_attention|attention|attn)\.(?:o_proj|out_proj|c_proj|dense|output\.dense|out_lin|Wo)"
)
_MLP = re.compile(r"(?:mlp\.(?:down_proj|c_proj|dense_4h_to_h|fc2|Wo)|fc2|output\.dense|ffn\.lin2)")


@dataclass(frozen=True)
class Anatomy:
    """layers: the modules of the stack; attention, mlp: for each layer the projection that is hooked.

    n_heads: query heads a layer; n_groups: groups of heads that share keys and values (as many as heads without them).
    """

    layers: tuple[Any, ...]
    attention: tuple[Any, ...]
    mlp: tuple[Any, ...]
    n_heads: int
    n_groups: int

    @property
    def n_layers(self) -> int:
        return len(self.layers)

    def n_neurons(self, layer: int) -> int:
        """Numbers that enter the last projection of a layer's MLP."""
        return n_inputs(self.mlp[layer])


def anatomy(network: Any, name: str = "the model") -> Anatomy:
    """The parts of a network of transformers; raises BadInput with the modules found where it is not recognised."""
    config = network.config.get_text_config()
    heads = int(getattr(config, "num_attention_heads", 0) or 0)
    whole = [(path, parts) for path, parts in _stacks(network).items() if _complete(parts, heads)]
    if len(whole) != 1:
        raise BadInput(
            f"`model` {name!r} must be of a family whose layers are recognised: one stack with an attention output and "
            f"an MLP projection in each layer; found {_described(network)}."
        )
    path, parts = whole[0]
    layers, order = network.get_submodule(path), range(len(parts["attention"]))
    attention, mlp = (tuple(parts[kind][i] for i in order) for kind in ("attention", "mlp"))
    return Anatomy(tuple(layers[i] for i in order), attention, mlp, heads, _groups(config, heads))


def _stacks(network: Any) -> dict[str, dict[str, dict[int, Any]]]:
    """Path of a stack of layers -> "attention" and "mlp" -> layer -> projection."""
    stacks: dict[str, dict[str, dict[int, Any]]] = {}
    for path, module in network.named_modules():
        found = _LAYER.fullmatch(path)
        if found is None or not _has_matrix(module):
            continue
        stack, layer, tail = found.groups()
        for kind, pattern in (("attention", _ATTENTION), ("mlp", _MLP)):
            if pattern.fullmatch(tail):
                stacks.setdefault(stack, {"attention": {}, "mlp": {}})[kind][int(layer)] = module
    return stacks


def _has_matrix(module: Any) -> bool:
    return getattr(getattr(module, "weight", None), "ndim", 0) == 2


def _groups(config: Any, heads: int) -> int:
    shared = getattr(config, "multi_query", False) and not getattr(config, "new_decoder_architecture", False)  # Falcon
    known = 1 if shared else getattr(config, "num_key_value_heads", None) or getattr(config, "num_kv_heads", None)
    return int(known) if known and heads % int(known) == 0 else heads


def _complete(parts: dict[str, dict[int, Any]], n_heads: int) -> bool:
    """Whether every layer from 0 on has both projections, and its attention's input splits into the heads."""
    expected = list(range(len(parts["attention"])))
    whole = bool(expected) and sorted(parts["attention"]) == expected == sorted(parts["mlp"])
    return whole and n_heads > 0 and all(n_inputs(one) % n_heads == 0 for one in parts["attention"].values())


def n_inputs(projection: Any) -> int:
    """Width of what a projection reads; the weight of GPT-2's Conv1D lies the other way round."""
    weight = projection.weight
    return int(weight.shape[0] if type(projection).__name__ == "Conv1D" else weight.shape[1])


def _described(network: Any) -> str:
    """Some names of modules with a matrix in the first layer, or anywhere."""
    paths = [path for path, module in network.named_modules() if _has_matrix(module)]
    first = [path for path in paths if re.search(r"\.0\.", path)] or paths
    return ", ".join(first[:8]) or "no matrices at all"
