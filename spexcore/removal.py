"""Removal curves: take players away in the order a method ranks them, and really ablate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import Game, Values
from spexcore.masks import Coalition, Masks
from spexcore.spectrum import Spectrum
from spexcore.terms import Terms

SIZES = (1, 2, 3, 5, 8, 13)  # players removed
SHUFFLES = 5  # random orders, of which the mean is shown
_MOVES = 128  # players, and terms of several players, weighed at each step


@dataclass(frozen=True)
class Removal:
    """sizes: players removed, 0 first. values: method -> the game's value after each; "random" is a mean of five."""

    sizes: tuple[int, ...]
    values: dict[str, tuple[float, ...]]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Removal":
        """What `asdict` made of it."""
        sizes = tuple(int(size) for size in content["sizes"])
        values = {str(name): tuple(float(value) for value in row) for name, row in content["values"].items()}
        if any(len(row) != len(sizes) for row in values.values()):
            raise BadInput(f"`removal` must have a value for each of its {len(sizes)} sizes.")
        return cls(sizes, values)


def removal_curve(
    game: Game, effects: Mapping[str, Values], *, sizes: Sequence[int] = (1, 2, 4, 8, 16), seed: int = 0
) -> Removal:
    """Values with the players of largest effect removed; effects: method -> (n_players,), positive raise the value."""
    n = game.n_players
    steps = sorted({0, *(size for size in sizes if 0 < size < n)})
    rng = np.random.default_rng([seed, 5])
    orders: dict[str, list[NDArray[np.intp]]] = {}
    for name, effect in effects.items():
        if np.shape(effect) != (n,):
            raise BadInput(f"`effects` must have one number for each of {n} players; {name!r} has {np.shape(effect)}.")
        orders[name] = [np.argsort(-np.asarray(effect), kind="stable")]
    orders["random"] = [rng.permutation(n) for _ in range(SHUFFLES)]
    return Removal(
        tuple(steps),
        {name: tuple(np.mean([_along(game, order, steps) for order in some], 0)) for name, some in orders.items()},
    )


def undone(
    game: Game, spectrum: Spectrum, measured: Mapping[Coalition, float], *, n_masks: int, seed: int = 0
) -> Removal | None:
    """The value while the players that the spectrum holds for decisive are removed, against two other orders.

    "terms": whole terms and their players (`undoing`); "single effects": players by their effect alone, measured where
    it was. At most n_masks masks; None where these do not pay for one size.
    """
    sizes = SIZES[: (n_masks - 1) // (2 + SHUFFLES)]
    if not sizes:
        return None
    alone = spectrum.interactions("comobius", max_order=1)
    effects = np.array([measured.get((i,), alone[(i,)]) for i in range(spectrum.n_players)])
    orders = {"terms": undoing(spectrum, sizes[-1]), "single effects": direction(spectrum) * effects}
    return removal_curve(game, orders, sizes=sizes, seed=seed)


def undoing(spectrum: Spectrum, count: int) -> Values:
    """Rank (n_players,) of `count` players whose joint removal takes the predicted value back, the first one highest.

    Back: towards its mean over all masks, F(()), whichever side of it the full mask is on. Each step removes the player
    or the whole term that does so most for each player removed; the players that are never removed rank 0.
    """
    moves, side = _moves(spectrum), direction(spectrum)
    removed: list[int] = []

    def left(more: Sequence[Sequence[int]]) -> Values:
        """What is left of the value, on the side it started from, without `removed` and each of `more`."""
        return side * spectrum.predict(
            np.vstack([_without([*removed, *players], spectrum.n_players) for players in more])
        )

    while len(removed) < min(count, spectrum.n_players, _MOVES):
        fresh = [rest for move in moves if (rest := [i for i in move if i not in removed])]
        gains = (left([[]]) - left(fresh)) / [len(rest) for rest in fresh]
        best = fresh[int(np.argmax(gains))]
        removed += [best[k] for k in np.argsort(left([[i] for i in best]), kind="stable")]
    ranks = np.zeros(spectrum.n_players)
    ranks[removed] = np.arange(len(removed), 0, -1)
    return ranks


def direction(spectrum: Spectrum) -> int:
    """1 where the predicted value of the full mask is at least its mean over all masks, else -1."""
    full = spectrum.predict(_without([], spectrum.n_players))[0]
    return 1 if full >= spectrum.coefficients.get((), 0.0) else -1


def _moves(spectrum: Spectrum) -> list[Coalition]:
    """What a step may remove: the players of most energy, and leading terms of several."""
    energy = np.zeros(spectrum.n_players)
    for members, values in Terms.of(spectrum.coefficients).groups.values():
        np.add.at(energy, members, values[:, None] ** 2)
    players = np.argsort(-energy, kind="stable")[:_MOVES]
    terms = (coalition for coalition, _ in spectrum.interactions().ranked() if len(coalition) > 1)
    return [*((int(player),) for player in players), *islice(terms, _MOVES)]


def _without(removed: Sequence[int], n_players: int) -> Masks:
    mask = np.ones((1, n_players), dtype=bool)
    mask[:, list(removed)] = False
    return mask


def _along(game: Game, order: NDArray[np.intp], steps: list[int]) -> Values:
    masks = np.ones((len(steps), game.n_players), dtype=bool)
    for row, size in enumerate(steps):
        masks[row, order[:size]] = False
    return game(masks)
