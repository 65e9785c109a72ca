"""Imports: a shapiq file gives the scores it holds back, claims nothing more, and a broken one is one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spexcore import imports
from spexcore.cli import main
from spexcore.errors import BadRunFile
from spexcore.estimators import Exact
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.exports import SHAPIQ_INDICES, csv_text, shapiq_json
from spexcore.figures import report
from spexcore.game import TableGame

PLAYERS = ["<b>", "not", "bad", "né", "x"]
GAME = TableGame(np.random.default_rng(8).normal(size=32), players=PLAYERS)
every_index = pytest.mark.parametrize("index", sorted(SHAPIQ_INDICES))


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    return explain(GAME, Exact(), budget=32, held_out=4)


def changed(explanation: Explanation, **fields: object) -> bytes:
    """The exported file with other metadata, or other `data`."""
    content = json.loads(shapiq_json(explanation, "fsii"))
    data = fields.pop("data", content["data"])
    return json.dumps({**content, "metadata": {**content["metadata"], **fields}, "data": data}).encode()


def same_scores(a: Explanation, b: Explanation, index: str) -> None:
    here, there = (dict(one.interactions(index).ranked()) for one in (a, b))
    for coalition in here.keys() | there.keys():
        assert there.get(coalition, 0.0) == pytest.approx(here.get(coalition, 0.0), abs=1e-9)


@every_index
def test_what_was_exported_is_imported_with_the_same_scores_and_baseline(explanation: Explanation, index: str) -> None:
    found = imports.loads(shapiq_json(explanation, index).encode())
    assert (found.players, found.imported, found.masks_asked) == (tuple(PLAYERS), index, 32)
    same_scores(explanation, found, index)
    assert found.spectrum.predict(np.zeros((1, 5), dtype=bool))[0] == pytest.approx(GAME.table[0])
    assert json.loads(shapiq_json(found, index))["metadata"]["max_order"] == found.interactions(index).max_order
    same_scores(imports.loads(shapiq_json(found, index).encode()), found, index)


@every_index
def test_a_file_that_shapiq_itself_wrote_is_imported(index: str, tmp_path: Path) -> None:
    shapiq = pytest.importorskip("shapiq")
    order = 1 if index in ("sv", "bv") else 3
    truth = shapiq.ExactComputer(game=GAME, n_players=5)(index=SHAPIQ_INDICES[index], order=order)
    truth.to_json_file(tmp_path / "theirs.json")
    found = imports.load(tmp_path / "theirs.json")
    assert found.players == ("x0", "x1", "x2", "x3", "x4")
    scores = found.interactions(index)
    listed = {coalition: float(truth[coalition]) for coalition in truth.interaction_lookup if coalition}
    assert len(listed) >= 5
    for coalition, score in listed.items():
        assert scores[coalition] == pytest.approx(score, abs=1e-9)


@settings(max_examples=25)
@given(
    terms=st.dictionaries(
        st.sets(st.integers(0, 40), min_size=1, max_size=6).map(lambda S: tuple(sorted(S))),
        st.floats(-100, 100),
        max_size=12,
    ),
    index=st.sampled_from(sorted(set(SHAPIQ_INDICES) - {"sv", "bv"})),
    baseline=st.floats(-10, 10),
)
def test_any_scores_of_many_players_come_back(terms: dict, index: str, baseline: float) -> None:
    data = {",".join(map(str, S)): value for S, value in terms.items()}
    held = {"n_players": 41, "index": SHAPIQ_INDICES[index], "max_order": 6, "min_order": 1, "baseline_value": baseline}
    found = imports.from_shapiq({"metadata": held, "data": {"Empty": 7.0, **data}})
    scores = dict(found.interactions(index, max_order=6).ranked())
    for coalition in terms.keys() | scores.keys():
        assert scores.get(coalition, 0.0) == pytest.approx(terms.get(coalition, 0.0), abs=1e-6)
    assert found.spectrum.predict(np.zeros((1, 41), dtype=bool))[0] == pytest.approx(baseline, abs=1e-6)


def test_an_imported_run_claims_no_interval_no_faithfulness_and_no_game(explanation: Explanation) -> None:
    found = imports.loads(shapiq_json(explanation, "sii").encode())
    assert not found.recipe
    assert found.interval_of("comobius", (0, 1)) is None
    assert "nothing can be re-ablated here" in found.notes[0]
    assert found.interactions("sii").note == ""
    assert "holds sii alone" in found.interactions("comobius").note
    assert json.loads(json.dumps(found.to_json()))["faithfulness"]["r2"] is None
    assert "predicted, 95" not in str(report(found))
    said = str(report(found, index="sii"))
    assert "The strongest interaction in the file under Shapley interaction (SII)" in said
    assert "Faithfulness not known" in said
    assert "nan" not in said.casefold().replace("nand", "")
    assert all(line.split(",")[-5:] == ["", "", "false", "", ""] for line in csv_text(found).splitlines()[1:])


def test_an_imported_run_is_kept_as_a_run_file(explanation: Explanation, tmp_path: Path) -> None:
    found = imports.loads(shapiq_json(explanation, "stii").encode())
    found.save(tmp_path / "run.json")
    assert "NaN" not in (tmp_path / "run.json").read_text("utf-8")
    again = imports.load(tmp_path / "run.json")
    assert (again.id, again.imported, again.notes) == (found.id, "stii", found.notes)
    same_scores(found, again, "stii")
    assert found.id != imports.loads(shapiq_json(explanation, "fsii").encode()).id


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"index": "k-SII"}, "`index` must be one of"),
        ({"index": ["SII"]}, "cannot be read"),
        ({"n_players": 10**9}, "from 1 to 10,000"),
        ({"n_players": 2}, "below 2"),
        ({"n_players": "many"}, "cannot be read"),
        ({"max_order": 60}, "from 1 to 12"),
        ({"baseline_value": None}, "cannot be read"),
        ({"baseline_value": float("nan")}, "must be finite"),
        ({"data": {"0,0": 1.0}}, "once; got '0,0'"),
        ({"data": {"0,1": 1.0, "1,0": 2.0}}, "once; got '1,0'"),
        ({"data": {"-1": 1.0}}, "cannot be read"),
        ({"data": {"0,1,2,3,4": 1.0}}, "at most 4 players"),
        ({"data": {"0": float("inf")}}, "cannot be read"),
        ({"data": {"0": "x"}}, "cannot be read"),
        ({"data": {"9" * 5000: 1.0}}, "cannot be read"),
        ({"data": [1]}, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_is_one_sentence(explanation: Explanation, fields: dict, said: str) -> None:
    with pytest.raises(BadRunFile, match=said) as refused:
        imports.loads(changed(explanation, **fields), "theirs.json")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"metadata": 1, "data": 2}', b'{"a":' * 50_000],
    ids=["empty", "cut", "list", "null", "binary", "deep", "numbers", "deep object"],
)
def test_what_is_neither_kind_of_file_is_one_sentence(content: bytes) -> None:
    with pytest.raises(BadRunFile) as refused:
        imports.loads(content, "odd.json")
    assert "\n" not in str(refused.value)


def test_a_file_over_20_mb_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(BadRunFile, match="larger than 20 MB"):
        imports.loads(b" " * 20_000_001, "big.json")
    with (tmp_path / "big.json").open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(BadRunFile, match="larger than 20 MB"):
        imports.load(tmp_path / "big.json")


def test_the_command_line_exports_a_shapiq_file_under_its_own_index(
    explanation: Explanation, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "theirs.json").write_text(shapiq_json(explanation, "sii"), encoding="utf-8")
    assert main(["export", "--run", str(tmp_path / "theirs.json"), "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(",sii," in line for line in lines[1:])
    assert len(lines) > 10
