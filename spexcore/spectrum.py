"""A spectrum: coalition -> Fourier coefficient, for named players. What every estimator returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spexcore import transforms
from spexcore.errors import BadInput
from spexcore.interactions import Interactions, checked_terms
from spexcore.masks import Coalition, as_masks
from spexcore.terms import Floats, Terms


@dataclass(frozen=True)
class Spectrum:
    """f(x) = sum_S F(S) (-1)^{|S & x|}, x_i = 1 kept. Coefficients are read-only, sorted by (order, coalition)."""

    coefficients: Mapping[Coalition, float]
    players: tuple[str, ...]

    def __post_init__(self) -> None:
        players = tuple(str(player) for player in self.players)
        object.__setattr__(self, "coefficients", checked_terms(self.coefficients, players))
        object.__setattr__(self, "players", players)

    def __len__(self) -> int:
        return len(self.coefficients)

    @property
    def n_players(self) -> int:
        return len(self.players)

    @property
    def order(self) -> int:
        """Size of the largest coalition; 0 for a constant."""
        return self._terms.order

    def predict(self, masks: object) -> Floats:
        """f(x) of masks (n_masks, n_players) -> (n_masks,)."""
        return transforms.evaluate(self._terms, as_masks(masks, self.n_players))

    def interactions(self, index: str = "fourier", max_order: int | None = None) -> Interactions:
        """Scores under an index up to max_order (default: this order); `transforms.index` says what each means."""
        if (index, max_order) not in self._known:
            scores = transforms.index(self._terms, index, max_order)
            highest = transforms.index_order(index, max_order, self.order)
            self._known[index, max_order] = Interactions(scores, index, highest, self.players)
        return self._known[index, max_order]

    @cached_property
    def _known(self) -> dict[tuple[str, int | None], Interactions]:
        """Scores asked for before: seconds for a large spectrum, and a page asks for the same ones at every click."""
        return {}

    def truncate(self, k: int) -> "Spectrum":
        """The k largest terms, ties by (order, coalition), and the constant."""
        if k < 0:
            raise BadInput(f"`k` must be at least 0; got {k}.")
        kept = [coalition for coalition, _ in self.interactions().ranked()[:k]]
        constant = {(): self.coefficients[()]} if () in self.coefficients else {}
        return Spectrum(constant | {coalition: self.coefficients[coalition] for coalition in kept}, self.players)

    def energy_by_order(self) -> dict[int, float]:
        """Sum of F(S)^2 for each order from 0 to the largest; without order 0 it adds up to the variance of f."""
        energy = {size: float(np.square(values).sum()) for size, (_, values) in self._terms.groups.items()}
        return {size: energy.get(size, 0.0) for size in range(self.order + 1)}

    @property
    def _terms(self) -> Terms:
        return Terms.of(self.coefficients)
