"""Discover, then verify: spend masks where the leading terms are, until those reported first are measured.

The effect of a coalition S in the full prompt, c(S), is an alternating sum over the 2^|S| corners that remove a subset
of S. Corners are shared, so the removals form a lattice; once all below S are known, S costs one mask. A surrogate
draws joint guesses of the unknown corners; whatever leads in many draws is measured next; every value feeds back.
"""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spexcore.claims import ranked_claims
from spexcore.estimators.threads import one_thread
from spexcore.game import MeteredGame
from spexcore.interactions import REPORTED_ORDER
from spexcore.masks import Coalition, Masks
from spexcore.spectrum import Spectrum
from spexcore.surrogate import Surrogate, fit_surrogate

_DRAWS = 64
_CANDIDATES = 1_500  # coalitions weighed in a round
_CORNERS = 2_000  # unknown corners drawn jointly in a round: the draw is cubic in them
_LOW = 2  # orders that are also ranked among themselves: large high-order sums must not hide single words and pairs

Removal = Coalition  # the players a mask removes


def first_masks(n_players: int, budget: int) -> Masks:
    """The full mask and every single removal, which all later corners share; only the full one where they cost more
    than half of the budget."""
    full = np.ones((1, n_players), dtype=bool)
    return np.vstack([full, ~np.eye(n_players, dtype=bool)]) if 2 * (n_players + 1) <= budget else full


def verify(game: MeteredGame, *, top: int, budget: int, seed: int, rounds: int = 6) -> bool:
    """Ask the game, in rounds, for at most `budget` more masks: the corners of the `top` terms likely to lead.

    The game must have been asked for some masks, the full one among them; `measured_terms` then reads what is known.
    Returns False where budget was left and nothing to measure, else True.
    """
    rng = np.random.default_rng([seed, 3])
    surrogate: Surrogate | None = None
    for left in range(rounds, 0, -1):
        if budget < 1:
            return True
        masks, values = game.samples()
        with one_thread():
            surrogate = fit_surrogate(masks, values, seed, None if surrogate is None else surrogate.kernel)
            if surrogate is None:
                return True
            known = dict(zip(removals(masks), values.tolist(), strict=True))
            wanted = _wanted(surrogate, known, top, -(-budget // left), rng)
        if not wanted:
            return False
        game(_masks(wanted, game.n_players))
        budget -= len(wanted)
    return True


def check_claims(game: MeteredGame, spectrum: Spectrum, *, top: int, budget: int) -> None:
    """Measure what a spectrum would report among the `top` without its having been measured."""
    masks, values = game.samples()
    measured = measured_terms(masks, values)
    claims = [coalition for coalition, _ in ranked_claims(spectrum, measured)[:top] if coalition not in measured]
    wanted = _picked(claims, -np.arange(len(claims), dtype=float), dict.fromkeys(removals(masks), 0.0), budget)
    if wanted:
        game(_masks(wanted, game.n_players))


def measured_terms(
    masks: Masks, values: NDArray[np.float64], max_order: int = REPORTED_ORDER
) -> dict[Coalition, float]:
    """Co-Moebius value of every coalition whose corners are all among the masks: exact, straight from the game.

    That of the empty coalition is the value of the whole prompt.
    """
    near = masks.shape[1] - masks.sum(axis=1) <= max_order
    known = dict(zip(removals(masks[near]), values[near].tolist(), strict=True))
    return {
        coalition: sum((-1) ** len(corner) * known[corner] for corner in _below(coalition))
        for coalition in sorted(known, key=lambda r: (len(r), r))
        if all(corner in known for corner in _below(coalition))
    }


def removals(masks: Masks) -> list[Removal]:
    """The players each mask removes."""
    return [tuple(np.flatnonzero(~row).tolist()) for row in masks]


def _wanted(
    surrogate: Surrogate, known: dict[Removal, float], top: int, share: int, rng: np.random.Generator
) -> list[Removal]:
    """Unknown corners of the coalitions most often among the leading ones, at most `share` of them."""
    coalitions = _affordable(surrogate.coalitions(REPORTED_ORDER, _CANDIDATES), known)
    corners = list(dict.fromkeys(corner for coalition in coalitions for corner in _below(coalition)))
    unknown = [corner for corner in corners if corner not in known]
    if not unknown:
        return []
    values = np.empty((len(corners), _DRAWS))
    fresh = np.array([corner not in known for corner in corners])
    values[~fresh] = np.array([known[corner] for corner in corners if corner in known])[:, None]
    values[fresh] = surrogate.draws(_masks(unknown, surrogate.fitted.n_players), _DRAWS, rng)
    sums = _alternating(coalitions, corners)
    size = np.abs(sums @ values)
    cost = abs(sums) @ fresh
    orders = np.array([len(coalition) for coalition in coalitions])
    lead = _share_of_draws(size, top) + _share_of_draws(np.where(orders[:, None] <= _LOW, size, 0.0), top)
    lead += 1e-6 * size.mean(axis=1) / (size.mean() + 1e-300)  # the rest by their mean size
    return _picked(coalitions, lead / np.sqrt(np.maximum(cost, 1)), known, share)


def _affordable(coalitions: list[Coalition], known: dict[Removal, float]) -> list[Coalition]:
    """The leading coalitions whose unknown corners together can be drawn jointly."""
    unknown: set[Removal] = set()
    for count, coalition in enumerate(coalitions):
        unknown.update(corner for corner in _below(coalition) if corner not in known)
        if len(unknown) > _CORNERS:
            return coalitions[:count]
    return coalitions


def _alternating(coalitions: list[Coalition], corners: list[Removal]) -> csr_array:
    """c(S) = sum over R in S of (-1)^|R| f(N - R) as a sparse matrix (n_coalitions, n_corners)."""
    column = {corner: k for k, corner in enumerate(corners)}
    rows, columns, signs = [], [], []
    for row, coalition in enumerate(coalitions):
        for corner in _below(coalition):
            rows.append(row)
            columns.append(column[corner])
            signs.append(1.0 - 2.0 * (len(corner) % 2))
    return csr_array((signs, (rows, columns)), shape=(len(coalitions), len(corners)))


def _share_of_draws(size: NDArray[np.float64], top: int) -> NDArray[np.float64]:
    """In what share of the draws each coalition is among the `top` largest, (n_coalitions,)."""
    top = min(top, len(size))
    leading = np.argpartition(-size, top - 1, axis=0)[:top]
    return np.bincount(leading.ravel(), minlength=len(size)) / size.shape[1]


def _picked(
    coalitions: list[Coalition], worth: NDArray[np.float64], known: dict[Removal, float], share: int
) -> list[Removal]:
    """Unknown corners of the coalitions in order of worth, whole coalitions at a time, until the share is spent."""
    picked: dict[Removal, None] = {}
    for k in np.argsort(-worth, kind="stable"):
        missing = [corner for corner in _below(coalitions[k]) if corner not in known and corner not in picked]
        if len(picked) + len(missing) <= share:
            picked.update(dict.fromkeys(missing))
        if len(picked) == share:
            break
    return list(picked)


def _below(coalition: Coalition) -> Iterable[Removal]:
    for size in range(len(coalition) + 1):
        yield from combinations(coalition, size)


def _masks(removed: list[Removal], n_players: int) -> Masks:
    masks = np.ones((len(removed), n_players), dtype=bool)
    for row, players in zip(masks, removed, strict=True):
        row[list(players)] = False
    return masks
