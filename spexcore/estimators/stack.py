"""StackSPEX: several estimators, blended by how well each predicts masks it has not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators.base import MaskEstimator
from spexcore.estimators.gated_gp import GatedGP
from spexcore.estimators.sparse_recovery import recover
from spexcore.estimators.stack_members import Fitted, Half, Member, Process, Refitted, Sparse, Sum, members, whole_trees
from spexcore.estimators.stack_weights import blend_weights, units
from spexcore.estimators.walsh_gp import WalshGP
from spexcore.estimators.walsh_kernel import Array
from spexcore.estimators.walsh_linked import LinkedWalshGP
from spexcore.estimators.walsh_terms import Terms, largest, read_off, truncated
from spexcore.game import Values
from spexcore.masks import ENUMERABLE, Masks, is_near
from spexcore.spectrum import Spectrum
from spexcore.transforms import evaluate, walsh_hadamard

FEWEST = 8  # samples below which there is nothing to hold out
MANY_MASKS = 1000  # from which samples are held out once, and a sparse model may be all there is
JUDGED = 400  # samples held out of so many
CHECKED = 2000  # others at most, from which rivals of a sparse model learn
UNSURE = 0.5  # share of the variance left over from which a sparse model is not all there is
ADDS = 0.02  # share of what a sparse model leaves over that a rival may know of by chance
KEPT = 0.05  # a member that weighs less is not fitted again
NOTHING = 1e-9  # share of the variance that rounding leaves over
LIMIT = 2**15  # terms kept of a member


@dataclass(frozen=True)
class StackSPEX(MaskEstimator):
    """Gaussian processes, trees, linear models and exact recovery, blended by cross-validated weights.

    A sum of few ANDs or parities is recovered exactly (`sparse_recovery.recover`); with a thousand masks or more it is
    also the answer where it is noisy, if no other model knows more. For any other game each member is fitted without a
    fold and predicts it. The weights begin at what is believed of each, both processes of WalshGP among them, and move
    towards non-negative least squares on those predictions (stacking: Wolpert 1992; Breiman 1996) as far as the gain
    is beyond doubt (`stack_weights`). Every member is a spectrum, and so is the blend.
    max_order: of the trees and of exact recovery; the processes know no limit. terms: coefficients kept. Players are
    taken in the order they are given: those side by side, as words in a sentence, may interact more than others, where
    the values say so.
    """

    max_order: int = 5
    terms: int = 2**15

    def min_budget(self, n_players: int) -> int:
        """Two masks, as of the process that it is where samples are too few to hold any out."""
        return 2

    def _fit(self, masks: Masks, values: Values, players: tuple[str, ...], seed: int) -> Spectrum:
        """Spectrum from any masks (n_masks, n_players) and values (n_masks,)."""
        if len(values) < FEWEST or np.ptp(values) <= 1e-12 * np.abs(values).max():
            return WalshGP().fit(masks, values, seed=seed, players=players)
        sparse = recover(masks, values, self.max_order)
        if _explained(sparse, masks, values):
            return Spectrum(sparse, players)
        if len(values) >= MANY_MASKS and _sparse_is_all(sparse, masks, values, seed):
            return Spectrum(sparse, players)
        tried, belief = zip(*members(masks, values, self.max_order, seed))
        # At most 150 sparse terms hardly lean on the few hundred held out of so many, and finding them is slow; nor
        # would members that were fitted to all but these few hundred change much with them.
        very_many = len(values) > 10 * JUDGED
        rehearsals = {m: Sum(sparse) if very_many and isinstance(m, Sparse) else _rehearsed(m, sparse) for m in tried}
        held_out, rehearsed = _held_out(rehearsals, masks, values, seed)
        weights = blend_weights(*held_out, np.array(belief))
        known = rehearsed if very_many else {Sparse(self.max_order): Sum(sparse)}
        share = float(weights[weights > KEPT].sum())
        kept = [(member, float(w) / share) for member, w in zip(tried, weights) if w > KEPT]
        fitted = [(known.get(member) or _fitted(member, masks, values, seed), weight) for member, weight in kept]
        return Spectrum(truncated(_blend(fitted, float(values.mean()), seed), self.terms), players)


def _explained(terms: Terms, masks: Masks, values: Values) -> bool:
    """Whether a sparse model, found in far more masks than it has terms, leaves nothing over."""
    left = values - evaluate(terms, masks)
    return float(left @ left) <= NOTHING * len(values) * float(values.var())


def _sparse_is_all(sparse: Terms, masks: Masks, values: Values, seed: int) -> bool:
    """Whether other models, fitted to some samples, know nothing of others that a sparse one (fitted to all) does not:
    what it leaves over there does not go with how they differ from it."""
    order = np.random.default_rng(seed).permutation(len(values))
    judged, learnt = order[:JUDGED], order[JUDGED : JUDGED + CHECKED]
    guess, (centre, unit) = evaluate(sparse, masks[judged]), units(values[judged], is_near(masks[judged]))
    rest = (values[judged] - guess) / unit
    if rest @ rest > UNSURE * np.sum(((values[judged] - centre) / unit) ** 2):
        return False
    for rival in (Refitted(whole_trees(5)), Process("ranks", 0.5).rehearsed()):
        other = (_fitted(rival, masks[learnt], values[learnt], seed).predict(masks[judged]) - guess) / unit
        if max(0.0, float(rest @ other)) ** 2 > ADDS * float(rest @ rest) * float(other @ other):
            return False
    return True


def _held_out(
    rehearsals: dict[Member, Member], masks: Masks, values: Values, seed: int
) -> tuple[tuple[Array, Array, NDArray[np.bool_]], dict[Member, Fitted]]:
    """What each member's rehearsal predicts of folds it was not fitted to, (n_held, n_members), the values, and which
    of the masks are near; and what was fitted without the last fold."""
    folds, guesses = _folds(len(values), seed), []
    fitted: dict[Member, Fitted] = {}
    for fold in folds:
        train = np.setdiff1d(np.arange(len(values)), fold)
        fitted = {m: _fitted(rehearsal, masks[train], values[train], seed) for m, rehearsal in rehearsals.items()}
        guesses.append(np.stack([f.predict(masks[fold]) for f in fitted.values()], axis=1))
    held = np.concatenate(folds)
    return (np.concatenate(guesses), values[held], is_near(masks[held])), fitted


def _rehearsed(member: Member, sparse: Terms) -> Member:
    if isinstance(member, Sparse):
        return member.rehearsed(sparse)
    return member.rehearsed() if isinstance(member, Process | Half) else member


def _folds(n_masks: int, seed: int) -> list[NDArray[np.intp]]:
    """Samples held out in turn: five folds of few, down to three of many, a single one of very many."""
    order = np.random.default_rng(seed).permutation(n_masks)
    if n_masks >= MANY_MASKS:
        return [order[:JUDGED]]
    return np.array_split(order, int(np.clip(1000 // n_masks, 3, 5)))


def _fitted(member: Member, masks: Masks, values: Values, seed: int) -> Fitted:
    """The member's fit; the value itself where there is only one."""
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return Sum({(): float(values.mean())})
    return member.fit(masks, values, seed)


def _blend(fitted: list[tuple[Fitted, float]], centre: float, seed: int) -> Terms:
    """centre + sum of weight * (spectrum - centre), as a spectrum; processes are read off together."""
    total: Terms = {(): centre * (1.0 - sum(weight for _, weight in fitted))}
    linked = [(member, weight) for member, weight in fitted if isinstance(member, LinkedWalshGP)]
    tables = [weight * walsh_hadamard(member.table()) for member, weight in fitted if isinstance(member, GatedGP)]
    others = [pair for pair in fitted if not isinstance(pair[0], LinkedWalshGP | GatedGP)]
    parts = [(member.terms(LIMIT), weight) for member, weight in others]
    if linked and linked[0][0].posterior.n_players <= ENUMERABLE:
        tables += [weight * member.all_coefficients() for member, weight in linked]
    elif linked:
        heaviest = max(linked, key=lambda pair: pair[1])[0]
        parts.append((read_off(lambda masks: _together(linked, masks), heaviest.posterior, seed), 1.0))
    if tables:
        parts.append((largest(np.sum(tables, axis=0), LIMIT), 1.0))
    for terms, weight in parts:
        for coalition, value in terms.items():
            total[coalition] = total.get(coalition, 0.0) + weight * value
    return total


def _together(linked: list[tuple[LinkedWalshGP, float]], masks: Masks) -> Array:
    return np.sum([weight * member.predict(masks) for member, weight in linked], axis=0)
