"""A Walsh Gaussian process behind a link: it models latent scores, and predicts the mean value they stand for."""

from dataclasses import dataclass

import numpy as np

from spexcore.estimators.link import Identity, Link
from spexcore.estimators.walsh_kernel import Array
from spexcore.estimators.walsh_posterior import FittedWalshGP
from spexcore.estimators.walsh_terms import Terms, largest, read_off, truncated
from spexcore.masks import ENUMERABLE, Masks
from spexcore.transforms import inverse_walsh_hadamard, walsh_hadamard

MASKS_AT_ONCE = 8192
SIZES, MASKS_A_SIZE = 17, 6  # where the doubt is measured: it hangs on how many players a mask keeps


@dataclass(frozen=True)
class LinkedWalshGP:
    """posterior: of the latent scores; doubt: predictive variance of a score by players kept, (n_players + 1,)."""

    posterior: FittedWalshGP
    link: Link
    doubt: Array

    @classmethod
    def of(cls, posterior: FittedWalshGP, link: Link) -> "LinkedWalshGP":
        return cls(posterior, link, np.zeros(1) if isinstance(link, Identity) else doubt_by_size(posterior))

    def predict(self, masks: Masks) -> Array:
        """E[value], (n_masks,), in blocks of bounded memory."""
        starts = range(0, len(masks), MASKS_AT_ONCE)
        return np.concatenate([self._block(masks[start : start + MASKS_AT_ONCE]) for start in starts])

    def _block(self, masks: Masks) -> Array:
        return self._expected(self.posterior.predict(masks), masks.sum(axis=1))

    def _expected(self, latent: Array, kept: Array) -> Array:
        if isinstance(self.link, Identity):
            return latent
        return self.link.expected(latent, self.doubt[kept])

    def all_coefficients(self) -> Array:
        """Every F(S) of the prediction, (2^n_players,), numbered by bits: the exact transform of all predictions."""
        latent = self.posterior.all_coefficients()
        if isinstance(self.link, Identity):
            return latent
        kept = np.bitwise_count(np.arange(len(latent)))
        return walsh_hadamard(self._expected(inverse_walsh_hadamard(latent), kept))

    def terms(self, limit: int, seed: int = 0) -> Terms:
        """The constant and the `limit` largest coefficients: exact to 20 players, read off free masks beyond."""
        if self.posterior.n_players <= ENUMERABLE:
            return largest(self.all_coefficients(), limit)
        return truncated(read_off(self.predict, self.posterior, seed), limit)


def doubt_by_size(posterior: FittedWalshGP) -> Array:
    """Predictive variance of a new score, noise included, by number of players kept, (n_players + 1,)."""
    n = posterior.n_players
    sizes = np.unique(np.linspace(0, n, min(n + 1, SIZES)).astype(int))
    ranks = np.random.default_rng(0).random((len(sizes) * MASKS_A_SIZE, n)).argsort(axis=1)
    masks = ranks < np.repeat(sizes, MASKS_A_SIZE)[:, None]
    variance = posterior.variance(masks).reshape(len(sizes), MASKS_A_SIZE).mean(axis=1)
    return np.interp(np.arange(n + 1), sizes, variance) + posterior.kernel.noise * posterior.scale**2
