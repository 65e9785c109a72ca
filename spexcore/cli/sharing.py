"""spex export and spex compare: a run for another program, and two runs side by side."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from spexcore.cli.printing import print_json
from spexcore.comparison import compare
from spexcore.errors import BadInput
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.exports import csv_text, shapiq_json
from spexcore.tables import comparison_text
from spexcore.weights import INDICES


def export(parser: argparse.ArgumentParser) -> None:
    """What `spex export` takes."""
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run file, from `spex explain --json` or --out")
    add("--format", choices=tuple(_FORMATS), required=True, help="shapiq: an InteractionValues file of shapiq 1.4.1")
    add("--index", choices=INDICES, default=DEFAULT_INDEX, help="score of the exported interactions")
    add("--top", type=int, help="leading terms in it (default: 12 in the report, all in a table)")
    add("--out", type=Path, help="write this file instead of printing")
    parser.set_defaults(command=_export)


def comparing(parser: argparse.ArgumentParser) -> None:
    """What `spex compare` takes."""
    add = parser.add_argument
    add("--run", type=Path, action="append", required=True, metavar="FILE", help="a run file; give it twice")
    add("--index", choices=INDICES, default=DEFAULT_INDEX, help="score that is compared")
    add("--top", type=int, default=10, help="leading terms of each run")
    add("--json", action="store_true")
    parser.set_defaults(command=_compare)


def _export(options: argparse.Namespace) -> None:
    if options.top is not None and options.top < 1:
        raise BadInput(f"`--top` must be at least 1 term; got {options.top}.")
    text = _FORMATS[options.format](Explanation.load(options.run), options.index, options.top)
    if options.out is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    try:
        options.out.write_text(text, encoding="utf-8", newline="")  # newline: a CSV keeps its CRLF
    except OSError as error:
        raise BadInput(f"`--out` must be a file that can be written; {options.out}: {error}.") from error


def _compare(options: argparse.Namespace) -> None:
    if len(options.run) != 2:
        raise BadInput(f"`--run` must be given twice, once for each run; got {len(options.run)}.")
    a, b = (Explanation.load(path) for path in options.run)
    found = compare(a, b, index=options.index, top=options.top)
    if options.json:
        print_json({"a": a.id, "b": b.id, **found.to_json()})
    else:
        print(comparison_text(found, a.id, b.id))


def _html(explanation: Explanation, index: str, top: int | None) -> str:
    from spexcore.figures import report

    return str(report(explanation, index=index, top=top or 12))


def _json(explanation: Explanation, index: str, top: int | None) -> str:
    return json.dumps(explanation.to_json(), ensure_ascii=False, indent=1)


def _shapiq(explanation: Explanation, index: str, top: int | None) -> str:
    return shapiq_json(explanation, index)


_FORMATS: dict[str, Callable[[Explanation, str, int | None], str]] = {
    "html": _html,
    "csv": csv_text,
    "shapiq": _shapiq,
    "json": _json,
}
