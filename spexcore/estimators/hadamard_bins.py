"""Masks on affine subspaces, and the bins into which a Walsh-Hadamard transform of their values sorts the coalitions.

A subsampling has b directions and D delays; its masks are x = (sum of some directions) + delay, mod 2. Transforming
the 2^b values of one delay d gives 2^b bins: bin j holds sum of F(S) (-1)^{|S & d|} over the coalitions S that meet
direction q an odd number of times exactly where bit q of j is set. Bins of one subsampling are orthogonal, so every
scalar product of a coalition's column of signs with values, or with another column, is a sum over one bin: nothing here
ever holds the (n_masks, n_coalitions) matrix. Without directions a subsampling is a list of masks in one bin.
Source: Kang et al., ICML 2025, sec. 3, which averages bins; least squares in bins is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spexcore.masks import Masks

Floats = NDArray[np.float64]
Addresses = NDArray[np.uint8]  # (n_coalitions, n_bytes): where coalitions land, see Design.address
Players = NDArray[np.int64]  # (n_coalitions, any): players of each coalition, -1 for none

SIGNS_OF_BYTE = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)  # (256, 8)
SIGN = np.array([1.0, -1.0])
KEY_BYTES, BIN_BYTES = 8, 4


@dataclass(frozen=True, eq=False)
class Subsampling:
    """Directions (b, n_players) and delays (n_delays, n_players), both bool.

    seats: where delays are the parity bits of a code, the player in each of its places (n_players,); empty otherwise.
    """

    directions: Masks
    delays: Masks
    seats: NDArray[np.int64]

    @property
    def n_bins(self) -> int:
        return 2 ** len(self.directions)

    @property
    def n_masks(self) -> int:
        return self.n_bins * len(self.delays)

    @property
    def n_bytes(self) -> int:
        """Bytes that hold one sign bit a delay."""
        return -(-len(self.delays) // 8)

    def masks(self) -> Masks:
        """(n_masks, n_players), all combinations of directions within each delay; bit q of the row adds direction q."""
        sums = np.zeros((1, self.delays.shape[1]), dtype=bool)
        for direction in self.directions:
            sums = np.concatenate([sums, sums ^ direction])
        return (self.delays[:, None] ^ sums).reshape(self.n_masks, -1)

    def bins(self, values: Floats) -> Floats:
        """Values (n_masks,) in the order of `masks` -> bins (n_bins, n_delays)."""
        table = values.reshape(len(self.delays), self.n_bins)
        for half in 2 ** np.arange(len(self.directions)):
            pairs = table.reshape(len(table), -1, 2, half)  # without or with this direction
            table = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
        return table.reshape(len(self.delays), self.n_bins).T / self.n_bins

    def address_of_players(self) -> Addresses:
        """(n_players, BIN_BYTES + n_bytes): bin of each player alone, then its sign bit at each delay."""
        bits = self.directions.T @ (1 << np.arange(len(self.directions)))
        number = bits.astype("<u4").view(np.uint8).reshape(-1, BIN_BYTES)
        return np.hstack([number, np.packbits(self.delays.T, axis=1)])


@dataclass(frozen=True, eq=False)
class Design:
    """Subsamplings whose values are known together."""

    subsamplings: tuple[Subsampling, ...]

    @property
    def n_players(self) -> int:
        return self.subsamplings[0].delays.shape[1]

    @property
    def n_masks(self) -> int:
        return sum(s.n_masks for s in self.subsamplings)

    def coded(self) -> "Design":
        """The coded subsamplings alone; they come first in `subsamplings`."""
        return Design(tuple(s for s in self.subsamplings if len(s.seats)))

    def masks(self) -> Masks:
        return np.concatenate([s.masks() for s in self.subsamplings])

    def bins(self, values: Floats) -> list[Floats]:
        """Values (n_masks,) in the order of `masks` -> bins (n_bins, n_delays) of each subsampling."""
        ends = np.cumsum([s.n_masks for s in self.subsamplings])
        return [s.bins(part) for s, part in zip(self.subsamplings, np.split(values, ends[:-1]), strict=True)]

    @cached_property
    def address_of_players(self) -> Addresses:
        """(n_players + 1, n_bytes), the last row zero for padding; starts with a random key of KEY_BYTES."""
        keys = np.random.default_rng(0).integers(0, 256, (self.n_players, KEY_BYTES), dtype=np.uint8)
        rows = np.hstack([keys] + [s.address_of_players() for s in self.subsamplings])
        return np.vstack([rows, np.zeros_like(rows[:1])])

    def address(self, players: Players) -> Addresses:
        """Addresses of coalitions: parities, hence the XOR of the players' own. Equal keys mean equal coalitions."""
        rows = self.address_of_players
        total = np.zeros((len(players), rows.shape[1]), dtype=np.uint8)
        for column in players.T:
            total ^= rows[column]
        return total

    def parts(self, addresses: Addresses) -> list[tuple[NDArray[np.uint32], Addresses]]:
        """Bin (n_coalitions,) and packed signs (n_coalitions, n_bytes) in each subsampling."""
        parts, start = [], KEY_BYTES
        for s in self.subsamplings:
            signs = start + BIN_BYTES
            bins = np.ascontiguousarray(addresses[:, start:signs]).view("<u4")[:, 0]
            parts.append((bins, addresses[:, signs : signs + s.n_bytes]))
            start = signs + s.n_bytes
        return parts

    def signs(self, addresses: Addresses) -> list[tuple[NDArray[np.uint32], Floats]]:
        """Bin (n_coalitions,) and signs (n_coalitions, n_delays), +1 or -1, in each subsampling."""
        unpacked = zip(self.subsamplings, self.parts(addresses), strict=True)
        return [(b, SIGN[np.unpackbits(w, axis=1, count=len(s.delays))]) for s, (b, w) in unpacked]

    def correlate(self, bins: Sequence[Floats], addresses: Addresses) -> Floats:
        """Sum over masks of sign x value, (n_coalitions,): eight delays at once, by tables of each bin's byte sums."""
        total = np.zeros(len(addresses))
        for s, values, (number, words) in zip(self.subsamplings, bins, self.parts(addresses), strict=True):
            padded = np.pad(values * s.n_bins, ((0, 0), (0, 8 * s.n_bytes - len(s.delays))))
            tables = padded.reshape(s.n_bins, s.n_bytes, 8).swapaxes(0, 1) @ SIGNS_OF_BYTE.T  # (n_bytes, n_bins, 256)
            row = number.astype(np.intp) * 256
            for table, word in zip(tables.reshape(s.n_bytes, -1), words.T, strict=True):
                total += table.take(row + word)
        return total

    def gram(self, left: Addresses, right: Addresses) -> Floats:
        """Sum over masks of sign x sign, (n_left, n_right)."""
        total = np.zeros((len(left), len(right)))
        both = zip(self.subsamplings, self.signs(left), self.signs(right), strict=True)
        for s, (row_bins, rows), (column_bins, columns) in both:
            total += s.n_bins * (row_bins[:, None] == column_bins) * (rows @ columns.T)
        return total

    def residual(self, bins: Sequence[Floats], addresses: Addresses, coefficients: Floats) -> list[Floats]:
        """What the bins hold beyond the given coalitions."""
        rest = []
        for values, (number, signs) in zip(bins, self.signs(addresses), strict=True):
            explained = np.zeros_like(values)
            if len(values) == 1:
                explained[0] = coefficients @ signs
            else:
                np.add.at(explained, number, coefficients[:, None] * signs)
            rest.append(values - explained)
        return rest

    def energy(self, bins: Sequence[Floats]) -> float:
        """Sum of squared values over all masks (Parseval)."""
        return float(sum(s.n_bins * (values**2).sum() for s, values in zip(self.subsamplings, bins, strict=True)))


def keys_of(addresses: Addresses) -> NDArray[np.uint64]:
    """One number a coalition, (n_coalitions,)."""
    return np.ascontiguousarray(addresses[:, :KEY_BYTES]).view(np.uint64)[:, 0]
