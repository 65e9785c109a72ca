"""The bytes of a run file: bounded, UTF-8, JSON, or refused in one sentence. What they mean is read elsewhere."""

import json
from pathlib import Path
from typing import Any

from spexcore.errors import BadRunFile

MAX_BYTES = 20_000_000  # a file larger than this was not written here


def content_of(path: Path | str) -> Any:
    """The JSON of a file; raises BadRunFile where there is none, or it cannot be a run file."""
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise BadRunFile(f"{path} is larger than {MAX_BYTES // 10**6} MB: no run file is.")
        return parsed(Path(path).read_bytes(), str(path))
    except OSError as error:
        raise BadRunFile(f"{path} cannot be read as a run file: {error}.") from error


def parsed(content: bytes, name: str) -> Any:
    """The JSON of a run file's bytes; raises BadRunFile for anything that cannot be one."""
    if len(content) > MAX_BYTES:
        raise BadRunFile(f"{name} is larger than {MAX_BYTES // 10**6} MB: no run file is.")
    try:
        return json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadRunFile(f"{name} is not a run file: it is not UTF-8 text.") from error
    except (ValueError, RecursionError) as error:
        raise BadRunFile(f"{name} is not JSON, or was cut off: {error}.") from error
