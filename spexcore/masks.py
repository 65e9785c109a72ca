"""Masks: bool arrays of shape (n_masks, n_players); True keeps the player. How to draw, pack and enumerate them."""

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput

Masks = NDArray[np.bool_]
Coalition = tuple[int, ...]
Sampler = Callable[[int, int, np.random.Generator], Masks]  # n_masks, n_players -> so many uniform masks, or more

DISTRIBUTIONS = ("uniform", "sizes", "near", "mixed")
ENUMERABLE = 20  # 2^20 masks still fit in memory as bools for 20 players


def as_masks(masks: object, n_players: int) -> Masks:
    """Any array-like of zeros and ones as bool (n_masks, n_players)."""
    array = np.atleast_2d(np.asarray(masks))
    if array.ndim != 2 or array.shape[1] != n_players:
        raise BadInput(f"`masks` must have shape (n_masks, {n_players}); got {array.shape}.")
    if array.dtype != bool:
        if not np.isin(array, (0, 1)).all():
            raise BadInput("`masks` must hold only True/False or 1/0 (True keeps the player).")
        array = array.astype(bool)
    return array


def all_masks(n_players: int) -> Masks:
    """Every mask, (2^n_players, n_players); row k keeps player i where bit i of k is set."""
    if n_players > ENUMERABLE:
        raise BadInput(f"`n_players` must be at most {ENUMERABLE} to enumerate all masks; got {n_players}.")
    return (np.arange(2**n_players)[:, None] >> np.arange(n_players) & 1).astype(bool)


def pack(masks: Masks) -> list[bytes]:
    """One hashable key per row: eight players a byte."""
    return [row.tobytes() for row in np.packbits(masks, axis=1)]


def unpack(keys: Sequence[bytes], n_players: int) -> Masks:
    """The masks (n_keys, n_players) that `pack` made the keys of."""
    width = -(-n_players // 8)
    bits = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, width)
    return np.unpackbits(bits, axis=1, count=n_players).astype(bool)


def unseen(masks: Masks, keys: Collection[bytes]) -> Masks:
    """The masks (n_masks, n_players) whose key (`pack`) is not among these."""
    return masks[[key not in keys for key in pack(masks)]]


def near_limit(n_players: int) -> int:
    """Most players a *near* mask removes: max(3, n / 10), or all of them in a tiny game."""
    return min(n_players, max(3, n_players // 10))


def is_near(masks: Masks) -> NDArray[np.bool_]:
    """Which masks (n_masks, n_players) the distribution *near* can draw, (n_masks,)."""
    removed = masks.shape[1] - masks.sum(axis=1)
    return (removed >= 1) & (removed <= near_limit(masks.shape[1]))


def corners(coalition: Coalition, n_players: int) -> Masks:
    """The 2^|S| masks that keep everything outside S, (2^|S|, n_players); row k keeps S[i] where bit i of k is set."""
    inside = all_masks(len(coalition))
    masks = np.ones((len(inside), n_players), dtype=bool)
    masks[:, list(coalition)] = inside
    return masks


def independent(n_masks: int, n_players: int, rng: np.random.Generator) -> Masks:
    """Every player kept with probability 1/2, whatever the other masks are; twice as many, lest some are equal."""
    return rng.random((2 * n_masks, n_players)) < 0.5


def draw(
    distribution: str, n_players: int, n_masks: int, rng: np.random.Generator, *, uniform: Sampler = independent
) -> Masks:
    """Distinct masks of one distribution, (at most n_masks, n_players); all 2^n when n_masks covers them.

    uniform: every player kept with probability 1/2 (serves Fourier and the Banzhaf family);
    sizes: number kept uniform in 1..n-1, plus both ends (serves the Shapley family);
    near: k players removed, k uniform in 1..max(3, n/10) (serves the prompt as it stands);
    mixed: half uniform, half near, plus both ends. Which uniform ones, the sampler says (`spread` has another).
    """
    if distribution not in DISTRIBUTIONS:
        raise BadInput(f"`masks` must be one of {', '.join(DISTRIBUTIONS)}; got {distribution!r}.")
    if n_players <= ENUMERABLE and n_masks >= 2**n_players:
        return all_masks(n_players)
    ends = np.vstack([np.ones(n_players, bool), np.zeros(n_players, bool)])[:n_masks]
    if distribution == "uniform":
        return _distinct(lambda m: uniform(m, n_players, rng), n_masks, n_players)
    if distribution == "near":
        return _distinct(lambda m: _near(m, n_players, rng), n_masks, n_players)
    if distribution == "sizes":
        return _distinct(lambda m: _of_any_size(m, n_players, rng), n_masks, n_players, ends)
    half = _distinct(lambda m: _near(m, n_players, rng), (n_masks + 2) // 2, n_players, ends)
    return _distinct(lambda m: uniform(m, n_players, rng), n_masks, n_players, half)


def _near(n_masks: int, n_players: int, rng: np.random.Generator) -> Masks:
    return _remove(rng.integers(1, near_limit(n_players) + 1, 2 * n_masks), n_players, rng)


def _of_any_size(n_masks: int, n_players: int, rng: np.random.Generator) -> Masks:
    return _remove(n_players - rng.integers(1, max(2, n_players), 2 * n_masks), n_players, rng)


def _remove(removed: NDArray[np.int64], n_players: int, rng: np.random.Generator) -> Masks:
    """Row r loses removed[r] players chosen at random."""
    ranks = rng.random((len(removed), n_players)).argsort(axis=1).argsort(axis=1)
    return ranks >= removed[:, None]


def _distinct(sample: Callable[[int], Masks], n_masks: int, n_players: int, start: Masks | None = None) -> Masks:
    """Rows of `start`, then new rows of sample(missing) in the order drawn, until n_masks or the well runs dry."""
    rows = {} if start is None else dict.fromkeys(map(bytes, np.ascontiguousarray(start)))
    for _ in range(60):
        if len(rows) >= n_masks:
            break
        rows.update(dict.fromkeys(map(bytes, np.ascontiguousarray(sample(n_masks - len(rows))))))
    return _unpacked(list(rows)[:n_masks], n_players)


def _unpacked(rows: Iterable[bytes], n_players: int) -> Masks:
    return np.frombuffer(b"".join(rows), dtype=bool).reshape(-1, n_players).copy()
