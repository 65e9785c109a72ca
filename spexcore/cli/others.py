"""spex models, bench, serve: a line of options and a call each."""

import argparse
from importlib import import_module
from pathlib import Path

from spexcore.cli.printing import print_json

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
    result = suite.run(data=options.data, quick=options.quick)
    if options.json:
        print_json(result)
    else:
        print(suite.table(result))


def _serve(options: argparse.Namespace) -> None:
    from dashboard import serve

    serve(port=options.port)
