"""Circuits: keep few parts of a model and ablate the rest. How to choose them, and whether they carry the behaviour."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.estimators import Lasso, WalshGP
from spexcore.estimators.base import SampleEstimator
from spexcore.game import Game, Values
from spexcore.masks import ENUMERABLE, Coalition, Masks, all_masks, pack, unseen
from spexcore.spectrum import Spectrum
from spexcore.transforms import inverse_walsh_hadamard

WEIGHED = 20_000  # sets of one size up to which all are weighed, where players are too many for one transform
TRIES = 32  # swaps measured at a time, those predicted best
DOUBTED = 12  # members of a circuit, those missed least alone, that may stand in for each other
METHODS = ("spectrum", "lasso", "single ablation", "best of random")
_LAYER = re.compile(r"L(\d+)(?:[HGN]\d+|MLP)")


@dataclass(frozen=True)
class Pruned:
    """One point of a pruning curve: the players that a method keeps, and what the model without the others does.

    chosen_on: value of the game by which they were chosen. held_out: value of every other game, by name. exact:
    whether no other set of this size is better by the method's own prediction. settled: whether every swap of one
    player for another was measured, and none is better. ablations: what the method measured to choose.
    """

    method: str
    kept: Coalition
    chosen_on: float
    held_out: Mapping[str, float]
    ablations: int
    exact: bool = False
    settled: bool = False


@dataclass(frozen=True)
class _Choice:
    """A mask (n_players,), and what is known of it: see Pruned."""

    mask: NDArray[np.bool_]
    ablations: int
    exact: bool = False
    settled: bool = False


def pruning_curve(
    game: Game,
    samples: tuple[Masks, Values],
    *,
    sizes: Sequence[int],
    held_out: Mapping[str, Game],
    estimator: SampleEstimator | None = None,
    seed: int = 0,
) -> list[Pruned]:
    """Each method's best `size` players, none of them after more ablations than there are samples.

    A Lasso learns from all of the samples; random sets are as many as they; single ablations are one a player. The
    spectrum (of WalshGP, unless another estimator is given) learns from half of the samples, and spends as many
    ablations as are in the other half on swaps: from the set predicted best to a better one as long as there is one.
    held_out: games on prompts that were not used to choose, players the same. Raises BadInput for impossible sizes.
    """
    if not all(0 < size <= game.n_players for size in sizes):
        raise BadInput(f"`sizes` must lie in 1 to {game.n_players} players; got {list(sizes)}.")
    masks, values = samples
    budget, players = len(masks), game.players
    half = np.random.default_rng([seed, 0]).permutation(budget)[: -(-budget // 2)]
    spectrum = (estimator or WalshGP()).fit(masks[half], values[half], seed=seed, players=players)
    linear = Lasso().fit(masks, values, seed=seed, players=players)
    effects = single_effects(game).tolist()
    single = Spectrum({(i,): -effect for i, effect in enumerate(effects)}, players)  # sign: kept is good
    choosers: tuple[Callable[[int], _Choice], ...] = (
        lambda size: _swapped_on(game, spectrum, size, len(half), budget),
        lambda size: _predicted(linear, size, budget),
        lambda size: _predicted(single, size, game.n_players + 1),
        lambda size: _best_of_random(game, size, budget, seed),
    )
    methods = dict(zip(METHODS, choosers, strict=True))
    return [_pruned(name, choose(size), game, held_out) for size in sizes for name, choose in methods.items()]


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
    if n <= ENUMERABLE:
        numbers = np.flatnonzero(np.bitwise_count(np.arange(2**n)) == size)
        best = numbers[np.argmax(_all_values(spectrum)[numbers])]
        return (best >> np.arange(n) & 1).astype(bool), True
    if comb(n, size) <= WEIGHED:
        masks = np.zeros((comb(n, size), n), dtype=bool)
        np.put_along_axis(masks, np.array(list(combinations(range(n), size))).reshape(-1, size), True, axis=1)
        return masks[int(np.argmax(spectrum.predict(masks)))], True
    mask = np.ones(n, dtype=bool)
    while mask.sum() > size:
        mask = _best(spectrum, mask, lambda kept: [(i,) for i in np.flatnonzero(kept).tolist()])
    while (better := _best(spectrum, mask, _swaps)) is not mask:
        mask = better
    return mask, False


def _all_values(spectrum: Spectrum) -> NDArray[np.float64]:
    """What is predicted for every mask, (2^n_players,), numbered by bits: one transform."""
    coefficients = np.zeros(2**spectrum.n_players)
    for coalition, value in spectrum.coefficients.items():
        coefficients[sum(1 << i for i in coalition)] = value
    return inverse_walsh_hadamard(coefficients)


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


def _swapped_on(game: Game, spectrum: Spectrum, size: int, spent: int, most: int) -> _Choice:
    """From the set predicted best, the swaps that ablations confirm, those predicted best first, until none is left
    or `most` ablations are spent; so many were spent before."""
    mask, exact = best_of_size(spectrum, size)
    start, value = mask, float(game(mask[None])[0])
    spent, seen = spent + 1, set(pack(mask[None]))
    while True:
        around = unseen(_flipped(mask, _swaps(mask)), seen)
        tried = around[np.argsort(-spectrum.predict(around), kind="stable")[: max(0, min(TRIES, most - spent))]]
        if not len(tried):
            return _Choice(mask, spent, exact and mask is start, settled=not len(around))
        values = game(tried)
        spent += len(tried)
        seen.update(pack(tried))
        if values.max() > value + 1e-12:
            mask, value = tried[int(np.argmax(values))], float(values.max())


def _predicted(spectrum: Spectrum, size: int, ablations: int) -> _Choice:
    mask, exact = best_of_size(spectrum, size)
    return _Choice(mask, ablations, exact)


def _best_of_random(game: Game, size: int, n_sets: int, seed: int) -> _Choice:
    ranks = np.random.default_rng([seed, size]).random((n_sets, game.n_players)).argsort(axis=1).argsort(axis=1)
    masks = np.unique(ranks < size, axis=0)
    return _Choice(masks[int(np.argmax(game(masks)))], len(masks))


def _pruned(method: str, found: _Choice, game: Game, held_out: Mapping[str, Game]) -> Pruned:
    values = {name: float(one(found.mask[None])[0]) for name, one in held_out.items()}
    kept = tuple(np.flatnonzero(found.mask).tolist())
    value = float(game(found.mask[None])[0])
    return Pruned(method, kept, value, values, found.ablations, found.exact, found.settled)


@dataclass(frozen=True)
class Circuit:
    """How well some players alone, C, do what the whole model M does; m is the value with all others ablated.

    faithfulness: (m(C) - m(nothing)) / (m(M) - m(nothing)), 1 where |m(M) - m(C)| is 0. incompleteness: the mean over
    subsets K of C of |m(C - K) - m(M - K)|, small when nothing outside C can stand in. minimality: for each member v
    the largest |m(C - K - v) - m(C - K)|, small when v is idle; K is empty, or one of the members missed least when v
    is one of them: two that stand in for each other are idle only one at a time. Wang et al. 2022, section 4, where
    faithfulness is |m(M) - m(C)| itself, and the largest over K is searched for.
    """

    members: Coalition
    faithfulness: float
    incompleteness: float
    minimality: Mapping[int, float]


def circuit(game: Game, members: Coalition, *, n_subsets: int = 32, seed: int = 0) -> Circuit:
    """Judge a set of players by ablations: 3 + 2 n_subsets, one a member, and one a pair of those missed least.

    All subsets K where they are at most n_subsets, else so many drawn at random.
    """
    inside = np.zeros(game.n_players, dtype=bool)
    inside[list(members)] = True
    nothing, whole, alone = game(np.array([np.zeros_like(inside), np.ones_like(inside), inside])).tolist()
    removed = _subsets(inside, n_subsets, seed)
    gaps = game(inside & ~removed) - game(~removed)
    return Circuit(
        members,
        (alone - nothing) / (whole - nothing) if whole != nothing else 1.0,
        float(np.abs(gaps).mean()),
        _minimality(game, inside, alone),
    )


def _subsets(inside: NDArray[np.bool_], most: int, seed: int) -> Masks:
    """Subsets of the players inside, (at most `most`, n_players)."""
    size = int(inside.sum())
    if 2**size > most:
        return (np.random.default_rng(seed).random((most, len(inside))) < 0.5) & inside
    found = np.zeros((2**size, len(inside)), dtype=bool)
    found[:, inside] = all_masks(size)
    return found


def _minimality(game: Game, inside: NDArray[np.bool_], alone: float) -> dict[int, float]:
    """What each member takes along at most, alone or when another one is gone before it."""
    members = np.flatnonzero(inside)
    without = game(_flipped(inside, [(i,) for i in members.tolist()]))
    effects = np.abs(alone - without)
    doubted = np.sort(np.argsort(effects, kind="stable")[:DOUBTED])
    pairs = list(combinations(doubted.tolist(), 2))
    if pairs:
        left, right = np.array(pairs).T
        both = game(_flipped(inside, list(zip(members[left].tolist(), members[right].tolist(), strict=True))))
        np.maximum.at(effects, left, np.abs(without[right] - both))
        np.maximum.at(effects, right, np.abs(without[left] - both))
    return dict(zip(members.tolist(), effects.tolist(), strict=True))


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
