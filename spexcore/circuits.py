"""Circuits: keep few parts of a model and ablate the rest. How to choose them, and whether they carry the behaviour."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.estimators import Lasso
from spexcore.game import Game, Values
from spexcore.masks import Coalition, Masks
from spexcore.spectrum import Spectrum

ENUMERABLE = 200_000  # sets of one size up to which all are weighed, so that the best one is known to be the best
TRIES, ROUNDS = 32, 12  # swaps measured at a time, those predicted best, and how often
METHODS = ("spectrum", "lasso", "single ablation", "best of random")
_LAYER = re.compile(r"L(\d+)(?:[HGN]\d+|MLP)")


@dataclass(frozen=True)
class Pruned:
    """One point of a pruning curve: the players that a method keeps, and what the model without the others does.

    chosen_on: value of the game by which they were chosen. held_out: value of every other game, by name. exact:
    whether no other set of this size is better by the method's own prediction. ablations: what it measured to choose,
    beyond the samples that all methods share.
    """

    method: str
    kept: Coalition
    chosen_on: float
    held_out: Mapping[str, float]
    exact: bool
    ablations: int = 0


def pruning_curve(
    game: Game,
    spectrum: Spectrum,
    samples: tuple[Masks, Values],
    *,
    sizes: Sequence[int],
    held_out: Mapping[str, Game],
    seed: int = 0,
) -> list[Pruned]:
    """Each method's best `size` players: by the spectrum, by a Lasso on the same samples, by single ablations, and the
    best of as many random sets as there are samples.

    What the spectrum predicts to be best is measured, and swapped on while an ablation shows a better set, with at most
    as many ablations as there are samples. held_out: games on prompts that were not used to choose, players the same.
    Raises BadInput for impossible sizes.
    """
    if not all(0 < size <= game.n_players for size in sizes):
        raise BadInput(f"`sizes` must lie in 1 to {game.n_players} players; got {list(sizes)}.")
    linear = Lasso().fit(*samples, seed=seed, players=game.players)
    single = single_effects(game)
    alone = Spectrum({(i,): -effect for i, effect in enumerate(single.tolist())}, game.players)  # sign: kept is good
    found = []
    for size in sizes:
        mask, exact = best_of_size(spectrum, size)
        swapped, spent = _swapped_on(game, spectrum, mask, len(samples[0]))
        exact = exact and bool((mask == swapped).all())
        found.append(_pruned("spectrum", swapped, game, held_out, exact=exact, ablations=spent))
        for method, ranked, spent in (("lasso", linear, 0), ("single ablation", alone, game.n_players + 1)):
            mask, exact = best_of_size(ranked, size)
            found.append(_pruned(method, mask, game, held_out, exact=exact, ablations=spent))
        mask = _best_of_random(game, size, len(samples[0]), seed)
        found.append(_pruned("best of random", mask, game, held_out, ablations=len(samples[0])))
    return found


def single_effects(game: Game) -> NDArray[np.float64]:
    """What the value loses when one player alone is ablated, (n_players,)."""
    values = game(np.vstack([np.ones((1, game.n_players), dtype=bool), ~np.eye(game.n_players, dtype=bool)]))
    return values[0] - values[1:]


def best_of_size(spectrum: Spectrum, size: int) -> tuple[NDArray[np.bool_], bool]:
    """The mask (n_players,) that keeps `size` players and is predicted the largest value; whether that is certain.

    All sets are weighed where they are few; else players are dropped one by one, the least missed first, and swapped
    while a swap helps.
    """
    n = spectrum.n_players
    if comb(n, size) <= ENUMERABLE:
        masks = np.zeros((comb(n, size), n), dtype=bool)
        np.put_along_axis(masks, np.array(list(combinations(range(n), size))).reshape(-1, size), True, axis=1)
        return masks[int(np.argmax(spectrum.predict(masks)))], True
    mask = np.ones(n, dtype=bool)
    while mask.sum() > size:
        mask = _best(spectrum, mask, lambda kept: [(i,) for i in np.flatnonzero(kept).tolist()])
    while (better := _best(spectrum, mask, _swaps)) is not mask:
        mask = better
    return mask, False


def _swaps(kept: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    return [(i, j) for i in np.flatnonzero(kept).tolist() for j in np.flatnonzero(~kept).tolist()]


def _best(
    spectrum: Spectrum, mask: NDArray[np.bool_], moves: Callable[[NDArray[np.bool_]], list[tuple[int, ...]]]
) -> NDArray[np.bool_]:
    """The best mask that is one move away; the same one where moves keep the size and none helps."""
    flips = moves(mask)
    around = _flipped(mask, flips)
    values = spectrum.predict(around)
    best = int(np.argmax(values))
    if len(flips[best]) == 2 and values[best] <= spectrum.predict(mask[None])[0] + 1e-12:
        return mask
    return around[best]


def _flipped(mask: NDArray[np.bool_], flips: list[tuple[int, ...]]) -> Masks:
    around = np.repeat(mask[None], len(flips), axis=0)
    for row, players in zip(around, flips, strict=True):
        row[list(players)] ^= True
    return around


def _swapped_on(game: Game, spectrum: Spectrum, mask: NDArray[np.bool_], most: int) -> tuple[NDArray[np.bool_], int]:
    """The mask after the swaps that ablations confirm, of those predicted best; and the ablations spent on it."""
    value, spent = float(game(mask[None])[0]), 1
    for _ in range(ROUNDS):
        around = _flipped(mask, _swaps(mask))
        tried = around[np.argsort(-spectrum.predict(around), kind="stable")[: min(TRIES, most - spent)]]
        values = game(tried)
        spent += len(tried)
        if not len(tried) or values.max() <= value + 1e-12:
            break
        mask, value = tried[int(np.argmax(values))], float(values.max())
    return mask, spent


def _best_of_random(game: Game, size: int, n_sets: int, seed: int) -> NDArray[np.bool_]:
    ranks = np.random.default_rng([seed, size]).random((n_sets, game.n_players)).argsort(axis=1).argsort(axis=1)
    masks = np.unique(ranks < size, axis=0)
    return masks[int(np.argmax(game(masks)))]


def _pruned(
    method: str,
    mask: NDArray[np.bool_],
    game: Game,
    held_out: Mapping[str, Game],
    *,
    exact: bool = False,
    ablations: int = 0,
) -> Pruned:
    others = {name: float(one(mask[None])[0]) for name, one in held_out.items()}
    kept = tuple(np.flatnonzero(mask).tolist())
    return Pruned(method, kept, float(game(mask[None])[0]), others, exact, ablations)


@dataclass(frozen=True)
class Circuit:
    """How well some players alone do what the whole model does.

    faithfulness: (m(C) - m(nothing)) / (m(all) - m(nothing)). incompleteness: mean over random K in C of
    |m(C - K) - m(all - K)|, small when nothing outside C can stand in. minimality: for each member the value that C
    loses without it. m is the game's value, all other players ablated. Wang et al. 2022, section 4.
    """

    members: Coalition
    faithfulness: float
    incompleteness: float
    minimality: Mapping[int, float]


def circuit(game: Game, members: Coalition, *, n_subsets: int = 32, seed: int = 0) -> Circuit:
    """Judge a set of players by ablations: 3 + 2 n_subsets + one a member."""
    inside = np.zeros(game.n_players, dtype=bool)
    inside[list(members)] = True
    rng = np.random.default_rng(seed)
    removed = (rng.random((n_subsets, game.n_players)) < 0.5) & inside
    without = np.repeat(inside[None], len(members), axis=0)
    without[np.arange(len(members)), list(members)] = False
    ends = np.array([np.zeros_like(inside), np.ones_like(inside), inside])
    values = game(np.vstack([ends, without, inside & ~removed, ~removed]))
    nothing, whole, alone = values[:3].tolist()
    gaps = values[3 + len(members) :].reshape(2, n_subsets)
    return Circuit(
        members,
        (alone - nothing) / (whole - nothing) if whole != nothing else 1.0,
        float(np.abs(gaps[0] - gaps[1]).mean()),
        dict(zip(members, (alone - values[3 : 3 + len(members)]).tolist(), strict=True)),
    )


@dataclass(frozen=True)
class LayerEnergy:
    """Sum of squared scores of single parts, and of interactions within a layer and across layers."""

    single: float
    within: float
    across: float


def layer_energy(scores: Mapping[Coalition, float], players: Sequence[str]) -> LayerEnergy:
    """Where the energy of scores over a model's parts lies: Fourier coefficients, or another index of interactions.

    Raises BadInput for players that are not parts.
    """
    layers = [layer_of(name) for name in players]
    sums = {"single": 0.0, "within": 0.0, "across": 0.0}
    for coalition, value in scores.items():
        if coalition:
            one_layer = len({layers[i] for i in coalition}) == 1
            sums["single" if len(coalition) == 1 else "within" if one_layer else "across"] += value**2
    return LayerEnergy(**sums)


def layer_of(name: str) -> int:
    """The layer of a part by its name, as L4H4 or L4MLP."""
    if (match := _LAYER.fullmatch(name)) is None:
        raise BadInput(f"`players` must be parts of a model, as L4H4 or L4MLP; got {name!r}.")
    return int(match[1])
