"""Lasso: the few single players and pairs that explain most, the penalty chosen by cross-validation."""

from dataclasses import dataclass

from spexcore.errors import BadInput
from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.l1 import lasso
from spexcore.game import Values
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum


@dataclass(frozen=True)
class Lasso(MaskEstimator):
    """The few single players (and pairs, at order 2) that predict the value best; everything else exactly zero.

    min |y - b - A c|^2 / 2m + a |c|_1 on the +-1 columns, b free, `a` by shuffled 5-fold cross-validation. Beyond 256
    players, pairs are looked for among the 256 that correlate best alone or in a pair.
    """

    order: int = 1

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise BadInput(f"`order` must be 1 or 2; got {self.order}. Use ProxySPEX for larger ones.")

    def min_budget(self, n_players: int) -> int:
        return min(2**n_players, 8)

    @property
    def _largest_order(self) -> int:
        return self.order

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From uniform masks (n_masks, n_players) and values (n_masks,)."""
        intercept, terms = lasso(masks, values, self.order, seed)
        return Spectrum({(): intercept, **terms}, players)
