"""Where the files that travel with the package lie: `assets/` of a checkout, `_assets/` inside an installed wheel."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def asset(*parts: str) -> Path:
    """Path of an asset, e.g. asset("models", "sentiment")."""
    installed = _HERE / "_assets"
    root = installed if installed.is_dir() else _HERE.parent / "assets"
    return root.joinpath(*parts)
