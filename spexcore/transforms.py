"""Fourier, Moebius, co-Moebius and the interaction indices of a sparse spectrum.

With x in {0,1}^n and x_i = 1 kept, f(x) = sum_S F(S) (-1)^{|S & x|} (Fourier) = sum_{T subset of x} a(T) (Moebius).
A coalition is a sorted tuple of player indices; one that is absent scores zero. Every index here is a sum over
supersets, I(S) = sum_{U >= S} w(|S|, |U|) F(U), whose weight knows only the two sizes (`weights.py`), so one walk over
the sub-coalitions (`supersets.py`) serves them all.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.masks import Coalition, as_masks
from spexcore.supersets import superset_sums
from spexcore.terms import Floats, Terms
from spexcore.weights import INDICES, weight

__all__ = [
    "INDICES",
    "comobius_of_corners",
    "comobius_to_fourier",
    "comobius_to_mobius",
    "evaluate",
    "fourier_to_comobius",
    "fourier_to_mobius",
    "index",
    "index_order",
    "inverse_walsh_hadamard",
    "mobius_to_comobius",
    "mobius_to_fourier",
    "walsh_hadamard",
]

Coefficients = Mapping[Coalition, float]

MASKS_AT_ONCE = 8192
CELLS_AT_ONCE = 2**22  # signs held as float64 while evaluating: 32 MiB


def comobius_of_corners(values: Floats) -> Floats:
    """c(S), (...,), from the values of a coalition's corners, (..., 2^|S|), as `masks.corners` orders them."""
    order = values.shape[-1].bit_length() - 1
    return values @ (-1.0) ** (order - np.bitwise_count(np.arange(2**order)))


def walsh_hadamard(table: object) -> Floats:
    """Fourier coefficients (2^n,) of all values (2^n,); bit i of a row's number keeps player i, or holds it in S."""
    values = inverse_walsh_hadamard(table)
    values /= len(values)
    return values


def inverse_walsh_hadamard(table: object) -> Floats:
    """All values (2^n,) from all Fourier coefficients (2^n,), both numbered by bits."""
    values = np.array(table, dtype=np.float64)
    if values.ndim != 1 or len(values) < 1 or len(values) & (len(values) - 1):
        raise BadInput(f"`table` must be one row of 2^n numbers; got shape {values.shape}.")
    half = 1
    while half < len(values):
        pairs = values.reshape(-1, 2, half)  # (2^n,) -> (blocks, without or with this player, half)
        difference = pairs[:, 0] - pairs[:, 1]
        pairs[:, 0] += pairs[:, 1]
        pairs[:, 1] = difference
        half *= 2
    return values


def fourier_to_mobius(coefficients: Coefficients) -> Terms:
    """a(T) = (-2)^|T| sum_{S >= T} F(S)."""
    return superset_sums(Terms.of(coefficients), lambda s, u: (-2.0) ** s)


def mobius_to_fourier(coefficients: Coefficients) -> Terms:
    """F(S) = (-1)^|S| sum_{T >= S} 2^-|T| a(T)."""
    return superset_sums(Terms.of(coefficients), lambda s, t: (-1.0) ** s * 2.0**-t)


def fourier_to_comobius(coefficients: Coefficients) -> Terms:
    """c(S) = 2^|S| sum_{U >= S} (-1)^|U| F(U) = sum_{T subset of S} (-1)^{|S| - |T|} f(N - S + T)."""
    return superset_sums(Terms.of(coefficients), lambda s, u: 2.0**s * (-1.0) ** u)


def comobius_to_fourier(coefficients: Coefficients) -> Terms:
    """F(S) = sum_{T >= S} (-2)^-|T| c(T)."""
    return superset_sums(Terms.of(coefficients), lambda s, t: (-2.0) ** -t)


def mobius_to_comobius(coefficients: Coefficients) -> Terms:
    """c(S) = sum_{T >= S} a(T)."""
    return superset_sums(Terms.of(coefficients), lambda s, t: 1.0)


def comobius_to_mobius(coefficients: Coefficients) -> Terms:
    """a(S) = sum_{T >= S} (-1)^{|T| - |S|} c(T)."""
    return superset_sums(Terms.of(coefficients), lambda s, t: (-1.0) ** (t - s))


def index(coefficients: Coefficients, name: str, max_order: int | None = None) -> Terms:
    """Scores of every coalition up to `max_order` (default: all) under one of INDICES, from Fourier coefficients.

    fsii, fbii and stii are *defined* by their max_order l, here the spectrum's own order unless given; for the others
    max_order only leaves out what is larger. sv and bv have order 1 whatever is asked. The empty coalition scores
    f(nothing kept) under mobius, sv, stii and fsii (with it sv, stii and fsii add up to f(all kept)); f(all kept)
    under comobius; the mean F(()) under fourier, bv and bii; its own formula under sii (sum of a(T) / (|T| + 1)) and
    under fbii (the Moebius of the spectrum cut at l).
    """
    terms = Terms.of(coefficients)
    top = index_order(name, max_order, terms.order)
    if name == "fourier":
        return Terms({size: group for size, group in terms.groups.items() if size <= top})
    return superset_sums(terms, weight(name, top), top)


def index_order(name: str, max_order: int | None, order: int) -> int:
    """The largest order that an index scores for a spectrum of this order; raises BadInput on what cannot be asked."""
    if name not in INDICES:
        raise BadInput(f"`index` must be one of {', '.join(INDICES)}; got {name!r}.")
    if max_order is not None and max_order < 0:
        raise BadInput(f"`max_order` must be at least 0; got {max_order}.")
    top = order if max_order is None else int(max_order)
    return min(top, 1) if name in ("sv", "bv") else top


def evaluate(coefficients: Coefficients, masks: object) -> Floats:
    """f(x) = sum_S F(S) (-1)^{|S & x|} of each mask (n_masks, n_players) -> (n_masks,), in bounded memory."""
    rows = np.atleast_2d(np.asarray(masks))
    rows = as_masks(rows, rows.shape[-1])
    terms = Terms.of(coefficients)
    if terms.order and terms.players[-1] >= rows.shape[1]:
        raise BadInput(f"`masks` must have a column for player {terms.players[-1]}; got {rows.shape[1]} columns.")
    blocks = [rows[start : start + MASKS_AT_ONCE] for start in range(0, len(rows), MASKS_AT_ONCE)]
    return np.concatenate([_evaluate_block(terms, block) for block in blocks]) if blocks else np.empty(0)


def _evaluate_block(terms: Terms, masks: NDArray[np.bool_]) -> Floats:
    """Parities by XOR of bit-packed columns: eight masks a byte."""
    columns = np.packbits(masks, axis=0).T.copy()  # (n_masks, n_players) -> (n_players, n_masks / 8)
    total = np.zeros(len(masks))
    step = max(1, CELLS_AT_ONCE // len(masks))
    for rows, values in terms.groups.values():
        total += values.sum()
        for start in range(0, len(rows) if rows.shape[1] else 0, step):
            block = rows[start : start + step]
            odd = columns[block[:, 0]]
            for column in block.T[1:]:
                odd ^= columns[column]
            bits = np.unpackbits(odd, axis=1, count=len(masks))  # (block, n_masks / 8) -> (block, n_masks)
            total -= 2.0 * (values[start : start + step] @ bits)
    return total
