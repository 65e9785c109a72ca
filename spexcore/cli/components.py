"""Options of the components lens."""

import argparse
from pathlib import Path

from spexcore.cli import prompt
from spexcore.errors import BadInput
from spexcore.game import Game

MASKS = "near"  # a model with half of its heads gone is a wreck and says little about the whole one


def options(parser: argparse.ArgumentParser) -> None:
    """What `spex explain --lens components` takes."""
    prompt.model_options(parser, default="clues")
    given = prompt.question_options(parser)
    given.add_argument("--prompts", type=Path, help="CSV file with the columns text, target and perhaps versus")
    add = parser.add_argument
    add("--score", default="margin", help="margin, or accuracy: the share of prompts answered with the target")
    add("--units", default="heads", help="heads, kv_groups, mlps, heads+mlps, neurons:LAYER or neurons:LAYER:0-31")
    add("--layers", help="all, 0-3, 0,2,5 or 'top 4' (default: the top ones that give at most 96 players)")
    add("--ablation", default="mean", help="mean, zero, resample, or paper (zero, the heads that stay scaled up)")
    add("--reference", type=Path, help="file of texts, one a line, for mean and resample (default: the prompts)")


def game(options: argparse.Namespace) -> Game:
    """The game these options describe."""
    from spexcore.lenses import ComponentLens
    from spexcore.lenses.prompt_sets import read_prompts

    if options.prompts is not None and (options.target or options.versus):
        raise BadInput("`--target` and `--versus` are columns of the file where `--prompts` is given. Leave them out.")
    asked = (
        {"prompts": read_prompts(options.prompts)}
        if options.prompts is not None
        else {"text": prompt.text(options), "target": options.target, "versus": options.versus}
    )
    cut = {"units": options.units, "layers": options.layers, "ablation": options.ablation, "seed": options.seed}
    reference = None if options.reference is None else _lines(options.reference)
    return ComponentLens(prompt.model(options), **asked, **cut, score=options.score, reference=reference)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"`--reference` must be a readable UTF-8 file; {path}: {error}.") from error
