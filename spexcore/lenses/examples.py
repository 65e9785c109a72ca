"""Labelled texts: what a head is trained on, checked once, each fault named by its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput

MOST_ROWS = 20_000
MOST_CLASSES = 50


@dataclass(frozen=True)
class Examples:
    """Texts and their labels, row by row; classes in alphabetical order."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.labels)))

    @cached_property
    def codes(self) -> NDArray[np.intp]:
        """Index of each row's label among the classes, (n_rows,)."""
        index = {name: code for code, name in enumerate(self.classes)}
        return np.array([index[label] for label in self.labels], dtype=np.intp)

    def code(self, label: str) -> int:
        """Index of a label; raises BadInput where no row has it."""
        if label not in self.classes:
            raise BadInput(f"`target` must be a label of the table, one of {', '.join(self.classes)}; got {label!r}.")
        return self.classes.index(label)


def checked_examples(texts: Sequence[str], labels: Sequence[object]) -> Examples:
    """Examples, or BadInput naming the row (counted from 0) or the column at fault."""
    if len(texts) != len(labels):
        raise BadInput(f"`labels` must have one label a text; got {len(labels)} for {len(texts)} texts.")
    if len(texts) > MOST_ROWS:
        raise BadInput(f"`texts` must be at most {MOST_ROWS:,} rows; got {len(texts):,}. Take a sample of them.")
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if not isinstance(text, str) or not text.strip():
            raise BadInput(f"`texts` must all hold a word; row {row} is {text!r}. Remove that row.")
        if not str(label).strip():
            raise BadInput(f"`labels` must not be empty; row {row} has none. Remove that row or name its label.")
    named = Examples(tuple(texts), tuple(str(label) for label in labels))
    if len(named.classes) < 2:
        raise BadInput(f"`labels` must have at least two classes; got only {', '.join(named.classes) or 'no rows'}.")
    if len(named.classes) > MOST_CLASSES:
        raise BadInput(
            f"`labels` must have at most {MOST_CLASSES} classes; got {len(named.classes)} (such as "
            f"{', '.join(named.classes[:3])}). Is this the label column?"
        )
    return named
