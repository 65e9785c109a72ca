"""A wheel built from the project works outside the checkout: model, presets and page travel with it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE

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


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health") as answer:
            return bool(answer.read() == b"ok")
    except OSError:
        return False


def soon(met: Callable[[], bool]) -> bool:
    """Whether it comes true before patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not (now := met()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return now


def test_it_serves_the_page_until_it_is_ended(elsewhere: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "spexcore.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=elsewhere["HERE"], env=elsewhere)
    try:
        assert soon(lambda: answers(f"http://127.0.0.1:{port}"))
    finally:
        server.terminate()
    assert server.wait(PATIENCE) == 0
    assert not answers(f"http://127.0.0.1:{port}"), "ending `spex serve` must end the server it started"


def test_the_page_of_the_wheel_draws_its_first_example(elsewhere: dict[str, str]) -> None:
    script = (
        "from pathlib import Path; import dashboard; from streamlit.testing.v1 import AppTest;"
        "app = str(Path(dashboard.__file__).with_name('app.py'));"
        f"page = AppTest.from_file(app, default_timeout={PATIENCE}).run();"
        "assert not page.exception, page.exception; print(len(page.main))"
    )
    assert int(run(elsewhere, "-c", script).split()[-1]) > 0
