"""Sets of prompts with their answers, from CSV files."""

import csv
import io
from pathlib import Path

from spexcore.errors import BadInput

COLUMNS = ("text", "target", "versus")


def read_prompts(path: Path | str) -> list[dict[str, str | None]]:
    """Rows of a UTF-8 CSV file with the columns text and target, and perhaps versus; raises BadInput."""
    try:
        return parse_prompts(Path(path).read_bytes(), Path(path).name)
    except OSError as error:
        raise BadInput(f"`prompts` must be a readable UTF-8 CSV file; {path}: {error}.") from error


def parse_prompts(content: bytes, name: str) -> list[dict[str, str | None]]:
    """The rows in the content of such a file; name: what an error calls it."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"`prompts` must be a readable UTF-8 CSV file; {name}: {error}.") from error
    found = [str(column) for column in (rows[0] if rows else {})]
    missing = [column for column in COLUMNS[:2] if column not in found]
    if missing:
        raise BadInput(
            f"`prompts` must have the columns text and target; {name} lacks {', '.join(missing)}, "
            f"it has {', '.join(found) or 'no rows'}."
        )
    return [{column: row.get(column) or None for column in COLUMNS} for row in rows]
