"""The estimator benchmark: one row a game, budget, seed and method; a folder without games is refused."""

from pathlib import Path

import numpy as np
import pytest

from spexcore.bench.estimators import run, table
from spexcore.errors import BadInput


def test_every_method_is_measured_on_the_same_game(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    players = np.arange(2**8)[:, None] >> np.arange(8) & 1
    np.savez(tmp_path / "games" / "linear.npz", values=players @ np.arange(1.0, 9.0))
    result = run(data=tmp_path, quick=True)
    methods = {row["method"] for row in result["rows"]}
    assert methods == {"StackSPEX", "WalshGP", "ProxySPEX", "Lasso"}
    assert all(row["r2"] > 0.99 for row in result["rows"] if row["method"] in ("StackSPEX", "Lasso"))
    assert result["calibration_gflops"] > 0
    assert table(result).count("\n") == 1 + len({(row["method"], row["masks"]) for row in result["rows"]})


def test_a_folder_without_games_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--data"):
        run(data=tmp_path)
