"""What every test may use: the shared data where it lies beside the checkout, and a home of its own for the store."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Property tests draw the same examples each time, a failure here is a failure there; none fails for being slow.
settings.register_profile(
    "same", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real models, games and texts; the test is skipped where a fresh checkout lacks it."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def spex_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test writes its store, runs and settings into a folder of its own."""
    monkeypatch.setenv("SPEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
