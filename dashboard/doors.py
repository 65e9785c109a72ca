"""The doors where errors end: a known one becomes its own sentence, an unexpected one a short line and a log entry."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard import loaders, state
from spexcore.errors import SpexError

log = logging.getLogger("dashboard")

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is: every punctuation mark escaped, so no **, $, :red[] or link."""
    return _PUNCTUATION.sub(r"\\\1", text.replace("\n", " "))


@contextmanager
def guarded() -> Iterator[None]:
    """Draw what can be drawn; say in one sentence what cannot."""
    try:
        yield
    except SpexError as refused:
        st.error(plain(str(refused)))
    except Exception as error:  # noqa: BLE001  # the last door before a person: no traceback on the page
        path = loaders.log_file()
        log.exception("page")
        st.error(plain(f"Something unexpected happened ({type(error).__name__}). The details are in {path}."))


def notices() -> None:
    """Say what an earlier click left to be said."""
    notice = state.get(state.NOTICE)
    if notice:
        kind, sentence = notice
        kinds: dict[str, Callable[[str], object]] = {
            "error": st.error,
            "warning": st.warning,
            "success": st.success,
            "toast": st.toast,
        }
        kinds.get(kind, st.info)(plain(sentence))
        state.put(**{state.NOTICE: None})
