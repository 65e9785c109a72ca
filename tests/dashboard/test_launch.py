"""The server listens on this machine only, sends nothing home, and looks the same however it is started."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dashboard import settings
from dashboard.launch import APP, command, serve
from spexcore.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_binds_to_this_machine_and_turns_telemetry_off() -> None:
    flags = command(8765)
    assert "--server.address=127.0.0.1" in flags
    assert "--server.port=8765" in flags
    assert "--browser.gatherUsageStats=false" in flags
    assert "--client.showErrorDetails=none" in flags
    assert str(APP) in flags
    assert APP.is_file()


def test_config_toml_says_what_the_flags_say() -> None:
    def flat(table: dict, prefix: str = "") -> dict:
        found: dict = {}
        for name, value in table.items():
            found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        return found

    assert flat(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))) == settings.OPTIONS


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(BadInput, match="must be from 1 to 65535"):
        serve(port)


def test_the_page_and_its_views_load_no_torch() -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / "dashboard").rglob("*.py") if path.name != "app.py"]
    names = sorted(".".join(path.with_suffix("").parts) for path in paths if path.name != "__init__.py")
    code = f"import sys, {', '.join(names)}; sys.exit(bool({{'torch', 'transformers'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_no_view_computes_and_nothing_is_drawn_as_unsafe_html() -> None:
    for path in (ROOT / "dashboard").rglob("*.py"):
        source = path.read_text("utf-8")
        assert "unsafe_allow" not in source, path
        assert ".innerHTML" not in source, path
        if path.parent.name == "views":
            assert "numpy" not in source, path
