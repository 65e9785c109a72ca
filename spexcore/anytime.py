"""Anytime: ask for masks in rounds, judge after each, stop when enough is known."""

import math
from collections.abc import Callable

from spexcore.game import Game
from spexcore.masks import Masks

START, GROWTH = 64, 1.3  # masks of the first round; each round has this many times as many as the one before
FLAT, ROUNDS = 0.01, 3  # a curve that rose by less than FLAT in ROUNDS rounds, twice as many masks, will not rise much


def ask_in_rounds(game: Game, masks: Masks, judge: Callable[[], float], wanted: float) -> list[float]:
    """Ask the game for masks in the order given until `judge()` reaches `wanted`, is flat, or none are left.

    judge: held-out R2 of what is then known, called after each round. Returns the curve, one R2 a round.
    """
    curve: list[float] = []
    done, size = 0, START
    while done < len(masks):
        game(masks[done:size])
        done, size = min(size, len(masks)), math.ceil(size * GROWTH)
        curve.append(judge())
        if curve[-1] >= wanted or is_flat(curve):
            break
    return curve


def doublings(n_masks: int, least: int) -> list[int]:
    """Numbers of masks, each twice the one before and all below `n_masks`, after which to look how much is known."""
    ends = [max(START, least)]
    while ends[-1] < n_masks:
        ends.append(2 * ends[-1])
    return ends[:-1]


def is_flat(curve: list[float]) -> bool:
    """Whether the best of the last rounds is hardly better than the best before them."""
    return len(curve) > ROUNDS and max(curve[-ROUNDS:]) < max(curve[:-ROUNDS]) + FLAT
