"""Claims: co-Moebius values that a run states without having measured them, and how far they may be off.

c(S) is an alternating sum over the 2^|S| ablations that remove a part of S. Ablations whose coalition is measured, and
so every part of it, are known: they stand in the sum as they are, and the spectrum predicts the others only.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.interactions import REPORTED_ORDER, Interactions
from spexcore.masks import Coalition, corners
from spexcore.spectrum import Spectrum
from spexcore.terms import Floats, Rows, Terms
from spexcore.transforms import comobius_of_corners

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Corners:
    """Ablations of coalitions of one order: values (n_coalitions, 2^order) as `masks.corners` orders them, and which
    of them are known; the others are predicted."""

    values: Floats
    known: Flags

    @property
    def claims(self) -> Floats:
        """c(S), (n_coalitions,)."""
        return comobius_of_corners(self.values)

    @property
    def unknown(self) -> Floats:
        """How many ablations are only predicted, (n_coalitions,)."""
        return np.asarray((~self.known).sum(axis=1), dtype=np.float64)

    def scale(self, floor: float) -> Floats:
        """What the error of a claim grows with, (n_coalitions,): a prediction is wrong by about as much as the value
        moves between the ablations of S (at least by `floor`), and errors add up as independent ones do."""
        return np.asarray(np.sqrt(self.unknown) * np.hypot(floor, self.values.std(axis=1)))


@dataclass(frozen=True)
class Doubt:
    """The 95 % interval of a claim c is c ± times scale (`Corners.scale`).

    times: `leading` for claims of magnitude `threshold` or more, which are the likeliest to be too large, else
    `ordinary`. floor: in units of the value.
    """

    ordinary: float
    leading: float
    threshold: float
    floor: float

    def half_widths(self, found: Corners) -> Floats:
        """(n_coalitions,)."""
        times = np.where(np.abs(found.claims) >= self.threshold, self.leading, self.ordinary)
        return np.asarray(times * found.scale(self.floor))

    def to_json(self) -> dict[str, Any]:
        """What a run file holds of it."""
        return {"doubt": asdict(self)}


@dataclass(frozen=True)
class Spread:
    """What old run files say of doubt: the interval is c ± sqrt(always^2 + (share c)^2), by order."""

    always: Mapping[int, float]
    share: Mapping[int, float]

    def half_widths(self, found: Corners) -> Floats:
        """(n_coalitions,)."""
        order = found.values.shape[1].bit_length() - 1
        last = max((k for k in self.always if k <= order), default=min(self.always))
        # Beyond the orders that were judged, a value is a sum of twice as many ablations with each order.
        always = self.always[last] * 2.0 ** ((order - last) / 2)
        return np.asarray(np.hypot(always, self.share.get(last, 0.0) * found.claims))

    def to_json(self) -> dict[str, Any]:
        """What a run file holds of it."""
        by_order = {"spread": self.always, "spread_share": self.share}
        return {name: {str(order): width for order, width in part.items()} for name, part in by_order.items()}


def doubt_of(content: Mapping[str, Any]) -> Doubt | Spread | None:
    """What a run file says, now or before it said more; None where nothing was judged."""
    if content.get("doubt"):
        return Doubt(**{each.name: float(content["doubt"][each.name]) for each in fields(Doubt)})
    always, share = (
        {int(order): float(width) for order, width in content.get(name, {}).items()}
        for name in ("spread", "spread_share")
    )
    return Spread(always, share) if always else None


def claims(predicted: Mapping[Coalition, float], measured: Mapping[Coalition, float]) -> Terms:
    """Co-Moebius values of all coalitions that a spectrum gives one, with what is measured put to use."""
    guessed, known = Terms.of(predicted), Terms.of(measured)
    settled = {
        order: (rows, corners_of(rows, guessed, known).claims if order <= REPORTED_ORDER else values)
        for order, (rows, values) in guessed.groups.items()
    }
    return Terms(settled)


def ranked_claims(spectrum: Spectrum, measured: Mapping[Coalition, float]) -> list[tuple[Coalition, float]]:
    """All co-Moebius values that a run states, measured or claimed, in the order of `Interactions.ranked`."""
    highest = min(REPORTED_ORDER, max(1, spectrum.order))
    claimed = claims(spectrum.interactions("comobius", highest).scores, measured)
    return Interactions({**claimed, **measured}, "comobius", highest, spectrum.players).ranked()


def surest_first(
    ranked: Sequence[tuple[Coalition, float]],
    measured: Container[Coalition],
    intervals: Mapping[Coalition, tuple[float, float]],
) -> list[tuple[Coalition, float]]:
    """The same terms by the magnitude that each has for certain: of a measured one its own, of a predicted one the end
    of its 95 % interval that is nearer to zero, and nothing where zero lies inside; ties as they were ranked."""

    def certain(term: tuple[Coalition, float]) -> float:
        low, high = (term[1], term[1]) if term[0] in measured else intervals.get(term[0], (term[1], term[1]))
        return max(low, -high, 0.0)

    return sorted(ranked, key=certain, reverse=True)


def corners_of(rows: Rows, predicted: Terms, known: Terms) -> Corners:
    """Of coalitions of one order (n_coalitions, order), from co-Moebius values: of every part of them, those predicted,
    and those measured (with a coalition, all its parts)."""
    guessed, _ = _of_parts(rows, predicted)
    seen, there = _of_parts(rows, known)
    return Corners(np.where(there, _values(seen), _values(guessed))[:, ::-1], there[:, ::-1])


def corners_of_one(coalition: Coalition, spectrum: Spectrum, known: Terms) -> Corners:
    """The same of one coalition of any order, whether or not the spectrum gives it a value."""
    guessed = spectrum.predict(corners(coalition, spectrum.n_players))[None]
    if len(coalition) > REPORTED_ORDER:
        return Corners(guessed, np.zeros_like(guessed, dtype=bool))
    seen, there = _of_parts(np.array([coalition], dtype=np.int32), known)
    return Corners(np.where(there, _values(seen), guessed[:, ::-1])[:, ::-1], there[:, ::-1])


def _of_parts(rows: Rows, terms: Terms) -> tuple[Floats, Flags]:
    """The number of every part of coalitions (n_coalitions, order), (n_coalitions, 2^order), 0 where there is none, and
    whether there is one; bit i of a column's number holds the i-th player."""
    order = rows.shape[1]
    players = [[i for i in range(order) if column >> i & 1] for column in range(2**order)]
    found = [_looked_up(terms, rows[:, inside]) for inside in players]
    return np.stack([number for number, _ in found], axis=1), np.stack([there for _, there in found], axis=1)


def _looked_up(terms: Terms, rows: Rows) -> tuple[Floats, Flags]:
    """The numbers of coalitions of one order (n_coalitions, order), 0 where there is none, and whether there is one."""
    order = rows.shape[1]
    if order not in terms.groups:
        return np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    listed, numbers = terms.groups[order]
    highest = max(int(listed.max(initial=0)), int(rows.max(initial=0))) + 1
    places = highest ** np.arange(order, dtype=np.int64)[::-1]  # lexicographic order is that of these sums
    codes, wanted = listed @ places, rows @ places
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    there = codes[at] == wanted
    return np.where(there, numbers[at], 0.0), there


def _values(parts: Floats) -> Floats:
    """Values of the ablations (n_coalitions, 2^order) from the co-Moebius values c of all parts, numbered alike.

    f(N - R) = sum over U in R of (-1)^|U| c(U).
    """
    found = parts * (-1.0) ** np.bitwise_count(np.arange(parts.shape[1]))
    for bit in 1 << np.arange(parts.shape[1].bit_length() - 1):
        pairs = found.reshape(len(found), -1, 2, bit)
        pairs[:, :, 1] += pairs[:, :, 0]
    return found
