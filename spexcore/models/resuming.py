"""Forward passes that begin in the middle: layers below the first ablated one are computed once and handed on.

The layers below only give back what they gave before, so everything else (masks, positions, last norm, head) is the
network's own code, whatever the family.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

MOST_BYTES = 2**30  # of remembered hidden states; beyond it every pass is a whole one


@contextmanager
def recorded(layers: Sequence[Any], kept: dict[int, Any]) -> Iterator[None]:
    """Within, the outputs of layers go into `kept`, by layer."""
    with ExitStack() as stack:
        for index, layer in enumerate(layers):
            handle = layer.register_forward_hook(lambda _, __, out, index=index: kept.update({index: out}))
            stack.callback(handle.remove)
        yield


@contextmanager
def resumed(layers: Sequence[Any], first: int, known: Any, texts: Tensor) -> Iterator[None]:
    """Within, layers before `first` give `known`, the output of layer first - 1: for each row that of its text.

    texts: (n_rows,) row of the known output that each row of the pass continues.
    """
    handed = _rows(known, texts)
    with ExitStack() as stack:
        for layer in layers[:first]:
            stack.enter_context(replaced(layer, lambda *_, **__: handed))
        yield


@contextmanager
def replaced(module: Any, forward: Callable[..., Any]) -> Iterator[None]:
    """Within, `forward` is the module's; after it its own again, or what was on the object before (accelerate)."""
    before = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


def _rows(output: Any, texts: Tensor) -> Any:
    if isinstance(output, Tensor):
        return output[texts.to(output.device)]
    if isinstance(output, tuple):
        return tuple(_rows(one, texts) for one in output)
    return output


def size(output: Any) -> int:
    """Bytes of an output."""
    if isinstance(output, tuple):
        return sum(size(one) for one in output)
    return output.numel() * output.element_size() if isinstance(output, torch.Tensor) else 0
