"""spex export and spex compare: a run for another program, and two runs side by side."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from spexcore import imports
from spexcore.cli.printing import print_json
from spexcore.cli.validating import rebuilt
from spexcore.comparison import compare
from spexcore.errors import BadInput
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.exports import csv_text, shapiq_json
from spexcore.same_masks import METHODS, same_masks
from spexcore.tables import comparison_text, methods_text
from spexcore.weights import INDICES


def export(parser: argparse.ArgumentParser) -> None:
    """What `spex export` takes."""
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run file, from `spex explain --json` or --out")
    add(
        "--format", choices=tuple(_FORMATS), required=True,
        help="shapiq: an InteractionValues file of shapiq 1.4.1; pdf: the report, printed by this machine's Chromium",
    )  # fmt: skip
    add("--index", choices=INDICES, help=f"score of the exported interactions (default: {DEFAULT_INDEX})")
    add("--top", type=int, help="leading terms in it (default: 12 in the report, all in a table)")
    add("--out", type=Path, help="write this file instead of printing")
    parser.set_defaults(command=_export)


def comparing(parser: argparse.ArgumentParser) -> None:
    """What `spex compare` takes."""
    add = parser.add_argument
    add("--run", type=Path, action="append", required=True, metavar="FILE", help="a run file; give two of them")
    add("--methods", metavar="A,B", help="with one --run: these methods on as many masks, drawn alike; or all")
    add("--index", choices=INDICES, default=DEFAULT_INDEX, help="score that is compared")
    add("--top", type=int, default=10, help="leading terms of each run")
    add("--json", action="store_true")
    parser.set_defaults(command=_compare)


def _export(options: argparse.Namespace) -> None:
    if options.top is not None and options.top < 1:
        raise BadInput(f"`--top` must be at least 1 term; got {options.top}.")
    if options.format == "pdf" and options.out is None:
        raise BadInput("`--format pdf` needs a file to write: name it with `--out report.pdf`.")
    explanation = imports.load(options.run)
    index = options.index or explanation.imported or DEFAULT_INDEX
    content = _FORMATS[options.format](explanation, index, options.top)
    if options.out is None:
        text = content.decode("utf-8")
        print(text, end="" if text.endswith("\n") else "\n")
        return
    try:
        options.out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"`--out` must be a file that can be written; {options.out}: {error}.") from error


def _compare(options: argparse.Namespace) -> None:
    if options.methods:
        _compare_methods(options)
        return
    if len(options.run) != 2:
        raise BadInput(f"`--run` must be given twice, once for each run; got {len(options.run)}.")
    a, b = (imports.load(path) for path in options.run)
    found = compare(a, b, index=options.index, top=options.top)
    if options.json:
        print_json({"a": a.id, "b": b.id, **found.to_json()})
    else:
        print(comparison_text(found, a.id, b.id))


def _compare_methods(options: argparse.Namespace) -> None:
    if len(options.run) != 1:
        raise BadInput(f"`--methods` needs one `--run`, whose masks they are given; got {len(options.run)}.")
    explanation = Explanation.load(options.run[0])
    game, memory = rebuilt(explanation)
    methods = METHODS if options.methods == "all" else tuple(options.methods.lower().split(","))
    found = same_masks(game, explanation, methods=methods, memory=memory)
    if options.json:
        print_json({"run": explanation.id, **found.to_json(options.index, options.top)})
    else:
        print(methods_text(found, options.index, options.top))


def _html(explanation: Explanation, index: str, top: int | None) -> bytes:
    from spexcore.figures import report

    return str(report(explanation, index=index, top=top or 12)).encode("utf-8")


def _pdf(explanation: Explanation, index: str, top: int | None) -> bytes:
    from spexcore.figures import pdf, report

    return pdf(report(explanation, index=index, top=top or 12))


def _csv(explanation: Explanation, index: str, top: int | None) -> bytes:
    return csv_text(explanation, index, top).encode("utf-8")


def _json(explanation: Explanation, index: str, top: int | None) -> bytes:
    return json.dumps(explanation.to_json(), ensure_ascii=False, indent=1).encode("utf-8")


def _shapiq(explanation: Explanation, index: str, top: int | None) -> bytes:
    return shapiq_json(explanation, index).encode("utf-8")


_FORMATS: dict[str, Callable[[Explanation, str, int | None], bytes]] = {
    "html": _html,
    "pdf": _pdf,
    "csv": _csv,
    "shapiq": _shapiq,
    "json": _json,
}
