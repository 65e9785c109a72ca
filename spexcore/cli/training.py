"""Options of the training lens, and the evidence that goes with its explanations."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spexcore.errors import BadInput
from spexcore.explanation import Explanation
from spexcore.game import Game
from spexcore.lenses.grouping import GROUPINGS, SINGLE, automatic
from spexcore.lenses.influence import VALUES
from spexcore.lenses.table import SAMPLE, Table, read_table

if TYPE_CHECKING:
    from spexcore.lenses import TrainingLens

AUTO = "auto"


def options(parser: argparse.ArgumentParser) -> None:
    """What `spex explain --lens training` takes."""
    table_options(parser)
    add = parser.add_argument
    add("--test", action="append", required=True, help="text whose prediction is explained; given again: their mean")
    add("--target", help="label explained (default: the head's own answer)")
    add("--value", choices=VALUES, default="margin", help="log-odds of the target, or its log-loss")
    add(
        "--groups",
        choices=("none", *GROUPINGS, AUTO),
        default=AUTO,
        help=f"players; auto: none up to {SINGLE} rows, then staged",
    )
    add("--group-column", help="players are the groups that this column names")


def table_options(parser: argparse.ArgumentParser) -> None:
    """Which table, and what is trained on it."""
    add = parser.add_argument
    add("--data", type=Path, required=True, help="CSV, TSV or JSONL file of labelled texts, at most 20 MB")
    add("--text-column", default="text", help="column of the texts (default: text)")
    add("--label-column", default="label", help="column of the labels (default: label)")
    add("--encoding", help="of the file (default: UTF-8)")
    add("--sample", type=int, default=SAMPLE, help=f"rows to take, at random, of a longer table (default: {SAMPLE})")
    add("--encoder", default="minilm", help="frozen model that reads the texts: a name, hub id or folder")
    add("--ridge", type=float, default=1.0, help="strength of the penalty on the head's weights (default: 1)")


def table(options: argparse.Namespace) -> Table:
    """The table of `table_options`, sampled where it is long."""
    if options.sample < 2:
        raise BadInput(f"`--sample` must be at least 2 rows; got {options.sample}.")
    return read_table(options.data, options.encoding).sampled(options.sample)


def game(options: argparse.Namespace) -> Game:
    """The game these options describe."""
    from spexcore.lenses import TrainingLens

    rows = table(options)
    lens = TrainingLens(
        rows.filled(options.text_column, "--text-column"),
        rows.filled(options.label_column, "--label-column"),
        test=options.test,
        target=options.target,
        encoder=options.encoder,
        groups=_groups(options, rows),
        ridge=options.ridge,
        value=options.value,
    )
    lens.notes.extend(rows.notes)
    return lens


def _groups(options: argparse.Namespace, rows: Table) -> Any:
    if options.group_column is not None:
        return rows.column(options.group_column, "--group-column")
    chosen = options.groups
    if chosen == AUTO:
        return automatic(len(rows))
    return None if chosen == "none" else chosen


def evidence(lens: "TrainingLens", explanation: Explanation) -> dict[str, Any]:
    """What the run file carries beside the spectrum: all of it from retraining, none from the spectrum."""
    from spexcore.evidence import gather

    return gather(lens, explanation).to_json()


def evidence_text(found: dict[str, Any]) -> str:
    """A few lines for people."""
    shares = ", ".join(f"{label} {values[0]:.2f}" for label, values in found["prediction"].items())
    lines = [f"the head says: {shares}"]
    for kind, scores in found["rank_agreement"]["scores"].items():
        named = ", ".join(f"{name} {score:.3f}" for name, score in scores.items() if score is not None)
        lines.append(f"rank agreement with retraining on fresh {kind} subsets: {named}")
    for one in found["joint"][:5]:
        lines.append(f"{one['kind']}: {' × '.join(one['players'])}: together {one['together']:+.3f}, "
                     f"sum of alone {sum(one['alone']):+.3f}")  # fmt: skip
    if (flip := found["flip"]) is not None:
        rows = ", ".join(map(str, flip["rows"][:12])) + (", ..." if len(flip["rows"]) > 12 else "")
        lines.append(f"without {len(flip['rows'])} examples (rows {rows}) the answer is {flip['after']}, retrained")
    return "\n".join(lines)
