"""Ablations by other means: weights edited, one mask at a time, plain calls of transformers."""

from copy import deepcopy

import torch


def value(network, ids, target, versus=None):
    """log p(target token) (- log p(versus token)) behind ids; the log-odds of a label for a classifier."""
    ids = torch.tensor([ids])
    with torch.inference_mode():
        logits = network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].double()
    if logits.ndim == 1:
        others = torch.cat([logits[:target], logits[target + 1 :]])
        return float(logits[target] - others.logsumexp(0))
    chances = logits[-1].log_softmax(-1)
    return float(chances[target] - (0.0 if versus is None else chances[versus]))


def edited(network, anatomy, parts, mask, means=None):
    """A copy whose weights do what the mask does: ablated units unread, what they say on average in the bias.

    means: name of a site -> (1, 1, n_units, width), or None for zero.
    """
    copied = deepcopy(network)
    paths = {module: path for path, module in network.named_modules()}
    for part, kept in zip(parts, mask, strict=True):
        if kept:
            continue
        stack = anatomy.mlp if part.kind in ("mlp", "neurons") else anatomy.attention
        module = copied.get_submodule(paths[stack[part.layer]])
        said = None if means is None else means[f"{part.kind}.{part.layer}"][0, 0].to(module.weight)
        (_silence if part.kind == "mlp" else _cut)(module, part, anatomy, said)
    return copied


def _silence(module, part, anatomy, said):
    """A projection that always says the same."""
    with torch.no_grad():
        module.weight.zero_()
        _bias(module).zero_()
        if said is not None:
            module.bias += said[0]


def _cut(module, part, anatomy, said):
    """A projection that no longer reads some of its inputs, and adds what their constant would have given."""
    matrix = _inputs_first(module)
    width = len(matrix) // (anatomy.n_heads if part.kind == "heads" else anatomy.n_neurons(part.layer))
    with torch.no_grad():
        for unit in part.units:
            rows = slice(unit * width, (unit + 1) * width)
            if said is not None:
                _bias(module).add_(said[unit] @ matrix[rows])
            matrix[rows] = 0


def _inputs_first(module):
    """(n_inputs, n_outputs), a view: writing to it edits the weight."""
    return module.weight.data if type(module).__name__ == "Conv1D" else module.weight.data.T


def _bias(module):
    if module.bias is None:
        width = _inputs_first(module).shape[1]
        module.bias = torch.nn.Parameter(torch.zeros(width, dtype=module.weight.dtype))
    return module.bias.data
