"""spex explain --lens components: the same pipeline and JSON as the prompt lens, over a model's parts."""

import json

import pytest

from spexcore.cli import main

TEXT = "Ann is in the garden. The key is with Ann. Bob is in the kitchen. Where is the key?"
EXPLAIN = ["explain", "--lens", "components", "--model", "clues", "--text", TEXT, "--target", " garden"]
CUT = ["--units", "heads", "--layers", "0-3", "--ablation", "mean"]
QUICK = ["--budget", "64", "--held-out", "16", "--estimator", "lasso", "--json"]


def run(capsys, *arguments):
    status = main(arguments)
    out, err = capsys.readouterr()
    return status, out, err


def test_heads_are_explained_and_a_pair_can_be_validated(capsys, tmp_path):
    status, out, err = run(capsys, *EXPLAIN, *CUT, *QUICK)
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert content["lens"] == "components"
    assert content["players"][:2] == ["L0H0", "L0H1"]
    assert content["masks"] == "near"
    assert content["recipe"]["layers"] == "0,1,2,3"
    assert len(content["recipe"]["reference"]) == 64
    assert content["notes"] == []
    (tmp_path / "run.json").write_text(out)
    status, out, _ = run(capsys, "validate", "--run", str(tmp_path / "run.json"), "--coalition", "0,5", "--json")
    assert status == 0
    assert json.loads(out)["players"] == ["L0H0", "L1H1"]


def test_a_file_of_prompts_is_explained_and_what_is_wrong_is_said(capsys, tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text(f'text,target\n"{TEXT}"," garden"\n"{TEXT}"," cellar"\n')
    arguments = ["explain", "--lens", "components", "--prompts", str(path), "--units", "mlps", "--score", "accuracy"]
    status, out, _ = run(capsys, *arguments, "--held-out", "4", "--json")
    assert status == 0
    content = json.loads(out)
    assert content["players"] == ["L0MLP", "L1MLP", "L2MLP", "L3MLP", "L4MLP"]
    assert content["masks_asked"] == 32
    assert content["measured"][0]["value"] == 0.5  # of the whole model
    assert "1 of 2 prompts wrong" in content["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--layers", "9"], "0 to 4"),
        (["--units", "atoms"], "units"),
        (["--ablation", "burn"], "ablation"),
        (["--reference", "nowhere.txt"], "nowhere.txt"),
        (["--score", "speed"], "score"),
    ],
)
def test_what_cannot_be_done_is_one_line(capsys, arguments, said):
    status, out, err = run(capsys, *EXPLAIN, *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err


def test_columns_that_are_missing_are_named(capsys, tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text("text,answer\na,b\n")
    status, _, err = run(capsys, "explain", "--lens", "components", "--prompts", str(path))
    assert status == 2
    assert "lacks target" in err
    status, _, err = run(capsys, "explain", "--lens", "components", "--prompts", str(path), "--target", "a")
    assert status == 2
    assert "columns" in err
