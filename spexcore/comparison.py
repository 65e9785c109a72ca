"""Two explanations side by side: their terms matched, on one scale, with what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from spexcore.errors import BadInput
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.game import ROUNDING
from spexcore.interactions import Interactions
from spexcore.masks import Coalition

SHARES = "share of the largest"  # the unit of two runs that explain different quantities
_SMALL_EDIT = 3  # players in a row that an edit may exchange one for one; more than that is another text


@dataclass(frozen=True)
class Side:
    """What one explanation says of a term. low, high: 95 % interval, None where the index has none."""

    coalition: Coalition
    score: float
    low: float | None = None
    high: float | None = None
    measured: bool = False


@dataclass(frozen=True)
class Pair:
    """One term in both explanations; a side is None where its players have no counterpart.

    players: by name, "bad → good" where an edit put another in its place.
    """

    players: tuple[str, ...]
    a: Side | None
    b: Side | None

    @property
    def difference(self) -> float | None:
        """Score in b minus score in a; None where one of them has no such term."""
        return self.b.score - self.a.score if self.a and self.b else None

    @property
    def told_apart(self) -> bool | None:
        """Whether the two 95 % intervals do not meet; None where there is nothing to compare."""
        ends = [end for side in (self.a, self.b) if side for end in (side.low, side.high)]
        if self.difference is None or len(ends) < 4 or any(end is None for end in ends):
            return None
        (a_low, a_high), (b_low, b_high) = ends[:2], ends[2:]
        slack = ROUNDING * 2 ** len(self.players)
        return bool(a_high + slack < b_low or b_high + slack < a_low)


@dataclass(frozen=True)
class Comparison:
    """Leading terms of two explanations: those both have by largest difference, then those that only one has.

    unit: of every score; "share of the largest" where the two explain different quantities, each then divided by the
    magnitude of its own largest score.
    """

    index: str
    unit: str
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, object]:
        pairs = [
            {
                "players": list(pair.players),
                "a": _side_json(pair.a),
                "b": _side_json(pair.b),
                "difference": pair.difference,
                "told_apart": pair.told_apart,
            }
            for pair in self.pairs
        ]
        return {"index": self.index, "unit": self.unit, "pairs": pairs}


def compare(a: Explanation, b: Explanation, *, index: str = DEFAULT_INDEX, top: int = 10) -> Comparison:
    """Match the `top` terms of each with the same players in the other, or with those an edit put in their place."""
    if top < 1:
        raise BadInput(f"`top` must be at least 1 term; got {top}.")
    there = _counterparts(a.players, b.players)
    back = {j: i for i, j in there.items()}
    alike = _quantity(a) == _quantity(b)
    found = [explanation.interactions(index) for explanation in (a, b)]
    left, right = (_View(one, scores, 1.0 if alike else _largest(scores)) for one, scores in zip((a, b), found))
    leading = [[S for S, score in scores.ranked()[:top] if abs(score) > 0] for scores in found]
    wanted = {(S, _moved(S, there)): None for S in leading[0]} | {(_moved(S, back), S): None for S in leading[1]}
    pairs = [Pair(_names(a, b, S, T), left.side(S), right.side(T)) for S, T in wanted]
    return Comparison(index, _unit(a) if alike else SHARES, tuple(sorted(pairs, key=_place)))


@dataclass(frozen=True)
class _View:
    """An explanation under the index of a comparison, its scores computed once and divided by `scale`."""

    explanation: Explanation
    found: Interactions
    scale: float

    def side(self, coalition: Coalition | None) -> Side | None:
        if coalition is None:
            return None
        if self.found.index != DEFAULT_INDEX:
            return Side(coalition, self.found[coalition] / self.scale)
        score, measured = self.explanation.comobius(coalition), coalition in self.explanation.measured
        stated = self.explanation.interval_of(DEFAULT_INDEX, coalition)
        low, high = (end / self.scale for end in stated) if stated else (None, None)
        return Side(coalition, score / self.scale, low, high, measured)


def _largest(found: Interactions) -> float:
    return max((abs(score) for _, score in found.ranked()[:1]), default=0.0) or 1.0


def _counterparts(a: tuple[str, ...], b: tuple[str, ...]) -> dict[int, int]:
    """Player of a -> its counterpart in b: the same one, or what stands in its place after a small edit."""
    there: dict[int, int] = {}
    for kind, a_from, a_to, b_from, b_to in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        size = a_to - a_from
        if kind == "equal" or (kind == "replace" and size == b_to - b_from <= _SMALL_EDIT):
            there |= {a_from + k: b_from + k for k in range(size)}
    return there


def _moved(coalition: Coalition, there: Mapping[int, int]) -> Coalition | None:
    return tuple(sorted(there[i] for i in coalition)) if all(i in there for i in coalition) else None


def _names(a: Explanation, b: Explanation, in_a: Coalition | None, in_b: Coalition | None) -> tuple[str, ...]:
    before = [a.players[i] for i in in_a or ()]
    after = [b.players[i] for i in in_b or ()]
    if before and after:
        return tuple(x if x == y else f"{x} → {y}" for x, y in zip(before, after, strict=True))
    return tuple(before or after)


def _place(pair: Pair) -> tuple[bool, float]:
    """Both first, then by size."""
    alone = pair.difference is None
    size = max(abs(side.score) for side in (pair.a, pair.b) if side) if alone else abs(pair.difference or 0.0)
    return alone, -size


def _quantity(explanation: Explanation) -> tuple[str, ...]:
    recipe = explanation.recipe
    return tuple(str(recipe.get(name) or "") for name in ("lens", "target", "versus", "unit"))


def _unit(explanation: Explanation) -> str:
    return str(explanation.recipe.get("unit") or ("logits" if "target" in explanation.recipe else ""))


def _side_json(side: Side | None) -> dict[str, object] | None:
    return None if side is None else {**vars(side), "coalition": list(side.coalition)}
