"""The runs page: what was explained on this machine, to be found, named, pinned, opened and deleted."""

import streamlit as st

from dashboard import panels, session, settings, state
from dashboard.doors import guarded, notices, plain
from dashboard.entries import Entry, entries
from dashboard.labels import LONGEST
from dashboard.paging import page


def show() -> None:
    """Draw the page."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="finding"):
        st.text_input(
            "Search", key=state.SEARCH, placeholder="words of the prompt, a name, a method …", persist_state="session"
        )
        panels.opening("Open a file")
    notices()
    with guarded():
        found = entries(state.get(state.SEARCH) or "")
        if not found:
            st.info("No run holds all of these words.")
        listed = page(found, settings.RUNS_A_PAGE)
        with st.container(key="runs"):
            for entry in listed:
                _line(entry)
        st.caption("A run is one JSON file under SPEX_HOME. Deleting it keeps what it paid for in the store.")


def _line(entry: Entry) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"run-{entry.id}"):
        with st.container(width="stretch", key=f"what-{entry.id}"):
            st.text(("📌 " if entry.pinned else "") + entry.title)
            st.caption(plain(" · ".join(filter(None, (entry.day, entry.facts, "" if entry.example else entry.id)))))
        if entry.facts:
            st.button("Open", key=f"go-{entry.id}", on_click=session.go_to, args=(entry.id,), type="primary")
        with st.popover("Change", icon=":material/edit:"):
            _changes(entry)


def _changes(entry: Entry) -> None:
    st.button(
        "Unpin" if entry.pinned else "Pin to the top", key=f"pin-{entry.id}", icon=":material/push_pin:",
        on_click=session.pin, args=(entry.id, not entry.pinned), width="stretch",
    )  # fmt: skip
    st.text_input("Name", entry.title, key=f"name-{entry.id}", max_chars=LONGEST, on_change=_renamed, args=(entry.id,))
    if not entry.example:
        _deletion(entry)


def _deletion(entry: Entry) -> None:
    """Asks a second time: a deleted file does not come back."""
    if state.get(state.DOOMED) != entry.id:
        st.button(
            "Delete this run", key=f"delete-{entry.id}", icon=":material/delete:", on_click=session.doom,
            args=(entry.id,), width="stretch",
        )  # fmt: skip
        return
    st.warning("Delete this run for good? Its notes and its confirmation go with it.")
    st.button(
        "Yes, delete it", key=f"delete-surely-{entry.id}", icon=":material/delete_forever:", type="primary",
        on_click=session.delete, args=(entry.id,), width="stretch",
    )  # fmt: skip
    st.button("No, keep it", key=f"keep-{entry.id}", on_click=session.doom, args=("",), width="stretch")


def _renamed(run: str) -> None:
    session.rename(run, st.session_state[f"name-{run}"])
