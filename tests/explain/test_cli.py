"""The command line: the dashboard's pipeline, one JSON object, one line for what cannot be done."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from spexcore.cli import main
from spexcore.estimators import Exact
from spexcore.explain import explain as explain_game
from spexcore.explanation import Explanation
from spexcore.game import TableGame

TEXT = "The plot was not bad."
EXPLAIN = ["explain", "--text", TEXT, "--target", "POSITIVE", "--estimator", "lasso", "--held-out", "8", "--seed", "0"]


def run(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out, err = capsys.readouterr()
    return status, out, err


def test_explain_prints_one_json_object_that_validate_reads(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    status, out, err = run(capsys, *EXPLAIN, "--budget", "24", "--index", "fbii", "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert content["players"] == ["The", "plot", "was", "not", "bad"]
    assert content["lens"] == "prompt"
    assert content["estimator"]["name"] == "Lasso"
    assert content["masks_asked"] <= 24
    assert {"r2", "r2_near", "mae_near", "n_held_out"} <= set(content["faithfulness"])
    assert content["interactions"]["index"] == "fbii"
    assert set(content["interactions"]["terms"][0]) >= {"coalition", "players", "score"}
    assert set(content["model"]) >= {"id", "sha256", "dtype", "device"}
    assert content["versions"]["torch"].startswith("2.13.0")

    (tmp_path / "run.json").write_text(out)
    validate = ["validate", "--run", str(tmp_path / "run.json"), "--coalition", "4,3", "--contexts", "2", "--json"]
    status, out, err = run(capsys, *validate)
    assert (status, err) == (0, "")
    checked = json.loads(out)
    assert checked["players"] == ["not", "bad"]
    assert len(checked["corners"]) == 4
    assert len(checked["contexts"]) == 2
    values = {tuple(corner["kept"]): corner["value"] for corner in checked["corners"]}
    assert checked["measured"] == pytest.approx(values[(3, 4)] - values[(3,)] - values[(4,)] + values[()], abs=1e-9)
    assert checked["measured"] > 1.0  # "not" and "bad" together raise POSITIVE

    status, again, _ = run(capsys, *EXPLAIN, "--budget", "24", "--index", "fbii", "--json")
    repeated = json.loads(again)
    assert repeated["masks_paid"] == repeated["held_out_paid"] == 0  # all of it is in the store
    changing = ("seconds", "masks_paid", "held_out_paid")
    assert {k: v for k, v in repeated.items() if k not in changing} == {
        k: v for k, v in content.items() if k not in changing
    }


def test_validate_top_gives_the_confirmation_rate_and_keeps_it(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    saved, checked = str(tmp_path / "run.json"), str(tmp_path / "checked.json")
    assert run(capsys, *EXPLAIN, "--budget", "16", "--verify", "2", "--out", saved)[0] == 0
    status, out, err = run(capsys, "validate", "--run", saved, "--top", "4", "--out", checked, "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert len(content["claims"]) == 4
    for claim in content["claims"]:
        alone = ["validate", "--run", saved, "--coalition", ",".join(map(str, claim["coalition"])), "--json"]
        assert json.loads(run(capsys, *alone)[1])["measured"] == pytest.approx(claim["measured"], abs=1e-6)
    assert content["rate"] == sum(claim["confirmed"] for claim in content["claims"]) / 4
    assert json.loads(Path(checked).read_text())["confirmation"]["rate"] == content["rate"]
    assert "confirmation rate" in run(capsys, "validate", "--run", saved, "--top", "4")[1]
    status, _, err = run(capsys, "validate", "--run", saved, "--top", "0")
    assert status == 2
    assert "at least 1 term; got 0" in err


def test_the_table_says_what_is_measured(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run(capsys, *EXPLAIN)
    assert status == 0
    assert "5 players, 32 masks asked" in out  # without --budget a short prompt is evaluated whole
    assert "not × bad  measured" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "--text", ""], "text"),
        (["explain", "--text", TEXT, "--target", "HAPPY"], "POSITIVE"),
        (["explain", "--text", TEXT, "--budget", "33"], "2^5 = 32"),
        (["explain", "--text", TEXT, "--budget", "0"], "budget"),
        (["explain", "--text", "word " * 2000], "1490 too many"),
        (["explain", "--text", TEXT, "--spans", "verses"], "spans"),
        (["explain", "--text", TEXT, "--ablation", "burn"], "ablation"),
        (["explain", "--text", TEXT, "--model", "nowhere/at-all"], "model"),
        (["explain", "--text", TEXT, "--estimator", "leaveoneout", "--max-order", "3"], "--max-order"),
        (["explain", "--text-file", "nowhere.txt"], "nowhere.txt"),
        (["validate", "--run", "nowhere.json", "--coalition", "0"], "nowhere.json"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture, arguments: list[str], said: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert said.lower() in err.lower()


def test_markup_is_only_text(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run(capsys, "explain", "--text", "<img src=x onerror=alert(1)> <s> $x$ **b**", "--estimator",
                         "lasso", "--budget", "32", "--held-out", "8", "--json")  # fmt: skip
    assert status == 0
    assert "".join(json.loads(out)["players"]).startswith("<img") or "img" in json.loads(out)["players"]


def test_one_word_is_explained(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run(capsys, "explain", "--text", "good", "--held-out", "8", "--json")
    assert status == 0
    assert json.loads(out)["masks_asked"] == 2


def test_unknown_options_are_one_line(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["explain", "--no-such-option"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_damaged_store_is_one_line_and_loses_nothing(capsys: pytest.CaptureFixture, spex_home: Path) -> None:
    spex_home.mkdir(parents=True)
    (spex_home / "store.sqlite").write_bytes(b"no database " * 1000)
    status, _, err = run(capsys, *EXPLAIN)
    assert status == 2
    assert "damaged" in err
    assert (spex_home / "store.sqlite").read_bytes().startswith(b"no database")


_KILLED = """
import os, signal, sys
from spexcore.cli import main
from spexcore.store import StoredValues
put = StoredValues.put
def and_die(self, values):
    put(self, values)
    os.kill(os.getpid(), signal.SIGKILL)
StoredValues.put = and_die
main(sys.argv[1:])
"""


def test_kill_9_then_the_same_command_pays_only_for_the_rest(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, spex_home: Path
) -> None:
    words = " ".join(f"good bad fine dull {i}" for i in range(3))  # 15 words: three batches or more
    asked = ["explain", "--text", words, "--estimator", "lasso", "--budget", "160", "--held-out", "4", "--json"]
    whole = json.loads(run(capsys, *asked)[1])

    monkeypatch.setenv("SPEX_HOME", str(spex_home / "killed"))
    killed = subprocess.run([sys.executable, "-c", _KILLED, *asked], stdout=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(spex_home / "killed" / "store.sqlite")) as database:
        (kept,) = database.execute("SELECT COUNT(*) FROM ablations").fetchone()
    second = json.loads(run(capsys, *asked)[1])

    total = whole["masks_paid"] + whole["held_out_paid"]
    assert 0 < kept < total
    assert kept + second["masks_paid"] + second["held_out_paid"] == total
    assert second["coefficients"] == whole["coefficients"]
    assert second["measured"] == whole["measured"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    game = TableGame([0.0, 1.0, 2.0, 5.0, 0.0, 1.0, 2.0, 5.5], players=["a", "b", "<i>"])
    explain_game(game, Exact(), budget=8, held_out=4).save(tmp_path / "run.json")
    return tmp_path / "run.json"


@pytest.mark.parametrize("form", ["html", "csv", "shapiq", "json"])
def test_export_prints_what_it_writes(capsys: pytest.CaptureFixture, saved: Path, form: str) -> None:
    status, printed, err = run(capsys, "export", "--run", str(saved), "--format", form)
    assert (status, err) == (0, "")
    out = saved.with_name(f"out.{form}")
    assert run(capsys, "export", "--run", str(saved), "--format", form, "--out", str(out)) == (0, "", "")
    assert out.read_bytes().decode().rstrip("\n") == printed.rstrip("\n")
    assert {"html": "<!doctype html>", "csv": "run,index", "shapiq": '"Co-Moebius"', "json": "spexcore.explanation/1"}[
        form
    ] in printed


def test_compare_prints_what_differs(capsys: pytest.CaptureFixture, saved: Path) -> None:
    status, out, err = run(capsys, "compare", "--run", str(saved), "--run", str(saved), "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert content["a"] == content["b"] == Explanation.load(saved).id
    assert {pair["difference"] for pair in content["pairs"]} == {0.0}
    assert "a × b" in run(capsys, "compare", "--run", str(saved), "--run", str(saved))[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--format", "shapiq", "--index", "fourier"], "shapiq knows"),
        (["export", "--format", "csv", "--top", "0"], "at least 1 term; got 0"),
        (["export", "--format", "csv", "--out", "/nowhere/x.csv"], "can be written"),
        (["compare"], "given twice"),
        (["compare", "--run", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_be_shared_is_one_line(
    capsys: pytest.CaptureFixture, saved: Path, arguments: list[str], said: str
) -> None:
    status, out, err = run(capsys, *arguments, "--run", str(saved))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_the_estimator_benchmark_keeps_its_rows_and_others_have_none(
    capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "games").mkdir()
    np.savez(tmp_path / "games" / "one.npz", values=np.arange(64.0))
    chosen = ["--part", "real", "--method", "Lasso 1", "--out", str(tmp_path / "rows.jsonl")]
    status, out, err = run(capsys, "bench", "estimators", "--data", str(tmp_path), *chosen, "--seeds", "1")
    assert (status, err) == (0, "")
    assert "| Lasso 1 | 1.000 |" in out
    status, again, _ = run(capsys, "bench", "estimators", "--out", str(tmp_path / "rows.jsonl"), "--seeds", "0")
    assert (status, again) == (0, out)
    status, _, err = run(capsys, "bench", "engine", "--seeds", "1")
    assert status == 2
    assert "`spex bench estimators`" in err
