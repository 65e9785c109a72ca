"""Every decoder family and operator against plain calls, a mask at a time: float32 to 1e-4, float64 to 1e-10."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from one_by_one import every_mask, log_probability
from tiny_models import DECODERS, save_causal

from spexcore.lenses import PromptLens
from spexcore.models import LanguageModel
from spexcore.models.causal import PlainCausal

TEXT = "Lily was a little girl [[who]] had [[lost]] her red [[ball]], and [[the plot]] was [[not]] bad"
OPERATORS = ("remove", "word:odd", "drop", "mask", "pad", "unk", "mean")
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Models by family and dtype, each made and loaded once."""

    @cache
    def folder(family: str) -> Path:
        return save_causal(tmp_path_factory.mktemp(family), family)

    return cache(lambda family, dtype: LanguageModel.load(folder(family), dtype=dtype))


def unshared(model, text, operator):
    """The lens, with every input computed from its first token."""
    lens = PromptLens(model, text, target=" she was", spans="marked", ablation=operator)
    lens.question._scorer._share = False
    return lens


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("family", DECODERS)
def test_values_are_those_of_plain_calls(load, family, operator):
    for dtype, tolerance in TOLERANCE.items():
        model = load(family, dtype)
        lens = PromptLens(model, TEXT, target=" she was", spans="marked", ablation=operator)
        masks = every_mask(5)[:: 5 if dtype == "float64" else 10]
        expected = np.array([log_probability(model, lens, mask, " she was") for mask in masks])
        assert np.ptp(expected) > 0.01
        np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=tolerance)
        apart = unshared(model, TEXT, operator)
        np.testing.assert_allclose(apart(masks), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("pair", [(" she", " he"), (" she was", " he"), (" she was", " she is"), (" a", " he was bad")])
def test_versus_is_the_difference_of_two_plain_sums(load, family, pair):
    model = load(family, "float64")
    masks = every_mask(5)[::6]
    lens = PromptLens(model, TEXT, target=pair[0], versus=pair[1], spans="marked", ablation="drop")
    sums = np.array([[log_probability(model, lens, mask, continuation) for continuation in pair] for mask in masks])
    np.testing.assert_allclose(lens(masks), sums[:, 0] - sums[:, 1], rtol=0, atol=1e-10)


@pytest.mark.parametrize("family", ["llama", "qwen3", "gpt2", "falcon"])
@pytest.mark.parametrize("operator", ["remove", "drop"])
def test_beginnings_shared_by_many_inputs_are_computed_once(load, family, operator):
    """Masks that only touch the end of a long prompt share nearly all of it; the values do not change."""
    model = load(family, "float64")
    text = (
        "[[Lily]] was a little girl. She had a [[big]] red ball and a dog. [[He]] [[said]] the [[plot]] was [[not]] bad"
    )
    lens = PromptLens(model, text, target=" she was", spans="marked", ablation=operator)
    masks = every_mask(6)
    values = lens(masks)
    expected = [log_probability(model, lens, mask, " she was") for mask in masks[::8]]
    np.testing.assert_allclose(values[::8], expected, rtol=0, atol=1e-10)
    apart = unshared(model, text, operator)
    np.testing.assert_allclose(apart(masks), values, rtol=0, atol=1e-10)
    assert lens.tokens_forwarded < apart.tokens_forwarded / 1.5


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3", "gemma"])
def test_families_with_a_fast_pass_use_it_and_leave_the_network_alone(load, family):
    model = load(family, "float32")
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    lens = PromptLens(model, TEXT, target=" she", spans="marked", ablation="remove")
    assert not isinstance(lens.question._scorer._forward, PlainCausal)
    lens(every_mask(5))
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    modules = model.network.modules()
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in modules)


def test_an_empty_prompt_starts_with_the_beginning_of_text(load):
    """GPT-2's tokenizer puts nothing around a text, so a prompt without players leaves nothing to predict from."""
    model = load("gpt2", "float64")
    lens = PromptLens(model, "bad plot", target=" she", ablation="remove")
    with torch.inference_mode():
        chances = model.network(input_ids=torch.tensor([[model.tokenizer.bos_token_id]])).logits[0, -1].log_softmax(-1)
    token = model.encode("bad plot she", special=False)[-1]
    assert lens([[False, False]])[0] == pytest.approx(float(chances[token]), abs=1e-10)
