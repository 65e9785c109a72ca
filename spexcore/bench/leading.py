"""Of the truly largest co-Moebius terms, the share that a method reports first: recall@10, at equal budget."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from spexcore.bench.contenders import REFERENCE, contenders
from spexcore.bench.texts import prompt_game, prompts
from spexcore.errors import SpexError
from spexcore.estimators import Exact, Pairwise, StackSPEX, WalshGP
from spexcore.estimators.base import Estimator
from spexcore.explain import explain
from spexcore.game import Game, TableGame
from spexcore.interactions import REPORTED_ORDER
from spexcore.masks import Coalition, draw

TOP = 10
BUDGETS = (128, 256, 512)  # of the exact games
WORDS = {24: 3, 48: 2, 100: 1}  # words of a prompt -> how many; all pairs of 100 words are 5,051 forward passes
Scores = Mapping[Coalition, float]


@dataclass(frozen=True)
class Found:
    """What a method reports of a game; measured: by real ablations of its own."""

    scores: Scores
    measured: frozenset[Coalition] = frozenset()


Method = Callable[[Game, int, int, int], Found]  # game, budget, largest order, seed


def rows(data: Path, *, quick: bool = False, seeds: int = 5, words: Mapping[int, int] = WORDS) -> list[dict[str, Any]]:
    """A row a game, budget, seed and method. recall, right_sign, measured: shares of the ten reported first."""
    games = _few_words(data) if quick else [*_exact_games(data), *_prompts(data, words)]
    return [
        {"game": name, "players": game.n_players, "masks": budget, "orders": order, "seed": seed, "method": method}
        | judged(find(game, budget, order, seed), truth)
        for name, game, truth, order, budgets in games
        for budget in budgets
        for seed in range(1 if quick else seeds)
        for method, find in methods().items()
    ]


def judged(found: Found, truth: Scores) -> dict[str, float]:
    """Shares: of the truly largest, those reported first; of those reported first, right in sign, and measured."""
    claimed, true = leading(found.scores), leading(truth)
    right = [found.scores[S] * truth.get(S, 0.0) > 0 for S in claimed]
    own = [S in found.measured for S in claimed]
    return {
        "recall": len(set(claimed) & set(true)) / len(true),
        "right_sign": float(np.mean(right)) if right else 0.0,
        "measured": float(np.mean(own)) if own else 0.0,
    }


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


def table(found: list[dict[str, Any]]) -> list[str]:
    """One line a kind of game, budget and method, means over games and seeds."""
    lines = [f"| games | masks | method | recall@{TOP} | right sign | measured |", "|---|---|---|---|---|---|"]
    kinds = [(row["orders"], row["players"], row["masks"], row["method"]) for row in found]
    for kind in dict.fromkeys(kinds):
        mine = [row for row, its in zip(found, kinds) if its == kind]
        means = [f"{np.mean([row[name] for row in mine]):.2f}" for name in ("recall", "right_sign", "measured")]
        games = len({row["game"] for row in mine})
        lines.append(
            f"| {games} of {kind[1]} players, orders 1-{kind[0]} | {kind[2]} | {kind[3]} | {' | '.join(means)} |"
        )
    return lines


def _exact_games(data: Path) -> Iterator[tuple[str, Game, Scores, int, tuple[int, ...]]]:
    for file in sorted((data / "games").glob("sentiment*.npz")):
        game = TableGame(np.load(file)["values"])
        spectrum = Exact().estimate(game, budget=2**game.n_players)
        yield file.stem, game, spectrum.interactions("comobius", REPORTED_ORDER).scores, REPORTED_ORDER, BUDGETS


def _prompts(data: Path, words: Mapping[int, int]) -> Iterator[tuple[str, Game, Scores, int, tuple[int, ...]]]:
    """Truth of orders 1 and 2 by every single and pair removal; the budget is a quarter of those."""
    for n_words, count in words.items():
        for text in prompts(data, n_words, count):
            game = prompt_game(text)
            n = game.n_players
            truth = Pairwise().estimate(game, budget=n * (n + 1) // 2 + 1).interactions("comobius", 2).scores
            yield f"{n_words} words: {text[:40]}", game, truth, 2, ((n * (n + 1) // 2 + 1) // 4,)


def _few_words(data: Path) -> Iterator[tuple[str, Game, Scores, int, tuple[int, ...]]]:
    return _prompts(data, {12: 1})


def _explained(estimator: Estimator, game: Game, budget: int, order: int, seed: int) -> Found:
    found = explain(game, estimator, budget=budget, masks="mixed", verify=TOP, seed=seed, held_out=2)
    return Found(found.interactions("comobius", order).scores, frozenset(found.measured))


def _pairwise(game: Game, budget: int, order: int, seed: int) -> Found:
    """All that it reports is measured; where its budget falls short of the single removals it says nothing."""
    try:
        scores = Pairwise().estimate(game, budget=budget, seed=seed).interactions("comobius", order).scores
    except SpexError:
        return Found({})
    return Found(scores, frozenset(scores))


def _released(game: Game, budget: int, order: int, seed: int) -> Found:
    (released,) = [contender for contender in contenders() if contender.name == REFERENCE]
    masks = draw("uniform", game.n_players, budget, np.random.default_rng(seed))
    fitted: Any = released.fit(game, masks, np.empty(0), seed)
    return Found(fitted.interactions("comobius", order).scores)
