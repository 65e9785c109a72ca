"""WalshGP: a Gaussian process on masks whose posterior mean is a spectrum in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spexcore.estimators.base import MaskEstimator, checked_samples, player_names
from spexcore.estimators.exact import known
from spexcore.estimators.walsh_evidence import Prior, most_probable
from spexcore.estimators.walsh_kernel import WalshKernel, signs_of
from spexcore.estimators.walsh_posterior import FittedWalshGP, condition
from spexcore.estimators.walsh_terms import terms_of
from spexcore.game import Values
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum


@dataclass(frozen=True)
class WalshGP(MaskEstimator):
    """Gaussian process with one scale a player: the most accurate with few masks, and it knows its own uncertainty.

    terms: coefficients kept; tau: how strongly players are believed alike; rows: samples that choose the scales.
    """

    terms: int = 5_000
    tau: float = 5.0
    rows: int = 400

    def min_budget(self, n_players: int) -> int:
        """Two masks: below that there is nothing to compare."""
        return 2

    def fit(self, masks: Masks, values: Values, *, seed: int = 0, players: Sequence[str] | None = None) -> Spectrum:
        """Spectrum of the posterior mean from any masks (n_masks, n_players) and values (n_masks,)."""
        masks, values = checked_samples(masks, values)
        names = player_names(players, masks.shape[1])
        found = known(masks, values, names)
        if found is not None:
            return found
        fitted = fit_walsh_gp(masks, values, tau=self.tau, rows=self.rows, seed=seed)
        return Spectrum(terms_of(fitted, self.terms), names)


def fit_walsh_gp(
    masks: Masks,
    values: Values,
    *,
    tau: float = 5.0,
    rows: int = 400,
    seed: int = 0,
    at: WalshKernel | None = None,
    steps: int = 25,
) -> FittedWalshGP:
    """Choose a kernel by its posterior on at most `rows` samples, from `at` when given, then condition on all of them.

    For values that differ. With steps=0 the kernel `at` is used as it is: the cheap way to add samples.
    """
    mean, scale = float(values.mean()), float(values.std())
    if at is None or steps > 0:
        chosen = np.random.default_rng(seed).permutation(len(values))[:rows]
        targets = (values[chosen] - mean) / scale
        at = most_probable(signs_of(masks[chosen]), targets, Prior(tau=tau), steps=steps, at=at)
    return condition(at, masks, values, mean=mean, scale=scale)
