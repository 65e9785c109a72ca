"""Tables of labelled texts: the embedded one, and those that were uploaded here, one file each, named by its sha256."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from spexcore.assets import asset
from spexcore.errors import BadInput, StoreError
from spexcore.lenses.examples import MOST_CLASSES
from spexcore.lenses.table import SAMPLE, Table, decoded, parse_table, read_table
from spexcore.store import home

FEEDBACK = "feedback"
_PLANTED = {FEEDBACK: asset("datasets", "feedback") / "planted.json"}
_ID = re.compile(r"([0-9a-f]{16})-")


def folder() -> Path:
    """Where this machine's tables lie."""
    return home() / "tables"


def known() -> dict[str, Path]:
    """Id -> file of every table: the embedded one first, then those that were uploaded, the newest first."""
    found = folder().glob("*") if folder().is_dir() else []
    newest = sorted(found, key=lambda path: -path.stat().st_mtime)
    kept = {match[1]: path for path in newest if (match := _ID.match(path.name))}
    return {FEEDBACK: asset("datasets", "feedback") / "feedback.csv", **kept}


def name(table: str) -> str:
    """What the table's file was called."""
    path = known().get(table)
    return "a table that is no longer here" if path is None else _ID.sub("", path.name)


def read(table: str) -> Table:
    """A table by its id, sampled where it is long; raises BadInput where it is not here or is not what it was."""
    path = known().get(table)
    if path is None:
        raise BadInput("`data` must be a table of this machine; this one is no longer here. Upload it again.")
    return _read(path, table, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, table: str, changed_ns: int) -> Table:
    if table != FEEDBACK and _sha256(path.read_bytes()) != table:
        raise BadInput(f"`data` must be what was uploaded; {path.name} has changed since. Upload it again.")
    return read_table(path).sampled(SAMPLE)


def keep(content: bytes, file: str, encoding: str | None = None) -> str:
    """Keep an uploaded table as UTF-8 under the sha256 of that; its id. Raises BadInput in one sentence."""
    parse_table(content, file, encoding)
    return _kept(decoded(content, file, encoding), file)


def of_recipe(recipe: Mapping[str, Any]) -> str:
    """The table of a run from elsewhere, kept here so that it can be asked again; "" where the run carries none."""
    columns: list[Any] = [recipe.get(column) for column in ("texts", "labels", "groups")]
    if not all(isinstance(column, list) and column for column in columns):
        return ""
    rows = zip(*columns, strict=False)  # a run file from elsewhere: `build` is what refuses it
    lines = [json.dumps(dict(zip(("text", "label", "group"), map(str, row), strict=True))) for row in rows]
    return _kept("\n".join(lines), "from-a-run.jsonl")


def guessed(table: Table) -> tuple[str, str]:
    """The columns that are most likely texts and labels: the longest cells, and the fewest different ones."""
    lengths = {column: sum(map(len, cells)) for column, cells in table.columns.items()}
    text = max(lengths, key=lambda column: (column == "text", lengths[column]))
    counts = {column: len(set(cells)) for column, cells in table.columns.items() if column != text}
    fit = {column: count for column, count in counts.items() if 2 <= count <= MOST_CLASSES} or counts or {text: 0}
    return text, min(fit, key=lambda column: (column != "label", fit[column]))


def classes(table: str, column: str) -> Sequence[str]:
    """The labels in a column, in alphabetical order; none where there are too many to be labels."""
    found = sorted(set(read(table).columns.get(column, ())))
    return found if len(found) <= MOST_CLASSES else []


def planted(table: str) -> dict[str, Any] | None:
    """What was planted in a table that was made for this project; None for any other."""
    path = _PLANTED.get(table)
    return None if path is None else dict(json.loads(path.read_text("utf-8")))


def _kept(text: str, file: str) -> str:
    content = text.removeprefix("\ufeff").encode("utf-8")
    table = _sha256(content)
    path = known().get(table)
    if path is not None and path.suffix.lower() == Path(file).suffix.lower() and _sha256(path.read_bytes()) == table:
        return table
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(file).name)[-80:]
    try:
        folder().mkdir(parents=True, exist_ok=True)
        draft = folder() / f"{table}.part"
        draft.write_bytes(content)
        os.replace(draft, folder() / f"{table}-{safe}")
        if path is not None and path.name != f"{table}-{safe}":
            path.unlink()  # the same bytes under another ending, which says how to read them
    except OSError as error:
        raise StoreError(
            f"The table cannot be kept in {folder()}: {error}. Set SPEX_HOME to another folder."
        ) from error
    return table


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
