"""Sets of prompts with their answers, from CSV files."""

import csv
import io
from pathlib import Path

from spexcore.errors import BadInput

COLUMNS = ("text", "target", "versus")


def read_prompts(path: Path | str) -> list[dict[str, str | None]]:
    """Rows of a UTF-8 CSV file with the columns text and target, and perhaps versus; raises BadInput."""
    try:
        content = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"`prompts` must be a readable UTF-8 CSV file; {path}: {error}.") from error
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    found = [str(name) for name in (rows[0] if rows else {})]
    missing = [name for name in COLUMNS[:2] if name not in found]
    if missing:
        raise BadInput(
            f"`prompts` must have the columns text and target; {Path(path).name} lacks {', '.join(missing)}, "
            f"it has {', '.join(found) or 'no rows'}."
        )
    return [{name: row.get(name) or None for name in COLUMNS} for row in rows]
