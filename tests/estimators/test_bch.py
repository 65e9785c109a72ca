"""The code that names coalitions: every pattern within its radius comes back, and nothing else is named."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.estimators.bch import Code, Field, code_for

CODES = [(8, 5), (14, 2), (26, 1), (32, 5), (92, 5), (93, 5), (300, 3), (1000, 5), (2000, 5)]


def received(code: Code, positions: list[int]) -> tuple[np.ndarray, list[int]]:
    """Parity bits (n_parity,) of the players among the wrong positions, the parity bits among them flipped."""
    players = sorted(p - code.n_parity for p in positions if p >= code.n_parity)
    parity = np.logical_xor.reduce(code.parity[players], axis=0) if players else np.zeros(code.n_parity, bool)
    parity[[p for p in positions if p < code.n_parity]] ^= True
    return parity, players


def named(row: np.ndarray) -> list[int]:
    return [int(i) for i in row if i >= 0]


@pytest.mark.parametrize("m", range(3, 15))
def test_the_powers_of_alpha_run_through_the_whole_field(m: int) -> None:
    field = Field(m)
    assert sorted(field.exp[: field.order]) == list(range(1, 2**m))


@settings(max_examples=150)
@given(st.data(), st.sampled_from(CODES))
def test_any_errors_within_the_radius_are_located(data: st.DataObject, shape: tuple[int, int]) -> None:
    code = code_for(*shape)
    anywhere = st.integers(0, code.n_parity + code.n_players - 1)
    positions = data.draw(st.lists(anywhere, unique=True, max_size=code.radius))
    parity, players = received(code, positions)
    decodes, found = code.decode(parity[None])
    assert decodes[0]
    assert named(found[0]) == players


@settings(max_examples=60)
@given(st.data(), st.sampled_from([shape for shape in CODES if shape[0] >= 14]))
def test_beyond_the_radius_a_word_is_refused_or_read_as_another_word_within_it(
    data: st.DataObject, shape: tuple[int, int]
) -> None:
    code = code_for(*shape)
    bits = np.array(data.draw(st.lists(st.booleans(), min_size=code.n_parity, max_size=code.n_parity)))
    decodes, found = code.decode(bits[None])
    players = named(found[0])
    assert all(0 <= i < code.n_players for i in players)
    if decodes[0]:
        wrong = int((code.encode(found)[0] != bits).sum())
        assert len(set(players)) == len(players)
        assert len(players) + wrong <= code.radius
    else:
        assert players == []


@pytest.mark.parametrize(("n_players", "radius"), [(4, 1), (6, 2), (7, 2), (9, 2)])
def test_every_word_of_a_small_code_decodes_as_brute_force_says(n_players: int, radius: int) -> None:
    code = code_for(n_players, radius)
    words = (np.arange(2**code.n_parity)[:, None] >> np.arange(code.n_parity) & 1).astype(bool)
    nearest: dict[bytes, list[int]] = {}
    for size in range(radius + 1):
        for positions in combinations(range(code.n_parity + n_players), size):
            parity, players = received(code, list(positions))
            assert nearest.setdefault(parity.tobytes(), players) == players  # no word is near two codewords
    decodes, found = code.decode(words)
    assert [named(row) for row in found] == [nearest.get(word.tobytes(), []) for word in words]
    assert decodes.tolist() == [word.tobytes() in nearest for word in words]


def test_soft_decoding_repairs_more_doubtful_bits_than_the_radius_allows() -> None:
    code, rng = code_for(64, 5), np.random.default_rng(0)
    players = np.sort([rng.choice(64, 4, replace=False) for _ in range(200)], axis=1)
    players = np.pad(players, ((0, 0), (1, 0)), constant_values=-1)
    soft = 1.0 - 2.0 * code.encode(players)
    doubtful = rng.permuted(np.tile(np.arange(code.n_parity), (200, 1)), axis=1)[:, :4]
    np.put_along_axis(soft, doubtful, -0.1 * np.take_along_axis(soft, doubtful, axis=1), axis=1)
    decodes, found = code.decode_soft(soft, 5)
    assert decodes.all()
    assert (found == players).all()
    hard, mistaken = code.decode(soft < 0)
    assert not (hard & (mistaken == players).all(axis=1)).any()


def test_a_message_and_its_parity_differ_from_every_other_in_more_than_twice_the_radius() -> None:
    code = code_for(12, 2)
    messages = (np.arange(1, 2**12)[:, None] >> np.arange(12) & 1).astype(bool)
    weight = messages.sum(axis=1) + ((messages.astype(int) @ code.parity) % 2).sum(axis=1)
    assert weight.min() >= 2 * code.radius + 1


@pytest.mark.parametrize(("n_players", "n_parity"), [(36, 27), (37, 35), (92, 35), (93, 40), (1000, 55), (2000, 60)])
def test_the_shortest_code_that_holds_the_players_is_taken(n_players: int, n_parity: int) -> None:
    assert code_for(n_players, 5).n_parity == n_parity


def test_no_words_decode_to_nothing() -> None:
    code = code_for(32, 5)
    for decodes, players in (code.decode(np.empty((0, 27), bool)), code.decode_soft(np.empty((0, 27)), 5)):
        assert decodes.shape == (0,)
        assert players.shape == (0, 5)


def test_more_players_than_any_code_holds_is_refused() -> None:
    with pytest.raises(BadInput, match="Lower it or group players"):
        code_for(20_000, 5)
