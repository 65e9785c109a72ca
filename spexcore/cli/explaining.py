"""spex explain: recover a spectrum, judge it, print it."""

import argparse
import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Literal

from spexcore.cli import components, prompt, training
from spexcore.cli.printing import Bar, print_json
from spexcore.errors import BadBudget, BadInput
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import Estimator
from spexcore.explain import HELD_OUT, explain
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.masks import DISTRIBUTIONS
from spexcore.store import Store
from spexcore.tables import explanation_text, interactions_json
from spexcore.transforms import INDICES

DEFAULT_BUDGET = 512
DEFAULT_ESTIMATOR = "stackspex"

#: The lenses of `spex explain`, each a module with `options(parser)` and `game(options)`; where they differ MASKS, how
#: masks are drawn by default, and where retraining says more than a spectrum, `evidence(game, explanation)`.
LENSES: dict[str, ModuleType] = {"prompt": prompt, "components": components, "training": training}


def lens_asked(arguments: Sequence[str]) -> str:
    """The lens named on the command line, whose options are to be offered; `prompt` where none or an unknown one is."""
    first = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    first.add_argument("--lens", default="prompt")
    try:
        named = str(first.parse_known_args(arguments)[0].lens)
    except argparse.ArgumentError:  # the whole parser says what is wrong
        return "prompt"
    return named if named in LENSES else "prompt"


def options(parser: argparse.ArgumentParser, lens: str) -> None:
    """What `spex explain` takes: the options of the lens, and those of every explanation."""
    add = parser.add_argument
    add("--lens", choices=tuple(LENSES), default="prompt", help="what the players are; other options depend on it")
    LENSES[lens].options(parser)
    add("--estimator", choices=tuple(ESTIMATORS), default=DEFAULT_ESTIMATOR)
    add("--max-order", type=int, help="largest size of a coalition")
    add("--budget", type=_masks, help=f"masks to ask for (default: {DEFAULT_BUDGET}, or all 2^n when fewer), or auto")
    add("--r2", type=float, help="ask in rounds and stop at this held-out R2 (with --budget auto: 0.9)")
    drawn = getattr(LENSES[lens], "MASKS", "mixed")
    add("--masks", choices=DISTRIBUTIONS, default=drawn, help=f"how masks are drawn (default: {drawn})")
    add("--verify", type=int, default=10, help="leading terms to measure by real ablations, from the budget; 0: none")
    add("--held-out", type=int, default=HELD_OUT, help="masks of each kind kept apart to judge the result")
    add("--seed", type=int, default=0)
    add("--index", choices=INDICES, default=DEFAULT_INDEX, help="score of the printed interactions")
    add("--top", type=int, default=100, help="interactions to print")
    add("--out", type=Path, help="also save the run file here")
    add("--no-store", action="store_true", help="neither read nor keep paid values")
    add("--json", action="store_true", help="print one JSON object, which is also a run file")
    parser.set_defaults(command=explain_game)


def explain_game(options: argparse.Namespace) -> None:
    """Run the command."""
    estimator = _estimator(options.estimator, options.max_order)
    game = LENSES[options.lens].game(options)
    budget = _budget(options.budget, game.n_players)
    memory = None if options.no_store else Store().memory(game.key)
    with Bar() as bar:
        explanation = explain(
            game,
            estimator,
            budget=budget,
            r2=options.r2,
            masks=options.masks,
            verify=options.verify,
            seed=options.seed,
            held_out=options.held_out,
            memory=memory,
            on_progress=bar,
        )
    if options.out:
        explanation.save(options.out)  # before evidence is gathered, which may take minutes more
    lens = LENSES[options.lens]
    if hasattr(lens, "evidence"):
        explanation = replace(explanation, evidence=lens.evidence(game, explanation))
        if options.out:
            explanation.save(options.out)
    _show(options, explanation)


def _show(options: argparse.Namespace, explanation: Explanation) -> None:
    if options.json:
        terms = interactions_json(explanation, options.index, options.top)
        print_json({**explanation.to_json(), "interactions": terms})
        return
    print(explanation_text(explanation, options.index, min(options.top, 15)))
    if explanation.evidence:
        print(LENSES[options.lens].evidence_text(explanation.evidence))


def _estimator(name: str, max_order: int | None) -> Estimator:
    kind = ESTIMATORS[name]
    if max_order is None:
        return kind()
    settings = inspect.signature(kind).parameters
    for parameter in ("max_order", "order"):
        if parameter in settings:
            return kind(**{parameter: max_order})
    raise BadInput(f"`--max-order` does not apply to {kind.__name__}. Leave it out.")


def _masks(text: str) -> int | Literal["auto"]:
    return "auto" if text == "auto" else int(text)


def _budget(asked: int | Literal["auto"] | None, n_players: int) -> int | Literal["auto"]:
    if asked is None:
        return min(DEFAULT_BUDGET, 2**n_players)
    if asked == "auto":
        return asked
    if asked > 2**n_players:
        raise BadBudget(
            f"`--budget` must be at most 2^{n_players} = {2**n_players} masks for {n_players} players; got {asked}. "
            "Leave it out: all of them are then evaluated."
        )
    return asked
