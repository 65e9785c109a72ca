"""Intervals: of predicted co-Moebius values, from re-ablations; of Fourier coefficients, from held-out masks."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from spexcore.faithfulness import HeldOut, Interval
from spexcore.game import Game, Values
from spexcore.interactions import REPORTED_ORDER
from spexcore.masks import Coalition, Masks, corners
from spexcore.spectrum import Spectrum
from spexcore.transforms import comobius_of_corners

COVERAGE = 0.95
CHECKED = {1: 32, 2: 64, 3: 24}  # order -> coalitions re-ablated at most: larger ones cost too many corners each
LARGEST = 200  # Fourier coefficients that get an interval
_FEWEST = 16  # held-out masks from which one is read
_ENOUGH = 19  # errors from which a 95 % quantile can be read
_Z = 1.96  # 95 % of a normal distribution


def spread_by_order(spectrum: Spectrum, game: Game, near: HeldOut) -> tuple[dict[int, float], dict[int, float]]:
    """The 95 % interval of a predicted co-Moebius value c is c ± sqrt(spread^2 + (share c)^2): order -> spread, share.

    Split conformal: a held-out near mask removes a random coalition nobody has measured. Those of up to three players
    are re-ablated in full on the game. Their errors, each in units of sqrt(mean squared error + c^2), have a 95 %
    quantile q; spread is q times the root mean squared error, share is q. It covers coalitions drawn as these were
    (Vovk, Gammerman and Shafer 2005); the part that grows with c is for the largest claims, which are the likeliest to
    be too large. The order after the last follows the growth so far.
    """
    spread: dict[int, float] = {}
    share: dict[int, float] = {}
    for order in range(1, min(REPORTED_ORDER, near.masks.shape[1]) + 1):
        checked = _removed(near.masks, order)[: CHECKED.get(order, 0)]
        if checked:
            spread[order], share[order] = _widths(*_checked(spectrum, game, checked))
        elif spread:
            last = max(spread)
            spread[order], share[order] = spread[last] * _growth(spread), share[last]
    return spread, share


def coefficient_intervals(
    spectrum: Spectrum, uniform: HeldOut, seen: Masks, seen_values: Values
) -> dict[Coalition, Interval]:
    """Coalition -> 95 % interval of its true Fourier coefficient, for the largest coefficients of the spectrum.

    The true one is F(S) plus the mean over all masks of (value - predicted) (-1)^{|S & x|}: known on the `seen` masks
    (n_masks, n_players), and on the others estimated by the held-out ones, with Student's t (prediction-powered
    inference, Angelopoulos et al. 2023). It holds for one coefficient at a time. {} for fewer than 16 held-out masks.
    """
    n, m = spectrum.n_players, len(uniform.masks)
    if m < _FEWEST:
        return {}
    if m == 2**n:  # a tiny game is judged on all masks, the seen ones among them
        seen, seen_values = seen[:0], seen_values[:0]
    others = 1 - len(seen) * 2.0**-n  # share of the masks that are not seen
    rest = 1 - m * 2.0**-n / others  # share of those that is not held out either
    here, there = uniform.values - spectrum.predict(uniform.masks), seen_values - spectrum.predict(seen)
    found = {}
    for coalition, coefficient in spectrum.interactions().ranked()[:LARGEST]:
        signed = here * _parity(uniform.masks, coalition)
        centre = coefficient + others * signed.mean() + 2.0**-n * (there @ _parity(seen, coalition))
        width = stdtrit(m - 1, 0.5 + COVERAGE / 2) * others * signed.std(ddof=1) * np.sqrt(rest / m)
        found[coalition] = (float(centre - width), float(centre + width))
    return found


def _parity(masks: Masks, coalition: Coalition) -> Values:
    return 1.0 - 2.0 * (masks[:, list(coalition)].sum(axis=1) % 2)


def _removed(masks: NDArray[np.bool_], order: int) -> list[Coalition]:
    """The coalitions that masks remove, those of one order."""
    rows = masks[(~masks).sum(axis=1) == order]
    return [tuple(np.flatnonzero(~row).tolist()) for row in rows]


def _checked(
    spectrum: Spectrum, game: Game, coalitions: list[Coalition]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """|measured - predicted| and |predicted| co-Moebius value, (n_coalitions,) each."""
    masks = np.vstack([corners(coalition, game.n_players) for coalition in coalitions])
    values, predicted = (v.reshape(len(coalitions), -1) for v in (game(masks), spectrum.predict(masks)))
    return np.abs(comobius_of_corners(values - predicted)), np.abs(comobius_of_corners(predicted))


def _widths(errors: NDArray[np.float64], predicted: NDArray[np.float64]) -> tuple[float, float]:
    """Spread and share, of (n_coalitions,) errors and predicted values."""
    typical = float(np.sqrt(np.mean(errors**2)))
    if typical <= 1e-12 * float(predicted.max()) or not typical:
        return typical, 0.0
    widest = _quantile(errors / np.hypot(typical, predicted))
    return widest * typical, widest


def _quantile(errors: NDArray[np.float64]) -> float:
    """That below which a further error lies with 95 % chance; of few errors the normal one, or the largest."""
    if len(errors) < _ENOUGH:
        return max(_Z * float(np.sqrt(np.mean(errors**2))), float(errors.max()))
    return float(np.quantile(errors, COVERAGE, method="weibull"))


def _growth(found: dict[int, float]) -> float:
    """From one order to the next: as before, but no slower than independent errors and no faster than equal ones."""
    *_, before, last = [0.0, *found.values()]
    return float(np.clip(last / before, np.sqrt(2), 2.0)) if before else 2.0
