"""spex models, bench, serve: a line of options and a call each."""

import argparse
from importlib import import_module
from pathlib import Path

from spexcore.cli.printing import print_json
from spexcore.errors import BadInput

#: Suite of `spex bench` -> module with `run(data=, quick=)` and `table(result)`, imported when it is asked for.
SUITES = {
    "estimators": "spexcore.bench.estimators",
    "engine": "spexcore.bench.engine",
    "training": "spexcore.bench.retraining",
    "confirmation": "spexcore.bench.confirmation",
    "components": "spexcore.bench.components",
}


def models(parser: argparse.ArgumentParser) -> None:
    """What `spex models` takes."""
    parser.add_argument("--folder", type=Path, help="also list the models in this folder")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(command=_models)


def bench(parser: argparse.ArgumentParser) -> None:
    """What `spex bench` takes."""
    parser.add_argument("suite", choices=tuple(SUITES))
    parser.add_argument("--quick", action="store_true", help="a few minutes instead of all of it")
    parser.add_argument("--data", type=Path, help="folder of games and texts (../shared/data)")
    parser.add_argument("--json", action="store_true")
    ours = parser.add_argument_group("estimators only")
    ours.add_argument("--out", type=Path, help="file of rows, written as they come: an interrupted run goes on from it")
    ours.add_argument("--part", action="append", help="real, near, prompts, synthetic, leading or shapley; repeatable")
    ours.add_argument("--method", action="append", help="only this one, as the table names it; repeatable")
    ours.add_argument("--seeds", type=int, help="mask seeds (5); 0 draws the table of what `--out` holds")
    parser.set_defaults(command=_bench)


def serve(parser: argparse.ArgumentParser) -> None:
    """What `spex serve` takes."""
    parser.add_argument("--port", type=int, default=8501)
    parser.set_defaults(command=_serve)


def _models(options: argparse.Namespace) -> None:
    from spexcore.models import listing

    rows = listing(options.folder)
    if options.json:
        print_json(rows)
        return
    for row in rows:
        print("  ".join(str(value) for value in row.values()))


def _bench(options: argparse.Namespace) -> None:
    suite = import_module(SUITES[options.suite])
    chosen = {"out": options.out, "parts": options.part, "methods": options.method, "seeds": options.seeds}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    if chosen and options.suite != "estimators":
        raise BadInput("`--out`, `--part`, `--method` and `--seeds` are for `spex bench estimators`; leave them out.")
    result = suite.run(data=options.data, quick=options.quick, **chosen)
    if options.json:
        print_json(result)
    else:
        print(suite.table(result))


def _serve(options: argparse.Namespace) -> None:
    from dashboard import serve

    serve(port=options.port)
