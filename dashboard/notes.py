"""A person's own notes, on the run on screen and on the term that is chosen: written here, kept in the run file."""

import streamlit as st

from dashboard import session, state
from spexcore.explanation import Explanation
from spexcore.figures.rows import coalition_id
from spexcore.masks import Coalition
from spexcore.remarks import LONGEST

_HELP = "Kept in the run file, shown in the report and the CSV. Leave the field to keep it; an empty one takes it away."


def on_run(explanation: Explanation) -> None:
    """A popover in which to write about the whole run."""
    noted = explanation.remarks.run
    with st.popover("Note", icon=":material/edit_note:" if noted else ":material/note_add:"):
        _field("Your note on this run", noted, explanation, (), height=160)


def on_term(explanation: Explanation, chosen: Coalition) -> None:
    """A field for the chosen term."""
    _field("Your note on this term", explanation.remarks.terms.get(chosen, ""), explanation, chosen, height=68)


def _field(label: str, noted: str, explanation: Explanation, about: Coalition, *, height: int) -> None:
    key = f"note-{explanation.id}-{coalition_id(about)}"
    if st.session_state.setdefault(key, noted) != noted:
        st.session_state[key] = noted  # the file says what is there, whoever wrote it last
    st.text_area(
        label, key=key, height=height, max_chars=LONGEST, help=_HELP, placeholder="What you saw, doubt, or want to try",
        on_change=_written, args=(key, state.get(state.SHOWN), about),
    )  # fmt: skip


def _written(key: str, run: str, about: Coalition) -> None:
    session.note(run, about, st.session_state[key])
