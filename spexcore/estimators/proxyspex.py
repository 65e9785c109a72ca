"""ProxySPEX: boosted trees learn the game, their exact spectrum is pruned and fitted anew."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.estimators.any_proxy import learn
from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.boosting import Candidate, candidates, folds, grow
from spexcore.estimators.pruning import refits, without_dust
from spexcore.estimators.refit import coalitions_of, design
from spexcore.estimators.trees import Terms, added
from spexcore.game import Values
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

DEEPEST = 10  # a tree path of d players expands into 2^d terms
KEPT = 3  # ways to grow trees that are blended
DUST = 1e-4  # share of the energy that the smallest terms of the answer may hold before they are dropped


@dataclass(frozen=True)
class ProxySPEX(MaskEstimator):
    """Boosted trees learn the game from few masks; their exact interactions are pruned and fitted anew.

    Butler et al. 2025. LightGBM in four ways (with or without a linear start, on all or on random parts), stopped
    early and compared by cross-validation; spectra of the best three, as grown and refitted (`pruning.refits`), are
    averaged by their errors on held-out folds, so that a refit that hurts is not used, nor trees that learned nothing.
    max_order: depth of the trees, hence the largest interaction. proxy: any scikit-learn regressor in their
    place, read by an exact transform up to 16 players and by regression on masks it labels for free beyond.
    """

    max_order: int = 5
    proxy: Any = None

    def __post_init__(self) -> None:
        if not 1 <= self.max_order <= DEEPEST:
            raise BadInput(f"`max_order` must be from 1 to {DEEPEST}; got {self.max_order}.")
        if self.proxy is not None and not (hasattr(self.proxy, "fit") and hasattr(self.proxy, "predict")):
            raise BadInput(f"`proxy` must have fit and predict, as scikit-learn's regressors; got {self.proxy!r}.")

    def min_budget(self, n_players: int) -> int:
        return min(2**n_players, 16)

    @property
    def _largest_order(self) -> int:
        return self.max_order

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From any masks (n_masks, n_players) and values (n_masks,)."""
        terms = without_dust(self._terms(masks, values, seed), DUST)
        return Spectrum(dict(zip(coalitions_of(terms.rows), terms.values.tolist(), strict=True)), players)

    def _terms(self, masks: Masks, values: Floats, seed: int) -> Terms:
        if self.proxy is None:
            return _learn(masks, values, self.max_order, seed)
        return learn(self.proxy, masks, values, self.max_order, seed)


def _learn(masks: Masks, values: Floats, depth: int, seed: int) -> Terms:
    """The blended spectrum of the best ways to grow trees."""
    held_out = folds(len(values), seed)
    best = candidates(masks, values, depth, seed, held_out)[:KEPT]
    tried = [_held_out_predictions(candidate, masks, values, held_out) for candidate in best]
    refit = [1 + int(((guesses[1:] - values) ** 2).sum(axis=1).argmin()) for guesses in tried]
    guesses = [row for rows, r in zip(tried, refit) for row in (rows[0], rows[r])]
    weights = _blend(np.array([*guesses, _other_means(values, held_out)]), values)
    parts: list[Terms] = []
    for candidate, r in zip(best, refit):
        plain = grow(masks, values, candidate.growth, candidate.n_trees, seed).terms(candidate.n_trees)
        parts += [plain, refits(plain, masks, values)[r - 1]]
    parts.append(Terms(np.array([[-1]]), np.array([values.mean()])))
    return added([Terms(p.rows, p.values * w) for p, w in zip(parts, weights) if w], masks.shape[1])


def _held_out_predictions(candidate: Candidate, masks: Masks, values: Floats, held_out: list[Indices]) -> Floats:
    """What each mask is predicted by models that never saw it, (1 + n_refits, n_masks): as grown, and each refit."""
    guesses = []
    for model, fold in zip(candidate.models, held_out):
        rows = np.setdiff1d(np.arange(len(values)), fold)
        plain = model.terms(candidate.n_trees)
        again = [design(masks[fold], t.rows) @ t.values for t in refits(plain, masks[rows], values[rows])]
        guesses.append([model.predict(masks[fold], candidate.n_trees), *again])
    merged = np.empty((len(guesses[0]), len(values)))
    for fold, guess in zip(held_out, guesses):
        merged[:, fold] = guess
    return merged


def _other_means(values: Floats, held_out: list[Indices]) -> Floats:
    """Of each mask, the mean value outside its fold: what is predicted where nothing can be learned, (n_masks,)."""
    means = np.empty(len(values))
    for fold in held_out:
        means[fold] = np.delete(values, fold).mean() if len(fold) < len(values) else values.mean()
    return means


def _blend(guesses: Floats, values: Floats) -> Floats:
    """Weights (n_spectra,) of spectra in pairs, grown and refitted, and of the mean: an average over simple blends.

    The blends: grown or refitted or half of each, of one candidate or of all alike; the mean alone. One whose squared
    error exceeds the least by t standard errors, mask by mask, weighs exp(-t^2 / 4): a few odd masks cannot settle it.
    """
    n_candidates = len(guesses) // 2
    which = np.vstack([np.eye(n_candidates), np.full((1, n_candidates), 1 / n_candidates)])
    blends = np.concatenate([np.kron(which, mix) for mix in ([1.0, 0.0], [0.0, 1.0], [0.5, 0.5])])
    blends = np.vstack([np.pad(blends, ((0, 0), (0, 1))), np.eye(len(guesses))[-1]])
    errors = (blends @ guesses - values) ** 2  # (n_blends, n_masks)
    excess = errors - errors[errors.sum(axis=1).argmin()]
    spread = np.maximum(excess.std(axis=1), np.finfo(float).tiny)
    likely = np.exp(-0.25 * len(values) * (excess.mean(axis=1) / spread) ** 2)
    return likely @ blends / likely.sum()
