"""The retraining benchmark: ours and scikit-learn's tight answer are one; its default one is not."""

from spexcore.bench.retraining import run, table


def test_the_same_margins_at_another_speed() -> None:
    result = run(quick=True)
    (row,) = result["rows"]
    assert (row["examples"], row["features"], row["classes"]) == (500, 64, 2)
    assert row["error"] < 1e-7 < row["default_error"]
    assert min(row["rate"], row["tight_rate"], row["default_rate"]) > 0
    assert table(result).count("\n") == 1
