"""Where there is nothing to estimate: every mask is known, or every value the same."""

import numpy as np
from numpy.typing import NDArray

from spexcore.game import Values
from spexcore.masks import ENUMERABLE, Coalition, Masks
from spexcore.spectrum import Spectrum
from spexcore.transforms import walsh_hadamard

ROUNDING = 4 * np.finfo(np.float64).eps  # a coefficient below this share of the largest value is rounding


def known(masks: Masks, values: Values, players: tuple[str, ...], *, max_order: int | None = None) -> Spectrum | None:
    """The spectrum where there is nothing to estimate: all values equal, or every one of the 2^n masks given."""
    if (values == values[0]).all():
        return Spectrum({(): float(values[0])}, players)
    table = whole_table(masks, values)
    return None if table is None else table_spectrum(table, players, max_order=max_order)


def whole_table(masks: Masks, values: Values) -> NDArray[np.float64] | None:
    """Values (2^n,), row k keeping player i where bit i of k is set, repeats averaged; None when a mask is missing."""
    n_players = masks.shape[1]
    if n_players > ENUMERABLE or len(masks) < 2**n_players:
        return None
    number = masks @ (1 << np.arange(n_players))
    count = np.bincount(number, minlength=2**n_players)
    if not count.all():
        return None
    return np.bincount(number, weights=values, minlength=2**n_players) / count


def table_spectrum(table: NDArray[np.float64], players: tuple[str, ...], *, max_order: int | None = None) -> Spectrum:
    """Every coefficient above rounding, up to max_order, of a whole table (2^n,)."""
    coefficients = walsh_hadamard(table)
    wanted = np.abs(coefficients) > ROUNDING * np.abs(table).max()
    if max_order is not None:
        wanted &= np.bitwise_count(np.arange(len(table))) <= max_order
    wanted[0] = True
    coalitions: list[Coalition] = [()]
    for player in range(len(players)):
        coalitions += [coalition + (player,) for coalition in coalitions]
    return Spectrum({coalitions[k]: float(coefficients[k]) for k in np.flatnonzero(wanted)}, players)
