"""ProxySPEX: trees expand exactly, the refit repeats none of the released faults, any regressor serves as proxy."""

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.estimators import ProxySPEX
from spexcore.estimators.boosting import MOST_TREES, PATIENCE, Growth, grow, grow_until
from spexcore.estimators.proxyspex import _blend
from spexcore.estimators.pruning import largest, refits, without_dust
from spexcore.estimators.refit import coalitions_of, design, members
from spexcore.estimators.trees import Forest, Terms, added, expand
from spexcore.masks import Masks, all_masks, draw
from spexcore.transforms import evaluate


def noisy(masks: Masks, seed: int = 0) -> np.ndarray:
    signs = 1.0 - 2.0 * masks
    noise = np.random.default_rng(seed).normal(size=len(masks))
    return 2.0 * masks[:, :3].all(axis=1) + signs[:, 3] * signs[:, 4] - signs[:, 5] + 0.5 * noise + 4.0


@pytest.mark.parametrize(("n_players", "depth", "linear"), [(9, 5, False), (9, 3, True), (9, 1, False), (9, 8, False)])
def test_the_spectrum_of_trees_predicts_what_the_trees_predict_on_every_mask(
    n_players: int, depth: int, linear: bool
) -> None:
    masks = draw("uniform", n_players, 300, np.random.default_rng(1))
    model = grow(masks, noisy(masks), Growth(depth, 0.1, 0.7, 0.7, 3, linear), 60, seed=2)
    terms = model.terms(60)
    everything = all_masks(n_players)
    np.testing.assert_allclose(design(everything, terms.rows) @ terms.values, model.predict(everything, 60), atol=1e-12)
    coalitions = coalitions_of(terms.rows)
    assert len(set(coalitions)) == len(coalitions)
    assert max(map(len, coalitions)) <= depth


@pytest.mark.parametrize("n_players", [64, 65, 1100])
def test_the_expansion_is_exact_for_any_number_of_players(n_players: int) -> None:
    masks = draw("uniform", n_players, 400, np.random.default_rng(1))
    model = grow(masks, noisy(masks), Growth(5, 0.1, 1.0, 1.0, 5, False), 80, seed=0)
    terms = model.terms(80)
    fresh = draw("uniform", n_players, 200, np.random.default_rng(9))
    np.testing.assert_allclose(design(fresh, terms.rows) @ terms.values, model.predict(fresh, 80), atol=1e-12)


def test_a_split_on_a_player_already_settled_is_passed_through() -> None:
    # split 0 on player 0: removed -> split 1 on player 0 again, kept -> leaf 2; the split's kept side cannot be reached
    forest = Forest(
        player=np.array([0, 0]),
        removed=np.array([1, 2]),
        kept=np.array([4, 3]),
        leaves=np.array([5.0, 99.0, 1.0]),
        roots=np.array([0]),
    )
    terms = expand(forest, 2)
    np.testing.assert_allclose(design(all_masks(2), terms.rows) @ terms.values, [5.0, 1.0, 5.0, 1.0])


def test_a_tree_without_a_split_is_its_constant() -> None:
    empty = np.empty(0, dtype=np.intp)
    terms = expand(Forest(empty, empty, empty, np.array([2.5, -1.0]), np.array([0, 1])), 3)
    assert dict(zip(coalitions_of(terms.rows), terms.values)) == {(): 1.5}


def test_spectra_add_up_coalition_by_coalition() -> None:
    parts = [Terms(members([(), (0,), (1, 2)]), np.array([1.0, 2, 3])), Terms(members([(0,), ()]), np.array([5.0, 7]))]
    total = added(parts, 3)
    assert dict(zip(coalitions_of(total.rows), total.values)) == {(): 8.0, (0,): 7.0, (1, 2): 3.0}


def test_few_masks_are_enough_for_a_split() -> None:
    """The released ones want 20 masks in a leaf: of 36 they learn the mean."""
    from lightgbm import LGBMRegressor

    masks = draw("uniform", 10, 36, np.random.default_rng(0))
    values = 2.0 * masks[:, 1] - 1.0 * masks[:, 4] + masks[:, [2, 6]].all(axis=1)
    assert np.ptp(LGBMRegressor(verbose=-1).fit(masks.astype(float), values).predict(masks.astype(float))) < 1e-9
    fresh = all_masks(10)
    truth = 2.0 * fresh[:, 1] - 1.0 * fresh[:, 4] + fresh[:, [2, 6]].all(axis=1)
    left = ProxySPEX().fit(masks, values).predict(fresh) - truth
    assert left.var() < 0.3 * truth.var()


def test_trees_stop_growing_where_they_no_longer_help() -> None:
    masks = draw("uniform", 12, 200, np.random.default_rng(0))
    noise = np.random.default_rng(1).normal(size=200)
    growth, held_out = Growth(3, 0.1, 1.0, 1.0, 5, False), np.arange(40)
    model, errors = grow_until(masks, noise, growth, 0, held_out)
    assert model.booster.num_trees() <= int(errors.argmin()) + PATIENCE < MOST_TREES
    for n_trees in (0, 3, int(errors.argmin())):
        missed = model.predict(masks[held_out], n_trees) - noise[held_out]
        assert errors[n_trees] == pytest.approx(missed @ missed, rel=1e-5)


def test_pruning_keeps_the_constant_and_never_all_ties_away() -> None:
    flat = Terms(members([(), (0,), (1,), (0, 1)]), np.array([0.0, 0.25, -0.25, 0.25]))
    assert len(largest(flat, 2).values) == 3
    assert coalitions_of(largest(flat, 9).rows)[0] == ()
    assert len(without_dust(flat, 1e-4).values) == 4
    dusty = Terms(members([(), (0,), (1,)]), np.array([0.0, 1.0, 1e-6]))
    assert coalitions_of(without_dust(dusty, 1e-4).rows) == [(), (0,)]


def test_a_refit_keeps_the_mean_and_finds_exact_coefficients_on_the_right_support() -> None:
    truth = {(): 0.01, (0,): 2.0, (1, 3): -1.0, (0, 2, 4): 0.5}
    masks = draw("uniform", 8, 100, np.random.default_rng(0))
    values = evaluate(truth, masks)
    rough = Terms(members([*truth, (5,), (6, 7)]), np.array([0.3, 1.5, -0.6, 0.4, 0.05, -0.02]))
    for terms in refits(rough, masks, values):
        fitted = dict(zip(coalitions_of(terms.rows), terms.values))
        assert fitted[()] == pytest.approx(0.01, abs=1e-4)
        assert fitted[1, 3] == pytest.approx(-1.0, abs=1e-4)


def test_a_spectrum_of_nothing_but_a_constant_is_not_refitted_on_an_empty_support() -> None:
    masks = draw("uniform", 8, 30, np.random.default_rng(0))
    for terms in refits(Terms(members([(), (0,)]), np.array([2.0, 0.0])), masks, masks[:, 0].astype(np.float64)):
        assert np.isfinite(terms.values).all()


def test_orders_beyond_the_limit_do_not_appear() -> None:
    masks = draw("uniform", 12, 300, np.random.default_rng(0))
    assert ProxySPEX(max_order=2).fit(masks, noisy(masks)).order == 2


def test_more_than_1030_players_are_no_trouble() -> None:
    masks = draw("uniform", 1100, 120, np.random.default_rng(0))
    spectrum = ProxySPEX(max_order=3).fit(masks, noisy(masks))
    assert np.isfinite(spectrum.predict(masks)).all()


@pytest.mark.parametrize("n_players", [10, 24])
def test_a_linear_proxy_with_pairs_gives_its_own_spectrum(n_players: int) -> None:
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    proxy = make_pipeline(PolynomialFeatures(2, interaction_only=True), LinearRegression())
    masks = draw("uniform", n_players, 600, np.random.default_rng(0))
    values = np.asarray(3.0 * masks[:, 0] * masks[:, 1] - masks[:, 2] + 0.5, dtype=np.float64)
    spectrum = ProxySPEX(proxy=proxy).fit(masks, values)
    np.testing.assert_allclose(spectrum.predict(masks), values, atol=1e-2)
    assert spectrum.coefficients[0, 1] == pytest.approx(0.75, abs=1e-4)
    assert not hasattr(proxy.steps[1][1], "coef_"), "the proxy handed in stays as it was"


def test_a_network_as_proxy_is_read_the_same_way_twice() -> None:
    from sklearn.neural_network import MLPRegressor

    masks = draw("uniform", 8, 120, np.random.default_rng(0))
    estimator = ProxySPEX(proxy=MLPRegressor(hidden_layer_sizes=(16,), solver="lbfgs", max_iter=2000))
    first, second = (estimator.fit(masks, noisy(masks), seed=4) for _ in range(2))
    assert first == second


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadInput, match="max_order"):
        ProxySPEX(max_order=0)
    with pytest.raises(BadInput, match="proxy"):
        ProxySPEX(proxy="trees")


def test_the_mean_stands_in_for_trees_that_learned_nothing_and_for_no_others() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=200)
    mean = np.full((1, 200), values.mean())
    for error, least, most in ((0.1, 0.0, 0.01), (2.0, 0.99, 1.0)):  # of trees, in that of the mean
        guesses = np.tile(values + error * rng.normal(size=200), (4, 1))
        weights = _blend(np.vstack([guesses, mean]), values)
        assert weights.sum() == pytest.approx(1.0)
        assert least <= weights[-1] <= most
