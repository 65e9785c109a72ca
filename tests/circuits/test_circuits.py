"""Pruning and circuits on games whose best parts are known."""

from itertools import combinations

import numpy as np
import pytest

import spexcore as spex
from spexcore.circuits import METHODS, best_of_size, circuit, layer_energy, layer_of, pruning_curve, single_effects
from spexcore.errors import BadInput
from spexcore.masks import all_masks


def both_or(n=8):
    """Worth 3 when players 0 and 1 are both kept (a pair), 1 for player 2, 1.2 when 6 or 7 is kept (a back-up)."""
    value = lambda x: 3.0 * (x[:, 0] & x[:, 1]) + 1.0 * x[:, 2] + 1.2 * (x[:, 6] | x[:, 7])
    return spex.FunctionGame(value, [f"L{i // 4}H{i % 4}" for i in range(n)])


def spectrum_of(game):
    return spex.Exact().estimate(game, budget=2**game.n_players, seed=0)


@pytest.fixture
def many(monkeypatch):
    """So many players that sets of a size can no longer be weighed all."""
    from spexcore import circuits

    monkeypatch.setattr(circuits, "ENUMERABLE", 0)
    monkeypatch.setattr(circuits, "WEIGHED", 0)


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_the_best_of_a_size_is_the_best_of_all(monkeypatch, size, one_by_one):
    from spexcore import circuits

    if one_by_one:
        monkeypatch.setattr(circuits, "ENUMERABLE", 0)
    game = both_or()
    masks = all_masks(8)
    masks = masks[masks.sum(axis=1) == size]
    mask, exact = best_of_size(spectrum_of(game), size)
    assert exact
    assert mask.sum() == size
    assert game(mask[None])[0] == pytest.approx(game(masks).max())


def test_beyond_what_can_be_weighed_swaps_find_the_pair_and_do_not_claim_to_be_sure(many):
    game = both_or()
    for size in (3, 4):
        mask, exact = best_of_size(spectrum_of(game), size)
        assert not exact
        assert mask[:2].all()
        assert mask.sum() == size


def test_swaps_leave_a_bad_set(many):
    """Dropping one by one goes wrong where two players only hurt together with a third that goes later."""
    rng = np.random.default_rng(0)
    for seed in range(5):
        weights = rng.normal(size=(6, 6))
        game = spex.FunctionGame(lambda x, w=weights: np.einsum("mi,ij,mj->m", x, w, x), [f"L0H{i}" for i in range(6)])
        mask, _ = best_of_size(spectrum_of(game), 3)
        value = game(mask[None])[0]
        around = []
        for i in np.flatnonzero(mask):
            for j in np.flatnonzero(~mask):
                moved = mask.copy()
                moved[[i, j]] ^= True
                around.append(moved)
        assert value >= game(np.array(around)).max() - 1e-9, seed


def test_single_effects_are_what_one_ablation_takes_away():
    np.testing.assert_allclose(single_effects(both_or()), [3, 3, 1, 0, 0, 0, 0, 0])


class Told:
    """An estimator that gives the spectrum it was told, whatever the samples."""

    def __init__(self, spectrum):
        self.spectrum = spectrum

    def fit(self, masks, values, *, seed=0, players=None):
        return self.spectrum


def curve_of(game, n_samples, sizes, **settings):
    masks = np.random.default_rng(0).random((n_samples, game.n_players)) < 0.5
    return pruning_curve(game, (masks, game(masks)), **{"sizes": sizes, "held_out": {}, **settings})


def of_method(curve, method):
    return {len(one.kept): one for one in curve if one.method == method}


def pairs_and_backups(seed, n=9):
    """Main effects, pairs of either sign and two back-ups, drawn."""
    rng = np.random.default_rng(seed)
    alone, pairs = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1)
    a, b, c, d = rng.permutation(n)[:4]
    value = lambda x: (
        x @ alone + np.einsum("mi,ij,mj->m", x, pairs, x) + 2.0 * (x[:, a] | x[:, b]) * (x[:, c] | x[:, d])
    )
    return spex.FunctionGame(value, [f"L0H{i}" for i in range(n)])


def best_by_brute_force(game, size):
    masks = all_masks(game.n_players)
    return float(game(masks[masks.sum(axis=1) == size]).max())


def test_pruning_by_the_spectrum_keeps_what_no_single_ablation_shows():
    game = both_or()
    curve = curve_of(game, 120, (2, 4), held_out={"margin": both_or()}, estimator=Told(spectrum_of(game)))
    assert [one.method for one in curve[:4]] == list(METHODS)
    spectrum = of_method(curve, "spectrum")
    assert spectrum[2].kept == (0, 1)
    assert spectrum[4].chosen_on == pytest.approx(5.2)
    assert of_method(curve, "single ablation")[4].chosen_on < 5.2  # neither back-up is missed alone
    assert all(one.held_out["margin"] == one.chosen_on for one in curve)
    assert spectrum[2].exact
    assert not of_method(curve, "best of random")[2].exact
    with pytest.raises(BadInput, match="1 to 8"):
        curve_of(game, 120, (9,))


@pytest.mark.parametrize("seed", range(6))
def test_the_spectrum_keeps_the_best_of_all_sets_where_others_do_not(seed):
    """Against every set of the size; no method is given more ablations than another."""
    game, sizes = pairs_and_backups(seed), (3, 4, 6)
    curve = curve_of(game, 120, sizes, seed=seed)
    best = [best_by_brute_force(game, size) for size in sizes]
    assert [of_method(curve, "spectrum")[size].chosen_on for size in sizes] == pytest.approx(best)
    assert max(one.ablations for one in curve) <= 120
    reached = np.array([[of_method(curve, name)[size].chosen_on for size in sizes] for name in METHODS[1:]])
    assert (reached < np.array(best) - 1e-9).any(axis=1)[:2].all()  # a Lasso and single ablations miss some


def test_ablations_are_counted_as_they_are_asked_for():
    game, asked = both_or(), []
    counting = spex.FunctionGame(lambda x: asked.append(len(x)) or game(x), game.players)
    masks = np.random.default_rng(0).random((50, 8)) < 0.5
    samples, sizes = (masks, game(masks)), (2, 5)
    curve = pruning_curve(counting, samples, sizes=sizes, held_out={}, seed=0)
    spent = {name: [one.ablations for one in of_method(curve, name).values()] for name in METHODS}
    assert spent["lasso"] == [50, 50]
    assert spent["single ablation"] == [9, 9]
    assert max(spent["spectrum"]) <= 50
    assert max(spent["best of random"]) < 50  # of so few sets some are drawn twice
    on_swaps = sum(spent["spectrum"]) - 2 * 25  # half of the samples taught it
    assert sum(asked) == 9 + on_swaps + sum(spent["best of random"]) + len(curve)  # each choice is valued once more


def test_a_spectrum_that_is_wrong_is_put_right_by_ablations():
    """It knows nothing of the pair; no swap that it predicts to be best is taken unless an ablation shows it."""
    game, blind = both_or(), spex.Spectrum({(2,): -0.5, (6,): -0.6, (7,): -0.6, (0,): -0.1}, both_or().players)
    start, _ = best_of_size(blind, 4)
    assert game(start[None])[0] < 3
    curve = of_method(curve_of(game, 120, (4, 8), estimator=Told(blind)), "spectrum")
    assert curve[4].chosen_on == pytest.approx(5.2)
    assert not curve[4].exact
    assert curve[4].settled
    assert curve[8].kept == tuple(range(8))
    short = of_method(curve_of(game, 14, (4,), estimator=Told(blind)), "spectrum")[4]
    assert not short.settled
    assert short.ablations == 14


@pytest.mark.parametrize("seed", range(4))
def test_settled_is_that_no_swap_is_better(seed):
    game = pairs_and_backups(seed)
    blind = Told(spex.Spectrum({(0,): 1.0}, game.players))
    one = of_method(curve_of(game, 400, (4,), estimator=blind), "spectrum")[4]
    assert one.settled
    kept = np.isin(np.arange(9), one.kept)
    masks = all_masks(9)
    around = masks[(masks.sum(axis=1) == 4) & ((masks & kept).sum(axis=1) == 3)]
    assert len(around) == 20
    assert one.chosen_on >= game(around).max() - 1e-12


def test_a_circuit_is_faithful_minimal_and_complete_or_not():
    game = both_or()
    whole = circuit(game, (0, 1, 2, 6, 7), n_subsets=32)
    assert whole.faithfulness == pytest.approx(1)
    assert whole.incompleteness == pytest.approx(0)
    assert whole.minimality == pytest.approx({0: 3, 1: 3, 2: 1, 6: 1.2, 7: 1.2})  # either back-up without the other
    idle = circuit(game, (0, 1, 3))
    assert idle.minimality == pytest.approx({0: 3, 1: 3, 3: 0})
    part = circuit(game, (0, 1, 6), n_subsets=8)
    assert part.faithfulness == pytest.approx(4.2 / 5.2)
    assert part.minimality == pytest.approx({0: 3, 1: 3, 6: 1.2})
    assert part.incompleteness == pytest.approx((4 * 1.0 + 4 * 2.2) / 8)  # player 2; without 6 the other back-up too


@pytest.mark.parametrize("seed", range(4))
def test_a_circuit_is_judged_as_the_literature_defines_it(seed):
    """Wang et al. 2022, section 4, written out set by set: F(C), every K in C, and the score of each member."""
    game, members = pairs_and_backups(seed), (1, 2, 5, 7)
    value = lambda kept: float(game(np.isin(np.arange(9), list(kept))[None])[0])
    everything, inside = set(range(9)), set(members)
    subsets = [set(K) for size in range(5) for K in combinations(members, size)]
    found = circuit(game, members, n_subsets=16)
    gap = abs(value(everything) - value(inside))  # their faithfulness; ours is a share of what there is to explain
    assert abs(1 - found.faithfulness) * abs(value(everything) - value(())) == pytest.approx(gap)
    gaps = [abs(value(inside - K) - value(everything - K)) for K in subsets]
    assert found.incompleteness == pytest.approx(np.mean(gaps))
    for v in members:
        scores = [abs(value(inside - K - {v}) - value(inside - K)) for K in subsets if v not in K and len(K) < 2]
        assert found.minimality[v] == pytest.approx(max(scores))


def test_what_a_large_circuit_costs_is_bounded_and_what_it_draws_is_inside():
    game, asked = pairs_and_backups(0, n=18), []
    counting = spex.FunctionGame(lambda x: asked.append(x) or game(x), game.players)
    circuit(counting, tuple(range(16)), n_subsets=32)
    assert len(np.vstack(asked)) == 3 + 2 * 32 + 16 + 66
    found, again = circuit(game, tuple(range(16)), seed=1), circuit(game, tuple(range(16)), seed=2)
    assert found.minimality == again.minimality
    assert found.incompleteness != again.incompleteness
    assert circuit(game, tuple(range(18))).incompleteness == pytest.approx(0)  # nothing is outside


def test_energy_is_told_apart_by_layers():
    scores = {(): 9.0, (0,): 1.0, (0, 1): 2.0, (0, 4): 3.0, (0, 1, 4): 1.0}
    energy = layer_energy(scores, both_or().players)
    assert (energy.single, energy.within, energy.across) == (1.0, 4.0, 10.0)
    assert [layer_of(name) for name in ("L3H1", "L12MLP", "L0G2", "L7N100")] == [3, 12, 0, 7]
    with pytest.raises(BadInput, match="parts of a model"):
        layer_of("plot")
