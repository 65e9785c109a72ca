"""Masks to learn from. Uniform ones are spread out: two that differ little teach almost the same.

Of many random masks the one farthest from those taken is taken next, so that low orders come out balanced and no two
coalitions are mistaken for each other for good, as they are in a linear code. Every mask by itself is as uniform as
before: flipping any players in all of them changes no distance. To 20 players it comes with its complement, which sets
odd orders apart from even ones; of more players that gains nothing, and what stands out from chance among thousands of
parities is told by masks that are not paired. Masks that judge stay independent (`masks.draw`).
Space-filling designs: Fang, Li and Sudjianto, Design and Modeling for Computer Experiments (2006), ch. 3.
"""

import numpy as np
from numpy.typing import NDArray

from spexcore.masks import ENUMERABLE, Masks, draw

BLOCK = 512  # masks that are told apart from each other; blocks are independent
CHOICE = 8  # masks drawn for each that is wanted
REACH = 8.0  # a mask at distance d weighs exp(-8 d / n_players) on another: orders 1 to 4 come out balanced alike


def draw_spread(distribution: str, n_players: int, n_masks: int, rng: np.random.Generator) -> Masks:
    """Distinct masks as `masks.draw` has them, (at most n_masks, n_players), the uniform ones spread out."""
    return draw(distribution, n_players, n_masks, rng, uniform=spread)


def spread(n_masks: int, n_players: int, rng: np.random.Generator) -> Masks:
    """Uniform masks far from each other, then others in reserve, (n_masks and more, n_players)."""
    blocks = [_block(min(BLOCK, n_masks - start), n_players, rng) for start in range(0, n_masks, BLOCK)]
    return np.vstack([taken for taken, _ in blocks] + [rest for _, rest in blocks[-1:]])


def _block(n_masks: int, n_players: int, rng: np.random.Generator) -> tuple[Masks, Masks]:
    """What is taken, a mask and its complement side by side, and what is not."""
    step = 2 if n_players <= ENUMERABLE else 1
    drawn = rng.random((CHOICE * n_masks, n_players)) < 0.5
    taken = _far_apart(drawn, -(-n_masks // step), with_complements=step == 2)
    rows = np.stack([drawn[taken], ~drawn[taken]][:step], axis=1).reshape(-1, n_players)
    return rows[:n_masks], np.delete(drawn, taken, axis=0)


def _far_apart(masks: Masks, count: int, *, with_complements: bool) -> NDArray[np.intp]:
    """Which to take: one after the other, the least crowded by those before."""
    words, n = _words(masks), masks.shape[1]
    weights = np.exp(-REACH * np.arange(n + 1) / n)
    if with_complements:  # that of a mask at distance d lies at n - d
        weights = weights + weights[::-1]
    crowding, taken = np.zeros(len(masks)), np.zeros(count, dtype=np.intp)
    for step in range(count):
        taken[step] = np.argmin(crowding)
        distances = np.bitwise_count(words ^ words[taken[step]]).sum(axis=1)
        crowding += weights[distances]
        crowding[taken[step]] = np.inf
    return taken


def _words(masks: Masks) -> NDArray[np.uint64]:
    """64 players a word, (n_masks, n_words)."""
    packed = np.packbits(masks, axis=1)
    filled = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))
    return np.ascontiguousarray(filled).view(np.uint64)
