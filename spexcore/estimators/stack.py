"""StackSPEX: several estimators, blended by how well each predicts masks it has not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.lasso import Lasso
from spexcore.estimators.proxyspex import ProxySPEX
from spexcore.estimators.sparse_recovery import recover
from spexcore.estimators.walsh_gp import WalshGP
from spexcore.game import Values
from spexcore.masks import Coalition, Masks
from spexcore.spectrum import Spectrum
from spexcore.transforms import evaluate

PAIRS = 64  # players up to which all pairs are a member of their own
FOLDS = 3
NOTHING = 1e-9  # share of the variance that rounding leaves over


@dataclass(frozen=True)
class StackSPEX(MaskEstimator):
    """Lasso, Gaussian process and boosted trees, blended by cross-validated weights; the safest choice.

    A sum of few ANDs or parities is recovered exactly (`sparse_recovery.recover`). For any other game each member is
    fitted without a fold and predicts it; non-negative least squares on those predictions gives the weights
    (stacking: Wolpert 1992; Breiman 1996). Every member is a spectrum, and so is the blend.
    """

    max_order: int = 5

    def min_budget(self, n_players: int) -> int:
        """A few masks a fold, or all there are."""
        return min(2**n_players, 16)

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """Spectrum from any masks (n_masks, n_players) and values (n_masks,)."""
        if len(values) < 2 * FOLDS or np.ptp(values) <= 1e-12 * np.abs(values).max():
            return WalshGP().fit(masks, values, seed=seed, players=players)
        sparse = recover(masks, values, self.max_order)
        if _explained(sparse, masks, values):
            return Spectrum(sparse, players)
        members = _members(masks.shape[1], self.max_order)
        weights = _weights(members, masks, values, seed)
        fitted = [m.fit(masks, values, seed=seed, players=players) for m, w in zip(members, weights) if w > 0]
        return _blend(fitted, weights[weights > 0], float(values.mean()))


def _explained(terms: dict[Coalition, float], masks: Masks, values: Values) -> bool:
    """Whether a sparse model, found in far more masks than it has terms, leaves nothing over."""
    left = values - evaluate(terms, masks)
    return float(left @ left) <= NOTHING * len(values) * float(values.var())


def _members(n_players: int, max_order: int) -> list[MaskEstimator]:
    pairs: list[MaskEstimator] = [Lasso(order=2)] if n_players <= PAIRS and max_order >= 2 else []
    return [Lasso(order=1), *pairs, WalshGP(), ProxySPEX(max_order=max_order)]


def _weights(members: list[MaskEstimator], masks: Masks, values: Values, seed: int) -> NDArray[np.float64]:
    """Non-negative weights of the members' out-of-fold predictions, (n_members,); all on the best where none help."""
    from scipy.optimize import nnls

    fold = np.random.default_rng(seed).permutation(len(values)) % FOLDS
    guesses = np.zeros((len(values), len(members)))
    for held in range(FOLDS):
        train, test = fold != held, fold == held
        centre = values[train].mean()
        for column, member in enumerate(members):
            guesses[test, column] = member.fit(masks[train], values[train], seed=seed).predict(masks[test]) - centre
    weights = nnls(guesses, values - values.mean())[0]
    if not weights.any():
        weights[((values - values.mean())[:, None] - guesses).var(axis=0).argmin()] = 1.0
    return weights


def _blend(fitted: list[Spectrum], weights: NDArray[np.float64], centre: float) -> Spectrum:
    """centre + sum of weight * (spectrum - centre)."""
    total: dict[tuple[int, ...], float] = {(): centre * (1.0 - float(weights.sum()))}
    for spectrum, weight in zip(fitted, weights.tolist(), strict=True):
        for coalition, value in spectrum.coefficients.items():
            total[coalition] = total.get(coalition, 0.0) + weight * value
    return Spectrum(total, fitted[0].players)
