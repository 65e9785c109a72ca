"""Re-ablation: the definition of co-Moebius, measured."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spexcore.errors import BadInput, BadRunFile
from spexcore.estimators import Lasso
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.game import MeteredGame, TableGame
from spexcore.masks import corners
from spexcore.spectrum import Spectrum
from spexcore.tables import confirmation_json, confirmation_text
from spexcore.transforms import walsh_hadamard
from spexcore.validation import Claim, Confirmation, confirm, validate


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


def explained(game: TableGame, verify: int, **fields: object) -> Explanation:
    return replace(explain(game, Lasso(), budget=24, masks="mixed", verify=verify, held_out=8, seed=0), **fields)


@pytest.mark.parametrize("verify", [0, 4])
def test_confirming_measures_the_leading_claims_and_the_rate_is_the_share_that_holds(
    game: TableGame, verify: int
) -> None:
    explanation = explained(game, verify)
    found = confirm(game, explanation, top=6)
    leading = explanation.ranked()[:6]  # by the size that is certain
    assert [(claim.coalition, claim.claimed) for claim in found.claims] == leading
    holds = []
    for claim in found.claims:
        truth = validate(game, claim.coalition).measured
        low, high = explanation.interval(claim.coalition)
        assert claim.measured == truth
        assert claim.first_hand == (claim.coalition in explanation.measured)
        holds.append(low - 1e-4 <= truth <= high + 1e-4 and truth * claim.claimed > 0)
        assert holds[-1] or not claim.first_hand  # a measured claim is exact
    assert found.rate == sum(holds) / 6


@pytest.mark.parametrize(
    ("claimed", "low", "high", "measured", "confirmed"),
    [
        (1.0, 0.5, 1.5, 1.4, True),
        (1.0, 0.5, 1.5, 1.6, False),
        (1.0, -2.0, 4.0, -0.5, False),  # inside, but the sign is wrong
        (1.0, 1.0, 1.0, 1.0 + 3e-5, True),  # rounding of another batch
        (1.0, 1.0, 1.0, 1.001, False),
        (0.0, 0.0, 0.0, 0.0, True),
    ],
)
def test_a_claim_holds_with_the_right_sign_inside_its_interval(
    claimed: float, low: float, high: float, measured: float, confirmed: bool
) -> None:
    assert Claim((0, 1), claimed, low, high, first_hand=False, measured=measured).confirmed is confirmed


def test_a_game_says_how_far_its_values_repeat(game: TableGame) -> None:
    class Coarse(TableGame):
        rounding = 0.06  # as a model in bfloat16

    coarse = Coarse(game.table)
    explanation = explained(game, 0)
    shifted = replace(explanation, measured={S: value + 0.05 for S, value in explanation.measured.items()})
    firm, loose = (confirm(MeteredGame(one), shifted, top=8) for one in (game, coarse))
    assert not any(claim.confirmed for claim in firm.claims if claim.first_hand)
    assert all(claim.confirmed for claim in loose.claims if claim.first_hand)
    assert any(claim.first_hand for claim in loose.claims)
    assert Confirmation.from_json(loose.to_json()) == loose
    content = confirmation_json(replace(shifted, confirmation=loose))
    assert "repeats a value to about 0.06" in confirmation_text(content)
    assert "repeats" not in confirmation_text(confirmation_json(replace(shifted, confirmation=firm)))


def test_confirming_pays_for_shared_corners_once(game: TableGame) -> None:
    explanation = explained(game, 0)
    metered = MeteredGame(game)
    claims = confirm(metered, explanation, top=8).claims
    distinct = {mask.tobytes() for claim in claims for mask in corners(claim.coalition, 5)}
    assert metered.asked == metered.paid == len(distinct) < sum(2 ** len(claim.coalition) for claim in claims)


def test_a_confirmation_is_kept_with_the_run(game: TableGame, tmp_path: Path) -> None:
    explanation = explained(game, 0)
    kept = replace(explanation, confirmation=confirm(game, explanation, top=3))
    kept.save(tmp_path / "run.json")
    assert Explanation.load(tmp_path / "run.json").confirmation == kept.confirmation
    assert kept.id == explanation.id


def test_an_edited_verdict_is_judged_again_and_a_player_who_does_not_exist_is_refused(game: TableGame) -> None:
    explanation = explained(game, 0, confirmation=Confirmation((Claim((0,), 1.0, 0.9, 1.1, False, 5.0),)))
    content = explanation.to_json()
    content["confirmation"] |= {"rate": 1.0}
    content["confirmation"]["claims"][0]["confirmed"] = True
    read = Explanation.from_json(content).confirmation
    assert read is not None
    assert read.rate == 0.0
    content["confirmation"]["claims"][0]["coalition"] = [5]
    with pytest.raises(BadRunFile, match="got 5"):
        Explanation.from_json(content)


def test_a_constant_game_has_nothing_to_confirm_and_no_rate() -> None:
    constant = TableGame(np.ones(8))
    assert confirm(constant, explained(constant, 0)).rate is None
    with pytest.raises(BadInput, match="at least 1 term; got 0"):
        confirm(constant, explained(constant, 0), top=0)
