"""What the command line shows of an explanation, as JSON-able terms and as text."""

from typing import Any

from spexcore.comparison import Comparison, Side
from spexcore.explanation import Explanation
from spexcore.faithfulness import Faithfulness
from spexcore.game import ROUNDING
from spexcore.same_masks import SameMasks


def interactions_json(explanation: Explanation, index: str, top: int) -> dict[str, Any]:
    """The leading interactions of an index; a co-Moebius value says whether it was measured, else its interval."""
    found = explanation.interactions(index)
    terms = []
    for coalition, score in [(S, score) for S, score in explanation.ranked(index) if S][:top]:
        names = [explanation.players[i] for i in coalition]
        term: dict[str, Any] = {"coalition": list(coalition), "players": names, "score": score}
        if (ends := explanation.interval_of(index, coalition)) is not None:
            term |= {"low": ends[0], "high": ends[1]}
        if index == "comobius":
            term["measured"] = coalition in explanation.measured
        terms.append(term)
    return {"index": index, "max_order": found.max_order, "note": found.note, "terms": terms}


def explanation_text(explanation: Explanation, index: str, top: int) -> str:
    """A few lines: what was paid, how faithful it is, the leading interactions, the notes."""
    judged = explanation.faithfulness
    lines = [
        f"{len(explanation.players)} players, {explanation.masks_asked:,} masks asked, "
        f"{explanation.masks_paid:,} paid, {explanation.seconds:.1f} s, run {explanation.id}",
        f"held-out R2 {judged.r2:.3f}{_within(judged.r2_interval)} uniform (error {judged.mae:.3f}), "
        f"{judged.r2_near:.3f}{_within(judged.r2_near_interval)} near the full prompt (error {judged.mae_near:.3f})",
        *_curves_text(judged),
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
    if (found := content.get("fine_tuned")) is not None:
        lines.append(
            f"with these {len(found['rows'])} rows rather than without: {found['frozen']:+.4f} encoder frozen, "
            f"{found['effect']:+.4f} fine-tuned (spread {found['spread']:.4f} between {len(found['seeds'])} seeds; "
            f"{'the same sign in each' if found['agrees'] else 'not the same sign in each'})"
        )
    return "\n".join(lines)


def confirmation_json(explanation: Explanation) -> dict[str, Any]:
    """The leading terms as claimed and as measured, and the share of them that was confirmed; {} without any check."""
    found = explanation.confirmation
    if found is None:
        return {}
    claims = [
        {**vars(claim), "coalition": list(claim.coalition), "players": names, "confirmed": claim.confirmed}
        for claim in found.claims
        for names in [[explanation.players[i] for i in claim.coalition]]
    ]
    return {"rate": found.rate, "first_hand": sum(claim.first_hand for claim in found.claims), "claims": claims}


def confirmation_text(content: dict[str, Any]) -> str:
    """The confirmation rate, then a line a term."""
    claims = content["claims"]
    held = sum(claim["confirmed"] for claim in claims)
    rate = "nothing to confirm" if content["rate"] is None else f"confirmation rate {content['rate']:.2f}"
    lines = [f"{rate}: {held} of {len(claims)} terms, {content['first_hand']} of them measured in the run itself"]
    for claim in claims:
        interval = "measured in the run" if claim["first_hand"] else f"[{claim['low']:+.3f}, {claim['high']:+.3f}]"
        verdict = "✓" if claim["confirmed"] else "✗"
        name = " × ".join(claim["players"])
        lines.append(
            f"{verdict} claimed {claim['claimed']:+8.3f}  measured {claim['measured']:+8.3f}  {name}  {interval}"
        )
    if (rounding := max((claim["rounding"] for claim in claims), default=0.0)) > ROUNDING:
        lines.append(f"The model's number format repeats a value to about {rounding:g}; so much was allowed for.")
    return "\n".join(lines)


def comparison_text(found: Comparison, a: str, b: str) -> str:
    """A line a term: both scores and what differs; ≠ where the two 95 % intervals do not meet."""
    unit = f", {found.unit}" if found.unit else ""
    lines = [f"{found.index}{unit}", f"{'run ' + a:>16} {'run ' + b:>16} {'difference':>11}"]
    for pair in found.pairs:
        difference = "" if pair.difference is None else f"{pair.difference:+.3f}"
        mark = {True: "≠", False: "≈", None: " "}[pair.told_apart]
        name = " × ".join(pair.players)
        lines.append(f"{_side_text(pair.a):>16} {_side_text(pair.b):>16} {difference:>11} {mark} {name}")
    return "\n".join(lines)


def methods_text(found: SameMasks, index: str, top: int) -> str:
    """A line a method: R2 on held-out masks, uniform and near, error near, seconds to fit; then its leading terms."""
    lines = [f"{found.n_masks:,} {found.masks} masks, the same for each method; {found.masks_paid:,} ablations paid"]
    lines.append(f"{'':<12} {'R2':>7} {'R2 near':>8} {'error':>8} {'seconds':>8}")
    for fit in found.fits:
        judged, own = fit.faithfulness, "  on masks of its own design" if fit.own_masks else ""
        numbers = f"{judged.r2:7.3f} {judged.r2_near:8.3f} {judged.mae_near:8.3f} {fit.seconds:8.2f}"
        lines.append(f"{fit.method:<12} {numbers}{own}")
    lines += [f"{method:<12} {sentence}" for method, sentence in found.refused.items()]
    for fit in found.fits:
        terms = fit.interactions(index).top(top)
        lines += ["", f"{fit.method}, {index}", *(f"{score:+9.3f}  {' × '.join(names)}" for names, score in terms)]
    return "\n".join(lines)


def _side_text(side: Side | None) -> str:
    if side is None:
        return "no such players"
    return f"{'✓ ' if side.measured else ''}{side.score:+.3f}"


def _within(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" [{ends[0]:.3f}, {ends[1]:.3f}]"


def _curves_text(judged: Faithfulness) -> list[str]:
    """R2 by terms kept and variance by order in a line, the values while players are removed in another."""
    lines = []
    if judged.by_size:
        sizes = ", ".join(f"{size} {r2:.2f}" for size, r2 in judged.by_size.items())
        orders = ", ".join(f"{order} {share:.0%}" for order, share in judged.energy.items() if share >= 0.005)
        lines.append(f"R2 by terms kept: {sizes}; variance by order: {orders}")
    if judged.removal:
        without = ", ".join(map(str, judged.removal.sizes))
        values = [f"{name} {' '.join(f'{v:+.2f}' for v in row)}" for name, row in judged.removal.values.items()]
        lines.append(f"value without {without} players: {'; '.join(values)}")
    return lines


def _term_text(term: dict[str, Any]) -> str:
    sureness = ""
    if "low" in term:
        basis = "predicted" if "measured" in term else "by held-out masks"
        interval = f"{basis}, 95 % in [{term['low']:+.3f}, {term['high']:+.3f}]"
        sureness = "  measured" if term.get("measured") else f"  {interval}"
    return f"{term['score']:+9.3f}  {' × '.join(term['players'])}{sureness}"
