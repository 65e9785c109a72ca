"""Lasso: the few single players and pairs that explain most, the penalty chosen by cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass

from spexcore.errors import BadInput
from spexcore.estimators.base import MaskEstimator, checked_samples, player_names
from spexcore.estimators.exact import known
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

    def fit(self, masks: Masks, values: Values, *, seed: int = 0, players: Sequence[str] | None = None) -> Spectrum:
        """From uniform masks (n_masks, n_players) and values (n_masks,)."""
        masks, values = checked_samples(masks, values)
        names = player_names(players, masks.shape[1])
        found = known(masks, values, names, max_order=self.order)
        if found is not None:
            return found
        intercept, terms = lasso(masks, values, self.order, seed)
        return Spectrum({(): intercept, **terms}, names)
