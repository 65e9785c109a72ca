"""Intervals: of predicted co-Moebius values, from re-ablations; of Fourier coefficients, from held-out masks."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from spexcore.claims import Corners, Doubt, corners_of_one, ranked_claims
from spexcore.faithfulness import HeldOut, Interval
from spexcore.game import Game, Values
from spexcore.masks import Coalition, Masks, corners
from spexcore.spectrum import Spectrum
from spexcore.terms import Terms
from spexcore.transforms import comobius_of_corners

COVERAGE = 0.95
CHECKED = {1: 32, 2: 32, 3: 24}  # order -> random coalitions re-ablated at most: larger ones cost too many corners each
LEADING, A_THIRD = 72, 3  # largest claims with a quantile of their own, read off every third of them at random
LARGEST = 200  # Fourier coefficients that get an interval
_FLOOR = 0.05  # of the typical error of a predicted ablation: none is surer than that
_NOTHING = 1e-12  # of the largest value: errors that are rounding
_FEWEST = 16  # held-out masks from which a coefficient's interval is read
_ENOUGH = 19  # errors from which a 95 % quantile can be read
_Z = 1.96  # 95 % of a normal distribution


def doubt(spectrum: Spectrum, game: Game, near: HeldOut, measured: Mapping[Coalition, float]) -> Doubt | None:
    """How far claims of co-Moebius values (`claims`) may be off; None where there is nothing to check them by.

    Split conformal, each error in units of the claim's own scale (Vovk, Gammerman and Shafer 2005; Lei et al. 2018,
    section 5.2). A held-out near mask removes a random coalition that nobody has measured: those of up to three
    players are re-ablated in full on the game. So is a random third of the largest claims, which are the likeliest to
    be too large and have a quantile of their own; what they measure is beyond the budget, and not reported.
    """
    leading = _leading(spectrum, measured, len(near.masks))
    removed = [c for order, most in CHECKED.items() for c in _removed(near.masks, order)[:most]]
    ordinary = [c for c in removed if c not in measured] or removed
    some = np.random.default_rng(0).permutation(len(leading))[: -(-len(leading) // A_THIRD)].tolist()
    checked = [*ordinary, *(leading[k][0] for k in some)]
    if not checked:
        return None
    errors, found, largest = _checked(checked, spectrum, game, measured)
    typical = float(np.sqrt(np.mean(errors**2 / np.concatenate([each.unknown for each in found]))))  # of an ablation
    if typical <= _NOTHING * largest:
        return Doubt(ordinary=0.0, leading=0.0, threshold=0.0, floor=0.0)
    floor = _FLOOR * typical
    relative = errors / np.concatenate([each.scale(floor) for each in found])
    usual, first = relative[: len(ordinary)], relative[len(ordinary) :]
    if not len(usual) or not len(first):
        return Doubt(_quantile(relative), _quantile(relative), threshold=0.0, floor=floor)
    return Doubt(_quantile(usual), _quantile(first), abs(leading[-1][1]), floor)


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


def _leading(spectrum: Spectrum, measured: Mapping[Coalition, float], n_near: int) -> list[tuple[Coalition, float]]:
    """The largest claims that are not measured, fewer where few masks are held out to judge by."""
    unmeasured = [claim for claim in ranked_claims(spectrum, measured) if claim[0] not in measured and claim[1]]
    return unmeasured[: min(LEADING, n_near)]


def _removed(masks: NDArray[np.bool_], order: int) -> list[Coalition]:
    """The coalitions that masks remove, those of one order."""
    rows = masks[(~masks).sum(axis=1) == order]
    return [tuple(np.flatnonzero(~row).tolist()) for row in rows]


def _checked(
    coalitions: list[Coalition], spectrum: Spectrum, game: Game, measured: Mapping[Coalition, float]
) -> tuple[Values, list[Corners], float]:
    """|measured - claimed| co-Moebius value of each, (n_coalitions,); what it is claimed from; the largest |value|."""
    masks = [corners(coalition, game.n_players) for coalition in coalitions]
    known = Terms.of(measured)
    found = [corners_of_one(c, spectrum, Terms({}) if c in measured else known) for c in coalitions]
    values = np.split(game(np.vstack(masks)), np.cumsum([len(rows) for rows in masks])[:-1])
    errors = [abs(float(comobius_of_corners(true - each.values[0]))) for true, each in zip(values, found, strict=True)]
    return np.array(errors), found, max(float(np.abs(true).max()) for true in values)


def _quantile(errors: NDArray[np.float64]) -> float:
    """That below which a further error lies with 95 % chance; of few errors the normal one, or the largest."""
    if len(errors) < _ENOUGH:
        return max(_Z * float(np.sqrt(np.mean(errors**2))), float(errors.max()))
    return float(np.quantile(errors, COVERAGE, method="weibull"))
