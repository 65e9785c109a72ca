"""Intervals: how far a predicted co-Moebius value may be from the one a re-ablation measures."""

import numpy as np

from spexcore.faithfulness import HeldOut
from spexcore.spectrum import Spectrum

_Z = 1.96  # 95 % of a normal distribution
_ORDERS = 4


def spread_by_order(spectrum: Spectrum, near: HeldOut) -> dict[int, float]:
    """Order -> half-width of the 95 % interval of a predicted co-Moebius value, in the units of the value.

    A co-Moebius value of order k is a signed sum of C(k, j) ablations that remove j players; its error is the same
    sum of the prediction errors there, whose size is read off held-out near masks that remove j players.
    """
    removed = near.masks.shape[1] - near.masks.sum(axis=1)
    squares = (near.values - spectrum.predict(near.masks)) ** 2
    overall = float(squares.mean())
    by_size = {j: float(squares[removed == j].mean()) if (removed == j).any() else overall for j in range(_ORDERS + 1)}
    choose = [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1]]
    return {
        order: _Z * float(np.sqrt(sum(count * by_size[j] for j, count in enumerate(choose[order]))))
        for order in range(1, min(_ORDERS, near.masks.shape[1]) + 1)
    }
