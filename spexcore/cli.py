"""spex: the dashboard's pipeline on a command line.

Exit status 0: done. 2: the request cannot be done, one line on stderr says why. 130: interrupted; what was paid stays
in the store and the same command resumes. Only this file prints.
"""

import argparse
import inspect
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from spexcore.errors import BadBudget, BadInput, SpexError
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import Estimator
from spexcore.explain import HELD_OUT, Step, explain
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.game import Game, MeteredGame
from spexcore.masks import DISTRIBUTIONS
from spexcore.store import Store, home
from spexcore.tables import explanation_text, interactions_json, validation_text
from spexcore.transforms import INDICES
from spexcore.validation import checked_coalition, validate

DEFAULT_BUDGET = 512
ROUNDING = 1e-6  # sums of measured values in another order, or a batch of another shape, differ by less
DEFAULT_ESTIMATOR = "walshgp"  # seconds a fit, where the stack of all takes a minute on a busy machine


class _Parser(argparse.ArgumentParser):
    """A parser whose refusal is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        return 0
    except SpexError as error:
        print(f"spex: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("spex: interrupted; what was paid is in the store, and the same command resumes.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone: nothing is wrong here
        return 0
    except Exception as error:  # noqa: BLE001  # the last door before a person: no traceback on their screen
        log = home() / "errors.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        print(f"spex: unexpected {type(error).__name__}: {error}. Details: {log}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="spex", description="Which combinations of parts drive a language model's output.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _explain_options(commands.add_parser("explain", help="explain a prompt and print what drives the output"))
    _validate_options(commands.add_parser("validate", help="re-ablate one coalition of a saved run"))
    models = commands.add_parser("models", help="list the models that can be used here, offline")
    models.add_argument("--folder", type=Path, help="also list the models in this folder")
    models.add_argument("--json", action="store_true")
    models.set_defaults(command=_models)
    bench = commands.add_parser("bench", help="measure the estimators, or the engine against other tools")
    bench.add_argument("suite", choices=("estimators", "engine"))
    bench.add_argument("--quick", action="store_true", help="a few minutes instead of all of it")
    bench.add_argument("--data", type=Path, help="folder of games and texts (../shared/data)")
    bench.add_argument("--json", action="store_true")
    bench.set_defaults(command=_bench)
    serve = commands.add_parser("serve", help="open the dashboard on 127.0.0.1")
    serve.add_argument("--port", type=int, default=8501)
    serve.set_defaults(command=_serve)
    return parser


def _lens_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--lens", choices=("prompt",), default="prompt")
    add("--model", default="sentiment", help="an embedded name, a hub id or a folder (default: sentiment)")
    add("--revision", help="commit of a hub model")
    add("--dtype", default="float32", choices=("float32", "bfloat16", "float16", "float64"))
    add("--device", help="cuda, mps or cpu (default: the best there is)")
    text = parser.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", help="the prompt")
    text.add_argument("--text-file", type=Path, help="file that holds the prompt, UTF-8")
    add("--target", help="label, or continuation of a decoder (default: the model's own answer)")
    add("--versus", help="explain the difference to this label or continuation")
    add("--spans", default="words", help="tokens, words, sentences, lines or marked ([[double brackets]])")
    add("--ablation", default="mask", help="mask, remove, drop, pad, unk, mean or word:x")


def _explain_options(parser: argparse.ArgumentParser) -> None:
    _lens_options(parser)
    add = parser.add_argument
    add("--estimator", choices=tuple(ESTIMATORS), default=DEFAULT_ESTIMATOR)
    add("--max-order", type=int, help="largest size of a coalition")
    add("--budget", type=int, help=f"masks to ask for (default: {DEFAULT_BUDGET}, or all 2^n when fewer)")
    add("--masks", choices=DISTRIBUTIONS, default="mixed", help="how masks are drawn (default: mixed)")
    add("--verify", type=int, default=10, help="leading terms to measure by real ablations, from the budget; 0: none")
    add("--held-out", type=int, default=HELD_OUT, help="masks of each kind kept apart to judge the result")
    add("--seed", type=int, default=0)
    add("--index", choices=INDICES, default=DEFAULT_INDEX, help="score of the printed interactions")
    add("--top", type=int, default=100, help="interactions to print")
    add("--out", type=Path, help="also save the run file here")
    add("--no-store", action="store_true", help="neither read nor keep paid values")
    add("--json", action="store_true", help="print one JSON object, which is also a run file")
    parser.set_defaults(command=_explain)


def _validate_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run file, from `spex explain --json` or --out")
    add("--coalition", required=True, help="player indices, as 3,4")
    add("--contexts", type=int, default=0, help="also with the other players kept at random, this many times")
    add("--seed", type=int, default=0)
    add("--json", action="store_true")
    parser.set_defaults(command=_validate)


def _explain(options: argparse.Namespace) -> None:
    estimator = _estimator(options.estimator, options.max_order)
    game = _prompt_game(options)
    budget = _budget(options.budget, game.n_players)
    memory = None if options.no_store else Store().memory(game.key)
    with _Bar() as bar:
        explanation = explain(
            game,
            estimator,
            budget=budget,
            masks=options.masks,
            verify=options.verify,
            seed=options.seed,
            held_out=options.held_out,
            memory=memory,
            on_progress=bar,
        )
    if options.out:
        explanation.save(options.out)
    if options.json:
        _print_json(
            {**explanation.to_json(), "interactions": interactions_json(explanation, options.index, options.top)}
        )
    else:
        print(explanation_text(explanation, options.index, min(options.top, 15)))


def _estimator(name: str, max_order: int | None) -> Estimator:
    kind = ESTIMATORS[name]
    if max_order is None:
        return kind()
    settings = inspect.signature(kind).parameters
    for parameter in ("max_order", "order"):
        if parameter in settings:
            return kind(**{parameter: max_order})
    raise BadInput(f"`--max-order` does not apply to {kind.__name__}. Leave it out.")


def _prompt_game(options: argparse.Namespace) -> Game:
    from spexcore.lenses import PromptLens
    from spexcore.models import LanguageModel

    text = options.text if options.text is not None else _read_text(options.text_file)
    model = LanguageModel.load(options.model, revision=options.revision, dtype=options.dtype, device=options.device)
    return PromptLens(
        model, text, target=options.target, versus=options.versus, spans=options.spans, ablation=options.ablation
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")  # bytes: a prompt keeps its CRLF
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"`--text-file` must be a readable UTF-8 file; {path}: {error}.") from error


def _budget(asked: int | None, n_players: int) -> int:
    if asked is None:
        return min(DEFAULT_BUDGET, 2**n_players)
    if asked > 2**n_players:
        raise BadBudget(
            f"`--budget` must be at most 2^{n_players} = {2**n_players} masks for {n_players} players; got {asked}. "
            "Leave it out: all of them are then evaluated."
        )
    return asked


def _validate(options: argparse.Namespace) -> None:
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
        _print_json(content)
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


def _models(options: argparse.Namespace) -> None:
    from spexcore.models import listing

    rows = listing(options.folder)
    if options.json:
        _print_json(rows)
        return
    for row in rows:
        print("  ".join(str(value) for value in row.values()))


def _bench(options: argparse.Namespace) -> None:
    if options.suite == "estimators":
        from spexcore.bench.estimators import run, table
    else:
        from spexcore.bench.engine import run, table
    result = run(data=options.data, quick=options.quick)
    if options.json:
        _print_json(result)
    else:
        print(table(result))


def _serve(options: argparse.Namespace) -> None:
    from dashboard import serve

    serve(port=options.port)


def _print_json(content: object) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=1))


class _Bar:
    """A progress bar on a terminal, nothing in a pipe."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> "_Bar":
        return self

    def __call__(self, step: Step) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=step.total, unit="mask", leave=False)
        self._bar.set_description(step.phase, refresh=False)
        self._bar.update(step.done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


if __name__ == "__main__":
    sys.exit(main())
