"""The record of evidence: what a run file carries is what was gathered, and an edited one is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from test_evidence import blobs, lens_of

from spexcore.errors import BadRunFile
from spexcore.estimators import ESTIMATORS
from spexcore.evidence import Evidence, gather, smallest_flip
from spexcore.explain import explain
from spexcore.explanation import Explanation


@pytest.fixture(scope="module")
def run() -> tuple[Evidence, Explanation]:
    """Twelve examples, all masks, with the evidence in the explanation."""
    lens = lens_of(*blobs(12))
    explanation = explain(lens, ESTIMATORS["walshgp"](), budget=64, held_out=16)
    told: list[str] = []
    found = gather(lens, explanation, told.append)
    assert told == ["examples", "suspects", "flip", "joint", "removal", "rank agreement"]
    assert found.flip == smallest_flip(lens)
    assert sorted(card.row for card in found.examples) == list(range(12))
    return found, replace(explanation, evidence=found.to_json())


def test_a_run_file_carries_it_whole(run: tuple[Evidence, Explanation]) -> None:
    found, explanation = run
    written = json.dumps(explanation.to_json(), allow_nan=False)
    assert Evidence.of(Explanation.loads(written)) == found


def test_a_run_without_it_has_none_and_its_file_does_not_name_it(run: tuple[Evidence, Explanation]) -> None:
    bare = replace(run[1], evidence={})
    assert Evidence.of(bare) is None
    assert "evidence" not in bare.to_json()


def test_a_correlation_that_is_not_defined_is_null(run: tuple[Evidence, Explanation]) -> None:
    found, explanation = run
    scores = {"near": {"spectrum": float("nan")}}
    undefined = replace(found, rank_agreement=replace(found.rank_agreement, scores=scores)).to_json()
    assert undefined["rank_agreement"]["scores"] == {"near": {"spectrum": None}}
    again = Evidence.of(replace(explanation, evidence=undefined))
    assert again is not None
    assert np.isnan(again.rank_agreement.scores["near"]["spectrum"])


@pytest.mark.parametrize(
    "edit",
    [{"examples": 3}, {"removal": {}}, {"joint": [{"coalition": "x"}]}, {"flip": {"rows": None}}, {"prediction": []}],
    ids=str,
)
def test_edited_evidence_is_refused(run: tuple[Evidence, Explanation], edit: dict) -> None:
    found, explanation = run
    with pytest.raises(BadRunFile, match="Gather it again"):
        Evidence.of(replace(explanation, evidence={**found.to_json(), **edit}))


def test_a_player_that_the_run_has_not_is_refused(run: tuple[Evidence, Explanation]) -> None:
    found, explanation = run
    foreign = replace(found, examples=(replace(found.examples[0], player=99),)).to_json()
    with pytest.raises(BadRunFile, match="player"):
        Evidence.of(replace(explanation, evidence=foreign))
