"""The run file: complete, the same after a round trip, and nothing else is taken for one."""

import json
from pathlib import Path

import numpy as np
import pytest

import spexcore as spex
from spexcore.explanation import SCHEMA


@pytest.fixture(scope="module")
def explanation() -> spex.Explanation:
    game = spex.TableGame(np.random.default_rng(0).normal(size=2**7), players=["a", "é", "<s>", "中", "e", "f", "\n"])
    return spex.explain(game, spex.Lasso(order=2), budget=48, masks="mixed", seed=0, held_out=20)


def test_a_round_trip_loses_nothing(explanation: spex.Explanation, tmp_path: Path) -> None:
    explanation.save(tmp_path / "deep" / "run.json")
    loaded = spex.Explanation.load(tmp_path / "deep" / "run.json")
    assert loaded.to_json() == explanation.to_json()
    assert loaded.spectrum == explanation.spectrum
    assert loaded.intervals == explanation.intervals
    assert loaded.id == explanation.id
    assert not list(tmp_path.rglob("*.part"))


def test_measured_terms_are_first_hand_in_their_index_only(explanation: spex.Explanation) -> None:
    scores = explanation.interactions("comobius", max_order=4).scores
    assert all(scores[coalition] == value for coalition, value in explanation.measured.items())
    assert explanation.interactions("bii").scores == explanation.spectrum.interactions("bii").scores
    assert max(map(len, explanation.interactions("comobius", max_order=1).scores)) == 1


def test_a_predicted_term_takes_what_is_known_of_its_ablations_and_old_run_files_did_not() -> None:
    game = spex.TableGame(np.random.default_rng(0).normal(size=2**7))  # of which WalshGP predicts dozens of terms
    explanation = spex.explain(game, spex.WalshGP(), budget=48, masks="mixed", held_out=20)
    alone, said = explanation.spectrum.interactions("comobius", max_order=4), explanation.interactions(max_order=4)
    predicted = [S for S in said.scores if S and S not in explanation.measured]
    corners = {S: explanation.predicted_corners(S) for S in predicted}
    assert any(found.known.any() for found in corners.values())
    for coalition, found in corners.items():
        assert said[coalition] == pytest.approx(float(found.claims[0]), abs=1e-9)
        assert explanation.comobius(coalition) == pytest.approx(said[coalition], abs=1e-9)
        assert (said[coalition] == pytest.approx(alone[coalition], abs=1e-9)) == (not found.known[:, :-1].any())
    content = json.loads(json.dumps(explanation.to_json()))
    del content["doubt"]
    old = spex.Explanation.from_json(content | {"spread": {"1": 0.5}, "spread_share": {"1": 0.1}})
    assert all(old.interactions(max_order=4)[S] == alone[S] for S in predicted)
    low, high = old.interval(predicted[0])
    assert high - low == pytest.approx(2 * old.half_width(predicted[0]))
    assert spex.Explanation.from_json(content).interval_of("comobius", predicted[0]) is None


def test_every_reported_term_has_an_interval_around_its_score(explanation: spex.Explanation) -> None:
    reported = explanation.interactions()
    assert {coalition for coalition in reported.scores if coalition} <= set(explanation.intervals)
    for coalition, (low, high) in explanation.intervals.items():
        if coalition in explanation.measured:
            assert low == high == explanation.measured[coalition]
        else:
            assert low < reported[coalition] < high
            assert explanation.interval(coalition) == pytest.approx((low, high), abs=1e-9)


def test_what_is_wrong_with_a_file_is_said(explanation: spex.Explanation, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    explanation.save(path)
    whole = path.read_text()
    bad = {
        "not JSON, or was cut": whole[: len(whole) // 2],
        "schema": whole.replace(SCHEMA, "somebody.else/7"),
        "got 'list'": "[1, 2]",
        "lacks": json.dumps({"schema": SCHEMA, "players": ["a"]}),
        "cannot be read": whole.replace('"value": ', '"value": "x", "was": ', 1),
    }
    for said, text in bad.items():
        path.write_text(text)
        with pytest.raises(spex.BadRunFile, match=said):
            spex.Explanation.load(path)
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(spex.BadRunFile):
        spex.Explanation.load(path)
    with pytest.raises(spex.BadRunFile, match="cannot be read"):
        spex.Explanation.load(tmp_path / "nowhere.json")


@pytest.mark.parametrize("edit", [{"players": 5}, {"coefficients": [{"coalition": [99], "value": 1.0}]}, {"seed": "x"}])
def test_an_edited_file_is_refused_in_one_sentence(explanation: spex.Explanation, edit: dict) -> None:
    with pytest.raises(spex.BadRunFile):
        spex.Explanation.from_json({**explanation.to_json(), **edit})


@pytest.mark.parametrize(
    ("masks", "index", "better"),
    [
        ("uniform", "sv", "masks='sizes'"),
        ("uniform", "comobius", "masks='near' or masks='mixed'"),
        ("sizes", "fbii", "masks='uniform' or masks='mixed'"),
        ("mixed", "mobius", "few players"),
        ("mixed", "comobius", ""),
        ("sizes", "sii", ""),
    ],
)
def test_an_index_read_from_masks_that_do_not_serve_it_says_so(masks: str, index: str, better: str) -> None:
    game = spex.FunctionGame(lambda m: m[:, 0] * m[:, 1] - 0.3 * m[:, 5], [f"p{i}" for i in range(9)], key="served")
    note = spex.explain(game, spex.Lasso(order=2), budget=80, masks=masks, held_out=8).interactions(index).note
    assert better in note
    assert bool(note) == bool(better)


def test_all_masks_and_masks_of_an_estimators_own_serve_every_index() -> None:
    game = spex.FunctionGame(lambda m: m[:, 0] * m[:, 1] - 0.3 * m[:, 2], list("abc"), key="few")
    assert spex.explain(game, spex.Lasso(order=2), budget=8, held_out=2).interactions("sv").note == ""
    wide = spex.FunctionGame(lambda m: m[:, 0] * 1.0, [f"p{i}" for i in range(9)], key="wide")
    assert spex.explain(wide, spex.KernelSHAP(), budget=40, held_out=8).interactions("sv").note == ""
