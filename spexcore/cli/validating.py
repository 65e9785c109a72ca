"""spex validate: re-ablate one coalition of a run, or its leading terms: predicted against measured."""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from spexcore.cli.printing import print_json
from spexcore.errors import BadInput
from spexcore.explanation import Explanation
from spexcore.game import Game, MeteredGame
from spexcore.masks import Coalition
from spexcore.store import Store, StoredValues
from spexcore.tables import confirmation_json, confirmation_text, validation_text
from spexcore.validation import checked_coalition, confirm, validate


def options(parser: argparse.ArgumentParser) -> None:
    """What `spex validate` takes."""
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run file, from `spex explain --json` or --out")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--coalition", help="player indices, as 3,4")
    what.add_argument("--top", type=int, help="the leading terms, this many: the confirmation rate")
    add("--contexts", type=int, default=0, help="also with the other players kept at random, this many times")
    add("--seed", type=int, default=0)
    add("--fine-tune", action="store_true", help="with --coalition, of training rows: train the whole encoder without")
    add("--out", type=Path, help="with --top: save the run here, the confirmation kept in it")
    add("--json", action="store_true")
    parser.set_defaults(command=validate_run)


def validate_run(options: argparse.Namespace) -> None:
    """Run the command."""
    explanation = Explanation.load(options.run)
    if options.top is not None:
        _leading(explanation, options)
    else:
        _one(explanation, options)


def _leading(explanation: Explanation, options: argparse.Namespace) -> None:
    if options.fine_tune:
        raise BadInput("`--fine-tune` confirms one finding; give it as --coalition 3,4.")
    metered = _metered(explanation)
    confirmed = replace(explanation, confirmation=confirm(metered, explanation, top=options.top))
    if options.out:
        confirmed.save(options.out)
    content = {"run": explanation.id, "masks_paid": metered.paid, **confirmation_json(confirmed)}
    if options.json:
        print_json(content)
    else:
        print(confirmation_text(content))


def _one(explanation: Explanation, options: argparse.Namespace) -> None:
    if options.out:
        raise BadInput("`--out` keeps the confirmation of the leading terms; leave it out, or give --top 10.")
    coalition = checked_coalition(_indices(options.coalition), len(explanation.players))
    metered = _metered(explanation)
    result = validate(metered, coalition, spectrum=explanation.spectrum, contexts=options.contexts, seed=options.seed)
    low, high = explanation.interval(coalition)
    slack = metered.rounding * 2 ** len(coalition) * max(1.0, abs(result.measured))
    content = {
        **result.to_json(),
        "first_hand": coalition in explanation.measured,
        "interval": [low, high],
        "inside": low - slack <= result.measured <= high + slack,
        "masks_paid": metered.paid,
        "run": explanation.id,
        **({"fine_tuned": _fine_tuned(metered.game, coalition)} if options.fine_tune else {}),
    }
    if options.json:
        print_json(content)
    else:
        print(validation_text(content))


def _fine_tuned(game: Game, coalition: Coalition) -> dict[str, Any]:
    """The same finding when the encoder is trained too; its cost is named first."""
    from spexcore.lenses import TrainingLens
    from spexcore.lenses.fine_tuning import confirm_by_fine_tuning, seconds

    if not isinstance(game, TrainingLens):
        raise BadInput("`--fine-tune` must be asked of a run of the training lens: nothing is trained in this one.")
    rows = sorted(row for player in coalition for row in game.rows(player))
    print(f"fine-tuning with and without {len(rows)} rows, about {seconds(game):.0f} s", file=sys.stderr)
    found = confirm_by_fine_tuning(game, rows)
    return {**asdict(found), "effect": found.effect, "spread": found.spread, "agrees": found.agrees}


def _indices(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise BadInput(f"`--coalition` must be player indices as 3,4; got {text!r}.") from error


def rebuilt(explanation: Explanation) -> tuple[Game, StoredValues]:
    """The game of a run file, and what was already paid for it."""
    from spexcore.lenses import build

    if not explanation.recipe:
        raise BadInput("`--run` must come from a lens: this run explains a game that only its program can build.")
    game = build(explanation.recipe)
    if game.key != explanation.key:
        raise BadInput("The model of this run, or how values are computed, has changed. Run `spex explain` again.")
    return game, Store().memory(game.key)


def _metered(explanation: Explanation) -> MeteredGame:
    game, memory = rebuilt(explanation)
    return MeteredGame(game, memory=memory)
