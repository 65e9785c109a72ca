"""The kernel of neighbours: players listed side by side, as words in a sentence are, interact more than distant ones.

K(x, x') = sum_S prod_{i in S} r_i s_i s'_i prod_{gaps of S} w(gap), where a gap is the distance between players of S
that follow each other and w(gap) = far + near FADE^(gap - 1), one in the mean over all pairs. The sum over the 2^n
coalitions is one walk over the players: `ended` holds those met so far, `recent` the same faded by their distance.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spexcore.masks import Coalition

Array = NDArray[np.float64]

FADE = 0.3  # from one player to the next
CELLS_AT_ONCE = 2**14  # of the gram walked over together: they stay in the processor's cache
CELLS_BACK = 2**12  # the same for gradients, which remember every step of the walk


def gap_weights(n_players: int, nearness: float) -> tuple[float, float]:
    """far and near, for neighbours that interact 1 + nearness times as strongly as distant players."""
    far = 1.0 / (1.0 + nearness * _mean_fade(n_players))
    return far, far * nearness


def gap_weight(gaps: NDArray[np.integer], n_players: int, nearness: float) -> Array:
    """w of gaps of any shape, 1 or more."""
    far, near = gap_weights(n_players, nearness)
    return np.asarray(far + near * FADE ** (gaps - 1.0))


def coalition_weights(coalitions: Sequence[Coalition], n_players: int, nearness: float) -> Array:
    """prod of w over the gaps of each coalition, (n_coalitions,)."""
    by_gap = gap_weight(np.arange(1, max(n_players, 2)), n_players, nearness).tolist()
    found = np.ones(len(coalitions))
    for k, coalition in enumerate(coalitions):
        for one, next_one in zip(coalition, coalition[1:]):
            found[k] *= by_gap[next_one - one - 1]
    return found


def chain_gram(scales: Array, signs: Array, others: Array, nearness: float) -> Array:
    """K, (n, m), of masks given as signs (n, n_players) and (m, n_players); scales: r, (n_players,)."""
    gram = np.empty((len(signs), len(others)))
    weighted, columns = signs * scales, np.ascontiguousarray(others.T)
    step = max(1, CELLS_AT_ONCE // max(1, len(others)))
    for start in range(0, len(signs), step):
        rows = slice(start, start + step)
        for ended, _ in _walk(weighted[rows], columns, nearness):
            gram[rows] = ended
    gram += 1.0
    return gram


def chain_slopes(scales: Array, signs: Array, nearness: float, upstream: Array) -> tuple[Array, float]:
    """Gradient of sum(upstream * K(signs, signs)) in the scales, (n_players,), and in nearness.

    upstream: (n_masks, n_masks), symmetric as K is: rows meet the columns from their own on, which count twice.
    """
    by_scale, by_far_near = np.zeros(len(scales)), np.zeros(2)
    step = max(1, CELLS_BACK // len(signs))
    for start in range(0, len(signs), step):
        twice = upstream[start : start + step, start:].copy()
        twice[:, step:] *= 2.0
        for i, slope, far_near in _walk_back(scales, signs[start : start + step], signs[start:], nearness, twice):
            by_scale[i] += slope
            by_far_near += far_near
    far, fade = gap_weights(len(scales), nearness)[0], _mean_fade(len(scales))
    return by_scale, float(far**2 * (by_far_near[1] - fade * by_far_near[0]))


def _walk_back(
    scales: Array, signs: Array, others: Array, nearness: float, upstream: Array
) -> Iterator[tuple[int, float, Array]]:
    """From the last player to the first: its number, and the slopes in its scale and in (far, near)."""
    far, near = gap_weights(len(scales), nearness)
    columns = np.ascontiguousarray(others.T)
    met = [(np.zeros_like(upstream), np.zeros_like(upstream))]
    met += [(ended.copy(), recent.copy()) for ended, recent in _walk(signs * scales, columns, nearness)]
    of_ended, of_recent = upstream, np.zeros_like(upstream)
    for i in reversed(range(len(scales))):
        added = (of_ended + of_recent) * signs[:, i, None]
        added *= columns[i]
        slopes = np.array([np.vdot(added, met[i][0]), np.vdot(added, met[i][1])])
        yield i, float(added.sum() + far * slopes[0] + near * slopes[1]), scales[i] * slopes
        added *= scales[i]
        of_ended += far * added
        of_recent *= FADE
        of_recent += near * added


def _walk(weighted: Array, columns: Array, nearness: float) -> Iterator[tuple[Array, Array]]:
    """After each player: sums over the coalitions so far, plain and faded by the distance since; overwritten next."""
    far, near = gap_weights(weighted.shape[1], nearness)
    ended = np.zeros((len(weighted), columns.shape[1]))
    recent, added, part = np.zeros_like(ended), np.empty_like(ended), np.empty_like(ended)
    for i in range(weighted.shape[1]):
        np.multiply(ended, far, out=added)
        np.multiply(recent, near, out=part)
        added += part
        added += 1.0
        added *= weighted[:, i, None]
        added *= columns[i]
        ended += added
        recent *= FADE
        recent += added
        yield ended, recent


def _mean_fade(n_players: int) -> float:
    """Mean of FADE^(gap - 1) over all pairs of players; 0 where there is none."""
    gaps = np.arange(1, n_players)
    pairs = n_players - gaps
    return float(pairs @ FADE ** (gaps - 1.0) / pairs.sum()) if len(gaps) else 0.0
