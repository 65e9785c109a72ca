"""Pruning and refit of a proxy's spectrum: its large terms fitted anew, each trusted as far as the proxy had it."""

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.refit import design, ridge
from spexcore.estimators.trees import Terms
from spexcore.masks import Masks

Floats = NDArray[np.float64]

MOST_REFITTED = 500


def largest(terms: Terms, most: int) -> Terms:
    """The constant and the `most` largest other terms; ties at the end by position, none dropped for being equal."""
    constant = terms.rows.max(axis=1) < 0
    ranked = np.argsort(-np.abs(np.where(constant, 0.0, terms.values)), kind="stable")
    ranked = ranked[~constant[ranked]][:most]
    rows = np.concatenate([np.full((1, terms.rows.shape[1]), -1, np.intp), terms.rows[ranked]])
    return Terms(rows, np.concatenate([[terms.values[constant].sum()], terms.values[ranked]]))


def without_dust(terms: Terms, share: float) -> Terms:
    """The fewest largest terms that hold all but `share` of the energy, and the constant."""
    everything = largest(terms, len(terms.values))
    energy = np.cumsum(everything.values[:0:-1] ** 2)  # smallest first
    dust = int(np.searchsorted(energy, share * energy[-1], side="right")) if len(energy) else 0
    kept = len(everything.values) - dust
    return Terms(everything.rows[:kept], everything.values[:kept])


def refits(terms: Terms, masks: Masks, values: Floats) -> list[Terms]:
    """The largest terms fitted anew, from trusting the proxy's small terms most to pruning them hardest.

    Ridge with prior variance |F|, then |F|^2, then the square of that second fit; strength by exact leave-one-out, the
    intercept free. A term that the proxy hardly saw must be well supported by the values to grow.
    """
    support = largest(terms, min(len(values) // 2, MOST_REFITTED))
    proxy = support.values[1:]
    if not proxy.any():
        return [support, support, support]
    columns = design(masks, support.rows[1:])
    loose = _reweighted(columns, values, np.abs(proxy))
    once = _reweighted(columns, values, proxy**2)
    twice = _reweighted(columns, values, once[1:] ** 2)
    return [Terms(support.rows, fitted) for fitted in (loose, once, twice)]


def _reweighted(columns: Floats, values: Floats, variance: Floats) -> Floats:
    """Intercept and coefficients, (1 + n_columns,), of ridge with a prior variance for each column."""
    scale = np.sqrt(variance / variance.max()) if variance.any() else variance
    model = ridge(columns * scale, values)
    return np.append(model.intercept, model.coefficients * scale)
