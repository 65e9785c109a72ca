"""What the command line shows of an explanation, as JSON-able terms and as text."""

from typing import Any

from spexcore.explanation import Explanation


def interactions_json(explanation: Explanation, index: str, top: int) -> dict[str, Any]:
    """The leading interactions of an index; a co-Moebius value says whether it was measured, else its interval."""
    found = explanation.interactions(index)
    terms = []
    for coalition, score in [(S, score) for S, score in found.ranked() if S][:top]:
        names = [explanation.players[i] for i in coalition]
        term: dict[str, Any] = {"coalition": list(coalition), "players": names, "score": score}
        if index == "comobius":
            low, high = explanation.interval(coalition)
            term |= {"low": low, "high": high, "measured": coalition in explanation.measured}
        terms.append(term)
    return {"index": index, "max_order": found.max_order, "note": found.note, "terms": terms}


def explanation_text(explanation: Explanation, index: str, top: int) -> str:
    """A few lines: what was paid, how faithful it is, the leading interactions, the notes."""
    judged = explanation.faithfulness
    lines = [
        f"{len(explanation.players)} players, {explanation.masks_asked:,} masks asked, "
        f"{explanation.masks_paid:,} paid, {explanation.seconds:.1f} s, run {explanation.id}",
        f"held-out R2 {judged.r2:.3f} uniform, {judged.r2_near:.3f} near the full prompt (error {judged.mae_near:.3f})",
    ]
    interactions = interactions_json(explanation, index, top)
    lines += [_term_text(term) for term in interactions["terms"]]
    return "\n".join([*lines, *(f"note: {note}" for note in (interactions["note"], *explanation.notes) if note)])


def validation_text(content: dict[str, Any]) -> str:
    """Predicted against measured, then every corner."""
    low, high = content["interval"]
    lines = [
        " × ".join(content["players"]),
        f"predicted {content['predicted']:+.4f}, 95 % in [{low:+.4f}, {high:+.4f}]",
        f"measured  {content['measured']:+.4f}, {'inside' if content['inside'] else 'outside'} the interval",
    ]
    lines += [f"{corner['value']:+9.4f}  kept {corner['kept']}" for corner in content["corners"]]
    lines += [f"{value:+9.4f}  with the other players kept at random" for value in content["contexts"]]
    return "\n".join(lines)


def _term_text(term: dict[str, Any]) -> str:
    sureness = ""
    if "low" in term:
        interval = f"predicted, 95 % in [{term['low']:+.3f}, {term['high']:+.3f}]"
        sureness = "  measured" if term["measured"] else f"  {interval}"
    return f"{term['score']:+9.3f}  {' × '.join(term['players'])}{sureness}"
