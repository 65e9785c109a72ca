"""Exports: what shapiq and a spreadsheet read back is what the explanation says."""

import csv
import io
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.estimators import Exact
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.exports import SHAPIQ_INDICES, csv_text, shapiq_json
from spexcore.game import TableGame

PLAYERS = ["=1+1", "@x", 'say "no", twice', "naïve\n行", "plain"]
GAME = TableGame(np.random.default_rng(5).normal(size=32), players=PLAYERS)


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    return explain(GAME, Exact(), budget=32, held_out=4)


@pytest.mark.parametrize("index", sorted(SHAPIQ_INDICES))
def test_shapiq_loads_the_file_and_its_own_exact_values_agree(
    explanation: Explanation, index: str, tmp_path: Path
) -> None:
    shapiq = pytest.importorskip("shapiq")
    path = tmp_path / "run.json"
    path.write_text(shapiq_json(explanation, index), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = shapiq.InteractionValues.from_json_file(path)
    ours = explanation.interactions(index)
    assert loaded.n_players == 5
    assert loaded.baseline_value == pytest.approx(GAME.table[0])
    computer = shapiq.ExactComputer(game=GAME, n_players=5)
    truth = computer(index=SHAPIQ_INDICES[index], order=ours.max_order)
    compared = 0
    for coalition, score in ours.ranked():
        assert loaded[coalition] == score
        assert score == pytest.approx(truth[coalition], abs=1e-9)
        compared += 1
    assert compared >= 5


def test_an_index_shapiq_does_not_know_is_refused(explanation: Explanation) -> None:
    with pytest.raises(BadInput, match="comobius, mobius.*got 'fourier'"):
        shapiq_json(explanation, "fourier")


def test_a_spreadsheet_reads_the_numbers_back_and_runs_no_name(explanation: Explanation) -> None:
    read = list(csv.DictReader(io.StringIO(csv_text(explanation), newline="")))
    ranked = explanation.interactions("comobius").ranked()
    assert [(tuple(map(int, row["coalition"].split())), float(row["score"])) for row in read] == ranked
    for row in read:
        coalition = tuple(map(int, row["coalition"].split()))
        assert (float(row["low"]), float(row["high"])) == explanation.interval(coalition)
        assert row["measured"] == str(coalition in explanation.measured).lower()
        assert row["players"][0] not in "=+-@"
        assert row["players"].removeprefix("'") == " × ".join(PLAYERS[i] for i in coalition)
    assert {row["players"] for row in read} >= {"'=1+1", "'@x", 'say "no", twice', "naïve\n行", "plain"}


def test_the_csv_of_another_index_claims_no_interval(explanation: Explanation) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(explanation, "sii", top=3), newline="")))
    assert len(rows) == 3
    assert all(row["low"] == row["high"] == row["measured"] == "" for row in rows)
    assert json.loads(shapiq_json(explanation, "sii"))["metadata"]["index"] == "SII"
