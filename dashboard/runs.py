"""Run files: presets that travel with the package, and what was run or opened here, one file each under SPEX_HOME."""

from pathlib import Path

from dashboard import settings
from spexcore.errors import BadRunFile, StoreError
from spexcore.explanation import MAX_BYTES, Explanation
from spexcore.store import home


def folder() -> Path:
    """Where this machine's run files lie."""
    return home() / "runs"


def presets() -> dict[str, Path]:
    """Name -> run file of every preset, the one shown first in front."""
    paths = {path.stem: path for path in sorted(settings.PRESETS.glob("*.json"))}
    first = {name: path for name, path in paths.items() if name == settings.FIRST_PRESET}
    return {**first, **paths}


def find(name: str) -> Path | None:
    """The run file of a preset or of an id, looked up among the files there are, never joined to a path."""
    known = {path.stem: path for path in folder().glob("*.json")} if folder().is_dir() else {}
    return {**known, **presets()}.get(name)


def keep(explanation: Explanation) -> str:
    """Save a run file under its id; raises StoreError where the folder cannot be written."""
    try:
        explanation.save(folder() / f"{explanation.id}.json")
    except OSError as error:
        raise StoreError(f"The run cannot be saved in {folder()}: {error}. Set SPEX_HOME to another folder.") from error
    return explanation.id


def opened(content: bytes, name: str) -> Explanation:
    """The explanation in an uploaded file; raises BadRunFile in one sentence."""
    if len(content) > MAX_BYTES:
        raise BadRunFile(f"{name} is larger than {MAX_BYTES // 10**6} MB: no run file is.")
    try:
        return Explanation.loads(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        raise BadRunFile(f"{name} is not a run file: it is not UTF-8 text.") from error
