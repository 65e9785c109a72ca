"""Peeling: read coalitions out of bins, fit all of them by least squares, read again in what is left.

A bin in which one coalition dominates shows that coalition's parity bits as the signs of its delays; a BCH decoder
names the players. Terms are judged on all masks together, not in their bin alone, and every coefficient is fitted anew
after each round; terms that drown in their standard error leave again.
Source: Kang et al., ICML 2025, sec. 3 and app. B, which subtract bin averages and stop; fit and candidates are ours.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.candidates import CLIP, PER_TERM, Candidates, Residual, Search
from spexcore.estimators.coalition_pool import parts_of
from spexcore.estimators.hadamard_bins import Addresses, Design, Floats, Players, keys_of

ROUNDS = 60
GREED = 0.25  # share of the best gain that is enough to be accepted in the same round
MOST = 2048  # terms; at most half as many as masks
EXACT, ROUNDING = 1e-9, 1e-14  # arithmetic noise, as shares of the values' spread and of the largest value
DROWNED = 2.5  # standard errors below which a fitted term leaves again
GROUP = 12.0  # variances beyond noise with which a cube stays together
FAINT = 0.1  # share of the mean square in its cube below which a term leaves it
ALONE = -1  # group of a term that came alone


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares on coalitions (n_terms, max_order), constant first; groups (n_terms,): the cube each came in."""

    design: Design
    bins: list[Floats]
    players: Players
    groups: NDArray[np.int64]
    addresses: Addresses
    gram: Floats
    moments: Floats

    @classmethod
    def start(cls, design: Design, bins: list[Floats], max_order: int) -> "Fit":
        """The constant alone."""
        none = np.empty((0, max_order), dtype=np.int64)
        empty = cls(design, bins, none, none[:, 0], design.address(none), np.empty((0, 0)), np.empty(0))
        return empty.grown(np.full((1, max_order), -1), np.array([ALONE]))

    def grown(self, players: Players, groups: NDArray[np.int64]) -> "Fit":
        """With more coalitions."""
        addresses = self.design.address(players)
        border, corner = self.design.gram(self.addresses, addresses), self.design.gram(addresses, addresses)
        return Fit(
            self.design,
            self.bins,
            np.vstack([self.players, players]),
            np.append(self.groups, groups),
            np.vstack([self.addresses, addresses]),
            np.block([[self.gram, border], [border.T, corner]]),
            np.append(self.moments, self.design.correlate(self.bins, addresses)),
        )

    def only(self, kept: NDArray[np.bool_]) -> "Fit":
        """With the kept coalitions alone."""
        return replace(
            self,
            players=self.players[kept],
            groups=self.groups[kept],
            addresses=self.addresses[kept],
            gram=self.gram[np.ix_(kept, kept)],
            moments=self.moments[kept],
        )

    def solved(self) -> "Solution":
        """Coefficients; a trace of ridge keeps coalitions apart that these masks cannot tell."""
        ridge = 1e-12 * self.design.n_masks * np.eye(len(self.moments))
        coefficients = np.asarray(np.linalg.solve(self.gram + ridge, self.moments), dtype=np.float64)
        rest = self.design.residual(self.bins, self.addresses, coefficients)
        freedom = max(1, self.design.n_masks - len(coefficients))
        return Solution(self, coefficients, rest, float(np.sqrt(self.design.energy(rest) / freedom)))


@dataclass(frozen=True, eq=False)
class Solution:
    """A fit with its coefficients (n_terms,), what they leave of the bins, and the standard deviation of that."""

    fit: Fit
    coefficients: Floats
    rest: list[Floats]
    noise: float
    exact: bool = False

    def without_the_drowned(self) -> "Solution":
        """Without terms whose coefficient drowns in its standard error, unless their cube as a whole does not."""
        fit = self.fit
        freedom = max(1, fit.design.n_masks - len(self.coefficients))
        error = max(self.noise / np.sqrt(freedom), 1e-300)  # of a coefficient, in a random design
        square, least = (self.coefficients / error) ** 2, np.full(len(self.coefficients), DROWNED**2)
        least[0] = -1.0  # the constant stays
        for group in np.unique(fit.groups[fit.groups != ALONE]):
            here = fit.groups == group
            if np.minimum(square[here], CLIP).sum() > PER_TERM * here.sum() + GROUP:
                least[here] = min(DROWNED**2, FAINT * square[here].mean())
        return self if (square > least).all() else fit.only(square > least).solved()


def peel(design: Design, values: Floats, search: Search) -> Solution:
    """Terms of values (n_masks,) of the design's masks; `exact` where they leave nothing but arithmetic noise."""
    solution = Fit.start(design, design.bins(values), search.max_order).solved()
    tolerance = EXACT * values.std() + ROUNDING * np.abs(values).max()
    for _ in range(ROUNDS):
        if solution.noise <= tolerance:
            return replace(solution, exact=True)
        fit = solution.fit
        coded = solution.rest[: len(search.design.subsamplings)]
        found = search.candidates(Residual(search.design, coded, solution.noise, fit.players))
        players, groups = accepted(found, fit, min(design.n_masks // 2, MOST) - len(fit.players))
        solution = fit.grown(players, groups).solved().without_the_drowned()
        if np.array_equal(np.sort(keys_of(solution.fit.addresses)), np.sort(keys_of(fit.addresses))):
            break
    return solution


def accepted(found: Candidates, fit: Fit, room: int) -> tuple[Players, NDArray[np.int64]]:
    """Coalitions to add, at most `room` of them (n_new, max_order), and their groups (n_new,).

    All whose gain comes near the best one's; of cubes that share a pair of players only the first.
    """
    known, cubes = set(keys_of(fit.addresses).tolist()), list[set[int]]()
    rows, groups, group = [fit.players[:0]], [fit.groups[:0]], int(fit.groups.max())
    for row, gain, is_cube in zip(found.players, found.gains, found.cubes, strict=True):
        members = set(row[row >= 0].tolist())
        if gain < GREED * found.gains[0]:
            break
        if any(len(members & cube) >= min(2, len(members)) for cube in cubes):
            continue
        family = parts_of(row[None])[0] if is_cube else row[None]
        keys = keys_of(fit.design.address(family)).tolist()
        family = family[[key not in known for key in keys]]
        room -= len(family)
        if room < 0:
            break
        known.update(keys)
        group += 1
        cubes += [members] if is_cube else []
        rows.append(family)
        groups.append(np.full(len(family), group if is_cube else ALONE))
    return np.vstack(rows), np.concatenate(groups)
