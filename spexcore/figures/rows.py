"""The terms a figure shows: ranked, named, with what is known about each. Every view of an explanation draws these."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.masks import Coalition
from spexcore.validation import NOTHING

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Row:
    """One coalition and its score. low, high: 95 % interval, None where the index has none."""

    coalition: Coalition
    names: tuple[str, ...]
    score: float
    low: float | None = None
    high: float | None = None
    measured: bool = False

    @property
    def order(self) -> int:
        return len(self.coalition)

    @property
    def id(self) -> str:
        """The coalition as a flat string: Plotly turns a nested list into an object on its way back."""
        return coalition_id(self.coalition)

    @property
    def basis(self) -> str:
        """What the interval rests on; that of a Fourier coefficient, from held-out masks, need not hold the score."""
        beside = self.low is not None and self.high is not None and not self.low <= self.score <= self.high
        return "held-out masks disagree," if beside else "predicted,"

    @property
    def doubtful(self) -> bool:
        """Predicted, and not told apart from zero by its interval."""
        return not self.measured and self.low is not None and self.high is not None and self.low <= 0 <= self.high


def rows(
    explanation: Explanation,
    *,
    index: str = DEFAULT_INDEX,
    top: int = 12,
    orders: Collection[int] | None = None,
    least: float = 0.0,
) -> list[Row]:
    """The `top` terms under an index as `Explanation.ranked` has them, of these orders (None: every order).

    least: share of the largest score of all, in magnitude, that a term must reach.
    """
    ranked = explanation.ranked(index)
    largest = max((abs(score) for _, score in ranked), default=0.0)
    sized = [(S, v) for S, v in ranked if abs(v) > NOTHING * largest and abs(v) >= least * largest]
    kept = [(S, v) for S, v in sized if not orders or len(S) in orders]
    names = player_names(explanation.players)
    return [_row(explanation, names, index, S, v) for S, v in kept[:top]]


def claimed(explanation: Explanation, coalition: Coalition) -> Row:
    """Any coalition under co-Moebius, whether the explanation reports it or not."""
    return _row(explanation, player_names(explanation.players), "comobius", coalition, explanation.comobius(coalition))


def player_names(players: Sequence[str]) -> tuple[str, ...]:
    """Names that tell players apart: a repeated one gets its number as a subscript."""
    flat = [" ".join(player.split()) or "␣" for player in players]
    repeated = {name for name, count in Counter(flat).items() if count > 1}
    seen: Counter[str] = Counter()
    named = []
    for name in flat:
        seen[name] += 1
        named.append(name + str(seen[name]).translate(_SUBSCRIPTS) if name in repeated else name)
    return tuple(named)


def coalition_id(coalition: Coalition) -> str:
    return "-".join(map(str, coalition))


def coalition_from(text: str, n_players: int) -> Coalition:
    """The coalition of an id; empty for text that is not one, or that names players who do not exist."""
    parts = text.split("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        return ()
    members = tuple(sorted({int(part) for part in parts}))
    return members if members[-1] < n_players else ()


def _row(explanation: Explanation, names: tuple[str, ...], index: str, coalition: Coalition, score: float) -> Row:
    low, high = explanation.interval_of(index, coalition) or (None, None)
    measured = index == "comobius" and coalition in explanation.measured
    return Row(coalition, tuple(names[i] for i in coalition), score, low, high, measured)
