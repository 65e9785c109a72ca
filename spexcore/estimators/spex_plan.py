"""Which masks SPEX asks for: how many bins, how strong a code, and what to do with the rest of the budget."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.bch import Code, code_for
from spexcore.estimators.hadamard_bins import Design, Floats, Subsampling
from spexcore.game import Game
from spexcore.masks import ENUMERABLE, Masks, all_masks, pack

DIRECTIONS = 3  # of the smallest subsampling
RADIUS = 2  # of the weakest code, unless max_order is 1
SMALL = 8  # players below which all masks are cheaper than any code


@dataclass(frozen=True, eq=False)
class Plan:
    """A code, a design with it, and each of its masks once: masks (n_distinct, n_players), where (design.n_masks,)."""

    code: Code
    design: Design
    masks: Masks
    where: NDArray[np.intp]

    def values(self, game: Game) -> tuple[Floats, Floats]:
        """Values of the distinct masks (n_distinct,) and of the design's (n_masks,), in one call of the game."""
        values = game(self.masks)
        return values, values[self.where]


def fewest(n_players: int, max_order: int, n_subsamplings: int) -> int:
    """Masks of the smallest design; all 2^n where these are fewer."""
    weakest = code_for(n_players, min(RADIUS, max_order))
    coded = n_subsamplings * 2**DIRECTIONS * (weakest.n_parity + 1)
    return 2**n_players if n_players < SMALL or 2**n_players < coded else coded


def planned(n_players: int, budget: int, max_order: int, n_subsamplings: int, rng: np.random.Generator) -> Plan:
    """The strongest code up to max_order, then as many bins as fit, then uniform masks: `budget` distinct masks.

    One more direction doubles a subsampling; where the budget does not double them all it doubles some.
    """
    code = _strongest(n_players, budget, max_order, n_subsamplings)
    n_delays = code.n_parity + 1
    directions = [DIRECTIONS] * n_subsamplings
    while n_delays * (sum(2**b for b in directions) + 2 ** min(directions)) <= budget and max(directions) < n_players:
        directions[directions.index(min(directions))] += 1
    coded = [_subsampling(code, b, rng) for b in directions]
    taken = np.concatenate([s.masks() for s in coded])
    rest = _others(n_players, budget - len(set(pack(taken))), taken, rng)
    unplaced = np.empty(0, dtype=np.int64)
    uniform = [Subsampling(np.empty((0, n_players), bool), rest, unplaced)] if len(rest) else []
    design = Design((*coded, *uniform))
    keys = pack(design.masks())
    place = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    return Plan(code, design, _unpacked(b"".join(place), n_players), np.array([place[key] for key in keys]))


def _strongest(n_players: int, budget: int, max_order: int, n_subsamplings: int) -> Code:
    codes = [code_for(n_players, radius) for radius in range(max_order, min(RADIUS, max_order) - 1, -1)]
    fit = [code for code in codes if n_subsamplings * 2**DIRECTIONS * (code.n_parity + 1) <= budget]
    return fit[0] if fit else codes[-1]


def _subsampling(code: Code, n_directions: int, rng: np.random.Generator) -> Subsampling:
    """Random directions and offset, players seated in the code at random.

    Two coalitions whose parities nearly agree in one seating are told apart by the next: without that, few bins leave
    pairs of terms that no least squares can separate.
    """
    seats, offset = rng.permutation(code.n_players), rng.random(code.n_players) < 0.5
    delays = np.zeros((code.n_parity + 1, code.n_players), dtype=bool)
    delays[1:, seats] = code.parity.T
    return Subsampling(rng.random((n_directions, code.n_players)) < 0.5, delays ^ offset, seats)


def _others(n_players: int, wanted: int, taken: Masks, rng: np.random.Generator) -> Masks:
    """Uniform distinct masks (at most wanted, n_players) that are not among the rows taken."""
    wanted = max(0, wanted)
    if n_players <= ENUMERABLE:
        free = np.setdiff1d(np.arange(2**n_players), taken @ (1 << np.arange(n_players)))
        return all_masks(n_players)[np.sort(rng.permutation(free)[:wanted])]
    known, rows = set(pack(taken)), dict[bytes, None]()
    while len(rows) < wanted:
        drawn = pack(rng.random((wanted, n_players)) < 0.5)
        rows.update((row, None) for row in drawn if row not in known)
    return _unpacked(b"".join(list(rows)[:wanted]), n_players)


def _unpacked(rows: bytes, n_players: int) -> Masks:
    packed = np.frombuffer(rows, dtype=np.uint8).reshape(-1, -(-n_players // 8))
    return np.unpackbits(packed, axis=1, count=n_players).astype(bool)
