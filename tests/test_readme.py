"""The README says what is true: its example runs, its commands and its map exist."""

import re
from pathlib import Path

import pytest

from spexcore.cli import parser
from spexcore.estimators import ESTIMATORS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs_and_not_bad_is_a_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102  # our own README is what is tested
    assert (tmp_path / "run.json").exists()
    assert names["claim"].predicted == pytest.approx(names["claim"].measured, abs=1e-6)
    assert "('not', 'bad')" in capsys.readouterr().out


def test_every_estimator_is_in_the_table() -> None:
    for kind in ESTIMATORS.values():
        assert f"`{kind.__name__}`" in README


def test_every_command_shown_exists() -> None:
    shown = re.findall(r"^spex (\w+)", README, flags=re.MULTILINE)
    expected = {"audit", "bench", "compare", "explain", "export", "models", "serve", "validate"}
    assert set(shown) == expected
    for command in shown:
        with pytest.raises(SystemExit) as asked:
            parser().parse_args([command, "--help"])
        assert asked.value.code == 0


def test_every_module_is_on_the_map() -> None:
    (drawn,) = re.findall(r"## Map of files\n\n```\n(.*?)```", README, flags=re.DOTALL)
    modules = {path.stem if path.is_file() else path.name for path in (ROOT / "spexcore").iterdir()}
    missing = {name for name in modules if not name.startswith("_") and name not in re.findall(r"\w+", drawn)}
    assert not missing, f"add {sorted(missing)} to the map of files in README.md"
