"""Rows of a benchmark in a JSON-lines file, each written as it comes: an interrupted run goes on where it stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spexcore.errors import BadInput

Row = dict[str, Any]
Lacks = Callable[[Row, str], bool]  # place, method -> whether it is still to be measured
#: What tells one measurement from another.
PLACE = ("part", "game", "masks", "seed")


class RowFile:
    """The rows of all runs into one file; without a file they are kept in memory only.

    A line is a row, or {"run": ...}: when one was started, and on what.
    """

    def __init__(self, path: Path | None = None):
        self._path = path
        lines = _read(path) if path is not None and path.is_file() else []
        self.runs: list[Row] = [line["run"] for line in lines if "run" in line]
        self.rows: list[Row] = [line for line in lines if "run" not in line]
        self._there = {_key(row) for row in self.rows}
        self._run: Row | None = None

    def begin(self, run: Row) -> None:
        """What makes the rows that follow; noted with the first of them."""
        self._run = run

    def add(self, row: Row) -> None:
        """Keep a row, on disk before anything else is measured."""
        if self._run is not None:
            self.runs.append(self._run)
            self._write({"run": self._run})
            self._run = None
        self.rows.append(row)
        self._there.add(_key(row))
        self._write(row)

    def lacks(self, place: Row, method: str) -> bool:
        """Whether a method was not measured yet at a place: part, game, masks, seed."""
        return _key({**place, "method": method}) not in self._there

    def _write(self, line: Row) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _key(row: Row) -> tuple[Any, ...]:
    return (*(row[name] for name in PLACE), row["method"])


def _read(path: Path) -> list[Row]:
    """Its lines; one that was cut off while it was written is taken off the file, for the next would be glued to it."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.split("\n")[:-1]]
        known = all("run" in line or {*PLACE, "method"} <= line.keys() for line in lines)
    except (ValueError, AttributeError, TypeError):
        known = False
    if not known or (text and not lines):
        raise BadInput(f"`out` must be a new file, or one that this benchmark wrote; {path} holds something else.")
    if len(whole) < len(text):
        path.write_text(whole, encoding="utf-8")
    return lines
