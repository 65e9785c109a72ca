"""Links: monotone both ways, and means taken over the doubt, not at its middle."""

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.estimators.link import Identity, Link, Ranks, Saturating
from spexcore.estimators.walsh_gp import WalshGP, best_link, fit_linked
from spexcore.masks import all_masks, draw
from spexcore.transforms import inverse_walsh_hadamard

VALUES = np.tanh(np.random.default_rng(0).normal(size=60) * 2)
every_link = pytest.mark.parametrize("link", [Identity(), Saturating.of(VALUES), Ranks.of(VALUES)], ids=repr)


def saturating_game(masks: np.ndarray) -> np.ndarray:
    signs = 1.0 - 2.0 * masks
    return np.tanh(2.5 * signs[:, 0] - 2.0 * signs[:, 1] + 1.5 * signs[:, 2] * signs[:, 3] + 0.8 * signs[:, 4])


@every_link
def test_latent_scores_give_the_values_back_and_rise_with_them(link: Link) -> None:
    np.testing.assert_allclose(link.value(link.latent(VALUES)), VALUES, atol=1e-9)
    assert (np.diff(link.latent(np.sort(VALUES))) >= 0).all()


@every_link
def test_expected_value_is_the_mean_over_draws(link: Link) -> None:
    draws = 0.3 + 0.8 * np.random.default_rng(1).normal(size=200_000)
    expected = link.expected(np.array([0.3]), np.array([0.64]))[0]
    assert expected == pytest.approx(link.value(draws).mean(), abs=0.01)


def test_equal_values_share_one_score() -> None:
    link = Ranks.of(np.array([0.0, 0.0, 0.0, 5.0]))
    assert len(link.levels) == 2
    assert np.ptp(link.latent(np.zeros(3))) == 0


def test_a_saturating_game_is_predicted_better_behind_a_link() -> None:
    masks, everything = draw("uniform", 8, 90, np.random.default_rng(2)), all_masks(8)
    truth = saturating_game(everything)
    errors = {
        name: np.mean((fit_linked(masks, saturating_game(masks), name).predict(everything) - truth) ** 2)
        for name in ("identity", "saturating", "ranks")
    }
    assert errors["saturating"] < 0.7 * errors["identity"]
    assert best_link(masks, saturating_game(masks)) != "identity"


@pytest.mark.parametrize("name", ["identity", "saturating", "ranks"])
def test_coefficients_are_the_exact_transform_of_the_linked_prediction(name: str) -> None:
    masks = draw("uniform", 7, 50, np.random.default_rng(3))
    fitted = fit_linked(masks, saturating_game(masks), name)
    np.testing.assert_allclose(
        inverse_walsh_hadamard(fitted.all_coefficients()), fitted.predict(all_masks(7)), atol=1e-9
    )


def test_beyond_twenty_players_the_spectrum_still_predicts_what_the_link_does() -> None:
    rng = np.random.default_rng(4)
    masks, fresh = draw("uniform", 24, 260, rng), draw("uniform", 24, 600, rng)
    spectrum = WalshGP(link="ranks").fit(masks, saturating_game(masks))
    linked = fit_linked(masks, saturating_game(masks), "ranks").predict(fresh)
    assert np.mean((spectrum.predict(fresh) - linked) ** 2) < 0.03 * linked.var()


def test_an_unknown_link_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="`link` must be auto, identity, saturating, ranks"):
        WalshGP(link="probit")
