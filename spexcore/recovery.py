"""Recovery: part of the budget discovers, the rest measures what leads, and everything known is fitted."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from spexcore.anytime import ask_in_rounds, doublings
from spexcore.errors import BadBudget, BadInput, Cancelled
from spexcore.estimators.base import Estimator, MaskEstimator
from spexcore.game import MeteredGame, Stop
from spexcore.head_start import fit_from
from spexcore.masks import DISTRIBUTIONS, Masks, pack, unseen
from spexcore.spectrum import Spectrum
from spexcore.spread import draw_spread
from spexcore.verification import check_claims, first_masks
from spexcore.verification import verify as verify_leading

DISCOVER = 0.4  # of the budget; measured on exact games, .3 to .5 find the same terms
ELSEWHERE = 0.2  # of the budget, at least, for masks that discover beyond the single removals
CLAIMS = 0.15  # of the budget, kept back at first for terms that the spectrum would report unmeasured
CHECKS = 3  # times that its claims are measured and it is fitted again, before and after that

Judge = Callable[[Spectrum], float]  # held-out R2 of what is known so far


@dataclass(frozen=True)
class Request:
    """The numbers of one call of explain; r2: held-out R2 at which it may stop, None to spend the whole budget."""

    budget: int
    masks: str
    verify: int
    seed: int
    held_out: int
    r2: float | None = None

    def check(self, estimator: Estimator, n_players: int) -> None:
        """Raise BadInput or BadBudget, in one sentence, where something cannot be."""
        if self.masks not in DISTRIBUTIONS:
            raise BadInput(f"`masks` must be one of {', '.join(DISTRIBUTIONS)}; got {self.masks!r}.")
        if self.held_out < 2:
            raise BadInput(f"`held_out` must be at least 2 masks of each kind; got {self.held_out}.")
        if self.verify < 0:
            raise BadInput(f"`verify` must be the number of leading terms to measure, or 0; got {self.verify}.")
        if not isinstance(self.budget, int) or self.budget < 1:
            raise BadBudget(f"`budget` must be a whole number of masks, at least 1, or 'auto'; got {self.budget!r}.")
        if self.r2 is not None and not 0 < self.r2 <= 1:
            raise BadInput(f"`r2` must be above 0 and at most 1; got {self.r2!r}.")
        if self.r2 is not None and not isinstance(estimator, MaskEstimator):
            raise BadInput(
                f"`r2` needs an estimator that takes masks in rounds; {estimator.name} designs its own. "
                "Give a budget, or use StackSPEX."
            )
        if self.budget < 2**n_players:
            estimator.check_budget(self.budget, n_players)


@dataclass(frozen=True)
class Stops:
    """Two ways to stop between two batches. cancel: keep nothing but what was paid; enough: fit what is known then."""

    cancel: Stop | None = None
    enough: Stop | None = None

    def is_set(self) -> bool:
        return any(stop is not None and stop.is_set() for stop in (self.cancel, self.enough))

    @property
    def early(self) -> bool:
        """Whether what is known then is enough."""
        return self.enough is not None and self.enough.is_set() and not (self.cancel and self.cancel.is_set())


def recover(game: MeteredGame, estimator: Estimator, asked: Request, judge: Judge | None, stops: Stops) -> Spectrum:
    """Discover, verify, and fit everything that is then known, with at most the budget asked for.

    judge: hears of every spectrum on the way; needed where `asked.r2` is given. Raises Cancelled.
    """
    if not isinstance(estimator, MaskEstimator):
        designed = estimator.estimate(game, budget=_share(estimator, asked, game.n_players), seed=asked.seed)
        return _verified(game, lambda: designed, asked, more=lambda most: None)
    fit = lambda: fit_from(game.expected, estimator, game.samples(), game.players, asked.seed)  # noqa: E731
    try:
        asked = _discovered(game, estimator, fit, judge, asked)
        told = fit if judge is None else lambda: _told(fit(), judge)
        return _verified(game, told, asked, more=lambda most: _rest_discovers(game, asked, most))
    except Cancelled:
        if not (stops.early and game.asked):
            raise
        return fit()


def _told(spectrum: Spectrum, judge: Judge) -> Spectrum:
    judge(spectrum)
    return spectrum


def _discovered(
    game: MeteredGame, estimator: MaskEstimator, fit: Callable[[], Spectrum], judge: Judge | None, asked: Request
) -> Request:
    """Ask for the masks that discover; what is to be asked from then on."""
    masks = _discovering(estimator, asked, game.n_players)
    if judge is None:
        game(masks)
        return asked
    if asked.r2 is not None:
        ask_in_rounds(game, masks, lambda: judge(fit()), asked.r2)
        return replace(asked, budget=min(asked.budget, math.ceil(game.asked / DISCOVER)))
    ends = doublings(len(masks), estimator.min_budget(game.n_players))
    for start, end in pairwise([0, *ends, len(masks)]):
        game(masks[start:end])
        if end < len(masks):
            judge(fit())
    return asked


def _verified(
    game: MeteredGame, fit: Callable[[], Spectrum], asked: Request, *, more: Callable[[int], None]
) -> Spectrum:
    """Measure leading terms with what is left of the budget, then fit.

    more: asks for other masks, up to so many in all, where nothing is left to measure. What is kept back for claims and
    not needed is not spent: one more fit could bring up claims that no budget is left to measure.
    """
    top, budget, seed = asked.verify, asked.budget, asked.seed
    if not top or game.asked >= min(budget, 2**game.n_players):
        return fit()
    for kept_back in (CLAIMS, CLAIMS / 4):
        most = math.ceil((1 - kept_back) * budget)
        if not verify_leading(game, top=top, budget=most - game.asked, seed=seed):
            more(most)
        spectrum = _claims_checked(game, fit, top, budget)
    return spectrum


def _rest_discovers(game: MeteredGame, asked: Request, most: int) -> None:
    """Ask for fresh masks until `most` were asked for in all; for none where a run may stop before its budget."""
    left = most - game.asked
    if asked.r2 is not None or left < 1:
        return
    rng, known = np.random.default_rng([asked.seed, 4]), game.samples()[0]
    drawn, seen = draw_spread(asked.masks, game.n_players, len(known) + left, rng), set(pack(known))
    game(rng.permutation(unseen(drawn, seen))[:left])


def _claims_checked(game: MeteredGame, fit: Callable[[], Spectrum], top: int, budget: int) -> Spectrum:
    """The spectrum once what it would report first has been measured: each measurement may bring up other claims."""
    spectrum = fit()
    for _ in range(CHECKS):
        before = game.asked
        check_claims(game, spectrum, top=top, budget=budget - before)
        if game.asked == before:
            break
        spectrum = fit()
    return spectrum


def _share(estimator: Estimator, asked: Request, n_players: int) -> int:
    """Masks that discover: all of them where nothing is to be verified, or every mask there is can be asked for."""
    budget = asked.budget
    if not asked.verify or budget >= 2**n_players:
        return budget
    beyond = len(first_masks(n_players, budget)) + math.ceil(ELSEWHERE * budget)
    return min(budget, max(estimator.min_budget(n_players), math.ceil(DISCOVER * budget), beyond))


def _discovering(estimator: Estimator, asked: Request, n_players: int) -> Masks:
    """The masks that discover, those first that all later corners share; in rounds any first part serves as a whole."""
    share, rng = _share(estimator, asked, n_players), np.random.default_rng(asked.seed)
    first = first_masks(n_players, asked.budget) if asked.verify else np.empty((0, n_players), dtype=bool)
    masks = _led_by(first, draw_spread(asked.masks, n_players, share, rng))
    masks[len(first) :] = rng.permutation(masks[len(first) :])
    return masks


def _led_by(first: Masks, drawn: Masks) -> Masks:
    """As many masks as were drawn: `first`, the empty one, and the last of the others.

    `draw_spread` lists masks near the prompt before uniform ones, and near the prompt `first` already serves.
    """
    fresh = unseen(drawn, set(pack(first)))
    empty, others = fresh[~fresh.any(axis=1)], fresh[fresh.any(axis=1)]
    room = len(drawn) - len(first) - len(empty)
    return np.vstack([first, empty, others[max(0, len(others) - room) :]])
