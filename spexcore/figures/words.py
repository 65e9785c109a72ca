"""What a number says, in plain words: nothing beyond what the measured or predicted values support."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp
from typing import Any

from spexcore.explanation import Explanation
from spexcore.figures.rows import Row, claimed
from spexcore.figures.theme import label, shape
from spexcore.masks import Coalition, corners
from spexcore.validation import NOTHING

#: Index -> its name, and what it measures in one sentence.
INDEX_NAMES = {
    "comobius": ("co-Möbius", "Effect with everything else kept: what a re-ablation measures."),
    "mobius": ("Möbius", "Effect of adding the parts where all else is taken out, beyond that of smaller groups."),
    "fourier": ("Fourier", "Weight of the parity of the parts: what the estimators recover."),
    "bii": ("Banzhaf interaction", "Effect averaged over every way to keep the other parts."),
    "fbii": ("Faith-Banzhaf (FBII)", "Best fit of the value by terms up to this order, all masks alike."),
    "sii": ("Shapley interaction (SII)", "Effect averaged over the sizes of what else is kept."),
    "stii": ("Shapley–Taylor (STII)", "Shares out the whole value; higher effects go to the top order."),
    "fsii": ("Faith-Shap (FSII)", "Best fit of the value by terms up to this order, Shapley weights."),
    "sv": ("Shapley value", "Each part's fair share of the value; single parts only."),
    "bv": ("Banzhaf value", "Each part's average effect; single parts only."),
}
_ENOUGH = 0.9  # of what all do together, done by one alone: the others are in reserve
COUNT = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


@dataclass(frozen=True)
class Quantity:
    """What is explained, e.g. POSITIVE, and its unit, e.g. logits ("" for a plain game)."""

    name: str
    unit: str

    @property
    def axis(self) -> str:
        return f"effect on {self.name}" + (f" ({self.unit})" if self.unit else "")

    def amount(self, value: float) -> str:
        """Magnitude with its unit: 9.20 logits."""
        return f"{abs(value):,.2f} {self.unit}".rstrip()


def quantity(explanation: Explanation) -> Quantity:
    """What the values of this explanation are: log-odds of a label are logits, log-probabilities of a text are nats."""
    recipe = explanation.recipe
    if "prompts" in recipe or recipe.get("score") == "accuracy":
        return _over_prompts(recipe)
    if "target" not in recipe:
        return Quantity("the value", "")
    if explanation.lens == "training":
        return _of_tests(recipe)
    target, versus = str(recipe["target"] or "the answer").strip(), recipe.get("versus")
    name = f"{target} over {str(versus).strip()}" if versus else target
    return Quantity(name, str(recipe.get("unit") or "logits"))


def _over_prompts(recipe: Mapping[str, Any]) -> Quantity:
    """A mean over several prompts, or the share of them that is answered right."""
    count = len(recipe.get("prompts", ("one",)))
    on = f"on {count} prompt" + ("s" if count > 1 else "")
    if recipe.get("score") == "accuracy":
        return Quantity(f"the accuracy {on}", "")
    return Quantity(f"the mean margin {on}", str(recipe.get("unit") or ""))


def _of_tests(recipe: Mapping[str, Any]) -> Quantity:
    """The quantity of a training lens, whose target is one label a test text."""
    named = " or ".join(dict.fromkeys(map(str, recipe["target"])))
    name = f"{named} (mean of {len(recipe['target'])} texts)" if len(recipe["target"]) > 1 else named
    return Quantity(f"the log-loss of {name}", "nats") if recipe.get("value") == "loss" else Quantity(name, "logits")


def amount(value: float) -> str:
    """+9.20 or −0.41, with a true minus sign; 0.00 for what rounds to nothing."""
    return "0.00" if abs(value) < 0.005 else f"{value:+,.2f}".replace("-", "−")


def quoted(names: Sequence[str], width: int = 28) -> str:
    """“not”, “bad” and “all”."""
    marked = [f"“{name if len(name) <= width else name[: width - 1] + '…'}”" for name in names]
    return marked[0] if len(marked) == 1 else ", ".join(marked[:-1]) + " and " + marked[-1]


def title(row: Row) -> str:
    """▲ not × bad × all."""
    return f"{shape(row.order)} " + " × ".join(row.names)


def hover(row: Row) -> str:
    """Plotly hover text of a term; names are escaped."""
    lines = [" × ".join(label(name, 40) for name in row.names), f"<b>{amount(row.score)}</b> · order {row.order}"]
    if row.measured:
        lines.append("measured by re-ablation")
    elif row.low is not None and row.high is not None:
        doubt = " · not told apart from zero" if row.doubtful else ""
        lines.append(f"{row.basis} 95 % in {amount(row.low)} … {amount(row.high)}{doubt}")
    return "<br>".join(lines)


def claim(explanation: Explanation, row: Row, values: Mapping[Coalition, float]) -> str:
    """One or two sentences on a term in the prompt as it stands. values: kept members -> value, all 2^|S| corners."""
    what, members = quantity(explanation), row.coalition
    change = effect(values)
    if row.order == 1:
        return f"Taking {quoted(row.names)} out {_moves(-change)} {what.name} by {what.amount(change)}."
    alone = [values[(i,)] - values[()] for i in members]
    return f"{_together(row, values, what)} {_rest(row.order, sum(alone), change, what)}"


def legend(index: str) -> str:
    """How to read the terms of an index, under the matrix of page and report alike."""
    signs = "Red raises, blue lowers. ● one or two parts, ▲ three, ■ four, ★ more."
    whiskers = "Whiskers are 95 % intervals, pale bars are not told apart from zero."
    if index != "comobius":
        return f"{signs} {whiskers}"
    listed = "Listed by the size that is certain: a predicted term by the end of its interval nearer to zero."
    return f"{signs} ✓ measured by re-ablation; the others are predicted. {whiskers} {listed}"


def headline(explanation: Explanation) -> str:
    """One sentence on top of a result: the strongest combination that is told apart from zero, else the strongest part.

    It rests on measured values where the run has them, and says so where it does not; of a file's scores it says which
    is the largest, and nothing about a model.
    """
    if explanation.imported:
        return _strongest_in_file(explanation)
    ranked = explanation.ranked()
    largest = max((abs(score) for _, score in ranked), default=0.0)
    sure = [S for S, score in ranked if _told(explanation, S, score, largest)]
    if not sure:
        return f"No part and no combination of parts moves {quantity(explanation).name} by more than can be told."
    together = next((S for S in sure if len(S) > 1), None)
    row = claimed(explanation, together or sure[0])
    measured = measured_corners(explanation, row.coalition)
    values, basis = measured or predicted_corners(explanation, row.coalition), "Measured" if measured else "Predicted"
    if together:
        return f"{basis}: {_together(row, values, quantity(explanation))}"
    return f"No combination of parts is told apart from zero. {basis}: {claim(explanation, row, values)}"


def effect(values: Mapping[Coalition, float]) -> float:
    """Co-Moebius value from all 2^|S| corners, kept members -> value."""
    order = max(map(len, values))
    return sum((-1) ** (order - len(kept)) * value for kept, value in values.items())


def predicted_corners(explanation: Explanation, coalition: Coalition) -> dict[Coalition, float]:
    """Kept members -> value, everything outside the coalition kept; all 2^|S|, known or predicted."""
    masks = corners(coalition, len(explanation.players))
    kept = [tuple(i for i, inside in zip(coalition, mask, strict=True) if inside) for mask in masks[:, list(coalition)]]
    return dict(zip(kept, explanation.predicted_corners(coalition).values[0].tolist(), strict=True))


def measured_corners(explanation: Explanation, coalition: Coalition) -> dict[Coalition, float]:
    """Kept members -> value, from the measured co-Moebius values c of the coalition and all below it; {} without them.

    f(N - R) = sum over U in R of (-1)^|U| c(U).
    """
    if not all(below in explanation.measured for below in _subsets(coalition)):
        return {}
    return {
        tuple(i for i in coalition if i not in removed): sum(
            (-1) ** len(below) * explanation.measured[below] for below in _subsets(removed)
        )
        for removed in _subsets(coalition)
    }


def full_value(explanation: Explanation) -> tuple[float, bool]:
    """Value of the prompt as it stands, and whether it was measured."""
    if () in explanation.measured:
        return explanation.measured[()], True
    return predicted_corners(explanation, (0,))[(0,)], False


def _one_answer(recipe: Mapping[str, Any]) -> bool:
    """Whether the value is one answer's own log-odds or log-probability: no difference, mean or loss."""
    tests = recipe.get("target") if recipe.get("lens") == "training" else None
    mean = "prompts" in recipe or (tests is not None and len(tests) > 1)
    return not mean and not recipe.get("versus") and recipe.get("value") != "loss"


def answer(explanation: Explanation) -> str:
    """What the model says of the prompt as it stands: POSITIVE +3.08 logits, probability 96 %."""
    if explanation.imported:
        return f"{len(explanation.players):,} players, {INDEX_NAMES[explanation.imported][0]} of a shapiq file"
    what, (value, measured) = quantity(explanation), full_value(explanation)
    chance = _chance(value, what.unit) if _one_answer(explanation.recipe) else None
    sure = "" if chance is None else f", probability {100 * chance:.0f} %"
    return f"{what.name} {amount(value)} {what.unit}".rstrip() + sure + ("" if measured else " (predicted)")


def probability(logit: float) -> float:
    """Probability of a label from its log-odds."""
    return 1 / (1 + exp(-logit)) if logit > -700 else 0.0


def _chance(value: float, unit: str) -> float | None:
    """The probability that a value in this unit stands for: log-odds of a label, log-probability of a text."""
    return {"logits": probability(value), "nats": exp(min(value, 0.0))}.get(unit)


def _subsets(coalition: Coalition) -> list[Coalition]:
    return [subset for size in range(len(coalition) + 1) for subset in combinations(coalition, size)]


def _strongest_in_file(explanation: Explanation) -> str:
    name = INDEX_NAMES[explanation.imported][0]
    ranked = explanation.interactions(explanation.imported).ranked()
    if not ranked or not ranked[0][1]:
        return f"Every score in the file is zero under {name}."
    coalition, score = next(((S, v) for S, v in ranked if len(S) > 1 and v), ranked[0])
    names = [explanation.players[i] for i in coalition]
    kind = "interaction" if len(names) > 1 else "player"
    return f"The strongest {kind} in the file under {name}: {quoted(names)}, {amount(score)}."


def _moves(change: float, plural: bool = False) -> str:
    verb = "raise" if change >= 0 else "lower"
    return verb if plural else verb + "s"


def _told(explanation: Explanation, coalition: Coalition, score: float, largest: float) -> bool:
    """Whether a co-Moebius value is told apart from zero: measured or beyond its interval, and not mere rounding."""
    low, high = explanation.intervals.get(coalition, (score, score))
    return not low <= 0.0 <= high and abs(score) > NOTHING * largest


def _together(row: Row, values: Mapping[Coalition, float], what: Quantity) -> str:
    """What the members do together, and what each does alone, against all of them taken out."""
    joint = values[row.coalition] - values[()]
    alone = [values[(i,)] - values[()] for i in row.coalition]
    moved = f"{_moves(joint, plural=True)} {what.name} by {what.amount(joint)}"
    return f"{quoted(row.names)} together {moved}; {_each(row.names, alone, joint)}."


def _each(names: Sequence[str], alone: Sequence[float], joint: float) -> str:
    """What each member does alone, the others of the term taken out."""
    if joint and all(value / joint > _ENOUGH for value in alone):
        which = "either" if len(alone) == 2 else "any"
        return f"{which} of them alone is enough ({', '.join(map(amount, alone))})"
    if all(value < 0 for value in alone) or all(value > 0 for value in alone):
        return f"each alone {_moves(alone[0])} it ({', '.join(map(amount, alone))})"
    return "alone, " + ", ".join(f"{quoted([name])} {amount(value)}" for name, value in zip(names, alone, strict=True))


def _rest(order: int, alone: float, change: float, what: Quantity) -> str:
    if order == 2:
        return f"Alone they add up to {amount(alone)}; the difference, {_signed(change, what)}, is their interaction."
    smaller = f"no smaller group of the {COUNT.get(order, order)}"
    return f"What {smaller} explains, {_signed(change, what)}, is their interaction."


def _signed(value: float, what: Quantity) -> str:
    return f"{amount(value)} {what.unit}".rstrip()
