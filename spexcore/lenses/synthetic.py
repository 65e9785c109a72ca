"""Games of known spectrum: AND, XOR, majority, and sums of ANDs or parities. What tests and benches judge by."""

from collections.abc import Mapping
from itertools import combinations
from math import comb
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import Game, Values, content_key
from spexcore.masks import Coalition, Masks

BASES = ("ands", "parities")


@final
class SyntheticGame(Game):
    """A sum of weighted ANDs (prod of x_i) or parities ((-1)^|S & x|), plus Gaussian noise fixed for each mask."""

    def __init__(
        self,
        n_players: int,
        terms: Mapping[Coalition, float],
        *,
        basis: str = "ands",
        noise: float = 0.0,
        seed: int = 0,
    ) -> None:
        if basis not in BASES:
            raise BadInput(f"`basis` must be one of {', '.join(BASES)}; got {basis!r}.")
        if any(not 0 <= i < n_players for coalition in terms for i in coalition):
            raise BadInput(f"`terms` must name players 0 to {n_players - 1}; got {list(terms)[:5]}.")
        self.terms = {tuple(sorted(map(int, coalition))): float(weight) for coalition, weight in terms.items()}
        self.basis, self.noise, self.seed = basis, float(noise), int(seed)
        self._n_players = int(n_players)

    players = property(lambda self: tuple(f"x{i}" for i in range(self._n_players)))
    key = property(lambda self: content_key(self.recipe))

    @property
    def recipe(self) -> dict[str, Any]:
        terms = [[list(coalition), weight] for coalition, weight in self.terms.items()]
        settings = {"basis": self.basis, "noise": self.noise, "seed": self.seed}
        return {"lens": "synthetic", "n_players": self._n_players, "terms": terms, **settings}

    @property
    def fourier(self) -> dict[Coalition, float]:
        """The noiseless truth. A parity is its own coefficient; an AND of T is 2^-|T| sum_{S in T} (-1)^|S| chi_S."""
        if self.basis == "parities":
            return dict(self.terms)
        spectrum: dict[Coalition, float] = {}
        for coalition, weight in self.terms.items():
            for order in range(len(coalition) + 1):
                for part in combinations(coalition, order):
                    spectrum[part] = spectrum.get(part, 0.0) + weight * (-1.0) ** order / 2.0 ** len(coalition)
        return spectrum

    def _values(self, masks: Masks) -> Values:
        values = np.zeros(len(masks))
        for coalition, weight in self.terms.items():
            kept = masks[:, list(coalition)]
            values += weight * (kept.all(axis=1) if self.basis == "ands" else 1.0 - 2.0 * (kept.sum(axis=1) % 2))
        return values + self.noise * _noise(masks, self.seed) if self.noise else values


@final
class MajorityGame(Game):
    """1 when more than half of the players are kept, else 0: dense, symmetric, of every odd order."""

    def __init__(self, n_players: int) -> None:
        self._n_players = int(n_players)

    players = property(lambda self: tuple(f"x{i}" for i in range(self._n_players)))
    key = property(lambda self: content_key(self.recipe))
    recipe = property(lambda self: {"lens": "majority", "n_players": self._n_players})

    def _values(self, masks: Masks) -> Values:
        return (2 * masks.sum(axis=1) > self._n_players).astype(np.float64)


def and_game(order: int, n_players: int) -> SyntheticGame:
    """1 when the first `order` players are all kept, else 0."""
    return SyntheticGame(n_players, {tuple(range(order)): 1.0})


def xor_game(order: int, n_players: int) -> SyntheticGame:
    """1 when an odd number of the first `order` players is kept, else 0: one Fourier term beside the mean."""
    return SyntheticGame(n_players, {(): 0.5, tuple(range(order)): -0.5}, basis="parities")


def random_game(
    n_players: int,
    n_terms: int,
    *,
    orders: tuple[int, int] = (1, 5),
    basis: str = "ands",
    noise: float = 0.0,
    seed: int = 0,
) -> SyntheticGame:
    """`n_terms` distinct ANDs or parities of orders low..high on random players, weights of random sign in 0.5..2."""
    rng = np.random.default_rng(seed)
    low, high = orders[0], min(orders[1], n_players)
    if n_terms > sum(comb(n_players, order) for order in range(low, high + 1)):
        raise BadInput(f"`n_terms` must fit orders {low} to {high} of {n_players} players; got {n_terms}.")
    terms: dict[Coalition, float] = {}
    while len(terms) < n_terms:
        players = rng.choice(n_players, size=rng.integers(low, high + 1), replace=False)
        terms[tuple(sorted(players.tolist()))] = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 2.0))
    return SyntheticGame(n_players, terms, basis=basis, noise=noise, seed=seed)


def _noise(masks: Masks, seed: int) -> NDArray[np.float64]:
    """Standard normal draws, one a mask and the same whenever that mask returns: splitmix64 of a random sum."""
    from scipy.special import ndtri

    salts = np.random.default_rng(seed).integers(0, 2**64, masks.shape[1] + 1, dtype=np.uint64)
    state = np.where(masks, salts[:-1], np.uint64(0)).sum(axis=1, dtype=np.uint64) + salts[-1]  # wraps mod 2^64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return ndtri(((state ^ (state >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53 + 2.0**-54)
