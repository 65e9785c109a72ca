"""Any scikit-learn regressor as a proxy: learn the game, then read the proxy's spectrum from masks that are free."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.boosting import Growth, grow
from spexcore.estimators.l1 import best_pairs
from spexcore.estimators.pruning import largest
from spexcore.estimators.refit import Members, coalitions_of, design, members, ridge
from spexcore.estimators.trees import Terms
from spexcore.masks import Coalition, Masks, all_masks
from spexcore.transforms import walsh_hadamard

Floats = NDArray[np.float64]

READ_EXACTLY = 16  # players up to which the proxy is asked for all 2^n masks
FREE_MASKS = 8192  # masks it is asked for beyond
MOST_READ = 2000  # terms fitted to those: pairs that correlate best, and what trees grown on them find larger
READER_TREES = 300


def learn(proxy: Any, masks: Masks, values: Floats, max_order: int, seed: int) -> Terms:
    """The spectrum, up to max_order, of a fresh copy of the regressor fitted to masks (0/1 columns) and values."""
    from sklearn.base import clone

    model = clone(proxy)
    unseeded = [name for name, value in model.get_params().items() if name.endswith("random_state") and value is None]
    model.set_params(**dict.fromkeys(unseeded, seed % 2**32))
    model.fit(masks.astype(np.float64), values)
    if masks.shape[1] <= READ_EXACTLY:
        return _exact(model, masks.shape[1], max_order)
    return _sampled(model, masks.shape[1], max_order, seed)


def _answers(model: Any, masks: Masks) -> Floats:
    return np.asarray(model.predict(masks.astype(np.float64)), dtype=np.float64).reshape(len(masks))


def _exact(model: Any, n_players: int, max_order: int) -> Terms:
    coefficients = walsh_hadamard(_answers(model, all_masks(n_players)))
    numbers = np.flatnonzero(np.bitwise_count(np.arange(len(coefficients))) <= max_order)
    inside = numbers[:, None] >> np.arange(n_players) & 1
    rows = np.where(inside, np.arange(n_players), -1)
    return Terms(np.sort(rows, axis=1)[:, -max_order:], coefficients[numbers])


def _sampled(model: Any, n_players: int, max_order: int, seed: int) -> Terms:
    """Ridge on single players, the pairs that correlate best with the rest, and the larger terms that trees find."""
    masks = np.random.default_rng(seed).random((FREE_MASKS, n_players)) < 0.5
    values = _answers(model, masks)
    rows = _support(masks, values, max_order, seed)
    fitted = ridge(design(masks, rows), values)
    constant = np.full((1, rows.shape[1]), -1, dtype=np.intp)
    return Terms(np.concatenate([constant, rows]), np.append(fitted.intercept, fitted.coefficients))


def _support(masks: Masks, values: Floats, max_order: int, seed: int) -> Members:
    singles = np.arange(masks.shape[1])[:, None]
    start = ridge(design(masks, singles), values)
    rest = values - start.intercept - design(masks, singles) @ start.coefficients
    chosen: dict[Coalition, None] = dict.fromkeys((i,) for i in range(masks.shape[1]))
    if max_order > 1:
        chosen |= dict.fromkeys(coalitions_of(best_pairs(masks, rest, MOST_READ // 2)))
    if max_order > 2 and rest.any():
        growth = Growth(max_order, 0.1, 1.0, 1.0, 20, linear=True)
        found = largest(grow(masks, values, growth, READER_TREES, seed).terms(READER_TREES), MOST_READ // 2)
        chosen |= dict.fromkeys(coalitions_of(found.rows[1:]))
    return members(list(chosen))
