"""Linear datamodeling score: do predictions order fresh subsets as retraining on them does?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spexcore.game import Game, Values
from spexcore.masks import Masks, draw
from spexcore.spectrum import Spectrum

_RIDGES = np.logspace(-3, 4, 15)  # among which the linear datamodel chooses by leave-one-out


@dataclass(frozen=True)
class Ranking:
    """Spearman correlation with the values of fresh subsets, by distribution ("uniform", "near") and by method.

    Methods: spectrum; influence, where the game expects effects; linear, a ridge datamodel of `datamodel_masks` uniform
    subsets of its own. NaN where all values are alike. Park et al. 2023 (TRAK) call it LDS.
    """

    scores: dict[str, dict[str, float]]
    n_masks: int
    datamodel_masks: int


def rank_agreement(
    game: Game, spectrum: Spectrum, *, n_masks: int = 128, datamodel_masks: int = 512, seed: int = 0
) -> Ranking:
    """LDS of a spectrum on subsets drawn apart from any run's, beside influence and a linear datamodel."""
    rng = np.random.default_rng([seed, 4])
    own = draw("uniform", game.n_players, datamodel_masks, rng)
    linear = _linear(own, game(own))
    scores = {}
    for kind in ("uniform", "near"):
        masks = draw(kind, game.n_players, n_masks, rng)
        values = game(masks)
        predicted = {"spectrum": spectrum.predict(masks), "linear": masks @ linear}
        if game.expected is not None:
            predicted["influence"] = masks @ game.expected
        scores[kind] = {name: spearman(values, found) for name, found in predicted.items()}
    return Ranking(scores, n_masks, len(own))


def spearman(values: ArrayLike, predicted: ArrayLike) -> float:
    """Rank correlation; NaN where one of them does not vary."""
    from scipy.stats import spearmanr

    if np.ptp(np.asarray(values)) == 0 or np.ptp(np.asarray(predicted)) == 0:
        return float("nan")
    return float(spearmanr(values, predicted)[0])


def _linear(masks: Masks, values: Values) -> Values:
    """One coefficient a player, (n_players,)."""
    from sklearn.linear_model import RidgeCV

    return np.asarray(RidgeCV(_RIDGES).fit(masks.astype(np.float64), values).coef_)
