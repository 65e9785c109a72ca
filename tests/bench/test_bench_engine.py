"""The engine benchmark on tiny shapes: every loop gives our values, tokens are counted right, GPU parts run without."""

import numpy as np
import pytest
import torch

from spexcore.bench import engine
from spexcore.bench.engine import GPU_CASES, Case, measure, table
from spexcore.bench.repeated import repeated
from spexcore.models import shapes
from spexcore.models.probe import busy_share, covered, machine


@pytest.fixture
def tiny(monkeypatch):
    """A Llama so small that the cases meant for a GPU run here."""
    monkeypatch.setitem(shapes.SHAPES, "tiny", (32, 48, 2, 4, 2, 256))
    return "tiny"


@pytest.mark.parametrize(
    "case", [Case("tiny", 6, 3, 40), Case("tiny", 500, 1, 8, "bfloat16"), Case("sentiment", 5, 0, 40)]
)
def test_other_tools_loops_give_the_values_of_the_engine(tiny, case):
    found = measure(case, "cpu", 1)
    names = [row["variant"] for row in found["variants"]]
    assert names[-1] == "engine"
    assert len(names) == 3
    close = 1e-4 if case.dtype == "float32" else 0.2
    assert all(row["largest_difference"] < close for row in found["variants"])
    assert all(row["ms_a_mask"] > 0 and row["of_gemm"] > 0 for row in found["variants"])
    assert found["gpu_busy"] is None


def test_tokens_are_those_of_the_distinct_masks(tiny):
    """16 fixed words are shared, each mask keeps some of 6, 8 fixed words and 2 target tokens are fed behind."""
    found = measure(Case(tiny, 6, 3, 40), "cpu", 1)
    masks = np.unique(np.random.default_rng(1).random((40, 6)) < 0.5, axis=0)
    distinct = int(masks.sum()) + len(masks) * (16 + 8 + 2)
    assert found["tokens_distinct"] == distinct
    assert found["tokens_least"] == distinct - 16 * (len(masks) - 1)
    assert found["tokens_least"] <= found["tokens_forwarded"] <= distinct


def test_a_short_number_format_says_what_it_costs():
    (note,) = measure(Case("sentiment", 8, 0, 40, "bfloat16"), "cpu", 1)["notes"]
    assert "of their spread" in note


def test_a_repeated_run_forwards_nothing():
    found = repeated(300)
    assert 0 < found["first"]["forwards"] <= 300
    assert found["again"]["forwards"] == 0


def test_a_case_that_does_not_fit_is_left_out_and_said(monkeypatch, tiny):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    rows = [measure(Case(tiny, 4, 1, 20), "cpu", 1)]
    monkeypatch.setattr(engine, "measure", full)
    rows.append(engine._if_it_fits(GPU_CASES[2], "cuda"))
    told = table(
        {"machine": machine("cpu"), "repeated": repeated(40), "cases": [{**rows[0], "gpu_busy": 0.971}, rows[1]]}
    )
    assert "8B bfloat16, 500 words, 1 target tokens: does not fit in the memory of cuda" in told
    assert "the GPU at work 97% of it" in told
    assert ", 0 forwards" in told


def test_time_under_work_counts_once_where_kernels_overlap():
    assert covered([(3.0, 5.0), (0.0, 1.0), (4.0, 7.0), (4.5, 5.0)]) == 5.0
    assert covered([]) == 0.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_is_seen_at_work():
    left = torch.randn(4096, 4096, device="cuda")
    assert 0.2 < busy_share(lambda: [left @ left for _ in range(20)], "cuda") <= 1.0
