"""Removal curves: take players away in the order a method ranks them, and really train again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import Game, Values

_SHUFFLES = 5  # random orders, of which the mean is shown


@dataclass(frozen=True)
class Removal:
    """sizes: players removed, 0 first. values: method -> the game's value after each; "random" is a mean of five."""

    sizes: tuple[int, ...]
    values: dict[str, tuple[float, ...]]


def removal_curve(
    game: Game, effects: Mapping[str, Values], *, sizes: Sequence[int] = (1, 2, 4, 8, 16), seed: int = 0
) -> Removal:
    """Values with the players of largest effect removed; effects: method -> (n_players,), positive raise the value."""
    n = game.n_players
    steps = sorted({0, *(size for size in sizes if 0 < size < n)})
    rng = np.random.default_rng([seed, 5])
    orders = {"random": [rng.permutation(n) for _ in range(_SHUFFLES)]}
    for name, effect in effects.items():
        if np.shape(effect) != (n,):
            raise BadInput(f"`effects` must have one number for each of {n} players; {name!r} has {np.shape(effect)}.")
        orders[name] = [np.argsort(-np.asarray(effect), kind="stable")]
    return Removal(
        tuple(steps),
        {name: tuple(np.mean([_along(game, order, steps) for order in some], 0)) for name, some in orders.items()},
    )


def _along(game: Game, order: NDArray[np.intp], steps: list[int]) -> Values:
    masks = np.ones((len(steps), game.n_players), dtype=bool)
    for row, size in enumerate(steps):
        masks[row, order[:size]] = False
    return game(masks)
