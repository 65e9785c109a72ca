"""Re-ablation: the definition of co-Moebius, measured."""

import itertools

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.game import MeteredGame, TableGame
from spexcore.spectrum import Spectrum
from spexcore.transforms import walsh_hadamard
from spexcore.validation import validate


@pytest.fixture
def game() -> TableGame:
    return TableGame(np.random.default_rng(3).normal(size=32), players=list("abcde"))


def spectrum_of(game: TableGame) -> Spectrum:
    coefficients = walsh_hadamard(game.table)
    every = [tuple(i for i in range(5) if k >> i & 1) for k in range(32)]
    return Spectrum(dict(zip(every, coefficients, strict=True)), game.players)


@pytest.mark.parametrize("coalition", [(0,), (1, 4), (0, 2, 3), (0, 1, 2, 3, 4)])
def test_measured_is_the_alternating_sum_and_the_exact_spectrum_predicts_it(game: TableGame, coalition: tuple) -> None:
    everything = 31
    expected = 0.0
    for size in range(len(coalition) + 1):
        for kept in itertools.combinations(coalition, size):
            mask = everything - sum(1 << i for i in coalition) + sum(1 << i for i in kept)
            expected += (-1) ** (len(coalition) - size) * game.table[mask]
    result = validate(game, coalition, spectrum=spectrum_of(game))
    assert result.measured == pytest.approx(expected, abs=1e-12)
    assert result.predicted == pytest.approx(expected, abs=1e-12)
    assert len(result.corners) == 2 ** len(coalition)
    assert {corner.kept for corner in result.corners} == {
        kept for size in range(len(coalition) + 1) for kept in itertools.combinations(coalition, size)
    }


def test_corner_values_are_the_games(game: TableGame) -> None:
    corner = {corner.kept: corner.value for corner in validate(game, (1, 3)).corners}
    assert corner[(3,)] == game(np.array([[1, 0, 1, 1, 1]]))[0]
    assert corner[(1, 3)] == game.table[31]


def test_contexts_of_an_additive_game_agree_with_the_full_prompt() -> None:
    additive = TableGame([sum((k >> i & 1) * (i + 1.0) for i in range(4)) for k in range(16)])
    result = validate(additive, (2,), contexts=5, seed=1)
    assert result.measured == 3.0
    assert result.contexts == (3.0,) * 5


def test_it_pays_two_to_the_order_and_order_of_names_does_not_matter(game: TableGame) -> None:
    metered = MeteredGame(game)
    assert validate(metered, [4, 1]).coalition == (1, 4)
    assert metered.paid == 4


@pytest.mark.parametrize(
    ("coalition", "said"), [((), "at least one"), ((5,), "0 to 4; got 5"), ((-1,), "got -1"), (range(13), "at most 12")]
)
def test_a_coalition_that_cannot_be(coalition: tuple, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        validate(TableGame(np.zeros(2**5)) if len(coalition) < 13 else TableGame(np.zeros(2**14)), coalition)
