"""Coalitions and spectra as the tests of this folder write them: slowly, and from the definitions."""

from itertools import chain, combinations

import numpy as np

from spexcore import transforms
from spexcore.masks import Coalition

SCORED = [name for name in transforms.INDICES if name != "fourier"]


def subsets(players: Coalition, up_to: int | None = None) -> list[Coalition]:
    sizes = range((len(players) if up_to is None else up_to) + 1)
    return list(chain.from_iterable(combinations(players, size) for size in sizes))


def fourier_of(table: np.ndarray) -> dict[Coalition, float]:
    n = table.size.bit_length() - 1
    return {
        s: sum(v * (-1) ** sum(k >> i & 1 for i in s) for k, v in enumerate(table.tolist())) / 2**n
        for s in subsets(tuple(range(n)))
    }


def random_table(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + n).normal(size=2**n)
