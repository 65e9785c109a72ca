"""Effects known beforehand: never needed, never in the way, and worth many masks where they are nearly right."""

import numpy as np
import pytest

import spexcore as spex
from spexcore.faithfulness import r2_score
from spexcore.game import Game
from spexcore.head_start import fit_from
from spexcore.lenses.synthetic import SyntheticGame
from spexcore.masks import all_masks, draw

EFFECTS = np.linspace(-1.0, 2.0, 30)


class Foretold(Game):
    """30 players whose effects are known, but for one pair."""

    def __init__(self, expected: np.ndarray | None) -> None:
        self._expected = expected

    players = property(lambda self: tuple(f"p{i}" for i in range(30)))
    key = property(lambda self: "foretold")
    expected = property(lambda self: self._expected)

    def _values(self, masks: np.ndarray) -> np.ndarray:
        return masks @ EFFECTS + 0.8 * masks[:, [3, 7]].all(axis=1)


def judged(effects: np.ndarray | None, estimator: spex.MaskEstimator, n_masks: int) -> float:
    rng = np.random.default_rng(0)
    game = Foretold(None)
    masks, fresh = draw("uniform", 30, n_masks, rng), draw("uniform", 30, 200, rng)
    spectrum = fit_from(effects, estimator, (masks, game(masks)), game.players, 0)
    return r2_score(game(fresh), spectrum.predict(fresh))


def test_true_effects_leave_little_to_find() -> None:
    assert judged(None, spex.Lasso(), 24) < 0.9
    assert judged(EFFECTS, spex.Lasso(), 24) > 0.95


def test_effects_of_another_scale_serve_as_well() -> None:
    assert judged(3.0 * EFFECTS, spex.Lasso(), 24) == pytest.approx(judged(EFFECTS, spex.Lasso(), 24), abs=1e-6)


def test_wrong_effects_do_little_harm() -> None:
    wrong = np.random.default_rng(1).standard_normal(30)
    assert judged(wrong, spex.WalshGP(), 300) > judged(None, spex.WalshGP(), 300) - 0.01


def test_a_whole_table_stays_exact() -> None:
    game = SyntheticGame(6, {(0, 1): 1.0, (2,): -2.0, (3, 4, 5): 0.5})
    masks = all_masks(6)
    spectrum = fit_from(np.ones(6), spex.WalshGP(), (masks, game(masks)), game.players, 0)
    np.testing.assert_allclose(spectrum.predict(masks), game(masks), atol=1e-12)


def test_explain_starts_from_what_the_game_expects() -> None:
    settings = {"budget": 24, "verify": 0, "held_out": 64, "masks": "uniform"}
    plain = spex.explain(Foretold(None), spex.Lasso(), **settings)
    started = spex.explain(Foretold(EFFECTS), spex.Lasso(), **settings)
    assert started.faithfulness.r2 > 0.95 > plain.faithfulness.r2
