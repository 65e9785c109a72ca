"""What is read once and kept for every visitor: run files, the job registry, the shelf of models. No torch here."""

import json
import logging
from pathlib import Path

import streamlit as st

from dashboard import runs
from dashboard.jobs import Jobs
from dashboard.work import Shelf
from spexcore.errors import BadRunFile
from spexcore.evidence import Evidence
from spexcore.explanation import Explanation
from spexcore.figures import printing
from spexcore.models.available import listing
from spexcore.models.embedded import EMBEDDED
from spexcore.store import home


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The registry of this server; it outlives every page."""
    return Jobs()


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """The models of this server."""
    return Shelf()


def explanation(name: str) -> Explanation:
    """A preset or a run of this machine; raises BadRunFile when there is none, or it cannot be read."""
    path = runs.find(name)
    if path is None:
        raise BadRunFile(f"There is no run {name!r} on this machine. Open its file, or run the prompt again.")
    return _read(path, path.stat().st_mtime_ns)


@st.cache_resource(show_spinner=False, max_entries=16)
def _read(path: Path, changed_ns: int) -> Explanation:
    return Explanation.load(path)


def evidence(name: str) -> Evidence | None:
    """What a run carries beside its spectrum; None where it carries none, or is gone."""
    path = runs.find(name)
    return None if path is None else _evidence(path, path.stat().st_mtime_ns)


@st.cache_resource(show_spinner=False, max_entries=16)
def _evidence(path: Path, changed_ns: int) -> Evidence | None:
    return Evidence.of(_read(path, changed_ns))


@st.cache_resource(show_spinner=False, max_entries=2000)
def summary(path: Path, changed_ns: int) -> tuple[str, str]:
    """What a run file explains, and how, for the list of runs."""
    return runs.read_summary(path)


@st.cache_resource(show_spinner=False, ttl=300)
def models(kinds: frozenset[str]) -> list[str]:
    """Names of the models of these kinds that can be used here without a network."""
    return [str(row["name"]) for row in listing() if row["kind"] in kinds]


@st.cache_resource(show_spinner=False, ttl=300)
def labels(model: str) -> list[str]:
    """Labels of a classifier, from its configuration; [] where only the model itself knows."""
    try:
        if model in EMBEDDED:
            return [
                str(label)
                for label in json.loads((EMBEDDED[model].folder / "config.json").read_text("utf-8"))["labels"]
            ]
        row = next(row for row in listing() if row["name"] == model and row["kind"] == "classifier")
        return str(row["note"]).split(", ")
    except (OSError, ValueError, KeyError, StopIteration):
        return []


@st.cache_resource(show_spinner=False)
def browser() -> str | None:
    """The Chromium that prints reports, looked for once."""
    return printing.browser()


@st.cache_resource(show_spinner=False)
def log_file() -> Path:
    """Where unexpected errors are written in full; the page says one sentence."""
    path = home() / "dashboard.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("dashboard").addHandler(handler)
    return path
