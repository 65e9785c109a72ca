"""What the estimator benchmark is run on: games known to the last mask, and synthetic ones of known terms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spexcore.bench.texts import prompt_game, prompts
from spexcore.errors import BadInput
from spexcore.game import FunctionGame, Game, TableGame, Values
from spexcore.lenses.synthetic import random_game
from spexcore.masks import ENUMERABLE, Coalition, Masks, all_masks, draw, is_near

BUDGETS = (64, 128, 256, 512)
BELOW = (16, 32)  # smaller budgets, of our methods alone: how few masks do for an equal R2
ABOVE = (1024, 2048)  # larger ones, of SPEX alone: its codes begin where others are done
OURS = ("StackSPEX", "WalshGP", "Lasso 1", "Lasso 2", "LightGBM")
CODED = ("SPEX", "SPEX (shapiq)")
JUDGED = 4000  # fresh uniform masks where not all can be listed
JUDGED_PROMPTS = 500  # of a model's own values
WORDS = {12: (64, 256), 24: (128, 512), 48: (256, 512), 100: (512,), 200: (512,)}  # words of a prompt -> budgets
N_TERMS = 20
NOISE = 0.1  # standard deviation, in that of the values
DENSE = (32, 64, 128)  # players of the games that a released method is run on
WIDE = (256, 512, 1000)
BUDGETS_BY_PLAYERS = {32: (640, 1344), 64: (1536, 3072), 128: (896, 3072), 256: (2048,), 512: (4096,), 1000: (10_000,)}


@dataclass(frozen=True)
class Case:
    """One game, one budget, one distribution of masks; truth: the values without noise, of masks (n_masks, n).

    only: the methods that are run on it, all where empty; fourier: its true coefficients, where they are few.
    """

    part: str
    name: str
    game: Game
    truth: Callable[[Masks], Values]
    n_masks: int
    distribution: str = "uniform"
    only: tuple[str, ...] = ()
    judged: int = JUDGED
    fourier: Mapping[Coalition, float] | None = None

    @property
    def timed(self) -> bool:
        """Whether CPU seconds are those of the method: some draw masks of their own, which cost a model's."""
        return self.part != "prompts"

    def judges(self) -> tuple[Masks, Masks]:
        """Masks that judge: all or fresh uniform ones; and those near the full mask."""
        n = self.game.n_players
        if n <= ENUMERABLE:
            everything = all_masks(n)
            return everything, everything[is_near(everything)]
        rng = np.random.default_rng(2**31)
        return draw("uniform", n, self.judged, rng), draw("near", n, self.judged // 4, rng)


def real_cases(data: Path, *, quick: bool = False) -> list[Case]:
    """The games of a folder that holds `games/*.npz`; the quick ones are a few, at one budget."""
    files = sorted((data / "games").glob("*.npz"))
    if not files:
        raise BadInput(f"`data` must be a folder with games/*.npz; {data} has none. Name it with --data.")
    found = []
    for file in files[::7] if quick else files:
        game = TableGame(np.load(file)["values"])
        found += [Case("real", file.stem, game, game, n) for n in (BUDGETS[2:3] if quick else BUDGETS)]
        if not quick:
            found += [Case("real", file.stem, game, game, n, only=OURS) for n in BELOW]
            found += [Case("real", file.stem, game, game, n, only=CODED) for n in ABOVE]
            found += [Case("near", file.stem, game, game, 256, "mixed")] if "sentiment" in file.stem else []
    return found


def prompt_cases(data: Path, *, quick: bool = False, count: int = 2) -> list[Case]:
    """The first words of `count` reviews of each length under the embedded model; a judge costs a forward pass."""
    found = []
    for n_words, budgets in list(WORDS.items())[: 1 if quick else None]:
        for text in prompts(data, n_words, 1 if quick else count):
            game, name = prompt_game(text), f"{n_words} words: {text[:40]}"
            found += [Case("prompts", name, game, game, n, judged=JUDGED_PROMPTS) for n in budgets]
    return found


def synthetic_cases(*, quick: bool = False) -> list[Case]:
    """Sums of ANDs and of parities with and without noise, and soft DNFs; the largest for our methods alone."""
    found = []
    for n in DENSE[:1] if quick else DENSE + WIDE:
        for budget in BUDGETS_BY_PLAYERS[n][:1] if quick else BUDGETS_BY_PLAYERS[n]:
            for basis in ("ands", "parities"):
                for noise in (0.0,) if quick else (0.0, NOISE):
                    found.append(_sparse_case(n, budget, basis, noise))
            found += [] if quick else [_dnf_case(n, budget)]
    return found if quick else [*found, _sparse_case(1000, 10_752, "parities", 0.0, n_terms=50)]


def _sparse_case(n: int, budget: int, basis: str, noise: float, n_terms: int = N_TERMS) -> Case:
    clean = random_game(n, n_terms, basis=basis, seed=n)
    spread = float(np.sqrt(sum(f * f for c, f in clean.fourier.items() if c)))
    noisy = random_game(n, n_terms, basis=basis, noise=noise * spread, seed=n)
    name = f"{n} players, {n_terms} {basis}" + (f", {noise:.0%} noise" if noise else "")
    return Case("synthetic", name, noisy, clean, budget, only=_affordable(n), fourier=clean.fourier)


def _affordable(n_players: int) -> tuple[str, ...]:
    """Games that are too wide for the released methods are for ours alone."""
    return (*OURS, "SPEX") if n_players in WIDE else ()


def _dnf_case(n: int, budget: int) -> Case:
    """1 / (1 + exp(-z)), z = 6 [one of four clauses of three literals holds] - 3 + small single effects."""
    rng = np.random.default_rng(n)
    clauses = [(rng.choice(n, 3, replace=False), rng.random(3) < 0.7) for _ in range(4)]
    small = 0.3 * rng.normal(size=n) / np.sqrt(n)

    def values(masks: Masks) -> Values:
        holds = np.any([(masks[:, players] == kept).all(axis=1) for players, kept in clauses], axis=0)
        return 1 / (1 + np.exp(3.0 - 6.0 * holds - (2.0 * masks - 1) @ small))

    game = FunctionGame(values, [f"x{i}" for i in range(n)], key=f"soft DNF of {n}")
    return Case("synthetic", f"{n} players, DNF", game, game, budget, only=_affordable(n))
