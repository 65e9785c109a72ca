"""WalshGP: a Gaussian process on masks whose posterior mean is a spectrum in closed form.

Where all masks can be listed it is the mean of two: under the plain kernel, and under one with gates and neighbours
(`gated_gp`). On exact games kept apart the mean leaves 2 to 8 % less unexplained than the plain one in the median, and
errs 1 to 7 % less near the full prompt; neither of the two is always the better one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.gated_gp import GatedGP, Search, fit_gated
from spexcore.estimators.link import Identity, Link, Ranks, Saturating
from spexcore.estimators.walsh_evidence import Prior, most_probable, with_neighbours
from spexcore.estimators.walsh_kernel import Array, WalshKernel, signs_of
from spexcore.estimators.walsh_linked import LinkedWalshGP
from spexcore.estimators.walsh_posterior import FittedWalshGP, condition
from spexcore.estimators.walsh_terms import largest
from spexcore.game import Values
from spexcore.masks import ENUMERABLE, Masks
from spexcore.spectrum import Spectrum
from spexcore.transforms import walsh_hadamard

Indices = NDArray[np.intp]

#: Name -> how the link is made from values, and the strength of the prior on players that goes with it.
LINKS: dict[str, tuple[Callable[[Array], Link], float]] = {
    "identity": (lambda values: Identity(), 5.0),
    "saturating": (Saturating.of, 3.0),
    "ranks": (Ranks.of, 1.5),
}
STEPS = 12  # of the search for a kernel: further ones fit the samples, not the game
FOLDS, FOLD_ROWS, FOLD_STEPS = 3, 200, 8  # of the comparison of links: more of each chooses no better
GATED_ROWS = 250  # samples that choose gates: their search costs more
CHAINED = 2e7  # masks^2 x players up to which neighbours are told from other players: their gram is a walk over all
JUDGED = 800  # samples on which links are compared


@dataclass(frozen=True)
class WalshGP(MaskEstimator):
    """Gaussian process with one scale a player: accurate with few masks, also where values saturate.

    link: identity | saturating | ranks, or auto: the one that predicts held-out folds best; terms: coefficients kept;
    rows: samples that choose the scales.
    """

    link: str = "auto"
    terms: int = 2**15
    rows: int = 400

    def __post_init__(self) -> None:
        if self.link not in ("auto", *LINKS):
            raise BadInput(f"`link` must be auto, {', '.join(LINKS)}; got {self.link!r}.")

    def min_budget(self, n_players: int) -> int:
        """Two masks: below that there is nothing to compare."""
        return 2

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """Spectrum of the prediction from any masks (n_masks, n_players) and values (n_masks,)."""
        name = self.link if self.link != "auto" else best_link(masks, values, seed)
        plain = fit_linked(masks, values, name, rows=self.rows, seed=seed)
        if masks.shape[1] > ENUMERABLE or not _affords_neighbours(masks):
            return Spectrum(plain.terms(self.terms, seed), players)
        gated = walsh_hadamard(fit_with_gates(masks, values, name, seed=seed).table())
        return Spectrum(largest((plain.all_coefficients() + gated) / 2, self.terms), players)


def fit_walsh_gp(
    masks: Masks,
    values: Values,
    *,
    tau: float = 5.0,
    rows: int = 400,
    seed: int = 0,
    at: WalshKernel | None = None,
    steps: int = 25,
    neighbours: bool = False,
) -> FittedWalshGP:
    """Choose a kernel by its posterior on at most `rows` samples, from `at` when given, then condition on all of them.

    For values that differ. With steps=0 the kernel `at` is used as it is: the cheap way to add samples. neighbours:
    whether players listed side by side may interact more, where masks and players are few enough to afford it.
    """
    mean, scale = float(values.mean()), float(values.std())
    if at is None or steps > 0:
        chosen = np.random.default_rng(seed).permutation(len(values))[:rows]
        targets = (values[chosen] - mean) / scale
        at = most_probable(signs_of(masks[chosen]), targets, Prior(tau=tau), steps=steps, at=at)
        if neighbours and _affords_neighbours(masks):
            at = with_neighbours(at, signs_of(masks[chosen]), targets)
    return condition(at, masks, values, mean=mean, scale=scale)


def fit_linked(
    masks: Masks, values: Values, name: str, *, rows: int = 400, seed: int = 0, steps: int = STEPS
) -> LinkedWalshGP:
    """The process behind a link of LINKS, for values that differ."""
    make, tau = LINKS[name]
    link = make(values)
    posterior = fit_walsh_gp(masks, link.latent(values), tau=tau, rows=rows, seed=seed, steps=steps)
    return LinkedWalshGP.of(posterior, link)


def fit_with_gates(
    masks: Masks, values: Values, name: str, *, rows: int = GATED_ROWS, seed: int = 0, steps: int = STEPS
) -> GatedGP:
    """The process behind a link of LINKS whose interactions have gates, and lean on neighbours; to 20 players."""
    make, tau = LINKS[name]
    return fit_gated(masks, values, make(values), Search(tau, rows, steps, neighbours=True), seed)


def _affords_neighbours(masks: Masks) -> bool:
    return len(masks) ** 2 * masks.shape[1] <= CHAINED


def best_link(masks: Masks, values: Values, seed: int = 0) -> str:
    """The link whose process predicts held-out folds with the least squared error."""
    order = np.random.default_rng(seed).permutation(len(values))[:JUDGED]
    folds = [order[k::FOLDS] for k in range(FOLDS)]
    errors = {name: sum([_error(masks, values, fold, order, name) for fold in folds]) for name in LINKS}
    return min(errors, key=lambda name: errors[name])


def _error(masks: Masks, values: Values, fold: Indices, order: Indices, name: str) -> float:
    """Squared error on one fold of the process fitted to the others; the mean's where those do not differ."""
    others = np.setdiff1d(order, fold)
    if not len(fold) or not len(others):
        return 0.0
    if np.ptp(values[others]) == 0:
        return float(((values[fold] - values[others].mean()) ** 2).sum())
    fitted = fit_linked(masks[others], values[others], name, rows=FOLD_ROWS, steps=FOLD_STEPS)
    return float(((values[fold] - fitted.predict(masks[fold])) ** 2).sum())
