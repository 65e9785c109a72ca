"""SPEX: a sparse Fourier transform whose masks are a code, so that bins spell the coalitions they hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spexcore.errors import BadInput
from spexcore.estimators.base import Estimator
from spexcore.estimators.candidates import Search
from spexcore.estimators.hadamard_bins import Floats
from spexcore.estimators.peeling import Solution, peel
from spexcore.estimators.refit import coalitions_of
from spexcore.estimators.spex_plan import Plan, fewest, planned
from spexcore.estimators.spex_refit import refitted
from spexcore.estimators.whole_table import known
from spexcore.game import FunctionGame, Game
from spexcore.masks import Coalition, Masks, draw
from spexcore.spectrum import Spectrum

FLIPS = {"soft": 5, "hard": 0}  # least reliable bits of a word that Chase decoding tries both ways
ROUND = 2.0**-30  # of the largest coefficient: terms that arithmetic alone tells apart are made equal
CHECKS = 1024  # masks that judge whether a spectrum has been read well enough


@dataclass(frozen=True)
class SPEX(Estimator):
    """Few strong interactions of up to five players among hundreds, exactly, from masks that form a code.

    max_order: largest interaction, and the errors the code corrects where the budget allows; n_subsamplings: how often
    coalitions are sorted into bins; decoding: "soft" also tries the other sign of doubtful bits, "hard" does not.
    All masks are chosen before the first is evaluated. Source: Kang et al., ICML 2025, arXiv 2502.13870; the fit by
    least squares on all masks, the choice of candidates and the use of every mask of the budget are ours.
    """

    max_order: int = 5
    n_subsamplings: int = 3
    decoding: str = "soft"

    def __post_init__(self) -> None:
        if self.max_order < 1 or self.n_subsamplings < 1:
            raise BadInput(
                f"`max_order` and `n_subsamplings` must be at least 1; got {self.max_order} and {self.n_subsamplings}."
            )
        if self.decoding not in FLIPS:
            raise BadInput(f"`decoding` must be one of {', '.join(FLIPS)}; got {self.decoding!r}.")

    def min_budget(self, n_players: int) -> int:
        """Masks of the smallest design: 8 bins a subsampling and a code for two errors; or all 2^n if fewer.

        Larger interactions than two are found at that budget where they can be listed or grown from known terms;
        decoding them takes the full radius, at n = 1,000 and max_order 5 from 1,344 masks.
        """
        return fewest(n_players, self._order(n_players), self.n_subsamplings)

    def estimate(self, game: Game, *, budget: int, seed: int = 0) -> Spectrum:
        """Spectrum from `budget` masks, all 2^n where these are fewer; raises BadBudget below `min_budget`."""
        n_players = game.n_players
        self.check_budget(budget, n_players)
        rng, order = np.random.default_rng(seed), self._order(n_players)
        if n_players < budget.bit_length() and budget >= 2**n_players:
            masks = draw("uniform", n_players, budget, rng)
            whole = known(masks, game(masks), game.players, max_order=self.max_order)
            if whole is not None:
                return whole
        plan = planned(n_players, budget, order, self.n_subsamplings, rng)
        distinct, values = plan.values(game)
        if (distinct == distinct[0]).all():
            return Spectrum({(): float(distinct[0])}, game.players)
        return self._spectrum(plan, distinct, values, game.players)

    def _spectrum(self, plan: Plan, distinct: Floats, values: Floats, players: tuple[str, ...]) -> Spectrum:
        mean, order = float(distinct.mean()), self._order(len(players))
        search = Search(plan.design.coded(), plan.code, order, FLIPS[self.decoding])
        solution = peel(plan.design, values - mean, search)
        terms = _rounded(solution) if solution.exact else refitted(solution, plan.masks, distinct - mean)
        terms[()] = terms.get((), 0.0) + mean
        return Spectrum(terms, players)

    def _order(self, n_players: int) -> int:
        return min(self.max_order, n_players)

    def _way_out(self) -> str:
        return "Raise it or use ProxySPEX."


def read_spectrum(
    predict: Callable[[Masks], object],
    n_players: int,
    *,
    max_order: int = 5,
    n_masks: int = 2**15,
    seed: int = 0,
    players: Sequence[str] | None = None,
) -> Spectrum:
    """The spectrum of a fitted model whose masks are free: any callable from masks (m, n_players) to values (m,).

    SPEX with twice the masks until it explains 99.9 % of fresh ones, or `n_masks` are used up; all 2^n masks, and so
    the exact spectrum up to max_order, where these are as few. For linked predictions and proxies beyond 20 players.
    """
    names = players or [str(i) for i in range(n_players)]
    game, spex = FunctionGame(predict, names, key="a model read"), SPEX(max_order)
    fresh = np.random.default_rng([seed, 1]).random((CHECKS, n_players)) < 0.5
    truth = game(fresh)
    budget = max(n_masks // 8, spex.min_budget(n_players))
    while True:
        spectrum = spex.estimate(game, budget=budget, seed=seed)
        error = float(((spectrum.predict(fresh) - truth) ** 2).mean())
        if error <= 1e-3 * truth.var() or 2 * budget > n_masks:
            return spectrum
        budget *= 2


def _rounded(solution: Solution) -> dict[Coalition, float]:
    """Terms of a solution that explains every value, without the arithmetic noise."""
    largest = np.abs(solution.coefficients).max()
    step = 2.0 ** np.floor(np.log2(max(largest, 1e-300))) * ROUND
    rounded = np.round(solution.coefficients / step) * step
    terms = zip(coalitions_of(solution.fit.players), rounded.tolist(), strict=True)
    return {coalition: value for coalition, value in terms if value or not coalition}
