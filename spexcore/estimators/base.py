"""What an estimator is: settings at birth, a game at the call, a frozen spectrum at the end."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from spexcore.errors import BadBudget, BadInput
from spexcore.estimators.threads import one_thread
from spexcore.estimators.whole_table import known
from spexcore.game import Game, Values
from spexcore.masks import Masks, as_masks
from spexcore.spectrum import Spectrum
from spexcore.spread import draw_spread


class Estimator(ABC):
    """Recovers a sparse spectrum from a budget of masks. Concrete ones are frozen dataclasses of their settings."""

    @abstractmethod
    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """Spectrum from at most `budget` masks of the game; raises BadBudget below `min_budget`."""

    @abstractmethod
    def min_budget(self, n_players: int) -> int:
        """Fewest masks with which this estimator says anything about n players."""

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings as JSON-able names and values."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # concrete estimators are dataclasses
        return {field.name: _plain(getattr(self, field.name)) for field in fields}

    def check_budget(self, budget: int, n_players: int) -> None:
        """Raise BadBudget, naming the least that serves, when `budget` is below it."""
        least = self.min_budget(n_players)
        if budget < least:
            raise BadBudget(
                f"`budget` must be at least {least:,} masks for {n_players:,} players with {self.name}; "
                f"got {budget:,}. {self._way_out()}"
            )

    def _way_out(self) -> str:
        return "Raise it."


class SampleEstimator(Estimator):
    """An estimator that also takes masks and values somebody already has."""

    def fit(self, masks: Masks, values: Values, *, seed: int = 0, players: Sequence[str] | None = None) -> Spectrum:
        """Spectrum from masks (n_masks, n_players) and finite values (n_masks,); raises BadInput else."""
        masks, values = checked_samples(masks, values)
        names = tuple(players) if players is not None else tuple(str(i) for i in range(masks.shape[1]))
        found = self._known(masks, values, names)
        if found is not None:
            return found
        with one_thread():
            return self._fit(masks, values, names, seed)

    @abstractmethod
    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """`fit` for samples that are in order and leave something to estimate."""

    def _known(self, masks: Masks, values: Values, players: tuple[str, ...]) -> Spectrum | None:
        """The spectrum where there is nothing to estimate: all values equal."""
        return Spectrum({(): float(values[0])}, players) if (values == values[0]).all() else None


class MaskEstimator(SampleEstimator):
    """An estimator that does not mind who draws its masks; uniform ones unless it says otherwise."""

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """Draw the masks this estimator prefers, evaluate them, fit."""
        self.check_budget(budget, game.n_players)
        masks = draw_spread(self._distribution, game.n_players, budget, np.random.default_rng(seed))
        return self.fit(masks, game(masks), seed=seed, players=game.players)

    @property
    def _distribution(self) -> str:
        """Name of the mask distribution `estimate` draws from."""
        return "uniform"

    def _known(self, masks: Masks, values: Values, players: tuple[str, ...]) -> Spectrum | None:
        """All values equal, or every one of the 2^n masks given."""
        return known(masks, values, players, max_order=self._largest_order)

    @property
    def _largest_order(self) -> int | None:
        """Order beyond which this estimator says nothing, even when all masks are known."""
        return None


def checked_samples(masks: object, values: object) -> tuple[Masks, Values]:
    """Masks as bool (n_masks, n_players) and values as float64 (n_masks,), of equal length, finite, not empty."""
    rows = np.atleast_2d(np.asarray(masks))
    rows = as_masks(rows, rows.shape[1])
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (len(rows),) or not len(rows):
        raise BadInput(f"`values` must have one number a mask, shape ({len(rows)},) and not empty; got {array.shape}.")
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise BadInput(f"`values` must be finite; got {array[bad]} for mask {bad}.")
    return rows, array


def _plain(value: object) -> Any:
    """A setting as JSON can hold it: an estimator or a model inside becomes its name and its own settings."""
    if isinstance(value, Estimator):
        return {"name": value.name, "parameters": value.parameters}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
