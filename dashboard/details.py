"""What the detail card says of a term: in words, in numbers with units, and for each of its 2^|S| ablations."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import settings
from dashboard.work import ReAblation
from spexcore.explanation import Explanation
from spexcore.figures.rows import Row
from spexcore.figures.tokens import Piece
from spexcore.figures.words import INDEX_NAMES, amount, claim, effect, measured_corners, predicted_corners, quantity
from spexcore.masks import Coalition

#: Lens -> what measuring a term is called, and its ablations.
_CALLED = {"training": ("Retrain without", "retrainings")}
_SHORT = 160  # characters of a prompt that is shown whole
_NEAR = 9  # pieces of a longer one shown on either side of a member; the rest becomes an ellipsis


def content(
    explanation: Explanation, row: Row, pieces: Sequence[Piece], measured: ReAblation | None, index: str
) -> dict[str, Any]:
    """The data of `card.draw`. row: the term under co-Moebius; index: the one the page shows it under."""
    predicted = predicted_corners(explanation, row.coalition)
    found, texts = _found(explanation, row.coalition, measured)
    corners = sorted(predicted, key=lambda kept: (-len(kept), kept))
    shown = corners[: settings.SHOWN_CORNERS]
    ablations = called(explanation)[1]
    basis = "" if found else f" ({_basis(explanation)})"
    return {
        "kind": _kind(explanation, row, index),
        "claim": claim(explanation, row, found or predicted) + basis,
        "numbers": [_predicted(explanation, row, effect(predicted)), _measured(explanation, row, measured)],
        "verdict": _verdict(explanation, row, effect(predicted), measured),
        "caption": f"The {len(corners)} {ablations} of this term; everything else is kept",
        "head": ["Text" if explanation.lens == "prompt" else "Parts", "Predicted", "Measured"],
        "rows": [_line(row.coalition, kept, pieces, predicted=predicted, found=found, texts=texts) for kept in shown],
        "more": f"and {len(corners) - len(shown)} more {ablations}" if len(corners) > len(shown) else "",
    }


def _basis(explanation: Explanation) -> str:
    if explanation.imported:
        return "Of the simplest function with the scores of the file; nothing was measured."
    return "As predicted, not measured yet." if explanation.recipe else "As predicted; its game is not here."


def called(explanation: Explanation) -> tuple[str, str]:
    """What measuring a term is called, and its ablations in the plural."""
    return _CALLED.get(explanation.lens, ("Re-ablate", "ablations"))


def elsewhere(explanation: Explanation, here: float, values: Sequence[float]) -> str:
    """What a term does where the other parts are kept at random. here: its effect with everything else kept."""
    unit = quantity(explanation).unit
    mean, same = sum(values) / len(values), sum(value * here > 0 for value in values)
    return (
        f"With the other parts kept at random, {len(values)} times: {amount(mean)} {unit} on average, "
        f"from {amount(min(values))} to {amount(max(values))}; the same sign as here in {same}."
    )


def _found(
    explanation: Explanation, coalition: Coalition, measured: ReAblation | None
) -> tuple[dict[Coalition, float], dict[Coalition, str]]:
    """Value and text of each ablation, where they were measured: just now, or when the run was made (values only)."""
    if measured is None:
        return measured_corners(explanation, coalition), {}
    corners = measured.validation.corners
    texts = {corner.kept: text for corner, text in zip(corners, measured.texts, strict=True)}
    return {corner.kept: corner.value for corner in corners}, texts


def _kind(explanation: Explanation, row: Row, index: str) -> str:
    kind = "One part" if row.order == 1 else f"Interaction of order {row.order}"
    if index == "comobius":
        return kind
    found = explanation.interactions(index)
    score = f" · {INDEX_NAMES[index][0]} {amount(found[row.coalition])}" if row.order <= found.max_order else ""
    return f"{kind}{score} · co-Möbius, which a re-ablation measures, is below"


def _predicted(explanation: Explanation, row: Row, value: float) -> dict[str, str]:
    width = explanation.half_width(row.coalition)
    note = f"95 % in {amount(value - width)} … {amount(value + width)}" if width else "no interval in this run"
    return {"label": _label("Predicted", explanation), "value": amount(value), "note": note}


def _measured(explanation: Explanation, row: Row, measured: ReAblation | None) -> dict[str, str]:
    label = _label("Measured", explanation)
    if measured is not None:
        ablations = called(explanation)[1]
        paid = f"{measured.paid} new {ablations}" if measured.paid else f"all {ablations} from the store"
        return {"label": label, "value": amount(measured.validation.measured), "note": paid}
    kept = _kept(explanation)
    if row.coalition in kept:
        return {"label": label, "value": amount(kept[row.coalition]), "note": "saved with the run"}
    return {"label": label, "value": "–", "note": "not measured yet" if explanation.recipe else "cannot be, here"}


def _kept(explanation: Explanation) -> dict[Coalition, float]:
    """Co-Moebius values that the run file holds as measured: by the run itself, or when it was confirmed."""
    claims = explanation.confirmation.claims if explanation.confirmation else ()
    return {claim.coalition: claim.measured for claim in claims} | dict(explanation.measured)


def _label(name: str, explanation: Explanation) -> str:
    unit = quantity(explanation).unit
    return f"{name}, {unit}" if unit else name


def _verdict(explanation: Explanation, row: Row, predicted: float, measured: ReAblation | None) -> str:
    value = measured.validation.measured if measured else _kept(explanation).get(row.coalition)
    width = explanation.half_width(row.coalition)
    if value is None or not width:
        return ""
    if abs(value - predicted) <= width:
        return "✓ Confirmed: measured inside the predicted interval."
    same = "the sign is right" if value * predicted > 0 else "even the sign is wrong"
    return f"✗ Not as predicted: measured outside the interval; {same}."


def _line(
    coalition: Coalition,
    kept: Coalition,
    pieces: Sequence[Piece],
    *,
    predicted: Mapping[Coalition, float],
    found: Mapping[Coalition, float],
    texts: Mapping[Coalition, str],
) -> dict[str, Any]:
    return {
        "parts": _excerpt(coalition, kept, pieces),
        "read": f"read as: {texts[kept]}" if texts.get(kept) else "",
        "predicted": amount(predicted[kept]),
        "measured": amount(found[kept]) if kept in found else "–",
    }


def _excerpt(coalition: Coalition, kept: Coalition, pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """(text, "kept" | "out" | "") around the members; what lies far from all of them is an ellipsis."""
    whole = sum(len(piece.text) for piece in pieces) <= _SHORT
    at = [k for k, piece in enumerate(pieces) if piece.player in coalition]
    parts: list[tuple[str, str]] = []
    for k, piece in enumerate(pieces):
        if not whole and min((abs(k - member) for member in at), default=0) > _NEAR:
            if not parts or parts[-1][0] != " … ":
                parts.append((" … ", ""))
        elif piece.player in coalition:
            parts.append((piece.text, "kept" if piece.player in kept else "out"))
        else:
            parts.append((piece.text, ""))
    return parts
