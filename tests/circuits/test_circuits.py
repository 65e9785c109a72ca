"""Pruning and circuits on games whose best parts are known."""

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


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_the_best_of_a_size_is_the_best_of_all(size):
    game = both_or()
    masks = all_masks(8)
    masks = masks[masks.sum(axis=1) == size]
    mask, exact = best_of_size(spectrum_of(game), size)
    assert exact
    assert mask.sum() == size
    assert game(mask[None])[0] == pytest.approx(game(masks).max())


def test_beyond_what_can_be_weighed_swaps_find_the_pair_and_do_not_claim_to_be_sure(monkeypatch):
    from spexcore import circuits

    monkeypatch.setattr(circuits, "ENUMERABLE", 0)
    game = both_or()
    for size in (3, 4):
        mask, exact = best_of_size(spectrum_of(game), size)
        assert not exact
        assert mask[:2].all()
        assert mask.sum() == size


def test_swaps_leave_a_bad_set(monkeypatch):
    """Dropping one by one goes wrong where two players only hurt together with a third that goes later."""
    from spexcore import circuits

    monkeypatch.setattr(circuits, "ENUMERABLE", 0)
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


def test_pruning_by_the_spectrum_keeps_what_no_single_ablation_shows():
    game = both_or()
    masks = np.random.default_rng(0).random((120, 8)) < 0.5
    curve = pruning_curve(
        game, spectrum_of(game), (masks, game(masks)), sizes=(2, 4), held_out={"margin": both_or()}, seed=0
    )
    assert [one.method for one in curve[:4]] == list(METHODS)
    best = {(one.method, len(one.kept)): one for one in curve}
    assert best["spectrum", 2].kept == (0, 1)
    assert best["spectrum", 4].chosen_on == pytest.approx(5.2)
    assert best["single ablation", 4].chosen_on < 5.2  # neither back-up is missed alone
    assert all(one.held_out["margin"] == one.chosen_on for one in curve)
    assert best["spectrum", 2].exact
    assert not best["best of random", 2].exact
    with pytest.raises(BadInput, match="1 to 8"):
        pruning_curve(game, spectrum_of(game), (masks, game(masks)), sizes=(9,), held_out={})


def test_a_spectrum_that_is_wrong_is_put_right_by_ablations():
    """It knows nothing of the pair; no swap that it predicts to be best is taken unless an ablation shows it."""
    game, blind = both_or(), spex.Spectrum({(2,): -0.5, (6,): -0.6, (7,): -0.6, (0,): -0.1}, both_or().players)
    masks = np.random.default_rng(0).random((60, 8)) < 0.5
    curve = pruning_curve(game, blind, (masks, game(masks)), sizes=(4, 8), held_out={}, seed=0)
    four = next(one for one in curve if one.method == "spectrum")
    start, _ = best_of_size(blind, 4)
    assert game(start[None])[0] < 3
    assert four.chosen_on == pytest.approx(5.2)
    assert not four.exact
    assert 1 < four.ablations <= 60
    one_step = pruning_curve(game, blind, (masks[:9], game(masks[:9])), sizes=(4,), held_out={}, seed=0)[0]
    assert one_step.ablations <= 9
    assert {one.method: one.kept for one in curve if len(one.kept) == 8}["spectrum"] == tuple(range(8))


def test_a_circuit_is_faithful_minimal_and_complete_or_not():
    game = both_or()
    whole = circuit(game, (0, 1, 2, 6, 7), n_subsets=8)
    assert whole.faithfulness == pytest.approx(1)
    assert whole.incompleteness == pytest.approx(0)
    assert whole.minimality == pytest.approx({0: 3, 1: 3, 2: 1, 6: 0, 7: 0})  # either back-up will do
    part = circuit(game, (0, 1, 6), n_subsets=64)
    assert part.faithfulness == pytest.approx(4.2 / 5.2)
    assert part.minimality == pytest.approx({0: 3, 1: 3, 6: 1.2})
    assert part.incompleteness >= 1 - 1e-9  # player 2 and the other back-up are outside


def test_energy_is_told_apart_by_layers():
    scores = {(): 9.0, (0,): 1.0, (0, 1): 2.0, (0, 4): 3.0, (0, 1, 4): 1.0}
    energy = layer_energy(scores, both_or().players)
    assert (energy.single, energy.within, energy.across) == (1.0, 4.0, 10.0)
    assert [layer_of(name) for name in ("L3H1", "L12MLP", "L0G2", "L7N100")] == [3, 12, 0, 7]
    with pytest.raises(BadInput, match="parts of a model"):
        layer_of("plot")
