"""Packs, grouping, memory that runs out, and threads."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.models.inputs import from_lists, packs
from spexcore.models.running import Runner, one_thread, out_of_memory

lengths = st.lists(st.integers(1, 40), min_size=1, max_size=80)


@given(lengths=lengths, tokens=st.integers(1, 200))
def test_packs_hold_every_row_once_in_groups_of_one_length(lengths, tokens):
    lengths = np.array(lengths)
    plan = list(packs(lengths, tokens))
    assert sorted(np.concatenate([group for pack in plan for group in pack])) == list(range(len(lengths)))
    assert all(len(set(lengths[group])) == 1 for pack in plan for group in pack)
    assert all(len({lengths[group[0]] for group in pack}) == len(pack) for pack in plan)
    for pack in plan:
        size = sum(lengths[group].sum() for group in pack)
        assert size <= tokens or sum(map(len, pack)) == 1


@given(lengths=lengths)
def test_packs_are_full(lengths):
    """Small groups share a pack: two neighbours could never have been one."""
    plan = list(packs(np.array(lengths), 100))
    sizes = [sum(np.array(lengths)[group].sum() for group in pack) for pack in plan]
    assert all(a + b > 60 for a, b in zip(sizes, sizes[1:], strict=False))


def sequences(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return from_lists([rng.integers(0, 50, rng.integers(1, 9)).tolist() for _ in range(n)])


def row_sums(pack):
    return torch.cat([block.ids.sum(dim=1) for block in pack])


def expected(inputs):
    return np.add.reduceat(inputs.ids, inputs.starts)


def test_results_come_back_in_the_order_of_the_inputs():
    inputs = sequences()
    np.testing.assert_array_equal(Runner("cpu", 50).run(inputs, row_sums), expected(inputs))


def test_full_memory_halves_the_pack_and_is_told():
    largest = []

    def greedy(pack):
        size = sum(block.ids.numel() for block in pack)
        if size > 30:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")
        largest.append(size)
        return row_sums(pack)

    inputs, runner = sequences(), Runner("cpu", 50)
    np.testing.assert_array_equal(runner.run(inputs, greedy), expected(inputs))
    assert max(largest) <= 30
    assert "ran out" in runner.notes[-1]
    told, done = len(runner.notes), len(largest)
    np.testing.assert_array_equal(runner.run(inputs, greedy), expected(inputs))
    assert len(runner.notes) == told  # the next run begins with packs that fit
    assert len(largest) > done


def test_one_input_that_does_not_fit_is_refused():
    def full(pack):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with pytest.raises(BadInput, match="memory of cpu"):
        Runner("cpu", 50).run(from_lists([[1, 2, 3]]), full)


def test_other_errors_pass_through():
    def broken(pack):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        Runner("cpu", 50).run(sequences(), broken)
    assert not out_of_memory(RuntimeError("mat1 and mat2"))


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with one_thread():
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
