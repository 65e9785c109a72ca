"""Claims: known ablations as they are, the others predicted; against sums over corners one by one."""

from itertools import combinations

import numpy as np
import pytest

from spexcore.claims import Corners, Doubt, Spread, claims, corners_of, corners_of_one, doubt_of, surest_first
from spexcore.game import TableGame
from spexcore.masks import Coalition, corners
from spexcore.spectrum import Spectrum
from spexcore.terms import Terms
from spexcore.verification import measured_terms

N = 6
NAMES = [f"p{i}" for i in range(N)]
ALL = [c for order in range(1, 5) for c in combinations(range(N), order)]


def case(seed: int) -> tuple[TableGame, Spectrum, dict[Coalition, float]]:
    """A game, a spectrum that is wrong about it, and what some removals measure: all of one player, some larger."""
    rng = np.random.default_rng(seed)
    game = TableGame(rng.normal(size=2**N), NAMES)
    terms = [c for c in [(), *ALL] if rng.random() < 0.6]
    spectrum = Spectrum({c: rng.normal() for c in terms}, NAMES)
    removed = [(), *((i,) for i in range(N)), *(c for c in ALL if len(c) > 1 and rng.random() < 0.4)]
    masks = np.array([[i not in c for i in range(N)] for c in removed])
    return game, spectrum, measured_terms(masks, game(masks))


def one_by_one(coalition: Coalition, game: TableGame, spectrum: Spectrum, measured: dict) -> tuple[list, list]:
    """Value of each corner and whether it is known, by looking at each."""
    masks = corners(coalition, N)
    known = [tuple(np.flatnonzero(~mask).tolist()) in measured for mask in masks]
    values = [float((game if there else spectrum.predict)(mask[None])[0]) for mask, there in zip(masks, known)]
    return values, known


@pytest.mark.parametrize("seed", range(4))
def test_known_ablations_stand_in_the_sum_as_they_are(seed: int) -> None:
    game, spectrum, measured = case(seed)
    assert len(measured) < len(ALL), "there must be something to claim"
    scores = spectrum.interactions("comobius", 4).scores
    stated = claims(scores, measured)
    assert set(stated) == set(scores)
    for coalition in ALL:
        values, known = one_by_one(coalition, game, spectrum, measured)
        total = sum((-1) ** int((~mask).sum()) * v for mask, v in zip(corners(coalition, N), values))
        whole = corners_of(np.array([coalition], dtype=np.int32), Terms.of(scores), Terms.of(measured))
        for found in (whole, corners_of_one(coalition, spectrum, Terms.of(measured))):
            np.testing.assert_allclose(found.values[0], values, atol=1e-9)
            assert found.known[0].tolist() == known
            assert found.claims[0] == pytest.approx(total, abs=1e-9)
            assert found.unknown[0] == known.count(False)
        if coalition in scores:
            assert stated[coalition] == pytest.approx(total, abs=1e-9)
        if coalition in measured:
            assert total == pytest.approx(measured[coalition], abs=1e-9)


def test_coalitions_of_thousands_of_players_are_told_apart() -> None:
    rows = np.array([[0, 1, 2, 1999], [1, 1990, 1995, 1999]], dtype=np.int32)
    scores = {(1, 1990, 1995, 1999): 5.0, (0,): 1.0, (1, 1999): 2.0, (1990,): 3.0}
    found = corners_of(rows, Terms.of(scores), Terms.of({}))
    np.testing.assert_allclose(found.claims, [0.0, 5.0], atol=1e-12)
    assert found.values[0, 0b1110] == -1.0  # player 0 removed


def test_beyond_the_reported_orders_the_spectrum_speaks_alone() -> None:
    _, spectrum, measured = case(0)
    found = corners_of_one((0, 1, 2, 3, 4), spectrum, Terms.of(measured))
    np.testing.assert_allclose(found.values[0], spectrum.predict(corners((0, 1, 2, 3, 4), N)))
    assert not found.known.any()


def test_a_claim_is_doubted_by_what_is_unknown_and_by_how_much_the_value_moves() -> None:
    still, moving = np.zeros(4), np.array([0.0, 2.0, 0.0, 2.0])
    one, two = np.array([True, True, True, False]), np.array([True, True, False, False])
    found = Corners(np.stack([still, moving, moving]), np.stack([one, one, two]))
    np.testing.assert_allclose(found.scale(0.1), [0.1, np.hypot(0.1, 1.0), np.sqrt(2) * np.hypot(0.1, 1.0)])
    np.testing.assert_allclose(found.scale(0.0), [0.0, 1.0, np.sqrt(2)])


def test_the_largest_claims_have_a_width_of_their_own() -> None:
    found = Corners(np.array([[0.0, 1.0, 2.0, 6.0], [0.0, 1.0, 2.0, 3.5]]), np.zeros((2, 4), dtype=bool))
    assert found.claims.tolist() == [3.0, 0.5]
    doubt = Doubt(ordinary=2.0, leading=5.0, threshold=3.0, floor=0.1)
    np.testing.assert_allclose(doubt.half_widths(found), [5.0, 2.0] * found.scale(0.1))
    assert doubt_of(doubt.to_json()) == doubt


def test_terms_are_listed_by_what_is_certain_of_their_size() -> None:
    ranked = [((0, 1), -9.0), ((2,), 5.0), ((3,), -3.0), ((0,), 2.0), ((1, 2), 1.5), ((4,), 1.0)]
    intervals = {(0, 1): (-16.0, -2.0), (2,): (-1.0, 11.0), (3,): (-3.0, -3.0), (1, 2): (-0.5, 3.5), (4,): (0.5, 1.5)}
    listed = [S for S, _ in surest_first(ranked, {(3,): -3.0, (0,): 2.0}, intervals)]
    assert listed == [(3,), (0, 1), (0,), (4,), (2,), (1, 2)], "what may be nothing last; (0,) ties with the pair"


def test_old_run_files_keep_their_rule() -> None:
    content = {"spread": {"1": 0.5, "2": 1.0}, "spread_share": {"1": 0.0, "2": 2.0}}
    old = doubt_of(content)
    assert isinstance(old, Spread)
    assert old.to_json() == content
    for order, expected in ((1, 0.5), (2, np.hypot(1.0, 2.0 * 3.0)), (4, np.hypot(2.0, 2.0 * 3.0))):
        values = np.zeros((1, 2**order))
        values[0, -1] = 3.0  # the claim, whatever the order
        assert old.half_widths(Corners(values, values > 9))[0] == pytest.approx(expected)
    assert doubt_of({"spread": {}}) is None
