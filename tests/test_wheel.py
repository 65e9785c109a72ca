"""A wheel built from the project works outside the checkout: model, presets and page travel with it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose spexcore is the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder / "site"), str(wheel)]
    subprocess.run(pip, check=True)
    return {**os.environ, "PYTHONPATH": str(folder / "site"), "SPEX_HOME": str(folder / "home"), "HERE": str(folder)}


def run(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=environment["HERE"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_is_what_is_imported(elsewhere: dict[str, str]) -> None:
    where = run(elsewhere, "-c", "import spexcore, dashboard; print(spexcore.__file__, dashboard.__file__)")
    assert where.count(elsewhere["HERE"]) == 2
    assert str(ROOT / "spexcore") not in where


def test_its_embedded_model_explains(elsewhere: dict[str, str]) -> None:
    asked = ["explain", "--text", "not bad", "--target", "POSITIVE", "--held-out", "4", "--json"]
    content = json.loads(run(elsewhere, "-m", "spexcore.cli", *asked))
    assert content["players"] == ["not", "bad"]
    assert content["model"]["id"] == "sentiment"


@pytest.fixture
def served(elsewhere: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "spexcore.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=elsewhere["HERE"], env=elsewhere)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def test_it_serves_the_page(served: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{served}/_stcore/health") as answer:
                assert answer.read() == b"ok"
                break
        except OSError:
            time.sleep(0.25)
    else:
        pytest.fail("the dashboard of the wheel did not come up in a minute")


def test_the_page_of_the_wheel_draws_its_first_example(elsewhere: dict[str, str]) -> None:
    script = (
        "from pathlib import Path; import dashboard; from streamlit.testing.v1 import AppTest;"
        "page = AppTest.from_file(str(Path(dashboard.__file__).with_name('app.py')), default_timeout=60).run();"
        "assert not page.exception, page.exception; print(len(page.main))"
    )
    assert int(run(elsewhere, "-c", script).split()[-1]) > 0
