"""StackSPEX: never far from its best member, exact where a game is sparse."""

import numpy as np
import pytest

from spexcore.estimators.lasso import Lasso
from spexcore.estimators.stack import StackSPEX
from spexcore.masks import all_masks, draw


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
