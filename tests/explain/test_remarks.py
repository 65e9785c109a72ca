"""Remarks: a person's notes travel in the run file, change nothing that was found, and stay text wherever they go."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from spexcore.errors import BadInput, BadRunFile
from spexcore.estimators import Exact
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.exports import csv_text
from spexcore.game import TableGame
from spexcore.remarks import LONGEST, Remarks

GAME = TableGame(np.random.default_rng(5).normal(size=64), players=list("abcdef"))
BEYOND = (0, 1, 2, 3, 4)  # of an order that no table reports


@pytest.fixture(scope="module")
def plain() -> Explanation:
    return explain(GAME, Exact(), budget=64, held_out=4)


@pytest.fixture
def noted(plain: Explanation) -> Explanation:
    remarks = Remarks().on_run("=odd\n<b>seen</b> by A").on_term((1, 2), "@check").on_term(BEYOND, "five")
    return replace(plain, remarks=remarks)


def test_notes_are_in_the_run_file_and_not_in_the_id(plain: Explanation, noted: Explanation) -> None:
    again = Explanation.loads(json.dumps(noted.to_json()))
    assert again.remarks == noted.remarks
    assert again.remarks.run == "=odd\n<b>seen</b> by A"
    assert again.remarks.terms == {(1, 2): "@check", BEYOND: "five"}
    assert again.id == plain.id
    assert again.interactions().ranked() == plain.interactions().ranked()


def test_a_file_from_before_there_were_notes_loads(plain: Explanation) -> None:
    content = plain.to_json()
    assert content.pop("remarks") is None
    assert not Explanation.from_json(content).remarks


def test_a_note_is_changed_and_an_empty_one_takes_it_away() -> None:
    remarks = Remarks().on_run("  a  ").on_term((0,), "b").on_term((0,), "c")
    assert (remarks.run, remarks.terms) == ("a", {(0,): "c"})
    assert not remarks.on_run(" \n").on_term((0,), "")


def test_a_note_that_is_too_long_is_refused_in_one_sentence() -> None:
    assert len(Remarks().on_run("x" * LONGEST).run) == LONGEST
    with pytest.raises(BadInput, match="at most 2,000 characters; got 2,001"):
        Remarks().on_term((0,), "x" * (LONGEST + 1))


@pytest.mark.parametrize(
    "remarks",
    [
        {"terms": [{"coalition": [99], "text": "x"}]},
        {"terms": [{"coalition": [], "text": "x"}]},
        {"terms": [{"coalition": [0]}]},
        {"terms": 5},
        {"run": "x" * (LONGEST + 1)},
        ["x"],
        "x",
    ],
)
def test_notes_that_cannot_be_are_one_sentence(plain: Explanation, remarks: object) -> None:
    with pytest.raises(BadRunFile):
        Explanation.from_json({**plain.to_json(), "remarks": remarks})


@pytest.mark.parametrize("index", ["comobius", "fsii"])
def test_the_csv_holds_every_note_and_runs_none(noted: Explanation, index: str) -> None:
    read = list(csv.DictReader(io.StringIO(csv_text(noted, index, top=3), newline="")))
    notes = {tuple(map(int, row["coalition"].split())): row for row in read if row["note"]}
    assert {coalition: row["note"] for coalition, row in notes.items()} == {(1, 2): "'@check", BEYOND: "five"}
    assert {row["run_note"] for row in read} == {"'=odd\n<b>seen</b> by A"}
    assert float(notes[1, 2]["score"]) == noted.interactions(index)[1, 2]
    beyond = notes[BEYOND]["score"]
    assert (float(beyond) == noted.comobius(BEYOND)) if index == "comobius" else beyond == ""


def test_without_notes_the_table_lists_what_it_listed(plain: Explanation) -> None:
    read = list(csv.DictReader(io.StringIO(csv_text(plain, top=3), newline="")))
    assert len(read) == 3
    assert all(row["note"] == row["run_note"] == "" for row in read)
