"""Faithfulness: how well a spectrum predicts values it has not seen, under uniform masks and near the full prompt."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import comb, isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import Game, Values
from spexcore.masks import ENUMERABLE, Masks, all_masks, draw, is_near, near_limit, pack, unseen
from spexcore.removal import Removal
from spexcore.spectrum import Spectrum

Interval = tuple[float, float]

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # terms kept
_RESAMPLES, _FEWEST_RESAMPLED = 999, 16  # bootstrap draws; masks below which they say nothing
_NUMBERS = ("r2", "r2_near", "mae", "mae_near")
_FEWEST_UNSEEN = 32  # below this many masks left unseen, the whole table is what there is to judge by


@dataclass(frozen=True)
class Faithfulness:
    """R2 and mean absolute error on held-out masks; `_near` where few players are removed. NaN where none was.

    r2_interval, r2_near_interval: 95 % interval of R2 over all masks of the kind; None where too few were held out.
    by_size: largest Fourier coefficients kept -> R2 of these alone on the uniform held-out masks; the last keeps all.
    energy: order -> share of the variance that the spectrum has under uniform masks.
    removal: the value while the players that matter most are really removed.
    Old run files lack the last five.
    """

    r2: float
    r2_near: float
    mae: float
    mae_near: float
    n_held_out: int
    r2_interval: Interval | None = None
    r2_near_interval: Interval | None = None
    by_size: Mapping[int, float] = field(default_factory=dict)
    energy: Mapping[int, float] = field(default_factory=dict)
    removal: Removal | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON knows no NaN: null where nothing was held out."""
        content = asdict(self)
        return {**content, **{name: None if isnan(content[name]) else content[name] for name in _NUMBERS}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Faithfulness":
        """What `to_json` wrote, now or before it said more."""
        removal = content.get("removal")
        return cls(
            **{name: nan if content[name] is None else float(content[name]) for name in _NUMBERS},
            n_held_out=int(content["n_held_out"]),
            r2_interval=_interval(content.get("r2_interval")),
            r2_near_interval=_interval(content.get("r2_near_interval")),
            by_size={int(size): float(r2) for size, r2 in content.get("by_size", {}).items()},
            energy={int(order): float(share) for order, share in content.get("energy", {}).items()},
            removal=None if removal is None else _removal(removal),
        )


#: Of an explanation that nothing was held out to judge.
UNJUDGED = Faithfulness(nan, nan, nan, nan, 0)


@dataclass(frozen=True)
class HeldOut:
    """Masks kept away from the estimator, with their values and distribution ("uniform" or "near")."""

    masks: Masks
    values: Values


def _removal(content: Any) -> Removal:
    found = Removal.from_json(content)
    if not found.sizes or not {"terms", "single effects", "random"} <= set(found.values):
        raise BadInput("`removal` must have sizes, and values by terms, by single effects and at random.")
    return found


def r2_score(values: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """1 - unexplained / total sum of squares; on constant values 1.0 when they are met and 0.0 otherwise."""
    error = float(((values - predicted) ** 2).sum())
    total = float(((values - values.mean()) ** 2).sum())
    scale = float((values**2).sum()) + 1e-300
    if total <= 1e-24 * scale:
        return 1.0 if error <= 1e-18 * scale else 0.0
    return 1.0 - error / total


def held_out_masks(distribution: str, n_players: int, n_masks: int, seed: int, seen: Masks) -> Masks:
    """Masks of a distribution that are not among the seen ones, (at most n_masks, n_players).

    In a game so small that almost nothing is unseen, all its masks: they are the truth itself.
    """
    rng = np.random.default_rng([seed, 1 if distribution == "uniform" else 2])
    known = set(pack(seen))
    wanted = n_masks + len(known) if n_players <= ENUMERABLE else n_masks
    drawn = _of_kind(distribution, draw(distribution, n_players, wanted, rng))  # which may be all masks there are
    fresh = unseen(drawn, known)[:n_masks]
    if len(fresh) >= min(n_masks, _FEWEST_UNSEEN):
        return fresh
    return _of_kind(distribution, all_masks(n_players)) if n_players <= ENUMERABLE else drawn


def _of_kind(distribution: str, masks: Masks) -> Masks:
    """Those that a distribution can draw."""
    return masks if distribution == "uniform" else masks[is_near(masks)]


def hold_out(game: Game, distribution: str, n_masks: int, seed: int, seen: Masks) -> HeldOut:
    """Evaluate held-out masks of a distribution on the game."""
    masks = held_out_masks(distribution, game.n_players, n_masks, seed, seen)
    return HeldOut(masks, game(masks))


def faithfulness(spectrum: Spectrum, uniform: HeldOut, near: HeldOut) -> Faithfulness:
    """Judge a spectrum on uniform and on near held-out masks; all but the removal curve, which costs masks."""
    there, here = spectrum.predict(uniform.masks), spectrum.predict(near.masks)
    return Faithfulness(
        r2=r2_score(uniform.values, there),
        r2_near=r2_score(near.values, here),
        mae=float(np.abs(uniform.values - there).mean()),
        mae_near=float(np.abs(near.values - here).mean()),
        n_held_out=len(uniform.masks) + len(near.masks),
        r2_interval=r2_interval(uniform.values, there, whole=len(there) == 2**spectrum.n_players),
        r2_near_interval=r2_interval(near.values, here, whole=len(here) == _all_near(spectrum.n_players)),
        by_size=r2_by_size(spectrum, uniform),
        energy=energy_by_order(spectrum),
    )


def r2_interval(values: Values, predicted: Values, *, whole: bool = False) -> Interval | None:
    """95 % interval of R2 over all masks of the kind these (n_masks,) were drawn from; `whole`: they are all of them.

    Bootstrap-t of the logarithm of unexplained over total variance, which is closer to normal than R2 and never above
    one (Efron and Tibshirani 1993, section 12.5). None for fewer than 16 masks. Squared errors are heavy-tailed on real
    games: predictions as control variates would narrow it by 7 % only (median), the true variance of values widen it.
    """
    found = r2_score(values, predicted)
    errors = (values - predicted) ** 2
    if whole or not errors.any() or (values == values[0]).all():
        return found, found
    if len(values) < _FEWEST_RESAMPLED:
        return None
    rows = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, error = _log_unexplained(errors, values)
        drawn, scatter = _log_unexplained(errors[rows], values[rows])
        t = (drawn - centre) / scatter
    low, high = np.quantile(t[np.isfinite(t)], [0.025, 0.975])
    return min(found, float(1 - np.exp(centre - low * error))), max(found, float(1 - np.exp(centre - high * error)))


def r2_by_size(spectrum: Spectrum, uniform: HeldOut) -> dict[int, float]:
    """Terms kept, the largest Fourier coefficients first -> R2 on held-out masks; the last size keeps all of them."""
    ranked = [coalition for coalition, _ in spectrum.interactions().ranked()]
    sizes = [size for size in SIZES if size < len(ranked)] + [len(ranked)]
    predicted = np.full(len(uniform.masks), spectrum.coefficients.get((), 0.0))
    found: dict[int, float] = {}
    for before, size in zip([0, *sizes], sizes):
        added = {coalition: spectrum.coefficients[coalition] for coalition in ranked[before:size]}
        predicted = predicted + Spectrum(added, spectrum.players).predict(uniform.masks)
        found[size] = r2_score(uniform.values, predicted)
    return found


def energy_by_order(spectrum: Spectrum) -> dict[int, float]:
    """Order -> share of the spectrum's variance under uniform masks; {} for a constant."""
    energy = {order: value for order, value in spectrum.energy_by_order().items() if order}
    total = sum(energy.values())
    return {order: value / total for order, value in energy.items()} if total else {}


def _log_unexplained(errors: Values, values: Values) -> tuple[Values, Values]:
    """log of unexplained over total variance of each sample (..., n_masks), and its standard error."""
    squares = (values - values.mean(-1, keepdims=True)) ** 2
    unexplained, total = errors.mean(-1, keepdims=True), squares.mean(-1, keepdims=True)
    influence = errors / unexplained - squares / total
    return np.log(unexplained / total)[..., 0], influence.std(-1, ddof=1) / np.sqrt(values.shape[-1])


def _all_near(n_players: int) -> int:
    """How many near masks there are."""
    return sum(comb(n_players, removed) for removed in range(1, near_limit(n_players) + 1))


def _interval(ends: Any) -> Interval | None:
    return None if ends is None else (float(ends[0]), float(ends[1]))
