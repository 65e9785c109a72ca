"""Does a finding about the head hold when the encoder is trained too? Full fine-tuning, weighed before it is done."""

import math

import streamlit as st

from dashboard import gathering, loaders, work
from dashboard.doors import plain
from dashboard.view import View
from spexcore.evidence import Evidence
from spexcore.explanation import Explanation
from spexcore.figures.words import amount, quantity, quoted
from spexcore.game import content_key
from spexcore.lenses.fine_tuning import EPOCHS, SEEDS, FineTuned

_TERM, _FLIP = "the selected term", "the smallest flip"
_WHAT = "fine-tuned"


def panel(view: View, evidence: Evidence) -> None:
    """Which rows to leave out, what that would cost, and what it found."""
    st.caption(
        f"Everything above is about the head, with the encoder frozen. Here both are trained, with and without the "
        f"rows: {len(SEEDS)} seeds, {EPOCHS} epochs, {2 * len(SEEDS)} trainings."
    )
    choices = [_TERM, *([_FLIP] if evidence.flip else [])]
    which = st.segmented_control("Leave out the rows of", choices, default=_TERM, required=True, key=_WHAT)
    rows = _rows(view, evidence, which or _TERM)
    names = quoted([view.explanation.players[i] for i in view.chosen])
    st.text(f"{len(rows)} rows{f' of {names}' if which == _TERM else ''}")
    explanation = view.explanation
    weighing = loaders.jobs().get(_weigh_id(explanation))
    job = loaders.jobs().get(_tune_id(explanation, rows))
    if job is None or not job.active:
        _button(explanation, rows, None if weighing is None or weighing.state != "done" else float(weighing.result))
    for one in (weighing, job):
        if one is not None:
            gathering.polled(one)
    if job is not None and job.state == "done":
        _outcome(explanation, job.result)


def _rows(view: View, evidence: Evidence, which: str) -> tuple[int, ...]:
    if which == _FLIP and evidence.flip is not None:
        return evidence.flip.rows
    names = {view.explanation.players[i] for i in view.chosen}
    groups = view.explanation.recipe.get("groups") or ()
    return tuple(row for row, group in enumerate(groups) if group in names)


def _button(explanation: Explanation, rows: tuple[int, ...], seconds: float | None) -> None:
    if seconds is None:
        st.button("What would it cost?", key="weigh-tuning", on_click=_weigh, args=(explanation,))
        return
    st.button(
        f"Fine-tune {2 * len(SEEDS)} times: about {seconds:,.0f} s", key="tune", type="primary",
        icon=":material/model_training:", on_click=_tune, args=(explanation, rows), disabled=not rows,
    )  # fmt: skip


def _outcome(explanation: Explanation, found: FineTuned) -> None:
    what = quantity(explanation)
    holds = "✓ Holds: the same sign in every seed." if found.agrees else "✗ Does not hold: the sign differs."
    spread = "" if math.isnan(found.spread) else f" ± {found.spread:.2f} between seeds"
    st.markdown(
        f"**Fine-tuned, these {len(found.rows)} rows add {amount(found.effect)} {what.unit}{spread} to "
        f"{plain(what.name)}; to the head alone {amount(found.frozen)}.** {holds}"
    )
    st.table(
        {
            "Seed": [str(seed) for seed in found.seeds],
            "Trained on every row": [amount(value) for value in found.intact],
            "Without them": [amount(value) for value in found.without],
            "Effect": [amount(value) for value in found.effects],
        },
        border="horizontal", hide_index=True, width="content",
    )  # fmt: skip


def _weigh_id(explanation: Explanation) -> str:
    return f"weigh-tuning-{explanation.id}"


def _tune_id(explanation: Explanation, rows: tuple[int, ...]) -> str:
    return f"tune-{explanation.id}-{content_key(list(rows))[:12]}"


def _weigh(explanation: Explanation) -> None:
    loaders.jobs().submit(
        _weigh_id(explanation), lambda job: work.weigh_fine_tuning(job, explanation, loaders.shelf())
    )  # fmt: skip


def _tune(explanation: Explanation, rows: tuple[int, ...]) -> None:
    loaders.jobs().submit(
        _tune_id(explanation, rows), lambda job: work.fine_tune(job, explanation, rows, loaders.shelf())
    )  # fmt: skip
