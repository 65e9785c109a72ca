"""LIME: a weighted ridge model of the masks near the full prompt."""

from dataclasses import dataclass

import numpy as np

from spexcore.errors import BadInput
from spexcore.estimators.additive import additive_spectrum, weighted_additive
from spexcore.estimators.base import SampleEstimator
from spexcore.game import Game, Values
from spexcore.masks import Masks, draw
from spexcore.spectrum import Spectrum


@dataclass(frozen=True)
class LIME(SampleEstimator):
    """A linear model of single players, masks nearer the full prompt weighing more; no interactions.

    Ribeiro, Singh and Guestrin 2016, as in their text explainer: sizes uniform, cosine distance to the full mask
    d = 100 (1 - sqrt(kept / n)), weight exp(-d^2 / width^2)^(1/2), ridge of strength 1 on the effects.
    """

    width: float = 25.0
    ridge: float = 1.0

    def __post_init__(self) -> None:
        if not self.width > 0 or self.ridge < 0:
            raise BadInput(f"`width` must be above 0 and `ridge` at least 0; got {self.width} and {self.ridge}.")

    def min_budget(self, n_players: int) -> int:
        return min(2**n_players, 4)

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """Masks with a uniform number of players kept, both ends included."""
        self.check_budget(budget, game.n_players)
        masks = draw("sizes", game.n_players, budget, np.random.default_rng(seed))
        return self.fit(masks, game(masks), seed=seed, players=game.players)

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From any masks (n_masks, n_players) and values (n_masks,)."""
        distance = 100 * (1 - np.sqrt(masks.mean(axis=1)))
        weights = np.exp(-(distance**2) / (2 * self.width**2))
        return additive_spectrum(*weighted_additive(masks, values, weights, self.ridge), players)
