"""spex audit: suspected mislabels of a table, with the evidence."""

import argparse
from dataclasses import asdict
from typing import Any

from spexcore.cli import training
from spexcore.cli.printing import print_json


def options(parser: argparse.ArgumentParser) -> None:
    """What `spex audit` takes."""
    training.table_options(parser)
    parser.add_argument("--top", type=int, default=20, help="suspects to print (default: 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(command=audit)


def audit(options: argparse.Namespace) -> None:
    """Run the command."""
    from spexcore.evidence import suspects
    from spexcore.lenses.features import encoder_of
    from spexcore.lenses.training import trained

    rows = training.table(options)
    texts = rows.filled(options.text_column, "--text-column")
    labels = rows.filled(options.label_column, "--label-column")
    encoder = encoder_of(options.encoder)
    examples, head, n_cut = trained(texts, labels, encoder, options.ridge)
    cut = [f"{n_cut} texts are longer than the encoder reads and were cut."] if n_cut else []
    found = [
        {**asdict(one), "line": rows.lines[one.row], "near": [_near(texts, labels, row) for row in one.neighbours]}
        for one in suspects(examples, head, top=max(1, options.top))
    ]
    content = {"model": encoder.recipe, "rows": len(rows), "notes": [*rows.notes, *cut], "suspects": found}
    print_json(content) if options.json else print(_text(content))


def _near(texts: tuple[str, ...], labels: tuple[str, ...], row: int) -> dict[str, str]:
    return {"text": texts[row], "label": labels[row]}


def _text(content: dict[str, Any]) -> str:
    lines = [f"{content['rows']} rows; those whose label only they themselves speak for, first:"]
    for one in content["suspects"]:
        lines.append(
            f"line {one['line']}: {one['label']!r}, the others say {one['suggested']!r} ({one['probability']:.2f}), "
            f"self-influence {one['self_influence']:.3f}: {one['text'][:80]}"
        )
    return "\n".join([*lines, *(f"note: {note}" for note in content["notes"])])
