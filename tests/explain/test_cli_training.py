"""The training lens and the audit on the command line, on the planted table: what was planted is found."""

import json
from pathlib import Path

import pytest

from spexcore.assets import asset
from spexcore.cli import main

FEEDBACK = str(asset("datasets", "feedback") / "feedback.csv")
PLANTED = json.loads((asset("datasets", "feedback") / "planted.json").read_text("utf-8"))
TEST = PLANTED["bias"]["test"]
EXPLAIN = ["explain", "--lens", "training", "--data", FEEDBACK, "--test", TEST, "--held-out", "32"]


def run(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out, err = capsys.readouterr()
    return status, out, err


def test_the_planted_bias_is_the_top_interaction_and_a_click_confirms_it(
    capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    status, out, err = run(capsys, *EXPLAIN, "--group-column", PLANTED["bias"]["column"], "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    first = content["interactions"]["terms"][0]
    assert set(first["players"]) == set(PLANTED["bias"]["groups"])
    assert content["lens"] == "training"
    assert content["model"]["id"] == "minilm"
    assert any("frozen" in note for note in content["notes"])
    evidence = content["evidence"]
    assert evidence["joint"][0]["kind"] == "redundancy"
    assert set(evidence["flip"]["rows"]) <= set(PLANTED["bias"]["ids"])
    assert (evidence["flip"]["before"], evidence["flip"]["after"]) == ("complaint", "praise")
    scores = evidence["rank_agreement"]["scores"]["uniform"]
    assert scores["spectrum"] >= scores["influence"]

    (tmp_path / "run.json").write_text(out)
    pair = ",".join(map(str, first["coalition"]))
    status, out, _ = run(capsys, "validate", "--run", str(tmp_path / "run.json"), "--coalition", pair, "--json")
    assert status == 0
    checked = json.loads(out)
    assert checked["inside"]
    assert checked["masks_paid"] == 0  # the run has paid for them


def test_a_finding_is_confirmed_by_fine_tuning(
    capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command around it; the training itself is tested with the lens."""
    from spexcore.lenses import fine_tuning

    asked = []

    def found(lens: object, rows: list[int]) -> fine_tuning.FineTuned:
        asked.append(rows)
        return fine_tuning.FineTuned(tuple(rows), (0, 1), 2, (2.0, 2.5), (-1.0, -1.5), 1.7, "key")

    monkeypatch.setattr(fine_tuning, "confirm_by_fine_tuning", found)
    monkeypatch.setattr(fine_tuning, "seconds", lambda lens: 300.0)
    explain = [*EXPLAIN, "--group-column", "source", "--budget", "64", "--estimator", "lasso", "--json"]
    path = tmp_path / "run.json"
    path.write_text(run(capsys, *explain)[1])
    desks = [json.loads(path.read_text())["players"].index(group) for group in PLANTED["bias"]["groups"]]
    check = ["validate", "--run", str(path), "--coalition", ",".join(map(str, desks)), "--fine-tune"]
    status, out, err = run(capsys, *check, "--json")
    assert status == 0
    assert "about 300 s" in err
    assert set(PLANTED["bias"]["ids"]) <= set(asked[0])
    content = json.loads(out)["fine_tuned"]
    assert (content["effect"], content["agrees"]) == (3.5, True)
    assert content["spread"] == pytest.approx(0.5**0.5)
    status, out, _ = run(capsys, *check)
    assert "+1.7000 encoder frozen, +3.5000 fine-tuned" in out
    status, _, err = run(capsys, "validate", "--run", str(path), "--top", "2", "--fine-tune")
    assert status == 2
    assert "--fine-tune" in err


def test_a_table_for_people(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run(capsys, *EXPLAIN, "--group-column", "product", "--budget", "64", "--estimator", "lasso")
    assert status == 0
    assert "rank agreement" in out
    assert "the answer is praise, retrained" in out


def test_the_audit_puts_flipped_labels_first(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run(capsys, "audit", "--data", FEEDBACK, "--top", "400", "--json")
    assert status == 0
    content = json.loads(out)
    order = [one["row"] for one in content["suspects"]]
    assert len(order) == content["rows"] == PLANTED["rows"]
    flipped, others = PLANTED["flipped"]["ids"], set(order) - set(PLANTED["flipped"]["ids"])
    ranks = {row: rank for rank, row in enumerate(order)}
    better = sum(ranks[one] < ranks[other] for one in flipped for other in others)
    assert better / (len(flipped) * len(others)) > 0.8  # AUC; .84 when it was measured
    assert content["suspects"][0]["line"] == content["suspects"][0]["row"] + 2
    status, out, _ = run(capsys, "audit", "--data", FEEDBACK, "--top", "3", "--sample", "100")
    assert status == 0
    assert "100 rows were sampled from 309" in out
    assert out.count("line ") == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*EXPLAIN, "--text-column", "body"], "'text'"),
        ([*EXPLAIN, "--label-column", "id"], "classes"),
        ([*EXPLAIN, "--target", "anger"], "complaint, praise"),
        ([*EXPLAIN, "--group-column", "shade"], "'source'"),
        ([*EXPLAIN, "--encoder", "/nowhere"], "nowhere"),
        ([*EXPLAIN, "--ridge", "0"], "ridge"),
        ([*EXPLAIN, "--sample", "1"], "--sample"),
        (["audit", "--data", "nowhere.csv"], "nowhere.csv"),
        (["audit", "--data", FEEDBACK, "--encoding", "ebcdic-x"], "cp1252"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture, arguments: list[str], said: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
