"""What goes to the terminal: JSON on stdout, progress on stderr."""

import json
import sys
from typing import Any

from spexcore.progress import Step


def print_json(content: object) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=1))


class Bar:
    """A progress bar on a terminal, nothing in a pipe."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> "Bar":
        return self

    def __call__(self, step: Step) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=step.total, unit="mask", leave=False)
        self._bar.set_description(step.phase, refresh=False)
        if step.r2 is not None:
            self._bar.set_postfix(r2=f"{step.r2:.2f}", refresh=False)
        self._bar.update(step.done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
