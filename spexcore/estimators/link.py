"""Links: model a monotone function z of the value, where values saturate or jump, and read the value's mean back.

A model of z that knows its own doubt, z ~ N(m, v), predicts the value by E[value(z)], not by value(m): where v is
large that draws the prediction towards the middle, and in measurements this is half of what a link gains.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Link(ABC):
    """A monotone map between values and latent scores."""

    @abstractmethod
    def latent(self, values: Array) -> Array:
        """z of values, (n_masks,)."""

    @abstractmethod
    def value(self, latent: Array) -> Array:
        """The value at z, of any shape."""

    def expected(self, mean: Array, variance: Array) -> Array:
        """E[value(z)] for z ~ N(mean, variance), (n_masks,) each, by nine-point Gauss-Hermite quadrature."""
        deviation = np.sqrt(variance)
        total = np.zeros(np.shape(mean))
        for node, weight in zip(NODES, WEIGHTS):
            total += weight * self.value(mean + node * deviation)
        return total


@dataclass(frozen=True)
class Identity(Link):
    """The value as it is."""

    def latent(self, values: Array) -> Array:
        return values

    def value(self, latent: Array) -> Array:
        return latent

    def expected(self, mean: Array, variance: Array) -> Array:
        return mean


@dataclass(frozen=True)
class Saturating(Link):
    """z = atanh((value - middle) / reach): for probabilities and scores that level off at both ends."""

    middle: float
    reach: float

    @classmethod
    def of(cls, values: Array, slack: float = 1.02) -> "Saturating":
        """Ends a little beyond the values seen."""
        low, high = float(values.min()), float(values.max())
        return cls((low + high) / 2, slack * (high - low) / 2)

    def latent(self, values: Array) -> Array:
        return np.arctanh((values - self.middle) / self.reach)

    def value(self, latent: Array) -> Array:
        return self.middle + self.reach * np.tanh(latent)


@dataclass(frozen=True, eq=False)
class Ranks(Link):
    """z = the normal quantile of the value's rank: blind to the shape of the scale, deaf to outliers.

    levels: distinct values seen, ascending; scores: z of each. Linear between them, level beyond the ends.
    """

    levels: Array
    scores: Array

    @classmethod
    def of(cls, values: Array) -> "Ranks":
        """Equal values share the middle of their ranks."""
        from scipy.special import ndtri

        levels, count = np.unique(values, return_counts=True)
        return cls(levels, ndtri((np.cumsum(count) - count / 2) / len(values)))

    def latent(self, values: Array) -> Array:
        return np.interp(values, self.levels, self.scores)

    def value(self, latent: Array) -> Array:
        return np.interp(latent, self.scores, self.levels)
