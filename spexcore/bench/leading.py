"""Of the truly largest co-Moebius terms, the share that a method reports first: recall@10, at equal budget."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from spexcore.bench.contenders import REFERENCE, contenders
from spexcore.bench.row_file import Lacks, Row
from spexcore.bench.texts import prompt_game, prompts
from spexcore.errors import SpexError
from spexcore.estimators import Exact, Pairwise, StackSPEX, WalshGP
from spexcore.estimators.base import Estimator
from spexcore.explain import explain
from spexcore.game import Game, TableGame
from spexcore.interactions import REPORTED_ORDER
from spexcore.masks import Coalition, draw

TOP = 10
TIED = 1e-9  # relative difference below which two scores are equal
BUDGETS = (128, 256, 512)  # of the exact games
WORDS = {24: 3, 48: 2, 100: 1}  # words of a prompt -> how many; all pairs of 100 words are 5,051 forward passes
Scores = Mapping[Coalition, float]


@dataclass(frozen=True, eq=False)
class Known:
    """A game, and up to which order its co-Moebius values can be known."""

    name: str
    game: Game
    order: int
    _true: Callable[[Game, int], Scores]

    @cached_property
    def truth(self) -> Scores:
        return self._true(self.game, self.order)


@dataclass(frozen=True)
class Found:
    """What a method reports of a game, and the ten it lists first; measured: by real ablations of its own."""

    scores: Scores
    listed: list[Coalition]
    measured: frozenset[Coalition] = frozenset()


Method = Callable[[Game, int, int, int], Found]  # game, budget, largest order, seed


def games(data: Path, *, quick: bool = False, words: Mapping[int, int] = WORDS) -> list[tuple["Known", int]]:
    """Games whose leading terms are known, each with its budgets."""
    found = _prompts(data, {12: 1}) if quick else [*_exact_games(data), *_prompts(data, words)]
    return [(known, budget) for known, budgets in found for budget in budgets]


def measure(known: "Known", budget: int, seed: int, lacks: Lacks) -> Iterator[Row]:
    """A row a method, of `judged`."""
    place = {"part": "leading", "game": known.name, "masks": budget, "seed": seed}
    size = {"players": known.game.n_players, "orders": known.order}
    for method, find in methods().items():
        if lacks(place, method):
            found = judged(find(known.game, budget, known.order, seed), known.truth)
            yield {**place, **size, "method": method, **found}


def judged(found: Found, truth: Scores) -> dict[str, float]:
    """Shares: of the truly largest, those listed first; of those listed first, right in sign, and measured.

    recall_by_size: of the truly largest, those of largest score, whatever is listed first.
    """
    right = [found.scores[S] * truth.get(S, 0.0) > 0 for S in found.listed]
    own = [S in found.measured for S in found.listed]
    return {
        "recall": _share_found(found.listed, truth),
        "recall_by_size": recall(found.scores, truth),
        "right_sign": float(np.mean(right)) if right else 0.0,
        "measured": float(np.mean(own)) if own else 0.0,
    }


def recall(scores: Scores, truth: Scores) -> float:
    """Share of the ten truly largest among the ten of largest score; ties with the tenth serve as well as it."""
    return _share_found(leading(scores), truth)


def _share_found(listed: list[Coalition], truth: Scores) -> float:
    true = leading(truth)
    least = abs(truth[true[-1]]) * (1 - TIED)
    return sum(abs(truth.get(S, 0.0)) >= least for S in listed) / len(true)


def leading(scores: Scores) -> list[Coalition]:
    """The ten of largest magnitude, ties by (order, coalition)."""
    return sorted((S for S in scores if S and scores[S]), key=lambda S: (-abs(scores[S]), len(S), S))[:TOP]


def methods() -> dict[str, Method]:
    """Ours with either estimator, the plain screening of pairs, and the released method where it is installed."""
    ours: dict[str, Method] = {
        "discover, then verify (WalshGP)": lambda *asked: _explained(WalshGP(), *asked),
        "discover, then verify (StackSPEX)": lambda *asked: _explained(StackSPEX(), *asked),
        "Pairwise": _pairwise,
    }
    return ours | ({REFERENCE: _released} if find_spec("shapiq") else {})


def table(found: list[Row]) -> list[str]:
    """One line a kind of game, budget and method, means over games and seeds."""
    heads = ("games", "masks", "method", f"recall@{TOP}", "of the largest scores", "right sign", "measured")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    shares = ("recall", "recall_by_size", "right_sign", "measured")
    kinds = [(row["orders"], row["players"], row["masks"], row["method"]) for row in found]
    for kind in dict.fromkeys(kinds):
        mine = [row for row, its in zip(found, kinds) if its == kind]
        means = [f"{np.mean([row[name] for row in mine]):.2f}" for name in shares]
        games = len({row["game"] for row in mine})
        lines.append(
            f"| {games} of {kind[1]} players, orders 1-{kind[0]} | {kind[2]} | {kind[3]} | {' | '.join(means)} |"
        )
    return lines


def _exact_games(data: Path) -> Iterator[tuple[Known, tuple[int, ...]]]:
    for file in sorted((data / "games").glob("sentiment*.npz")):
        yield Known(file.stem, TableGame(np.load(file)["values"]), REPORTED_ORDER, _by_all_masks), BUDGETS


def _prompts(data: Path, words: Mapping[int, int]) -> Iterator[tuple[Known, tuple[int, ...]]]:
    """The budget is a quarter of every single and pair removal."""
    for n_words, count in words.items():
        for text in prompts(data, n_words, count):
            game = prompt_game(text)
            yield Known(f"{n_words} words: {text[:40]}", game, 2, _by_removals), (_pairs(game.n_players) // 4,)


def _by_all_masks(game: Game, order: int) -> Scores:
    return Exact().estimate(game, budget=2**game.n_players).interactions("comobius", order).scores


def _by_removals(game: Game, order: int) -> Scores:
    """Of every single and pair."""
    return Pairwise().estimate(game, budget=_pairs(game.n_players)).interactions("comobius", order).scores


def _pairs(n_players: int) -> int:
    """Masks that remove at most two players."""
    return n_players * (n_players + 1) // 2 + 1


def _explained(estimator: Estimator, game: Game, budget: int, order: int, seed: int) -> Found:
    found = explain(game, estimator, budget=budget, masks="mixed", verify=TOP, seed=seed)
    listed = [S for S, score in found.ranked() if len(S) <= order and score][:TOP]
    return Found(found.interactions("comobius", order).scores, listed, frozenset(found.measured))


def _pairwise(game: Game, budget: int, order: int, seed: int) -> Found:
    """All that it reports is measured; where its budget falls short of the single removals it says nothing."""
    try:
        scores = Pairwise().estimate(game, budget=budget, seed=seed).interactions("comobius", order).scores
    except SpexError:
        return Found({}, [])
    return Found(scores, leading(scores), frozenset(scores))


def _released(game: Game, budget: int, order: int, seed: int) -> Found:
    (released,) = [contender for contender in contenders() if contender.name == REFERENCE]
    masks = draw("uniform", game.n_players, budget, np.random.default_rng(seed))
    fitted: Any = released.fit(game, masks, np.empty(0), seed)
    scores = fitted.interactions("comobius", order).scores
    return Found(scores, leading(scores))
