"""The PDF: the report, printed without a network; one clear sentence where nothing can print."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spexcore.cli import main
from spexcore.errors import BadInput
from spexcore.explanation import Explanation
from spexcore.figures import pdf, report
from spexcore.figures.printing import browser
from spexcore.remarks import Remarks

needs_chromium = pytest.mark.skipif(browser() is None, reason="no chromium on this machine (make test installs it)")
Fake = Callable[[str], None]


@pytest.fixture
def chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A chromium that runs these shell lines, the only one on the path."""

    def put(lines: str) -> None:
        path = tmp_path / "bin" / "chromium"
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n" + lines)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}/bin")

    return put


@needs_chromium
def test_the_command_line_prints_the_report_to_pdf(example: Explanation, tmp_path: Path) -> None:
    replace(example, remarks=Remarks().on_run("Read this first")).save(tmp_path / "run.json")
    out = tmp_path / "report.pdf"
    assert main(["export", "--run", str(tmp_path / "run.json"), "--format", "pdf", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.read_bytes().rstrip().endswith(b"%%EOF")


def test_without_a_browser_it_is_one_sentence(example: Explanation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="needs one of chromium, chromium-browser, google-chrome"):
        pdf(report(example))


def test_the_browser_gets_the_report_and_leaves_nothing_behind(
    example: Explanation, chromium: Fake, tmp_path: Path
) -> None:
    chromium(f'for last; do :; done; cp "${{last#file://}}" {tmp_path}/seen.html\n'
             f'echo "$*" > {tmp_path}/flags\n'
             'for one; do case $one in --print-to-pdf=*) printf %s printed > "${one#*=}";; esac; done\n')  # fmt: skip
    assert pdf(report(example)) == b"printed"
    assert (tmp_path / "seen.html").read_text("utf-8") == str(report(example))
    flags = (tmp_path / "flags").read_text()
    assert "MAP * ~NOTFOUND" in flags
    folder = Path(flags.split("--print-to-pdf=")[1].split()[0]).parent
    assert folder.name.startswith("spex-pdf-")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [("exit 0", "wrote no PDF"), ("exit 7", "could not print"), ("sleep 5", "did not print within")],
    ids=["nothing", "failed", "slow"],
)
def test_a_browser_that_does_not_print_is_one_sentence(
    example: Explanation, chromium: Fake, monkeypatch: pytest.MonkeyPatch, lines: str, said: str
) -> None:
    if said == "did not print within":
        monkeypatch.setattr("spexcore.figures.printing._SECONDS", 0.5)
    chromium(lines)
    with pytest.raises(BadInput, match=said) as refused:
        pdf(report(example))
    assert "\n" not in str(refused.value)
    assert "Print the HTML report instead." in str(refused.value)


def test_a_pdf_is_never_printed_to_the_terminal(
    example: Explanation, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    example.save(tmp_path / "run.json")
    assert main(["export", "--run", str(tmp_path / "run.json"), "--format", "pdf"]) == 2
    assert "--out report.pdf" in capsys.readouterr().err
