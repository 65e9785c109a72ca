"""What if these labels were corrected: the head trained again with other labels, before and after."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import gathering, loaders, state, work
from dashboard.doors import plain
from dashboard.retraining import Corrected
from spexcore.evidence import Card, Evidence
from spexcore.explanation import Explanation
from spexcore.figures.theme import shortened
from spexcore.figures.words import amount, quantity
from spexcore.game import content_key

_TAKEN = 12  # suspects, those that the panel beside lists
_TO = "corrected-to"


def panel(explanation: Explanation, evidence: Evidence) -> None:
    """Choose examples, train again, see what the head says then."""
    cards = {card.row: card for card in sorted(evidence.examples, key=lambda card: card.row)}
    suspected = [one.row for one in evidence.suspects if one.suggested != one.label and one.row in cards][:_TAKEN]
    labels = _labels(cards, list(evidence.prediction))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Take the first {len(suspected)} suspects", on_click=_take, args=(suspected,), disabled=not suspected
        )  # fmt: skip
        st.button(
            f"Correct {len(labels)} labels and retrain", key="correct", type="primary", icon=":material/science:",
            on_click=_start, args=(explanation, labels), disabled=not labels,
        )  # fmt: skip
    job = loaders.jobs().get(_job_id(explanation, labels)) if labels else None
    if job is not None:
        gathering.polled(job)
        if job.state == "done":
            _outcome(explanation, job.result)


def _labels(cards: Mapping[int, Card], classes: Sequence[str]) -> dict[int, str]:
    """Row -> new label of the examples that are chosen: of two classes the other one."""
    state.put(**{state.CORRECTED: [row for row in state.get(state.CORRECTED) if row in cards]})
    with st.container(horizontal=True, vertical_alignment="bottom", key="correcting"):
        st.multiselect(
            "Examples to correct", list(cards), key=state.CORRECTED, placeholder="choose, or type words of a text",
            format_func=lambda row: f"{row} · {cards[row].label} · {shortened(cards[row].text, 60)}",
            persist_state="session",
        )  # fmt: skip
        to = "" if len(classes) == 2 else st.selectbox("New label", classes, key=_TO, width=170)
    chosen = {row: cards[row].label for row in state.get(state.CORRECTED)}
    wanted = {row: to or next(name for name in classes if name != label) for row, label in chosen.items()}
    return {row: label for row, label in wanted.items() if label != chosen[row]}


def _outcome(explanation: Explanation, found: Corrected) -> None:
    what = quantity(explanation)
    st.markdown(
        f"**With {len(found.rows)} labels corrected, {plain(what.name)} goes from {amount(found.value_before)} to "
        f"{amount(found.value_after)} {what.unit}.** Trained again; nothing here is predicted."
    )
    names = {"Label": [plain(label) for label in found.before]}
    # Corrections may leave a class without examples: the head then knows nothing of it.
    sides = {"Probability before": found.before, "After": {label: found.after.get(label, []) for label in found.before}}
    st.table({**names, **{name: _means(shares) for name, shares in sides.items()}}, border="horizontal",
             hide_index=True, width="content")  # fmt: skip


def _means(shares: Mapping[str, list[float]]) -> list[str]:
    """One probability a label; of several test texts their mean."""
    return [f"{sum(values) / len(values):.2f}" if values else "–" for values in shares.values()]


def _take(rows: list[int]) -> None:
    state.put(**{state.CORRECTED: rows})


def _job_id(explanation: Explanation, labels: Mapping[int, str]) -> str:
    return f"correct-{explanation.id}-{content_key(sorted(labels.items()))[:12]}"


def _start(explanation: Explanation, labels: Mapping[int, str]) -> None:
    loaders.jobs().submit(
        _job_id(explanation, labels), lambda job: work.correct_labels(job, explanation, labels, loaders.shelf())
    )  # fmt: skip
