"""The laws every estimator keeps. Add the class to ESTIMATORS and they apply."""

import copy
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spexcore.errors import BadBudget, BadInput, BadValue
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import Estimator
from spexcore.game import FunctionGame, MeteredGame
from spexcore.masks import Masks, all_masks, draw
from spexcore.spectrum import Spectrum

NAMES = sorted(ESTIMATORS)
#: Models that say nothing beyond one player (or one pair); the others recover up to their `max_order` or `order`.
FIXED_ORDER = {"leaveoneout": 1, "kernelshap": 1, "lime": 1, "pairwise": 2}
#: What a whole table gives back exactly; the others fit a model that cannot hold every interaction.
EXACT_ON_ALL_MASKS = {"exact", "proxyspex", "walshgp", "stackspex", "spex"}
every_estimator = pytest.mark.parametrize("name", NAMES)


def mixed(masks: Masks) -> np.ndarray:
    """Main effects, an AND and a parity over the first five players; later players are dummies."""
    signs = 1.0 - 2.0 * masks
    value = 0.7 * signs[:, 0] - 1.1 * signs[:, 1 % masks.shape[1]] + 0.2
    if masks.shape[1] >= 5:
        value = value + 1.5 * masks[:, [2, 3]].all(axis=1) + 0.8 * signs[:, 0] * signs[:, 4]
    return value


def game_of(n_players: int, function: Callable[[Masks], Any] = mixed) -> FunctionGame:
    return FunctionGame(function, [f"p{i}" for i in range(n_players)], key="contract")


def affordable(estimator: Estimator, n_players: int, wanted: int) -> int:
    """The wanted budget, or the least the estimator takes."""
    return max(wanted, estimator.min_budget(n_players))


def order_of(name: str, estimator: Estimator) -> int:
    claimed = getattr(estimator, "max_order", getattr(estimator, "order", None))
    return FIXED_ORDER.get(name, claimed if isinstance(claimed, int) else 4)


def same(a: Spectrum, b: Spectrum) -> bool:
    return a.players == b.players and list(a.coefficients.items()) == list(b.coefficients.items())


@every_estimator
def test_the_same_seed_gives_the_same_spectrum_bit_for_bit_and_leaves_the_estimator_equal_to_itself(name: str) -> None:
    estimator = ESTIMATORS[name]()
    before = copy.deepcopy(estimator)
    budget = affordable(estimator, 8, 60)
    first = estimator.estimate(game_of(8), budget=budget, seed=3)
    second = estimator.estimate(game_of(8), budget=budget, seed=3)
    fresh = ESTIMATORS[name]().estimate(game_of(8), budget=budget, seed=3)
    assert same(first, second)
    assert same(first, fresh)
    assert estimator == before
    assert repr(estimator) == repr(before)


@every_estimator
@pytest.mark.parametrize("n_players", [1, 2, 3, 7, 12])
def test_never_asks_for_more_masks_than_the_budget(name: str, n_players: int) -> None:
    estimator = ESTIMATORS[name]()
    least = estimator.min_budget(n_players)
    for budget in {least, least + 1, 2 * least + 7}:
        game = MeteredGame(game_of(n_players))
        spectrum = estimator.estimate(game, budget=budget, seed=1)
        assert 0 < game.asked <= budget
        assert spectrum.players == game.players


@every_estimator
@pytest.mark.parametrize("n_players", [1, 2, 3, 7, 12])
def test_no_more_than_all_masks_are_ever_needed(name: str, n_players: int) -> None:
    assert 1 <= ESTIMATORS[name]().min_budget(n_players) <= 2**n_players


@every_estimator
def test_below_its_least_budget_it_says_what_would_do(name: str) -> None:
    estimator = ESTIMATORS[name]()
    least = estimator.min_budget(10)
    with pytest.raises(BadBudget) as caught:
        estimator.estimate(game_of(10), budget=least - 1)
    message = str(caught.value)
    assert "`budget`" in message
    assert f"{least:,}" in message
    assert f"got {least - 1:,}" in message
    assert message.count(".") >= 2, "the way out is a sentence of its own"


@every_estimator
@pytest.mark.parametrize("constant", [0.0, 0.1, -3.7])
@pytest.mark.parametrize("n_players", [1, 6, 12])
def test_a_constant_game_has_only_its_constant(name: str, constant: float, n_players: int) -> None:
    estimator = ESTIMATORS[name]()
    game = game_of(n_players, lambda masks: np.full(len(masks), constant))
    spectrum = estimator.estimate(game, budget=affordable(estimator, n_players, 50))
    assert dict(spectrum.coefficients) == {(): constant}


@every_estimator
def test_one_player_is_described_exactly(name: str) -> None:
    estimator = ESTIMATORS[name]()
    spectrum = estimator.estimate(game_of(1, lambda masks: 2.0 + 3.0 * masks[:, 0]), budget=5)
    masks = [[True]] if name == "lime" else [[True], [False]]  # LIME gives the empty prompt next to no weight
    np.testing.assert_allclose(spectrum.predict(masks), [5.0, 2.0][: len(masks)], atol=1e-2 if name == "lime" else 1e-9)


@every_estimator
@pytest.mark.parametrize("odd_one", ["full", "empty"])
def test_one_value_unlike_all_others_is_no_trouble(name: str, odd_one: str) -> None:
    estimator = ESTIMATORS[name]()
    special = (lambda masks: masks.all(axis=1)) if odd_one == "full" else (lambda masks: ~masks.any(axis=1))
    spectrum = estimator.estimate(game_of(6, lambda masks: special(masks) * 1.0), budget=affordable(estimator, 6, 40))
    assert np.isfinite(spectrum.predict(all_masks(6))).all()
    assert len(spectrum)


@every_estimator
@pytest.mark.parametrize(("n_masks", "n_players"), [(30, 9), (30, 40), (12, 300)])
def test_one_value_unlike_all_others_among_few_masks_is_no_trouble(name: str, n_masks: int, n_players: int) -> None:
    """No term stands out of such values: whatever is kept, it is finite and no empty support is regressed on."""
    masks = draw("uniform", n_players, n_masks, np.random.default_rng(3))
    values = np.full(n_masks, -2.0)
    values[7] = 5.0
    spectrum = fitted(name, masks, values)
    assert spectrum is None or (len(spectrum) and np.isfinite(spectrum.predict(masks)).all())


def fitted(name: str, masks: Masks, values: np.ndarray) -> Spectrum | None:
    """What `fit` gives; None where there is no fit, and for Exact, which must refuse all but all masks."""
    estimator = ESTIMATORS[name]()
    if not hasattr(estimator, "fit"):
        return None
    if name == "exact" and len(np.unique(masks, axis=0)) < 2 ** masks.shape[1]:
        with pytest.raises(BadInput, match="`masks`"):
            estimator.fit(masks, values)
        return None
    return estimator.fit(masks, values)


@every_estimator
def test_repeated_masks_are_no_trouble(name: str) -> None:
    masks = np.repeat(draw("uniform", 7, 20, np.random.default_rng(0)), 3, axis=0)
    spectrum = fitted(name, masks, mixed(masks))
    assert spectrum is None or np.isfinite(spectrum.predict(all_masks(7))).all()


@every_estimator
def test_repeated_masks_with_different_values_are_no_trouble(name: str) -> None:
    masks = np.repeat(all_masks(3), 2, axis=0)
    values = mixed(masks) + np.tile([0.5, -0.5], 8)
    spectrum = fitted(name, masks, values)
    assert spectrum is None or np.isfinite(spectrum.predict(all_masks(3))).all()


@every_estimator
@pytest.mark.parametrize("n_masks", [1, 2, 3, 5, 9, 20])
def test_fewer_masks_than_players_never_give_nan(name: str, n_masks: int) -> None:
    masks = draw("uniform", 40, n_masks, np.random.default_rng(n_masks))
    spectrum = fitted(name, masks, mixed(masks))
    assert spectrum is None or (len(spectrum) and np.isfinite(spectrum.predict(masks)).all())


@every_estimator
def test_fit_takes_any_array_of_zeros_and_ones_and_names_players_by_number(name: str) -> None:
    masks = draw("uniform", 7, 100, np.random.default_rng(0))
    spectrum = fitted(name, masks.astype(int), mixed(masks).astype(np.float32))
    assert spectrum is None or spectrum.players == tuple("0123456")


@every_estimator
@pytest.mark.parametrize(
    "values", [np.arange(5.0), np.array([]), np.array([1, np.nan, 2, 3]), np.array([1, -np.inf, 2, 3])]
)
def test_fit_refuses_values_that_do_not_belong_to_the_masks(name: str, values: np.ndarray) -> None:
    estimator = ESTIMATORS[name]()
    if hasattr(estimator, "fit"):
        with pytest.raises(BadInput, match="`values`"):
            estimator.fit(draw("uniform", 6, 4, np.random.default_rng(0)), values)


@every_estimator
def test_a_dummy_player_gets_nothing_when_every_mask_is_known(name: str) -> None:
    estimator = ESTIMATORS[name]()
    spectrum = estimator.estimate(game_of(8), budget=affordable(estimator, 8, 2**8))
    masks = all_masks(8)
    toggled = masks.copy()
    toggled[:, 6] ^= True
    change = np.abs(spectrum.predict(masks) - spectrum.predict(toggled)).max()
    assert change < 0.05 * np.ptp(mixed(masks))


@every_estimator
def test_all_masks_are_predicted_as_well_as_the_model_can(name: str) -> None:
    estimator = ESTIMATORS[name]()
    masks = all_masks(7)
    spectrum = estimator.estimate(game_of(7), budget=affordable(estimator, 7, 2**7))
    truth = mixed(masks)
    if name in EXACT_ON_ALL_MASKS:
        np.testing.assert_allclose(spectrum.predict(masks), truth, atol=1e-9)
    elif name not in FIXED_ORDER:
        order = order_of(name, estimator)
        best = ESTIMATORS["exact"]().estimate(game_of(7), budget=128).coefficients
        cut = Spectrum({c: value for c, value in best.items() if len(c) <= order}, spectrum.players)
        np.testing.assert_allclose(spectrum.predict(masks), cut.predict(masks), atol=1e-9)
    else:
        assert abs(spectrum.predict(np.ones((1, 7), bool))[0] - truth[-1]) < 0.5 * np.ptp(truth)


@every_estimator
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_named_with_its_mask(name: str, bad: float) -> None:
    estimator = ESTIMATORS[name]()
    broken = game_of(6, lambda masks: np.where(masks[:, 0], bad, 1.0))
    with pytest.raises(BadValue, match=rf"{bad} for mask \d+"):
        estimator.estimate(broken, budget=affordable(estimator, 6, 40))


@every_estimator
def test_settings_are_frozen_and_json_can_hold_them(name: str) -> None:
    estimator = ESTIMATORS[name]()
    assert json.loads(json.dumps(estimator.parameters)) == estimator.parameters
    with pytest.raises((AttributeError, TypeError)):
        setattr(estimator, next(iter(estimator.parameters), "order"), 7)
    settings_of = inspect.signature(type(estimator)).parameters.values()
    assert all(setting.default is not setting.empty for setting in settings_of)


@every_estimator
def test_the_first_line_of_its_docstring_helps_a_reader(name: str) -> None:
    first = (inspect.getdoc(ESTIMATORS[name]) or "").partition("\n")[0]
    assert 20 < len(first) < 120
    assert first.endswith(".")
    assert "dataclass" not in first
    assert not first.startswith(ESTIMATORS[name].__name__ + "(")


@every_estimator
@settings(max_examples=6)
@given(data=st.data())
def test_recovers_any_single_and(name: str, data: st.DataObject) -> None:
    estimator = ESTIMATORS[name]()
    n_players = 9
    largest = min(4, order_of(name, estimator))
    coalition = data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=largest, unique=True), label="players")
    scale = data.draw(st.sampled_from([1.0, -0.01, 40.0]), label="scale")
    offset = data.draw(st.sampled_from([0.0, 3.0]), label="offset")
    game = game_of(n_players, lambda masks: offset + scale * masks[:, coalition].all(axis=1).astype(float))
    budget = affordable(estimator, n_players, 360)
    spectrum = estimator.estimate(game, budget=budget, seed=data.draw(st.integers(0, 99), label="seed"))
    masks = all_masks(n_players)
    truth = game(masks)
    error = np.mean((spectrum.predict(masks) - truth) ** 2) / truth.var()
    assert error < 0.01


def test_the_package_of_estimators_imports_without_the_heavy_libraries() -> None:
    heavy = ["lightgbm", "sklearn", "pandas", "torch"]
    code = f"import sys, spexcore.estimators; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
