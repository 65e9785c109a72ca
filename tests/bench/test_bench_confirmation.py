"""The confirmation benchmark: its rates are those of confirming by hand; a folder without reviews is refused."""

from pathlib import Path

import pytest

from spexcore.bench.confirmation import METHODS, row, run, table
from spexcore.errors import BadInput
from spexcore.lenses import SyntheticGame

GAME = SyntheticGame(10, {(0, 1): 4.0, (2,): -1.0, (3, 4, 5): 2.0})


def test_what_was_measured_is_confirmed_and_rates_are_pooled_over_terms() -> None:
    rows = [row(GAME, method, 256) for method in METHODS]
    ours = rows[0]
    assert ours["players"] == 10
    assert 0 < ours["first_hand"] <= ours["confirmed"] <= ours["terms"] <= 10
    assert ours["confirmed"] == ours["terms"]  # a sparse game is recovered exactly
    assert rows[1]["first_hand"] <= rows[1]["terms"]
    worse = {**ours, "terms": 10, "confirmed": 0, "right_sign": 5, "first_hand": 0}
    half = {**ours, "terms": 10, "confirmed": 10, "right_sign": 10, "first_hand": 10}
    (line,) = table({"rows": [half, worse]}).splitlines()[1:]
    assert line.endswith("| 2 | 0.500 | 0.00 | 0.750 | 0.500 |")


def test_a_folder_without_reviews_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--data"):
        run(data=tmp_path)
