"""Tables of labelled texts from CSV, TSV and JSONL files; each way to fail names its line or column."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spexcore.errors import BadInput

MOST_BYTES = 20_000_000
SAMPLE = 5_000  # rows: their features take half a minute on two cores
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_ROWS = {".jsonl", ".ndjson"}
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # as spreadsheets save "Unicode text"

csv.field_size_limit(MOST_BYTES)


@dataclass(frozen=True)
class Table:
    """Columns of a file: name -> one string a row; lines: where each row begins in the file, counted from 1."""

    columns: dict[str, tuple[str, ...]]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str, option: str) -> tuple[str, ...]:
        """A column by name; raises BadInput that lists those there are."""
        if name not in self.columns:
            there = ", ".join(map(repr, list(self.columns)[:12]))
            raise BadInput(f"`{option}` must be a column of the file, one of {there}; got {name!r}.")
        return self.columns[name]

    def filled(self, name: str, option: str) -> tuple[str, ...]:
        """A column without empty cells; raises BadInput naming the line of the first."""
        cells = self.column(name, option)
        for line, cell in zip(self.lines, cells, strict=True):
            if not cell.strip():
                raise BadInput(f"`{option}` {name!r} must not be empty; line {line} has nothing there. Remove it.")
        return cells

    def sampled(self, n_rows: int, seed: int = 0) -> "Table":
        """At most n_rows of the rows, chosen at random and in their order; a note says so."""
        if len(self) <= n_rows:
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self))[:n_rows]).tolist()
        columns = {name: tuple(cells[row] for row in chosen) for name, cells in self.columns.items()}
        note = f"{n_rows:,} rows were sampled from {len(self):,} (seed {seed}); the others play no part."
        lines = tuple(self.lines[row] for row in chosen)
        return replace(self, columns=columns, lines=lines, notes=(*self.notes, note))


def read_table(path: Path | str, encoding: str | None = None) -> Table:
    """The table of a .csv, .tsv or .jsonl file, UTF-8 unless an encoding is named."""
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"`data` must be at most {MOST_BYTES // 10**6} MB; {path.name} is larger. Take a sample.")
        return parse_table(path.read_bytes(), path.name, encoding)
    except OSError as error:
        raise BadInput(f"`data` must be a readable file; {path}: {error.strerror}.") from error


def parse_table(content: bytes, name: str, encoding: str | None = None) -> Table:
    """The table in a file's bytes; name: the file's, whose ending says the format."""
    if len(content) > MOST_BYTES:
        raise BadInput(f"`data` must be at most {MOST_BYTES // 10**6} MB; {name} is larger. Take a sample of it.")
    ending = Path(name).suffix.lower()
    if ending not in {*_DELIMITERS, *_ROWS}:
        raise BadInput(f"`data` must be a .csv, .tsv or .jsonl file; got {name!r}.")
    text = decoded(content, name, encoding)
    rows = list(_objects(text, name) if ending in _ROWS else _separated(text, name, _DELIMITERS[ending]))
    if not rows:
        raise BadInput(f"`data` must have at least one row below its header; {name} has none.")
    names = list(rows[0][1])
    columns = {column: tuple(row[column] for _, row in rows) for column in names}
    return Table(columns, tuple(line for line, _ in rows))


def decoded(content: bytes, name: str, encoding: str | None = None) -> str:
    """The text of a file's bytes: UTF-8, or UTF-16 that says so in its first two, unless an encoding is named."""
    used = encoding or _BOMS.get(content[:2], "utf-8-sig")
    try:
        text = content.decode(used)
        text.encode("utf-8")  # some codecs make lone surrogates, which nothing can hold
        return text
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(
            f"`data` must be {used.removesuffix('-sig').upper()}; {name} is not at line {line} (byte "
            f"0x{content[error.start]:02x}). Save it as UTF-8, or name its encoding, such as cp1252."
        ) from error
    except (LookupError, UnicodeError) as error:
        raise BadInput(f"`encoding` must be one Python knows, such as cp1252; got {encoding!r}.") from error


def _separated(text: str, name: str, delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of every row; blank lines are skipped, ragged ones refused."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not any(header) or len(set(header)) < len(header):
            raise BadInput(f"`data` must begin with a line of distinct column names; {name} begins {header[:6]}.")
        begin = reader.line_num + 1
        for row in reader:
            if row and len(row) != len(header):
                raise BadInput(
                    f"`data` must have {len(header)} cells in each row; {name} has {len(row)} at line {begin}. "
                    "Put texts that hold the separator in double quotes."
                )
            if row:
                yield begin, dict(zip(header, row, strict=True))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"`data` must be well-formed; {name}, line {reader.line_num}: {error}.") from error


def _objects(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, values by key) of every line that is not blank; all must have the keys of the first."""
    keys: list[str] | None = None
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"`data` must be one JSON object a line; {name} is not at line {line}: {error}.") from error
        if not isinstance(row, dict) or not row:
            raise BadInput(f"`data` must be one JSON object a line; {name} has {content[:40]!r} at line {line}.")
        keys = list(row) if keys is None else keys
        if missing := [key for key in keys if key not in row]:
            raise BadInput(f"`data` must have the same keys in each row; {name} lacks {missing[0]!r} at line {line}.")
        yield line, {key: _plain(row[key]) for key in keys}


def _plain(value: object) -> str:
    """A JSON value as the string it would be in a CSV file."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
