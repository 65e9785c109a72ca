"""Texts that many inputs begin with, and whether computing them once pays.

Masks over words hardly share beginnings: (log2 n_masks) / n of the tokens, and cutting there is slower than not
(measured x0.8). Masks over sentences, and masks that remove few players, do (x1.4 to x1.9). So there is one cut, chosen
by counting tokens, and only where it saves enough.
"""

import numpy as np

from spexcore.models.inputs import Inputs, Ints

WORTH = 1.3  # tokens without the cut over tokens with it, from where the cut has been seen to pay
CUTS = 12  # places tried


def best_cut(inputs: Inputs, n_scored: int) -> int:
    """After how many tokens to cut all inputs so that the parts before are computed once each; 0 where none pays."""
    if len(inputs) < 16:
        return 0
    longest = int(inputs.lengths.max()) - n_scored
    tries = np.unique(np.linspace(1, max(1, longest), CUTS + 1).astype(int))
    flat = int(inputs.lengths.sum())
    costs = [_cost(inputs, cut, n_scored) for cut in tries.tolist()]
    best = int(np.argmin(costs))
    return int(tries[best]) if flat >= WORTH * costs[best] else 0


def _cost(inputs: Inputs, cut: int, n_scored: int) -> int:
    """Tokens to compute with this cut."""
    long = long_enough(inputs, cut, n_scored)
    return int(inputs.lengths.sum()) - cut * len(long) + cut * len(set(beginnings(inputs, long, cut)))


def long_enough(inputs: Inputs, cut: int, n_scored: int) -> Ints:
    """Rows whose scored positions all lie behind the cut."""
    return np.flatnonzero(inputs.lengths >= cut + n_scored)


def beginnings(inputs: Inputs, rows: Ints, cut: int) -> list[bytes]:
    """The first `cut` tokens of each row, places included, as bytes."""
    where = inputs.starts[rows][:, None] + np.arange(cut)
    parts = [inputs.ids[where]] if inputs.positions is None else [inputs.ids[where], inputs.positions[where]]
    content = np.ascontiguousarray(np.concatenate(parts, axis=1), dtype=np.int32)
    return [row.tobytes() for row in content]
