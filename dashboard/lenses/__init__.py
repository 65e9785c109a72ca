"""The lenses on the page, each a module: the question its form asks, and the picture of its parts.

A module has TITLE, START (its form's first values, by the names of `state`) and OPTIONS (what its fields of choices can
hold); `subject()`, `choices()` and `more()`, which draw the form's left side, its first row and its part of Settings;
`read()`, the question that they ask, and `values(recipe)`, the form's values of a recipe; `parts(view)`, the picture,
which returns the charts in it by their keys, `excerpt(view)`, the pieces of text in which the detail card shows a term,
and `beneath(view)`, what stands under the linked views. These three are drawn again after every click.
"""

from types import ModuleType

from dashboard import state
from dashboard.lenses import components, prompt, training
from spexcore.explanation import Explanation

LENSES: dict[str, ModuleType] = {"prompt": prompt, "training": training, "components": components}


def begin() -> None:
    """Give everything that the pages remember its first value."""
    state.begin({name: lens.START for name, lens in LENSES.items()})


def lens_of(explanation: Explanation) -> str:
    """The lens on whose page an explanation is shown: its own, else the first."""
    return explanation.lens if explanation.lens in LENSES else next(iter(LENSES))
