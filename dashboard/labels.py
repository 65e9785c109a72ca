"""What a person calls the runs of this machine, and which are pinned: one JSON file beside them."""

import json
import os
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from spexcore.errors import StoreError
from spexcore.store import home

LONGEST = 80  # characters of a name
_lock = threading.Lock()  # two tabs at once


@dataclass(frozen=True)
class Label:
    """A name ("" for none), and whether the run stays on top of the list."""

    name: str = ""
    pinned: bool = False


def read() -> dict[str, Label]:
    """Run id -> label; a file that cannot be read labels nothing."""
    try:
        content = json.loads(_path().read_text(encoding="utf-8"))
        return {str(run): Label(str(label["name"])[:LONGEST], bool(label["pinned"])) for run, label in content.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def change(run: str, *, name: str | None = None, pinned: bool | None = None) -> None:
    """Change what is given of a run's label; raises StoreError where it cannot be kept."""
    with _lock:
        known = read()
        label = known.get(run, Label())
        if name is not None:
            label = replace(label, name=" ".join(name.split())[:LONGEST])
        if pinned is not None:
            label = replace(label, pinned=pinned)
        _write({**known, run: label})


def _write(labels: dict[str, Label]) -> None:
    draft = _path().with_suffix(".part")
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({run: asdict(label) for run, label in labels.items()}), encoding="utf-8")
        os.replace(draft, _path())
    except OSError as error:
        raise StoreError(f"The name cannot be saved in {_path().parent}: {error}.") from error


def _path() -> Path:
    return home() / "labels.json"
