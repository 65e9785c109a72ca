"""A spectrum predicts, ranks, cuts itself and cannot be changed."""

import dataclasses
import pickle

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.masks import all_masks
from spexcore.spectrum import Spectrum
from spexcore.terms import Terms
from spexcore.transforms import INDICES, walsh_hadamard

PLAYERS = ("a", "b", "c")
CONTENT = {(0, 2): -2.0, (): 0.5, (1,): 2.0, (0,): 1.0, (0, 1, 2): -0.25}


@pytest.fixture
def spectrum() -> Spectrum:
    return Spectrum(CONTENT, PLAYERS)


def test_coefficients_are_sorted_and_of_python() -> None:
    made = Spectrum({(np.int32(0), np.int64(2)): np.float32(0.5), (np.int8(1),): np.float64(2)}, ["a", "b", "c"])
    assert list(made.coefficients.items()) == [((1,), 2.0), ((0, 2), 0.5)]
    assert {type(player) for coalition in made.coefficients for player in coalition} == {int}
    assert {type(value) for value in made.coefficients.values()} == {float}
    assert made.players == PLAYERS
    assert (len(made), made.n_players, made.order) == (2, 3, 2)


def test_coefficients_that_are_zero_are_kept() -> None:
    assert Spectrum({(1,): 0.0}, PLAYERS).coefficients == {(1,): 0.0}


def test_spectrum_cannot_be_changed_even_through_what_it_was_made_of(spectrum: Spectrum) -> None:
    content = dict(CONTENT)
    made = Spectrum(content, PLAYERS)
    content[()] = 9.0
    assert made == spectrum
    with pytest.raises(TypeError):
        made.coefficients[()] = 9.0  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.players = ("x", "y", "z")  # type: ignore[misc]


def test_equality_and_hash_are_by_content(spectrum: Spectrum) -> None:
    same = Spectrum(dict(reversed(CONTENT.items())), list(PLAYERS))
    assert same == spectrum
    assert hash(same) == hash(spectrum)
    assert pickle.loads(pickle.dumps(spectrum)) == spectrum  # noqa: S301
    assert Spectrum(CONTENT, ("a", "b", "d")) != spectrum
    assert Spectrum({**CONTENT, (1,): 2.5}, PLAYERS) != spectrum


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        ({(1, 0): 1.0}, "ascending"),
        ({(0, 0): 1.0}, "distinct"),
        ({(3,): 1.0}, "below 3, one a name; got 3"),
        ({(-1,): 1.0}, "from 0"),
        ({(1,): float("nan")}, "must be finite; got nan for \\(1,\\)"),
        ({(0, 2): float("-inf")}, "must be finite; got -inf for \\(0, 2\\)"),
    ],
)
def test_what_is_no_spectrum_is_refused(coefficients: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Spectrum({(0,): 1.0, **coefficients}, PLAYERS)


def test_spectrum_needs_players() -> None:
    with pytest.raises(BadInput, match="at least one player"):
        Spectrum({(): 1.0}, ())


def test_prediction_is_the_game_where_the_spectrum_is_whole() -> None:
    table = np.random.default_rng(0).normal(size=2**8)
    whole = Spectrum(Terms.from_table(walsh_hadamard(table)), [str(i) for i in range(8)])
    np.testing.assert_allclose(whole.predict(all_masks(8)), table, atol=1e-12)
    assert whole.predict([[1] * 8]) == pytest.approx([table[-1]])


def test_prediction_checks_its_masks(spectrum: Spectrum) -> None:
    with pytest.raises(BadInput, match="shape \\(n_masks, 3\\)"):
        spectrum.predict(np.ones((2, 4), bool))
    with pytest.raises(BadInput, match="True/False"):
        spectrum.predict(np.full((2, 3), 0.5))


def test_constant_and_empty_spectra_predict() -> None:
    np.testing.assert_array_equal(Spectrum({(): 1.5}, PLAYERS).predict(all_masks(3)), np.full(8, 1.5))
    np.testing.assert_array_equal(Spectrum({}, PLAYERS).predict(all_masks(3)), np.zeros(8))
    assert Spectrum({}, PLAYERS).order == 0


def test_truncation_keeps_the_largest_and_the_constant(spectrum: Spectrum) -> None:
    assert spectrum.truncate(2).coefficients == {(): 0.5, (1,): 2.0, (0, 2): -2.0}
    # Equal magnitudes: the smaller coalition first.
    assert spectrum.truncate(1).coefficients == {(): 0.5, (1,): 2.0}
    assert spectrum.truncate(0).coefficients == {(): 0.5}
    assert spectrum.truncate(99) == spectrum
    assert Spectrum({(0,): 1.0, (1,): 2.0}, PLAYERS).truncate(1).coefficients == {(1,): 2.0}
    with pytest.raises(BadInput, match="`k` must be at least 0; got -1"):
        spectrum.truncate(-1)


def test_energy_by_order_is_mean_square_and_variance(spectrum: Spectrum) -> None:
    energy = spectrum.energy_by_order()
    assert energy == {0: 0.25, 1: 5.0, 2: 4.0, 3: 0.0625}
    values = spectrum.predict(all_masks(3))
    assert sum(energy.values()) == pytest.approx(np.mean(values**2))
    assert sum(energy.values()) - energy[0] == pytest.approx(np.var(values))
    assert Spectrum({(0, 1): 3.0}, PLAYERS).energy_by_order() == {0: 0.0, 1: 0.0, 2: 9.0}


@pytest.mark.parametrize("index", INDICES)
def test_interactions_name_their_index_and_order(spectrum: Spectrum, index: str) -> None:
    marginal = index in ("sv", "bv")
    whole = spectrum.interactions(index)
    assert (whole.index, whole.max_order, whole.players) == (index, 1 if marginal else 3, PLAYERS)
    assert spectrum.interactions(index, max_order=2).max_order == (1 if marginal else 2)
    assert max(map(len, spectrum.interactions(index, max_order=2).scores)) <= 2


def test_comobius_is_what_a_re_ablation_of_the_pair_measures(spectrum: Spectrum) -> None:
    both, first, second, neither = spectrum.predict([[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 1, 0]])
    assert spectrum.interactions("comobius")[(0, 2)] == pytest.approx(both - first - second + neither)


def test_the_same_scores_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from spexcore import transforms

    calls = []
    truly = transforms.index
    monkeypatch.setattr(transforms, "index", lambda *asked: calls.append(asked[1:]) or truly(*asked))
    spectrum = Spectrum({(): 1.0, (0, 1): 2.0}, ("a", "b"))
    assert spectrum.interactions("sv")[(0,)] == spectrum.interactions("sv")[(0,)]
    assert spectrum.interactions("fourier", 1) != spectrum.interactions("fourier")
    assert calls == [("sv", None), ("fourier", 1), ("fourier", None)]
