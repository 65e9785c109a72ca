"""What a residual suggests: coalitions that bins spell, neighbours of known terms, single terms and whole cubes.

A cube is a coalition with all of its parts, as an AND, an OR or any other function of these players would need. Its
energy is judged as one: thirty-one weak terms that belong together stand out where none of them does alone.
Gains are in variances: the squared correlation of a coalition with what is left, beyond what noise alone would give to
the best of as many as were tried.
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.bch import Code
from spexcore.estimators.coalition_pool import Pool, parts_of, pool_for, toggled
from spexcore.estimators.hadamard_bins import Addresses, Design, Floats, Players, keys_of

Scores = NDArray[np.floating]  # float32 over a pool, which holds millions

LISTED = 2**21  # coalitions a pool may hold: pairs of 2,000 players, order 4 of 64, order 5 of 32
KEPT = 256  # best candidates of a source
BEAM, REACH = 64, 128  # cubes extended beyond the pool, and players they are extended by
NEIGHBOURS = 2**18  # known terms x players tried; beyond it only players of known terms
SINGLETON = 1.5  # mean square of a bin worth decoding, in that of noise
CLIP = 9.0  # most that one term counts in a cube, in variances: a cube is known by its breadth
PER_TERM, PER_CUBE = 1.5, 3.0  # noise allowed a cube: about the quantile of chi square at 1 / (number tried)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Coalitions (n, max_order), best first, with their gains (n,); and whether they stand for cubes (n,)."""

    players: Players
    gains: Scores
    cubes: NDArray[np.bool_]

    @classmethod
    def of(cls, players: Players, gains: Scores, *, cubes: bool) -> "Candidates":
        """The best of one kind."""
        best = largest(gains, KEPT)
        best = best[gains[best] > 0]
        return cls(players[best], gains[best], np.full(len(best), cubes))

    @classmethod
    def merged(cls, sources: list["Candidates"]) -> "Candidates":
        """All of them."""
        gains = np.concatenate([s.gains for s in sources])
        best = np.argsort(-gains, kind="stable")
        players, cubes = np.vstack([s.players for s in sources]), np.concatenate([s.cubes for s in sources])
        return cls(players[best], gains[best], cubes[best])


@dataclass(frozen=True, eq=False)
class Residual:
    """What the coded bins hold beyond the known terms (n_terms, max_order), and its standard deviation."""

    design: Design
    bins: list[Floats]
    noise: float
    terms: Players

    @cached_property
    def known(self) -> NDArray[np.uint64]:
        return keys_of(self.design.address(self.terms))

    def gains(self, addresses: Addresses) -> Floats:
        """Squared correlations (n_coalitions,), 1 in the mean where there is only noise."""
        return self.design.correlate(self.bins, addresses) ** 2 / (self.noise**2 * self.design.n_masks)

    def is_new(self, addresses: Addresses) -> NDArray[np.bool_]:
        return ~np.isin(keys_of(addresses), self.known)


@dataclass(frozen=True, eq=False)
class Search:
    """Where to look: a design's coded part, its code, the largest order, Chase's flips (0: hard decisions)."""

    design: Design
    code: Code
    max_order: int
    n_flips: int

    @cached_property
    def pool(self) -> Pool:
        return pool_for(self.design.n_players, self.max_order, LISTED)

    @cached_property
    def pool_addresses(self) -> Addresses:
        return self.design.address(self.pool.players(np.arange(len(self.pool)), self.max_order))

    def candidates(self, rest: Residual) -> Candidates:
        """Everything that stands out of the residual, best first."""
        gains, known = rest.gains(self.pool_addresses).astype(np.float32), self.pool.indices(rest.terms)
        gains[known] = 0
        alone = self._of_pool(gains - 2 * log(max(len(gains), 16)), cubes=False)
        reach = np.sort(largest(gains[: self.design.n_players], REACH))
        broad = np.minimum(gains, np.float32(CLIP)) - np.float32(PER_TERM)
        broad[known] = 0
        sums = self.pool.sums_over_parts(broad)
        sums[: self.design.n_players] = 0
        cubes = self._of_pool(sums - PER_CUBE * log(max(len(gains), 16)), cubes=True)
        return Candidates.merged([alone, cubes, *self._beyond(rest, sums, reach), *self._nearby(rest)])

    def _nearby(self, rest: Residual) -> list[Candidates]:
        return [self.neighbours(rest), self.decoded(rest)]

    def _of_pool(self, gains: Scores, *, cubes: bool) -> Candidates:
        best = largest(gains, KEPT)
        return Candidates.of(self.pool.players(best, self.max_order), gains[best], cubes=cubes)

    def _beyond(self, rest: Residual, sums: Scores, reach: NDArray[np.intp]) -> list[Candidates]:
        """Cubes of orders the pool does not list: its best ones of the largest order, player by player."""
        last, found = self.pool.starts[-2], []
        beam = last + largest(sums[last:], BEAM)
        players, totals = self.pool.players(beam, self.max_order), sums[beam]
        for order in range(self.pool.order + 1, self.max_order + 1):
            players, totals = _extended(rest, players, totals, reach)
            gains = totals - PER_CUBE * log(comb(self.design.n_players, order))
            found.append(Candidates.of(players, gains, cubes=True))
            players, totals = players[:BEAM], totals[:BEAM]
        return found

    def neighbours(self, rest: Residual) -> Candidates:
        """Known terms with one player more or less."""
        reach = np.arange(self.design.n_players)
        if len(rest.terms) * len(reach) > NEIGHBOURS:
            reach = np.unique(rest.terms[rest.terms >= 0])
        term, player = (axis.ravel() for axis in np.indices((len(rest.terms), len(reach))))
        players = toggled(rest.terms[term], reach[player])
        possible = (players >= 0).any(axis=1)
        addresses = self.design.address(rest.terms)[term] ^ self.design.address_of_players[reach[player]]
        gains = rest.gains(addresses) - 2 * log(max(len(addresses), 16))
        return Candidates.of(players, np.where(possible & rest.is_new(addresses), gains, 0), cubes=False)

    def decoded(self, rest: Residual) -> Candidates:
        """Coalitions that the signs of a bin spell, whose own bin this is."""
        found, n_tried = [np.empty((0, self.max_order), dtype=np.int64)], 1
        for s, (subsampling, values) in enumerate(zip(self.design.subsamplings, rest.bins, strict=True)):
            loud = np.flatnonzero((values**2).mean(axis=1) > SINGLETON * rest.noise**2 / subsampling.n_bins)
            soft = np.vstack([values[loud], -values[loud]])[:, 1:]  # the sign of the coefficient is not known
            decodes, places = self.code.decode_soft(soft, self.n_flips) if self.n_flips else self.code.decode(soft < 0)
            players = np.sort(np.append(subsampling.seats, -1)[places[decodes]], axis=1)
            at_home = self.design.parts(self.design.address(players))[s][0] == np.tile(loud, 2)[decodes]
            found.append(_as_wide(players[at_home], self.max_order))
            n_tried += 2 * subsampling.n_bins
        players = np.unique(np.vstack(found), axis=0)
        addresses = self.design.address(players)
        gains = rest.gains(addresses) - 2 * log(max(n_tried, 16))
        return Candidates.of(players, np.where(rest.is_new(addresses), gains, 0), cubes=False)


def _extended(rest: Residual, players: Players, totals: Scores, reach: NDArray[np.intp]) -> tuple[Players, Scores]:
    """Cubes with one player of `reach` more, each once, best first, and the sums of gains over their parts."""
    parts = parts_of(players)  # (beam, 2^order, max_order)
    inner = rest.design.address(parts.reshape(-1, parts.shape[2])).reshape(*parts.shape[:2], -1)
    outer = rest.design.address_of_players[reach]
    fresh = inner[:, None] ^ outer[:, None]  # (beam, reach, 2^order, n_bytes): the parts that hold the new player
    flat = fresh.reshape(-1, fresh.shape[-1])
    gains = np.where(rest.is_new(flat), np.minimum(rest.gains(flat), CLIP) - PER_TERM, 0)
    sums = totals[:, None] + gains.reshape(fresh.shape[:3]).sum(axis=2)
    cube, player = np.nonzero(~(players[:, :, None] == reach).any(axis=1))
    grown, sums = toggled(players[cube], reach[player]), sums[cube, player]
    best = np.argsort(-sums, kind="stable")
    _, first = np.unique(keys_of(rest.design.address(grown[best])), return_index=True)
    best = best[np.sort(first)]
    return grown[best], sums[best]


def _as_wide(players: Players, width: int) -> Players:
    """Rows (n, width), those with more players dropped."""
    extra = width - players.shape[1]
    if extra >= 0:
        return np.pad(players, ((0, 0), (extra, 0)), constant_values=-1)
    return players[(players[:, :-extra] < 0).all(axis=1)][:, -extra:]


def largest(scores: Scores, n: int) -> NDArray[np.intp]:
    """Where the n largest scores are, best first."""
    best = np.argpartition(-scores, n)[:n] if len(scores) > n else np.arange(len(scores))
    return best[np.argsort(-scores[best], kind="stable")]
