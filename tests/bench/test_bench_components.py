"""The components benchmark: the lens gives the values of one mask at a time; every method is judged on one scale."""

from pathlib import Path

import numpy as np
import pytest

from spexcore.bench import pruning
from spexcore.bench.components import CASES, run, table
from spexcore.circuits import METHODS


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return run(data=tmp_path_factory.mktemp("empty"), quick=True)


def test_one_mask_at_a_time_gives_the_values_of_the_lens(found):
    whole, top = found["speed"]
    assert (whole["players"], whole["tokens"], top["players"]) == (12, 32, 12)
    assert top["tokens"] == 14
    for row in found["speed"]:
        assert row["largest_difference"] < 1e-4
        assert min(row["a_second"], row["faster_by"], row["gemm_gflops"]) > 0
    assert [case.layers for case in CASES] == ["all", "top 3", "all"]


def test_methods_are_judged_on_prompts_they_were_not_chosen_on_after_equally_many_ablations(found):
    points = [row for row in found["pruning"] if "method" in row]
    assert [row["method"] for row in points] == 3 * list(METHODS)
    assert {row["kept"] for row in points} == {4, 7, 10}
    assert max(row["ablations"] for row in points) <= 40
    assert any(row["margin"] != row["chosen_on"] for row in points)
    told = table(found)
    spectrum = [row for row in points if row["method"] == METHODS[0]]
    lasso = [row for row in points if row["method"] == "lasso"]
    ahead = np.mean([one["margin"] - other["margin"] for one, other in zip(spectrum, lasso, strict=True)])
    assert f"lasso {ahead:+.2f}" in told
    assert "held-out R2" in told


def test_no_prompt_is_chosen_on_and_judged_on(tmp_path):
    (stories,) = pruning._behaviours(tmp_path, 0, quick=False)
    assert (len(stories.chosen), len(stories.others)) == (16, 48)
    others = [one["text"] for one in stories.others]
    assert not {one["text"] for one in stories.chosen} & set(others)
    assert len(set(others)) > 40
    recalled = pruning._recalled("Here is {0}, {0} says", "Tom", "Sue")
    assert recalled == {"text": "Here is Tom, Tom says", "target": " Tom", "versus": " Sue"}


@pytest.mark.parametrize("number", [0, 1], ids=["clues", "stories260K"])
def test_what_the_spectrum_keeps_carries_over_at_least_as_well_as_what_others_keep(monkeypatch, request, number):
    """Three sparsities, on prompts that were not chosen on, a short run of what the benchmark measures.

    The margin is asserted: over so few prompts accuracy moves by whole ones, and it is the benchmark's to compare.
    """
    folder = request.getfixturevalue("shared_data") if number else Path("nowhere")
    for name, short in {"CHOSEN": 6, "OTHERS": 12}.items():
        monkeypatch.setattr(pruning, name, short)
    behaviour = list(pruning._behaviours(folder, 0, quick=False))[number]
    points = list(pruning._pruned(behaviour, 0, quick=False))
    mean = lambda method, what: np.mean([row[what] for row in points if row["method"] == method])
    assert len(points) == 3 * len(METHODS)
    for other in ("lasso", "best of random"):
        for judged in ("chosen_on", "margin"):
            assert mean("spectrum", judged) >= mean(other, judged) - 1e-9, (other, judged)
