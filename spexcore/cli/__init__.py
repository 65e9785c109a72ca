"""spex: the dashboard's pipeline on a command line.

Exit status 0: done. 2: the request cannot be done, one line on stderr says why. 130: interrupted; what was paid stays
in the store and the same command resumes. Only this package prints. A module a command; a module a lens, whose options
are offered once `--lens` names it.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from spexcore.cli import auditing, explaining, others, sharing, validating
from spexcore.errors import SpexError
from spexcore.store import home


class _Parser(argparse.ArgumentParser):
    """A parser whose refusal is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser(explaining.lens_asked(given)).parse_args(given)
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


def parser(lens: str = "prompt") -> argparse.ArgumentParser:
    """All commands; `spex explain` with the options of that lens."""
    whole = _Parser(prog="spex", description="Which combinations of parts drive a language model's output.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    explaining.options(commands.add_parser("explain", help="explain a game and print what drives the output"), lens)
    auditing.options(commands.add_parser("audit", help="rank the suspected mislabels of a table of labelled texts"))
    validating.options(commands.add_parser("validate", help="re-ablate a coalition, or the leading terms, of a run"))
    sharing.export(commands.add_parser("export", help="a run as HTML report, CSV, shapiq file or JSON"))
    sharing.comparing(commands.add_parser("compare", help="two runs side by side, with what differs"))
    others.models(commands.add_parser("models", help="list the models that can be used here, offline"))
    others.bench(commands.add_parser("bench", help="measure the estimators, or the engine against other tools"))
    others.serve(commands.add_parser("serve", help="open the dashboard on 127.0.0.1"))
    return whole
