"""spex validate: re-ablate one coalition of a run, predicted against measured."""

import argparse
from pathlib import Path

from spexcore.cli.printing import print_json
from spexcore.errors import BadInput
from spexcore.explanation import Explanation
from spexcore.game import MeteredGame
from spexcore.store import Store
from spexcore.tables import validation_text
from spexcore.validation import checked_coalition, validate

ROUNDING = 1e-6  # sums of measured values in another order, or a batch of another shape, differ by less


def options(parser: argparse.ArgumentParser) -> None:
    """What `spex validate` takes."""
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run file, from `spex explain --json` or --out")
    add("--coalition", required=True, help="player indices, as 3,4")
    add("--contexts", type=int, default=0, help="also with the other players kept at random, this many times")
    add("--seed", type=int, default=0)
    add("--json", action="store_true")
    parser.set_defaults(command=validate_run)


def validate_run(options: argparse.Namespace) -> None:
    """Run the command."""
    explanation = Explanation.load(options.run)
    coalition = checked_coalition(_indices(options.coalition), len(explanation.players))
    metered = _rebuilt(explanation)
    result = validate(metered, coalition, spectrum=explanation.spectrum, contexts=options.contexts, seed=options.seed)
    low, high = explanation.interval(coalition)
    content = {
        **result.to_json(),
        "first_hand": coalition in explanation.measured,
        "interval": [low, high],
        "inside": low - ROUNDING <= result.measured <= high + ROUNDING,
        "masks_paid": metered.paid,
        "run": explanation.id,
    }
    if options.json:
        print_json(content)
    else:
        print(validation_text(content))


def _indices(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise BadInput(f"`--coalition` must be player indices as 3,4; got {text!r}.") from error


def _rebuilt(explanation: Explanation) -> MeteredGame:
    """The game of a run file, with what was already paid for it."""
    from spexcore.lenses import build

    if not explanation.recipe:
        raise BadInput("`--run` must come from a lens: this run explains a game that only its program can build.")
    game = build(explanation.recipe)
    if game.key != explanation.key:
        raise BadInput("The model of this run has changed since: its values would be others. Run `spex explain` again.")
    return MeteredGame(game, memory=Store().memory(game.key))
