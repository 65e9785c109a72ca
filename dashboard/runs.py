"""Run files: presets that travel with the package, and what was run or opened here, one file each under SPEX_HOME."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboard import settings
from spexcore import imports
from spexcore.errors import BadRunFile, StoreError
from spexcore.explanation import Explanation
from spexcore.store import home
from spexcore.validation import Confirmation

_lock = threading.Lock()  # two tabs, or a job and a person, at once


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
    """Save a run file under its id; raises StoreError where the folder cannot be written.

    What a person added to the same run before is not lost: notes stay, and a confirmation of the same findings.
    """
    with _lock:
        return _save(_with_what_was_added(explanation))


def change(explanation: Explanation, edited: Callable[[Explanation], Explanation]) -> str:
    """Save an edit of a run, made on what its file holds by now; its id. Raises StoreError."""
    with _lock:
        return _save(edited(_saved(explanation) or explanation))


def _saved(explanation: Explanation) -> Explanation | None:
    """What the file of this run holds; None where there is none that can be read."""
    path = saved().get(explanation.id)
    try:
        return Explanation.load(path) if path else None
    except BadRunFile:
        return None


def _with_what_was_added(explanation: Explanation) -> Explanation:
    before = _saved(explanation)
    if before is None:
        return explanation
    same = (before.spectrum, before.measured) == (explanation.spectrum, explanation.measured)
    found = explanation.confirmation or (before.confirmation if same else None)
    evidence = explanation.evidence or (before.evidence if same else {})
    remarks = explanation.remarks.over(before.remarks)
    return replace(explanation, remarks=remarks, confirmation=found, evidence=evidence)


def _save(explanation: Explanation) -> str:
    try:
        explanation.save(folder() / f"{explanation.id}.json")
    except OSError as error:
        raise StoreError(f"The run cannot be saved in {folder()}: {error}. Set SPEX_HOME to another folder.") from error
    return explanation.id


def opened(content: bytes, name: str) -> Explanation:
    """The explanation in an uploaded file, a run's or shapiq's; raises BadRunFile in one sentence."""
    return imports.loads(content, name)


def summary(content: Any) -> tuple[str, str]:
    """What was explained, and how, of the content of a run file; raises ValueError for anything else."""
    try:
        recipe, judged = content.get("recipe") or {}, content["faithfulness"]
        texts = recipe.get("test") or [prompt["text"] for prompt in recipe.get("prompts") or ()] or content["players"]
        asked = recipe.get("text") or " ".join(map(str, texts))
        text, target = " ".join(str(asked).split()), recipe.get("target") or ""
        named = target if isinstance(target, str) else ", ".join(dict.fromkeys(map(str, target)))
        found = content.get("confirmation")
        rate = Confirmation.from_json(found).rate if found else None
        facts = [
            str(content["estimator"]["name"]),
            f"{int(content['masks_asked']):,} masks",
            *([f"for {named}"] if named else []),
            *([f"R² near {float(judged['r2_near']):.2f}"] if judged["r2_near"] is not None else []),
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
