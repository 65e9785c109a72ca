"""Where files lie: those that travel with the package (`assets/` of a checkout, `_assets/` inside an installed wheel),
and those that it writes."""

import os
from pathlib import Path

from platformdirs import user_data_path

_HERE = Path(__file__).resolve().parent


def asset(*parts: str) -> Path:
    """Path of an asset, e.g. asset("models", "sentiment")."""
    installed = _HERE / "_assets"
    root = installed if installed.is_dir() else _HERE.parent / "assets"
    return root.joinpath(*parts)


def home() -> Path:
    """Folder of everything written to disk: SPEX_HOME, or the platform's user data folder."""
    chosen = os.environ.get("SPEX_HOME")
    return Path(chosen) if chosen else user_data_path("spexcore", appauthor=False)
