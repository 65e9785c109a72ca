"""The last layer only where it is read: keys and values need every position, the matrices around them do not.

Each of these matrices multiplies the positions that are read and gives zero elsewhere, which nothing behind it looks
at; the layer itself stays the network's own code, whatever the family. A matrix that is not recognised runs in full.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor

from spexcore.models.anatomy import Anatomy
from spexcore.models.resuming import replaced

_QUERY = re.compile(r".*\.(?:q_proj|query|q_lin)")
_INTO_MLP = re.compile(
    r"(?:mlp\.(?:gate_proj|up_proj|gate_up_proj|c_fc|dense_h_to_4h|fc1|Wi)|fc1|intermediate\.dense|ffn\.lin1)"
)


def position_wise(anatomy: Anatomy) -> list[Any]:
    """The matrices of the last layer whose product at one position serves that position only."""
    named = list(anatomy.layers[-1].named_modules())
    known = (anatomy.attention[-1], anatomy.mlp[-1])
    return [part for name, part in named if part in known or _QUERY.fullmatch(name) or _INTO_MLP.fullmatch(name)]


@contextmanager
def narrowed(matrices: list[Any], read: slice, n_rows: int) -> Iterator[None]:
    """Within, these matrices multiply only the positions read of each row and give zeros at the others."""
    with ExitStack() as stack:
        for matrix in matrices:
            stack.enter_context(replaced(matrix, _at(matrix.forward, read, n_rows)))
        yield


def _at(forward: Callable[[Tensor], Tensor], read: slice, n_rows: int) -> Callable[[Tensor], Tensor]:
    def some(fed: Tensor) -> Tensor:
        rows = fed.reshape(n_rows, -1, fed.shape[-1])  # some models flatten rows and positions here (OPT)
        found = forward(rows[:, read].contiguous())
        whole = found.new_zeros(*rows.shape[:2], found.shape[-1])
        whole[:, read] = found
        return whole.view(*fed.shape[:-1], -1)

    return some
