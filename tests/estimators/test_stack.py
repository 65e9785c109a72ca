"""StackSPEX: never far from its best member, exact where a game is sparse."""

import numpy as np
import pytest

from spexcore.estimators import stack
from spexcore.estimators.lasso import Lasso
from spexcore.estimators.refit import ridge
from spexcore.estimators.sparse_recovery import recover
from spexcore.estimators.stack import StackSPEX
from spexcore.estimators.stack_members import (
    Beam,
    Half,
    Linear,
    Member,
    Penalised,
    Process,
    Refitted,
    Sparse,
    Sum,
    Trees,
    members,
    softened_ranks,
)
from spexcore.estimators.walsh_gp import WalshGP
from spexcore.faithfulness import r2_score
from spexcore.lenses.synthetic import random_game
from spexcore.masks import all_masks, draw, is_near, pack
from spexcore.transforms import evaluate


@pytest.mark.parametrize("parity", [False, True])
def test_few_ands_or_parities_are_recovered_exactly(parity: bool) -> None:
    rng = np.random.default_rng(2)
    terms = [tuple(rng.choice(20, size, replace=False)) for size in (1, 2, 3, 4, 2, 3)]

    def game(masks: np.ndarray) -> np.ndarray:
        each = [(1.0 - 2.0 * (masks[:, t].sum(axis=1) % 2)) if parity else masks[:, t].all(axis=1) for t in terms]
        return sum((k + 1.0) * column for k, column in enumerate(each))

    masks = draw("uniform", 20, 500, rng)
    fresh = draw("uniform", 20, 500, np.random.default_rng(9))
    assert StackSPEX().fit(masks, game(masks)).predict(fresh) == pytest.approx(game(fresh), abs=1e-6)


def test_a_saturating_game_is_explained_better_than_by_its_linear_member() -> None:
    everything = all_masks(10)
    weights = np.random.default_rng(3).normal(size=10)
    values = np.tanh(everything @ weights + 2.0 * everything[:, 0] * everything[:, 1])
    masks = np.random.default_rng(4).permutation(len(everything))[:160]
    errors = [
        ((kind.fit(everything[masks], values[masks]).predict(everything) - values) ** 2).mean() / values.var()
        for kind in (StackSPEX(), Lasso())
    ]
    assert errors[0] < 0.6 * errors[1]


@pytest.mark.parametrize("basis", ["ands", "parities"])
def test_noise_does_not_hide_a_sparse_game(basis: str) -> None:
    clean, noisy = (random_game(16, 6, basis=basis, noise=noise, seed=1) for noise in (0.0, 0.3))
    masks, fresh = (draw("uniform", 16, 400, np.random.default_rng(seed)) for seed in (0, 9))
    values = noisy(masks)
    found = StackSPEX().fit(masks, values)
    assert r2_score(clean(fresh), found.predict(fresh)) > 0.98
    assert r2_score(clean(fresh), Lasso(order=2).fit(masks, values).predict(fresh)) < 0.97


def test_with_many_masks_a_noisy_sparse_game_is_its_sparse_model_and_no_other_game_is() -> None:
    masks = draw("uniform", 16, 1200, np.random.default_rng(0))
    sparse = random_game(16, 6, basis="ands", noise=0.3, seed=1)(masks)
    dense = np.tanh(2.0 * masks @ np.random.default_rng(1).normal(size=16))
    for values, alone in ((sparse, True), (dense, False)):
        found, terms = StackSPEX().fit(masks, values), recover(masks, values)
        assert (dict(found.coefficients) == terms) == alone
    assert r2_score(dense, found.predict(masks)) > r2_score(dense, evaluate(terms, masks))


def test_the_linear_member_is_ridge_on_single_players() -> None:
    masks = draw("uniform", 9, 60, np.random.default_rng(0))
    values = masks @ np.arange(9.0) + np.random.default_rng(1).normal(size=60)
    model = ridge(1.0 - 2.0 * masks, values)
    expected = model.intercept + (1.0 - 2.0 * masks) @ model.coefficients
    np.testing.assert_allclose(Linear().fit(masks, values, 0).predict(masks), expected)


def test_beyond_twenty_players_a_saturating_game_is_read_off_free_masks() -> None:
    rng = np.random.default_rng(3)
    weights = rng.normal(size=24)
    game = lambda masks: np.tanh((2.0 * masks - 1) @ weights / 3 + 2.0 * masks[:, 0] * masks[:, 1])
    masks, fresh = draw("uniform", 24, 150, rng), draw("uniform", 24, 1000, rng)
    ours, linear = (r2_score(game(fresh), e.fit(masks, game(masks)).predict(fresh)) for e in (StackSPEX(), Lasso()))
    assert 1 - ours < 0.7 * (1 - linear)


def test_the_blend_keeps_up_with_its_process_on_mixed_masks() -> None:
    everything = all_masks(12)
    weights = np.random.default_rng(5).normal(size=12)
    truth = np.tanh(everything @ weights + 3.0 * everything[:, 2] * ~everything[:, 5])
    near = is_near(everything)
    masks = draw("mixed", 12, 200, np.random.default_rng(0))
    values = truth[masks @ (1 << np.arange(12))]
    ours, process = (e.fit(masks, values).predict(everything) for e in (StackSPEX(), WalshGP()))
    assert r2_score(truth[near], ours[near]) > r2_score(truth[near], process[near]) - 0.02
    assert r2_score(truth, ours) > r2_score(truth, process) - 0.02


@pytest.mark.parametrize("seed", [2, 3])
def test_a_value_that_saturates_is_told_near_the_prompt_as_well(seed: int) -> None:
    everything, weights = all_masks(12), np.random.default_rng(seed).uniform(0.2, 1.5, size=12)
    pair = 0.8 * everything[:, [2, 5]].all(axis=1)
    truth = 1 / (1 + np.exp(-1.2 * (everything @ weights - 0.35 * weights.sum() + pair)))
    near = is_near(everything)
    masks = draw("mixed", 12, 200, np.random.default_rng(seed))
    guess = StackSPEX().fit(masks, truth[masks @ (1 << np.arange(12))]).predict(everything)
    assert truth[near].std() < 0.06 * truth.std()
    assert r2_score(truth[near], guess[near]) > 0.985, ".95 where errors near the prompt count by their size"
    assert r2_score(truth, guess) > 0.985


def test_a_sparse_model_is_not_all_where_a_rival_knows_more_of_one_kind_of_masks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Near the prompt the rival has what the sparse model lacks; elsewhere, where values vary more, neither has."""
    rng = np.random.default_rng(2)
    masks = np.vstack([draw("near", 30, 1000, rng), draw("uniform", 30, 200, rng)])
    sparse, near = dict.fromkeys([(), (0,), (1,), (0, 1)], 0.5), is_near(masks)  # 2 where players 0 and 1 are gone
    known = 0.08 * rng.choice([-1.0, 1.0], size=len(masks))
    unknown, mistaken = (np.where(near, 0.0, rng.normal(size=len(masks))) for _ in range(2))
    values = evaluate(sparse, masks) + known * near + 0.6 * unknown
    told = dict(zip(pack(masks), evaluate(sparse, masks) + known * near + 0.6 * mistaken, strict=True))

    class Rival:
        def predict(self, asked: np.ndarray) -> np.ndarray:
            return np.array([told[key] for key in pack(asked)])

    monkeypatch.setattr(stack, "_fitted", lambda *_: Rival())
    assert not stack._sparse_is_all(sparse, masks, values, 0)
    monkeypatch.setattr(stack, "units", lambda values, _: (values.mean(), 1.0))
    assert stack._sparse_is_all(sparse, masks, values, 0), "where errors near the prompt count by their size"


def test_no_more_terms_are_kept_than_asked_for() -> None:
    masks = draw("uniform", 10, 100, np.random.default_rng(0))
    values = np.tanh(masks @ np.linspace(-1.0, 1.0, 10) + masks[:, 0] * masks[:, 1])
    everything, few = (StackSPEX(terms=terms).fit(masks, values).coefficients for terms in (2**15, 7))
    assert len(everything) > len(few) == 8
    assert min(abs(few[c]) for c in few if c) >= max(abs(everything[c]) for c in everything if c not in few)


def test_sparse_members_join_where_samples_bear_them_and_no_tree_is_deeper_than_asked() -> None:
    few, many = (of(n_masks, 14, 5) for n_masks in (100, 300))
    assert Sparse(5) not in few
    assert Sparse(5) in many
    assert {type(member) for member in many} == {Process, Half, Trees, Linear, Refitted, Sparse}
    shallow = of(300, 14, 1)
    assert {member.growth.depth for member in shallow if isinstance(member, Trees)} == {1}
    wide, wider = (of(n_masks, 1000, 5) for n_masks in (500, 10_000))
    assert [type(member) for member in wide] == [Process, Half, Penalised, Refitted, Sparse]
    assert [type(member) for member in wider] == [Process, Half, Linear, Refitted, Sparse]


def of(n_masks: int, n_players: int, max_order: int) -> dict[Member, float]:
    """The members for so many masks and players."""
    masks = draw("uniform", n_players, n_masks, np.random.default_rng(0))
    return dict(members(masks, masks[:, 0] + masks[:, 1] * 1.0, max_order, 0))


@pytest.mark.parametrize(("n_players", "alike"), [(12, 1 - 1e-12), (24, 0.95)])  # beyond 20 read off free masks
def test_both_processes_of_walsh_gp_are_members(n_players: int, alike: float) -> None:
    masks = draw("uniform", n_players, 90, np.random.default_rng(0))
    values = np.tanh(masks @ np.random.default_rng(1).normal(size=n_players)) + masks[:, 0] * masks[:, 3]
    alone = WalshGP().fit(masks, values).predict(masks)
    halves = [member for member, _ in members(masks, values, 5, 0) if isinstance(member, Half)]
    assert [half.gates for half in halves] == [False, True][: 1 + (n_players <= 20)]
    mean = np.mean([half.fit(masks, values, 0).predict(masks) for half in halves], axis=0)
    assert r2_score(alone, mean) > alike


def test_a_refit_drops_what_the_values_do_not_support() -> None:
    game = random_game(16, 5, basis="parities", orders=(1, 2), seed=2)
    masks, fresh = (
        draw("uniform", 16, 300, np.random.default_rng(0)),
        draw("uniform", 16, 500, np.random.default_rng(1)),
    )
    plain, again = (m.fit(masks, game(masks), 0) for m in (Process("identity", 0.2), Refitted(Beam(0.2))))
    errors = [float(((fitted.predict(fresh) - game(fresh)) ** 2).mean()) for fitted in (plain, again)]
    assert errors[1] < 0.5 * errors[0]
    assert isinstance(again, Sum)


def test_softened_ranks_are_a_link() -> None:
    values = np.random.default_rng(0).normal(size=40) ** 3
    link = softened_ranks(values)
    np.testing.assert_allclose(link.value(link.latent(values)), values)
    scores = link.latent(np.sort(values))
    assert (np.diff(scores) > 0).all()
    assert np.ptp(scores) < np.ptp(values) / values.std(), "the tails are drawn in"
