"""Boosted trees on masks: a small grid, cross-validated with early stopping, each model an exact sparse spectrum."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.refit import design, ridge
from spexcore.estimators.trees import Terms, added, expand, read_forest
from spexcore.masks import Masks

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

MOST_TREES = 500
PATIENCE = 40  # trees without a better held-out error before a fold stops growing
KEEPS_UP = 1.1  # a way to grow whose error after two folds exceeds the best one's by more is given up
FEWEST_MASKS = 10  # below this no tree splits; the linear part alone remains
FEW_LEAVES = 6  # a tree may have 2^depth leaves, and not more than 2^6


@dataclass(frozen=True)
class Growth:
    """How trees grow: depth, learning rate, share of masks and of players each sees, fewest masks in a leaf, and
    whether they start from a ridge model of single players or from the mean."""

    depth: int
    rate: float
    rows: float
    players: float
    least: int
    linear: bool


def grid(n_masks: int, depth: int) -> list[Growth]:
    """What is tried: trees that see everything (sparse games), trees that see random parts (dense games, few masks)."""
    least = int(np.clip(n_masks // 12, 5, 20))
    return [
        growth
        for linear in (True, False)
        for growth in (Growth(depth, 0.1, 1.0, 1.0, least, linear), Growth(depth, 0.1, 0.5, 0.7, 5, linear))
    ]


@dataclass(frozen=True)
class Boosted:
    """A linear start, (n_players + 1,) with the intercept last, and the trees grown on what it leaves over."""

    start: Floats
    booster: Any  # lightgbm.Booster, or None where the masks were too few for any tree

    def predict(self, masks: Masks, n_trees: int) -> Floats:
        """Values (n_masks,) with the first n_trees."""
        linear = _start_of(self.start, masks)
        if self.booster is None or n_trees == 0:
            return linear
        return linear + self.booster.predict(masks.astype(np.float32), num_iteration=n_trees, num_threads=1)

    def terms(self, n_trees: int) -> Terms:
        """The exact spectrum with the first n_trees."""
        n_players = len(self.start) - 1
        rows = np.append(np.arange(n_players), -1)[:, None]
        linear = Terms(rows, self.start)
        if self.booster is None or n_trees == 0:  # LightGBM reads 0 as all of them
            return linear
        forest = read_forest(self.booster.model_to_string(num_iteration=n_trees))
        return added([linear, expand(forest, n_players)], n_players)


def grow(masks: Masks, values: Floats, growth: Growth, n_trees: int, seed: int) -> Boosted:
    """Trees on masks (n_masks, n_players) and values (n_masks,)."""
    start = _fit_start(masks, values, growth.linear)
    if len(values) < FEWEST_MASKS:
        return Boosted(start, None)
    booster = _booster(masks, values - _start_of(start, masks), growth, seed)
    for _ in range(n_trees):
        if booster.update():
            break
    return Boosted(start, booster)


def grow_until(masks: Masks, values: Floats, growth: Growth, seed: int, held_out: Indices) -> tuple[Boosted, Floats]:
    """Trees on all but the held-out rows, until the error there stops falling; squared errors (MOST_TREES + 1,).

    Entry t is the summed squared error with t trees; beyond the last tree grown it stays as it was.
    """
    rows = np.setdiff1d(np.arange(len(values)), held_out)
    start = _fit_start(masks[rows], values[rows], growth.linear)
    rest = values - _start_of(start, masks)
    errors = np.full(MOST_TREES + 1, rest[held_out] @ rest[held_out])
    if len(rows) < FEWEST_MASKS:
        return Boosted(start, None), errors
    booster = _booster(masks[rows], rest[rows], growth, seed)
    booster.add_valid(_dataset(masks[held_out], rest[held_out], booster.train_set), "held out")
    for t in range(1, MOST_TREES + 1):
        if booster.update():
            break
        errors[t:] = booster.eval_valid()[0][2] * len(held_out)
        if t - int(errors[: t + 1].argmin()) >= PATIENCE:
            break
    return Boosted(start, booster), errors


def _booster(masks: Masks, values: Floats, growth: Growth, seed: int) -> Any:
    import lightgbm

    settings = {
        "objective": "regression",
        "metric": "l2",
        "max_depth": growth.depth,
        "num_leaves": 2 ** min(growth.depth, FEW_LEAVES),
        "learning_rate": growth.rate,
        "bagging_fraction": growth.rows,
        "bagging_freq": int(growth.rows < 1),
        "feature_fraction": growth.players,
        "min_data_in_leaf": growth.least,
        "seed": seed % 2**31,
        **_QUIET,
    }
    return lightgbm.Booster(settings, _dataset(masks, values))


#: One thread and one histogram order, so that a seed gives the same trees everywhere; no rows or players merged away.
_QUIET = {
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "feature_pre_filter": False,
    "enable_bundle": False,
    "min_data_in_bin": 1,
}


def _dataset(masks: Masks, values: Floats, reference: Any = None) -> Any:
    import lightgbm

    return lightgbm.Dataset(masks.astype(np.float32), values, reference=reference, params=_QUIET, free_raw_data=False)


def _fit_start(masks: Masks, values: Floats, linear: bool) -> Floats:
    """Ridge coefficients of single players, (n_players + 1,), the intercept last; zeros and the mean without."""
    if not linear:
        return np.append(np.zeros(masks.shape[1]), values.mean())
    model = ridge(design(masks, np.arange(masks.shape[1])[:, None]), values)
    return np.append(model.coefficients, model.intercept)


def _start_of(start: Floats, masks: Masks) -> Floats:
    return np.where(masks, -1.0, 1.0) @ start[:-1] + start[-1]


@dataclass(frozen=True)
class Candidate:
    """One way to grow, the trees grown beside each held-out fold, how many of them serve best, and their error."""

    growth: Growth
    models: tuple[Boosted, ...]
    n_trees: int
    error: float


def candidates(masks: Masks, values: Floats, depth: int, seed: int, held_out: list[Indices]) -> list[Candidate]:
    """Every way to grow that keeps up with the best after two folds, grown on all of them; the best first."""
    grown: dict[Growth, list[tuple[Boosted, Floats]]] = {growth: [] for growth in grid(len(values), depth)}
    for k, fold in enumerate(held_out):
        for growth, models in grown.items():
            models.append(grow_until(masks, values, growth, seed, fold))
        if k == 1:
            least = min(_best(models)[1] for models in grown.values())
            grown = {growth: models for growth, models in grown.items() if _best(models)[1] <= KEEPS_UP * least}
    found = [Candidate(growth, tuple(m for m, _ in models), *_best(models)) for growth, models in grown.items()]
    return sorted(found, key=lambda candidate: candidate.error)


def folds(n_masks: int, seed: int) -> list[Indices]:
    """Rows held out in turn: five shuffled folds, three where masks are many."""
    order = np.random.default_rng(seed).permutation(n_masks)
    return np.array_split(order, min(n_masks, 5 if n_masks < 1000 else 3))


def _best(models: list[tuple[Boosted, Floats]]) -> tuple[int, float]:
    """The number of trees of least squared error over all folds, and that error."""
    curve = np.sum([errors for _, errors in models], axis=0)
    return int(curve.argmin()), float(curve.min())
