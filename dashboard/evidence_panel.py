"""The evidence panel of a training run: everything in it was trained again, nothing is read from the spectrum."""

import math
from collections.abc import Sequence

import streamlit as st

from dashboard import correcting, datasets, examples, fine_tuning, loaders, state
from dashboard.charts import chart
from dashboard.doors import plain
from dashboard.view import View
from spexcore.evidence import Evidence
from spexcore.explanation import Explanation
from spexcore.figures import removal
from spexcore.figures.theme import shortened
from spexcore.figures.words import amount, quantity

_KINDS = {"uniform": "half of them left out", "near": "few of them left out"}
_METHODS = {"spectrum": "This explanation", "influence": "Influence", "linear": "Linear datamodel"}
_LISTED = 12


def panel(view: View) -> None:
    """Draw it, where the run carries evidence."""
    evidence = loaders.evidence(state.get(state.SHOWN))
    if evidence is None:
        return
    with st.container(border=True, key="evidence"):
        st.markdown("**Evidence: trained again, each time**")
        ranked, flip, joint, labels, what_if, tuned = st.tabs(
            ["Ranking", "Smallest flip", "Together", "Suspected labels", "What if corrected", "Full fine-tuning"]
        )
        with ranked:
            _ranking(view, evidence)
        with flip:
            _flip(evidence)
        with joint:
            _joint(view.explanation, evidence)
        with labels:
            _suspects(view.explanation, evidence)
        with what_if:
            correcting.panel(view.explanation, evidence)
        with tuned:
            fine_tuning.panel(view, evidence)


def _ranking(view: View, evidence: Evidence) -> None:
    found = evidence.rank_agreement
    names = [name for name in _METHODS if all(name in scores for scores in found.scores.values())]
    st.table(
        {
            "Fresh subsets, with": [_KINDS.get(kind, kind) for kind in found.scores],
            **{_METHODS[name]: [_score(scores[name]) for scores in found.scores.values()] for name in names},
        },
        border="horizontal", hide_index=True,
    )  # fmt: skip
    st.caption(
        f"Rank agreement (LDS): Spearman correlation of predictions with {found.n_masks:,} retrainings on subsets that "
        f"nobody has seen; 1 is perfect. The linear datamodel was fitted to {found.datamodel_masks:,} of its own."
    )
    chart(
        removal(evidence.removal, quantity(view.explanation), dark=view.dark), key="removal",
        name=f"spex-{view.explanation.id}-removal",
        alt="Value after retraining without the first players of each ranking",
    )  # fmt: skip


def _flip(evidence: Evidence) -> None:
    found = evidence.flip
    if found is None:
        st.text("No flip is known: half of the examples removed do not change the answer, or there are several texts.")
        return
    st.text(
        f"These {len(found.rows)} examples flip the prediction: trained without them, the head says {found.after} "
        f"instead of {found.before}."
    )
    st.caption(
        f"The margin of {plain(found.before)} goes from {amount(found.margin_before)} to {amount(found.margin_after)} "
        "logits, confirmed by retraining. Found greedily, so a smaller set is not excluded."
    )
    _rows(evidence, found.rows)
    st.button("Show them among the examples", key="show-flip", on_click=examples.show, args=(examples.FLIP,))


def _rows(evidence: Evidence, rows: Sequence[int]) -> None:
    by_row = {card.row: card for card in evidence.examples}
    known = [by_row[row] for row in rows if row in by_row][:_LISTED]
    columns = {"Row": [str(card.row) for card in known], "Label": [plain(card.label) for card in known]}
    st.table({**columns, "Text": [plain(card.text) for card in known]}, border="horizontal", hide_index=True)
    if len(rows) > len(known):
        st.caption(f"and {len(rows) - len(known)} more")


def _joint(explanation: Explanation, evidence: Evidence) -> None:
    if not evidence.joint:
        st.text("This run reports no interaction.")
        return
    found = evidence.joint
    st.table(
        {
            "": [one.kind.capitalize() if one.kind != "none" else "–" for one in found],
            "Players": [plain(" × ".join(shortened(name, 48) for name in one.players)) for one in found],
            "Alone, summed": [amount(sum(one.alone)) for one in found],
            "Together": [amount(one.together) for one in found],
            "Excess": [amount(one.excess) for one in found],
        },
        border="horizontal", hide_index=True,
    )  # fmt: skip
    what = quantity(explanation)
    st.caption(
        f"What having them adds to {plain(what.name)}, in {what.unit}: each taken away "
        "alone, and all together. Redundancy: they stand in for each other, so together they do more than the sum. "
        "Synergy: each needs the others, so together they do less."
    )


def _suspects(explanation: Explanation, evidence: Evidence) -> None:
    doubted = [one for one in evidence.suspects if one.suggested != one.label]
    st.text(
        f"Of the {len(evidence.suspects)} most suspicious examples, the head trained without them contradicts "
        f"{len(doubted)}. Which labels are wrong, only a reader can say."
    )
    first = doubted[:_LISTED]
    if first:
        st.table(
            {
                "Row": [str(one.row) for one in first],
                "Label": [plain(one.label) for one in first],
                "The others say": [plain(f"{one.suggested} ({one.probability:.2f})") for one in first],
                "Self-influence": [amount(one.self_influence) for one in first],
                "Text": [plain(shortened(one.text, 90)) for one in first],
            },
            border="horizontal", hide_index=True,
        )  # fmt: skip
    st.caption("Self-influence: the margin of its own label with the example, minus without it, in logits.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Show them among the examples", key="show-suspected", on_click=examples.show, args=(examples.SUSPECTED,)
        )  # fmt: skip
        _planted(explanation, evidence)


def _planted(explanation: Explanation, evidence: Evidence) -> None:
    """What was planted in the embedded table, beside what was found; nothing for any other table."""
    source = explanation.recipe.get("source") or {}
    truth = datasets.planted(str(source.get("data", ""))) if isinstance(source, dict) else None
    if truth is None:
        return
    flipped, bias = set(truth["flipped"]["ids"]), truth["bias"]
    found = len(flipped & {one.row for one in evidence.suspects[: len(flipped)]})
    with st.popover("Reveal what was planted", icon=":material/visibility:"):
        st.markdown(
            f"- **{len(flipped)} flipped labels**, rows {_numbers(flipped)}: {found} of them are "
            f"among the {len(flipped)} most suspicious examples.\n"
            f"- **{len(truth['duplicates']['clusters'])} near-duplicates**: "
            f"{'; '.join(_numbers(cluster) for cluster in truth['duplicates']['clusters'])}.\n"
            f"- **A bias**: {bias['what']} Rows {_numbers(bias['ids'])}. With all of them “{plain(bias['test'])}” is "
            f"called {bias['predicted']}; without either desk still, without both {bias['without']}."
        )
        if evidence.flip is not None:
            caught = len(set(evidence.flip.rows) & set(bias["ids"]))
            st.caption(f"{caught} of the {len(evidence.flip.rows)} examples of the smallest flip belong to the bias.")


def _numbers(rows: Sequence[int] | set[int]) -> str:
    return ", ".join(map(str, sorted(rows)))


def _score(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
