"""Run files: presets that travel with the package, and what was run or opened here, one file each under SPEX_HOME."""

import json
from pathlib import Path
from typing import Any

from dashboard import settings
from spexcore.errors import BadRunFile, StoreError
from spexcore.explanation import MAX_BYTES, Explanation
from spexcore.store import home
from spexcore.validation import Confirmation


def folder() -> Path:
    """Where this machine's run files lie."""
    return home() / "runs"


def presets() -> dict[str, Path]:
    """Name -> run file of every preset, those shown first in front."""
    paths = {path.stem: path for path in sorted(settings.PRESETS.glob("*.json"))}
    first = {name: paths[name] for name in settings.FIRST_PRESETS.values() if name in paths}
    return {**first, **paths}


def saved() -> dict[str, Path]:
    """Id -> run file of what was run or opened on this machine."""
    return {path.stem: path for path in folder().glob("*.json")} if folder().is_dir() else {}


def find(name: str) -> Path | None:
    """The run file of a preset or of an id, looked up among the files there are, never joined to a path."""
    return {**saved(), **presets()}.get(name)


def delete(name: str) -> None:
    """Delete the file of a run of this machine; raises StoreError where it cannot, BadRunFile where there is none."""
    path = saved().get(name)
    if path is None:
        raise BadRunFile(f"There is no run {name!r} on this machine that could be deleted.")
    try:
        path.unlink()
    except OSError as error:
        raise StoreError(f"The run cannot be deleted: {error}.") from error


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


def summary(content: Any) -> tuple[str, str]:
    """What was explained, and how, of the content of a run file; raises ValueError for anything else."""
    try:
        recipe, judged = content.get("recipe") or {}, content["faithfulness"]
        asked = recipe.get("text") or " ".join(map(str, recipe.get("test") or content["players"]))
        text, target = " ".join(str(asked).split()), recipe.get("target") or ""
        named = target if isinstance(target, str) else ", ".join(dict.fromkeys(map(str, target)))
        found = content.get("confirmation")
        rate = Confirmation.from_json(found).rate if found else None
        facts = [
            str(content["estimator"]["name"]),
            f"{int(content['masks_asked']):,} masks",
            *([f"for {named}"] if named else []),
            f"R² near {float(judged['r2_near']):.2f}",
            *([] if rate is None else [f"confirmed {100 * rate:.0f} %"]),
        ]
        return text, " · ".join(facts)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no run file: {error}") from error


def read_summary(path: Path) -> tuple[str, str]:
    """`summary` of a file; its name and "" where it is none."""
    try:
        return summary(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return f"{path.name} cannot be read", ""
