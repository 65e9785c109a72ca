"""Every encoder family and operator against plain calls, a mask at a time: float32 to 1e-4, float64 to 1e-10."""

from functools import cache

import numpy as np
import pytest
import torch
from one_by_one import every_mask, log_odds
from tiny_models import ENCODERS, save_encoder

from spexcore.lenses import PromptLens
from spexcore.models import LanguageModel
from spexcore.models.forward import PlainClassifier

TEXT = "The [[plot]] was [[not]] bad, and the [[actors were]] unbelievably [[good]] I [[thought]]"
OPERATORS = ("remove", "word:odd", "drop", "mask", "pad", "unk", "mean")


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Models by family and dtype, each made and loaded once."""
    folder = cache(lambda family: save_encoder(tmp_path_factory.mktemp(family), family))
    return cache(lambda family, dtype: LanguageModel.load(folder(family), dtype=dtype))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("family", ENCODERS)
def test_values_are_those_of_plain_calls(load, family, operator):
    for dtype, tolerance in {"float32": 1e-4, "float64": 1e-10}.items():
        model = load(family, dtype)
        lens = PromptLens(model, TEXT, target="neutral", spans="marked", ablation=operator)
        masks = every_mask(5)[:: 5 if dtype == "float64" else 10]
        expected = [log_odds(model, lens, mask, 1) for mask in masks]
        assert np.ptp(expected) > 0.01
        np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_families_with_a_fast_pass_use_it_and_leave_the_network_alone(load, family):
    model = load(family, "float32")
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    lens = PromptLens(model, TEXT, target="good", spans="marked", ablation="remove")
    assert not isinstance(lens.question._scorer._forward, PlainClassifier)
    lens(every_mask(5))
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())
