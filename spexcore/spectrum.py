"""A spectrum: coalition -> Fourier coefficient, for named players. What every estimator returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.interactions import Interactions
from spexcore.masks import Coalition, as_masks
from spexcore.supersets import Floats, Groups, Rows, by_size, listed
from spexcore.transforms import evaluate_groups, index_order
from spexcore.transforms import index as index_scores


@dataclass(frozen=True)
class Spectrum:
    """f(x) = sum_S F(S) (-1)^{|S & x|}, x_i = 1 kept: coefficients by coalition, sorted by (order, coalition)."""

    coefficients: Mapping[Coalition, float]
    players: tuple[str, ...]

    def __post_init__(self) -> None:
        players = tuple(str(player) for player in self.players)
        if not players:
            raise BadInput("`players` must name at least one player; got none.")
        object.__setattr__(self, "players", players)
        groups = {size: _checked(*group, players) for size, group in by_size(self.coefficients).items()}
        terms = {c: f for group in groups.values() for c, f in listed(*group).items()}
        object.__setattr__(self, "coefficients", MappingProxyType(terms))

    def __len__(self) -> int:
        return len(self.coefficients)

    def __hash__(self) -> int:
        return hash((self.players, tuple(self.coefficients.items())))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return Spectrum, (dict(self.coefficients), self.players)

    @cached_property
    def _groups(self) -> Groups:
        return by_size(self.coefficients)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def order(self) -> int:
        """Size of the largest coalition; 0 for a constant."""
        return max(self._groups, default=0)

    def predict(self, masks: object) -> NDArray[np.float64]:
        """f(x) of masks (n_masks, n_players) -> (n_masks,)."""
        return evaluate_groups(self._groups, as_masks(masks, self.n_players))

    def interactions(self, index: str = "fourier", max_order: int | None = None) -> Interactions:
        """Scores under an index (`transforms.index` says what each means), up to max_order (default: this order)."""
        scores = index_scores(self.coefficients, index, max_order)
        return Interactions(scores, index, index_order(index, max_order, self.order), self.players)

    def truncate(self, k: int) -> "Spectrum":
        """The k largest terms and the constant."""
        if k < 0:
            raise BadInput(f"`k` must be at least 0; got {k}.")
        terms = sorted((c for c in self.coefficients if c), key=lambda c: -abs(self.coefficients[c]))
        kept = ([()] if () in self.coefficients else []) + terms[:k]
        return Spectrum({c: self.coefficients[c] for c in kept}, self.players)

    def energy_by_order(self) -> dict[int, float]:
        """Sum of F(S)^2 for each order from 0 to the largest; without order 0 it adds up to the variance of f."""
        energy = {size: float(values @ values) for size, (_, values) in self._groups.items()}
        return {size: energy.get(size, 0.0) for size in range(self.order + 1)}


def _checked(rows: Rows, values: Floats, players: tuple[str, ...]) -> tuple[Rows, Floats]:
    """Coalitions (m, size) in lexicographic order with their coefficients; raises BadInput on one that cannot be."""
    if rows.size and int(rows.max()) >= len(players):
        raise BadInput(f"A coalition must name players below {len(players)}; got player {int(rows.max())}.")
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise BadInput(f"A coefficient must be finite; got {values[bad]} for coalition {tuple(rows[bad].tolist())}.")
    order = np.lexsort(rows.T[::-1]) if rows.shape[1] else np.arange(len(rows))
    return rows[order], values[order]
