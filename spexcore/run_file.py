"""The bytes of a run file: bounded, UTF-8, JSON, or refused in one sentence; and terms as it lists them."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spexcore.errors import BadRunFile
from spexcore.masks import Coalition

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


def terms_to_json(
    scores: Mapping[Coalition, float], intervals: Mapping[Coalition, tuple[float, float]] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """coalition and value of each; low and high where there is an interval."""
    ends = {coalition: {"low": low, "high": high} for coalition, (low, high) in intervals.items()}
    return [{"coalition": list(S), "value": value, **ends.get(S, {})} for S, value in scores.items()]


def intervals_from_json(terms: list[dict[str, Any]]) -> dict[Coalition, tuple[float, float]]:
    """Low and high of the terms that have an interval."""
    return {tuple(map(int, t["coalition"])): (float(t["low"]), float(t["high"])) for t in terms if "low" in t}


def terms_from_json(terms: list[dict[str, Any]]) -> dict[Coalition, float]:
    """The value of each."""
    return {tuple(int(i) for i in term["coalition"]): float(term["value"]) for term in terms}
