"""The members of StackSPEX: different beliefs about a game, each fitted in a fraction of a second, each a spectrum."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from spexcore.estimators.boosting import Boosted, Growth, grow
from spexcore.estimators.gated_gp import Search, fit_gated
from spexcore.estimators.l1 import lasso
from spexcore.estimators.link import Identity, Link, Ranks
from spexcore.estimators.pruning import MOST_REFITTED, largest, refits
from spexcore.estimators.refit import coalitions_of, design, ridge
from spexcore.estimators.refit import members as padded
from spexcore.estimators.sparse_recovery import LOW, recover
from spexcore.estimators.trees import Terms as Rows
from spexcore.estimators.walsh_gp import best_link, fit_linked, fit_walsh_gp, fit_with_gates
from spexcore.estimators.walsh_kernel import Array
from spexcore.estimators.walsh_linked import LinkedWalshGP
from spexcore.estimators.walsh_terms import Terms, grown, low_orders, truncated
from spexcore.game import Values
from spexcore.masks import ENUMERABLE, Coalition, Masks
from spexcore.transforms import evaluate

MANY = 200  # samples from which sparse models are members: refits, and what stands out alone
ROWS, STEPS = 250, 12  # samples, and steps of the search, that choose the scales of a process
HALF_ROWS = 400  # of a plain one, whose search costs less
REHEARSED_ROWS, REHEARSED_STEPS = 120, 8
MOST_ROWS = 3000  # samples that a process is conditioned on: its cost is their cube
RANKED = 0.9  # share of the rank in its score
LARGE, VERY_LARGE = 6e4, 1e6  # masks x players beyond which there are fewer members, and cheaper ones
PLENTY = 10  # masks a player from which a penalty chooses no better among single players than ridge
WIDTH, DEEPEST = 150, 5  # of the beam for terms that are fitted anew


def softened_ranks(values: Values) -> Link:
    """Mostly the normal quantile of the rank, a little the value itself: its tails, which ranks squeeze, stay apart."""
    ranks = Ranks.of(values)
    own = (ranks.levels - values.mean()) / values.std()
    return Ranks(ranks.levels, RANKED * ranks.scores + (1 - RANKED) * own)


LINKS: dict[str, Callable[[Values], Link]] = {
    "identity": lambda values: Identity(),
    "ranks": softened_ranks,
}


class Fitted(Protocol):
    """What a member has learnt: values (n_masks,), and its `limit` largest Fourier coefficients."""

    def predict(self, masks: Masks) -> Array: ...

    def terms(self, limit: int) -> Terms: ...


class Member(Protocol):
    """A way to learn a game from masks (n_masks, n_players) and values (n_masks,) that differ."""

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted: ...


@dataclass(frozen=True)
class Sum:
    """A sparse spectrum that is written down already; as a member it has nothing to learn."""

    spectrum: Terms

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        return self

    def predict(self, masks: Masks) -> Array:
        return evaluate(self.spectrum, masks)

    def terms(self, limit: int) -> Terms:
        return self.spectrum


@dataclass(frozen=True)
class Process:
    """A Gaussian process behind a link of LINKS, with gates where all masks can be listed to read its spectrum.

    tau, rows, steps, neighbours: how its kernel is looked for (`gated_gp.Search`).
    """

    link: str
    tau: float
    neighbours: bool = False
    rows: int = ROWS
    steps: int = STEPS

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        masks, values = _at_most(masks, values, seed)
        link = LINKS[self.link](values)
        if masks.shape[1] <= ENUMERABLE:
            search = Search(self.tau, self.rows, self.steps, self.neighbours)
            return fit_gated(masks, values, link, search, seed)
        posterior = fit_walsh_gp(
            masks,
            link.latent(values),
            tau=self.tau,
            rows=self.rows,
            seed=seed,
            steps=self.steps,
            neighbours=self.neighbours,
        )
        return LinkedWalshGP.of(posterior, link)

    def rehearsed(self) -> "Process":
        """The same, its kernel chosen in less time: good enough to compare with other members."""
        return replace(self, rows=REHEARSED_ROWS, steps=REHEARSED_STEPS)


@dataclass(frozen=True)
class Half:
    """One of the two processes whose mean is WalshGP: with gates and neighbours, or plain; its link, its prior."""

    link: str
    gates: bool
    rows: int = HALF_ROWS
    steps: int = STEPS

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        masks, values = _at_most(masks, values, seed)
        if not self.gates:
            return fit_linked(masks, values, self.link, rows=self.rows, seed=seed, steps=self.steps)
        rows = min(self.rows, ROWS)
        return fit_with_gates(masks, values, self.link, rows=rows, seed=seed, steps=self.steps)

    def rehearsed(self) -> "Half":
        """The same, its kernel chosen in less time."""
        return replace(self, rows=REHEARSED_ROWS, steps=REHEARSED_STEPS)


def _at_most(masks: Masks, values: Values, seed: int) -> tuple[Masks, Values]:
    """At most MOST_ROWS of the samples."""
    if len(values) <= MOST_ROWS:
        return masks, values
    some = np.random.default_rng(seed).permutation(len(values))[:MOST_ROWS]
    return masks[some], values[some]


@dataclass(frozen=True)
class Penalised:
    """Lasso on single players."""

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        intercept, found = lasso(masks, values, 1, seed)
        return Sum({(): intercept, **found})


@dataclass(frozen=True)
class Linear:
    """Ridge on single players, its strength by exact leave-one-out."""

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        rows = np.append(np.arange(masks.shape[1]), -1)[:, None]
        model = ridge(design(masks, rows[:-1]), values)
        terms = zip(coalitions_of(rows), [*model.coefficients.tolist(), model.intercept], strict=True)
        return Sum(dict(terms))


@dataclass(frozen=True)
class Sparse:
    """Conjunctions and parities that stand out (`sparse_recovery`): nearly the truth where a sparse game is noisy."""

    max_order: int
    high: tuple[Coalition, ...] | None = None

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        return Sum(recover(masks, values, self.max_order, self.high))

    def rehearsed(self, found: Terms) -> "Sparse":
        """The same, choosing from the high parities that all samples bear: chance has no part in those."""
        return replace(self, high=tuple(coalition for coalition in found if len(coalition) > LOW))


@dataclass(frozen=True)
class Trees:
    """Boosted trees, as many as are asked for."""

    growth: Growth
    count: int

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        return FittedTrees(grow(masks, values, self.growth, self.count, seed), self.count)


@dataclass(frozen=True)
class FittedTrees:
    model: Boosted
    count: int

    def predict(self, masks: Masks) -> Array:
        return self.model.predict(masks, self.count)

    def terms(self, limit: int) -> Terms:
        found = largest(self.model.terms(self.count), limit)
        return dict(zip(coalitions_of(found.rows), found.values.tolist(), strict=True))


@dataclass(frozen=True)
class Beam:
    """The leading terms of a process without link or gates: pairs, and what a beam grows from the largest of them."""

    tau: float

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        masks, values = _at_most(masks, values, seed)
        process = fit_walsh_gp(masks, values, tau=self.tau, rows=ROWS, steps=STEPS, seed=seed)
        found = low_orders(process, MOST_REFITTED)
        pairs: list[Coalition] = [c for c in found if len(c) == 2]
        front = pairs[:WIDTH]
        for _ in range(3, DEEPEST + 1):
            front = grown(process, front, WIDTH)
            found += front
        sizes = dict(zip(found, process.coefficients(found).tolist(), strict=True))
        return Sum(truncated(sizes, MOST_REFITTED))


@dataclass(frozen=True)
class Refitted:
    """The largest terms of another member, fitted anew by ridge whose prior variances are learnt (`pruning.refits`).

    Sparse Bayes in two steps: what the values do not support shrinks to nothing, what they do is hardly shrunk.
    """

    member: Member

    def fit(self, masks: Masks, values: Values, seed: int) -> Fitted:
        proxy = self.member.fit(masks, values, seed).terms(MOST_REFITTED)
        rows = Rows(padded(list(proxy)), np.array(list(proxy.values())))
        found = refits(rows, masks, values)[-1]
        return Sum(dict(zip(coalitions_of(found.rows), found.values.tolist(), strict=True)))


def members(masks: Masks, values: Values, max_order: int, seed: int) -> list[tuple[Member, float]]:
    """Those that are worth their time for so many masks and players, and how far each is believed beforehand.

    What is not believed has to prove itself on masks it has not seen.
    """
    n_masks, n_players = masks.shape
    if n_masks * n_players > LARGE:
        return _few_members(n_masks, n_players, max_order)
    link = best_link(masks, values, seed)
    found: list[tuple[Member, float]] = [
        (Process("ranks", 0.5, neighbours=True), 1.0),
        (Process("identity", 4.0), 0.5),
        (Half(link, gates=False), 1.0),
        (Trees(Growth(min(max_order, 4), 0.05, 0.5, 0.5, 3, linear=True), 200), 0.3),
        (Trees(Growth(max_order, 0.1, 0.5, 0.7, 5, linear=False), 120), 0.3),
        (Linear(), 0.0),
    ]
    if n_players <= ENUMERABLE:
        found.append((Half(link, gates=True), 1.0))
    if n_masks >= MANY:
        started: list[Member] = [Beam(0.2), whole_trees(max_order)]
        found += [(Refitted(member), 0.0) for member in started]
        found.append((Sparse(max_order), 0.0))
    return found


def _few_members(n_masks: int, n_players: int, max_order: int) -> list[tuple[Member, float]]:
    """The processes and the one of each other kind that have done best on wide games; a penalty on single players
    where it is affordable, and masks are few."""
    linear: Member = Penalised() if n_masks < min(PLENTY * n_players, VERY_LARGE / n_players) else Linear()
    refitted = Refitted(whole_trees(max_order))
    return [
        (Process("ranks", 0.5, neighbours=True), 1.0),
        (Half("identity", gates=False), 1.0),
        (linear, 0.3),
        (refitted, 0.3),
        (Sparse(max_order), 0.0),
    ]


def whole_trees(max_order: int) -> Trees:
    """Trees that see every sample and player."""
    return Trees(Growth(max_order, 0.1, 1.0, 1.0, 20, linear=False), 150)
