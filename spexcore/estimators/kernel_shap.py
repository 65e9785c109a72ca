"""KernelSHAP: Shapley values as a weighted least-squares fit that is exact at both ends."""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.additive import Floats, additive_spectrum, weighted_additive
from spexcore.estimators.base import SampleEstimator
from spexcore.game import Game, Values
from spexcore.masks import ENUMERABLE, Masks, all_masks
from spexcore.spectrum import Spectrum

_ENDS = 1e6  # weight of a single known end, in the weight of all other masks: the kernel is infinite there


@dataclass(frozen=True)
class KernelSHAP(SampleEstimator):
    """Shapley values: each player's share of the whole, adding up exactly to f(all) - f(none); no interactions.

    Lundberg and Lee 2017: min over effects of sum_T w(|T|) (f(T) - f(0) - sum_{i in T} effect_i)^2 with
    w(k) = (n - 1) / (C(n, k) k (n - k)) and the effects adding up; exact when all masks are given. Masks of one size
    share that size's weight, so any masks whose sizes are drawn at will serve. Sampled in complementary pairs.
    """

    def min_budget(self, n_players: int) -> int:
        return n_players + min(n_players, 2)

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """Both ends, then whole sizes that the kernel would draw anyway, then pairs x, 1 - x by the kernel."""
        self.check_budget(budget, game.n_players)
        masks = _design(game.n_players, budget, np.random.default_rng(seed))
        return self.fit(masks, game(masks), seed=seed, players=game.players)

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """From any masks and values; where an end is missing the sum of the effects is fitted, not fixed."""
        weights = _weights(masks)
        full, empty = masks.all(axis=1), ~masks.any(axis=1)
        if full.any() and empty.any():
            top, bottom = float(values[full].mean()), float(values[empty].mean())
            return additive_spectrum(top, _adding_up(masks, values - bottom, weights, top - bottom), players)
        weights = np.where(full | empty, _ENDS * max(1.0, weights.sum()), weights)
        return additive_spectrum(*weighted_additive(masks, values, weights), players)

    def _way_out(self) -> str:
        return "Raise it, merge players, or use LIME."


def _weights(masks: Masks) -> Floats:
    """Shapley kernel of each mask, its size's whole weight shared among the masks of that size; 0 at both ends."""
    n = masks.shape[1]
    sizes = masks.sum(axis=1)
    inner = np.arange(1, n)
    of_size = np.zeros(n + 1)
    of_size[inner] = (n - 1) / (inner * (n - inner))
    return of_size[sizes] / np.bincount(sizes, minlength=n + 1)[sizes]


def _adding_up(masks: Masks, gains: Floats, weights: Floats, total: float) -> Floats:
    """Effects (n_players,) of least weighted squared error that add up to `total`: total / n each, plus what is
    orthogonal to (1, ..., 1); the smallest such where masks are too few to tell."""
    n = masks.shape[1]
    kept = masks.astype(np.float64)
    share = kept.mean(axis=1)
    scale = np.sqrt(weights)
    rows = (kept - share[:, None]) * scale[:, None]
    beyond = np.linalg.lstsq(rows, (gains - total * share) * scale, rcond=None)[0]
    return total / n + beyond - beyond.mean()


def _design(n: int, budget: int, rng: np.random.Generator) -> Masks:
    """Masks (at most `budget`, n): both ends, whole sizes from the outside in, then distinct complementary pairs.

    A size is listed whole once the kernel would draw as many masks of it as there are. Listing one only because it
    fits would leave too few masks for the sizes in the middle, whose weight is shared among those few.
    """
    if n <= ENUMERABLE and budget >= 2**n:
        return all_masks(n)
    rows = [np.ones((1, n), bool), np.zeros((1, n), bool)]
    left, size = budget - 2, 1
    while size <= n // 2 and left * _chances(_inner(size, n), n)[0] >= comb(n, size):
        some = _of_size(n, size)
        whole = [some] if 2 * size == n else [~some, some]
        rows += whole
        left, size = left - len(whole) * len(some), size + 1
    return np.vstack([*rows, _pairs(_inner(size, n), n, left, rng)])


def _inner(size: int, n: int) -> NDArray[np.intp]:
    """The sizes that lie at least `size` from both ends."""
    return np.arange(size, n - size + 1)


def _chances(sizes: NDArray[np.intp], n: int) -> Floats:
    """Share of the Shapley kernel that each of these sizes has."""
    weights = 1 / (sizes * (n - sizes))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _of_size(n: int, size: int) -> Masks:
    """All masks that keep `size` of n players."""
    from itertools import combinations

    masks = np.zeros((comb(n, size), n), dtype=bool)
    np.put_along_axis(masks, np.array(list(combinations(range(n), size))), True, axis=1)
    return masks


def _pairs(sizes: NDArray[np.intp], n: int, n_masks: int, rng: np.random.Generator) -> Masks:
    """Distinct masks of the given sizes, drawn by the kernel, each followed by its complement."""
    if not len(sizes) or n_masks < 1:
        return np.empty((0, n), dtype=bool)
    found: dict[bytes, Masks] = {}
    for _ in range(60):
        for size in rng.choice(sizes, n_masks, p=_chances(sizes, n)):
            mask = np.zeros(n, dtype=bool)
            mask[rng.permutation(n)[:size]] = True
            found.setdefault(mask.tobytes(), mask)
            found.setdefault((~mask).tobytes(), ~mask)
        if len(found) >= n_masks:
            break
    return np.array(list(found.values())[:n_masks])
