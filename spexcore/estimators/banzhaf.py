"""Banzhaf: ridge regression on all coalitions up to an order, its strength chosen by exact leave-one-out."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from spexcore.errors import BadInput
from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.refit import Members, coalitions_of, design, ridge
from spexcore.game import Values
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum

MOST_CELLS = 2**28  # of the +-1 design: 2 GiB


@dataclass(frozen=True)
class Banzhaf(MaskEstimator):
    """The best model of all single players, pairs or triples: Banzhaf values and faithful Banzhaf interactions.

    Least squares over uniform masks tends to the Fourier spectrum cut at `order`, which is the faithful Banzhaf
    interaction index (Tsai, Yeh and Ravikumar 2023); ridge keeps it finite when masks are fewer than terms.
    """

    order: int = 1

    def __post_init__(self) -> None:
        if self.order not in (1, 2, 3):
            raise BadInput(f"`order` must be 1, 2 or 3; got {self.order}. Use ProxySPEX for larger ones.")

    def min_budget(self, n_players: int) -> int:
        return min(2**n_players, 4)

    @property
    def _largest_order(self) -> int:
        return self.order

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From uniform masks (n_masks, n_players) and values (n_masks,)."""
        rows = up_to(self.order, masks.shape[1], len(masks))
        model = ridge(design(masks, rows), values)
        terms = dict(zip(coalitions_of(rows), model.coefficients.tolist(), strict=True))
        return Spectrum({(): model.intercept, **terms}, players)


def up_to(order: int, n_players: int, n_masks: int) -> Members:
    """All coalitions of 1 to `order` players as padded rows; raises BadInput when their design exceeds memory."""
    size = sum(comb(n_players, k) for k in range(1, order + 1))
    if size * n_masks > MOST_CELLS:
        raise BadInput(
            f"`order` {order} for {n_players} players means {size:,} terms on {n_masks:,} masks, more than fit in "
            "memory. Lower it, or use Lasso, which screens pairs."
        )
    parts = []
    for k in range(1, min(order, n_players) + 1):
        rows = np.array(list(combinations(range(n_players), k)), dtype=np.intp)
        parts.append(np.pad(rows, ((0, 0), (0, order - k)), constant_values=-1))
    return np.concatenate(parts)
