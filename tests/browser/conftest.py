"""The dashboard served for real on a free port, and Chromium; a console error or an outside request fails a test."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from patience import PATIENCE

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPEX_HOME of the served dashboard."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Where the dashboard is served, as `spex serve` would, offline and with a home of its own."""
    from dashboard.launch import command

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SPEX_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = (home / "server.log").open("w")
    server = subprocess.Popen(command(port), env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=home)
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", server, home / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()  # nothing of it is kept, and a job that is still running need not come to its end
        server.wait()
        log.close()


def _wait(address: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The dashboard did not come up:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium from the system's packages."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (make test installs it)")
    from driver import PATIENCE_MS
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def person(browser: object, address: str) -> Iterator[Callable[..., object]]:
    """A visitor as `person(width=..., height=..., dark=...)`; at the end, nothing may have gone wrong unseen."""
    from driver import PATIENCE_MS, Person

    troubles: list[str] = []
    contexts, visitors = [], []

    def arrive(width: int = 1400, height: int = 1000, dark: bool = False) -> Person:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: troubles.append(f"console: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(f"page: {error}"))
        page.on("request", lambda request: _watch(request.url, troubles))
        visitors.append(Person(page, address))
        return visitors[-1]

    yield arrive
    try:
        for visitor in visitors:
            visitor.leave()
    finally:
        for context in contexts:
            context.close()
    assert troubles == []


def _watch(url: str, troubles: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
        troubles.append(f"request: {url}")
