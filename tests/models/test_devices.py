"""Where a model runs: which device is taken, models over several, and devices that no test machine has."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from tiny_models import save_causal, save_encoder

from spexcore.errors import BadInput
from spexcore.lenses import ComponentLens, PromptLens, build
from spexcore.models import LanguageModel, loading, running
from spexcore.models.loading import choose_device

TEXT = "Lily was a little girl and the plot was bad"


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture
def machine(monkeypatch):
    """A machine as torch would describe it."""

    def describe(*, gpus: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return describe


@pytest.mark.parametrize(
    ("there", "taken"), [({"gpus": 2, "mps": True}, "cuda"), ({"mps": True}, "mps"), ({"gpus": 1}, "cuda"), ({}, "cpu")]
)
def test_the_best_device_is_found(machine, there, taken):
    machine(**there)
    assert choose_device(None) == taken
    assert choose_device("cpu") == "cpu"
    assert choose_device(f"{taken}:0") == f"{taken}:0"


def test_a_device_that_is_not_there_is_refused_with_those_that_are(machine):
    machine(gpus=2)
    assert choose_device("cuda:1") == "cuda:1"
    for absent in ("cuda:2", "mps", "tpu", "cuda:x"):
        with pytest.raises(BadInput, match=r"one of cuda, cpu on this machine") as refused:
            choose_device(absent)
        assert repr(absent) in str(refused.value)


def test_mps_knows_no_float64(machine, llama):
    machine(mps=True)
    with pytest.raises(BadInput, match=r"float64.*MPS"):
        LanguageModel.load(llama, dtype="float64")


def test_spreading_a_model_needs_accelerate(monkeypatch, llama):
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="pip install accelerate"):
        LanguageModel.load(llama, device="auto")


@pytest.mark.skipif(importlib.util.find_spec("accelerate") is None, reason="accelerate is not installed")
def test_a_model_with_a_layer_on_disk_has_the_values_of_one_in_memory(llama, tmp_path, monkeypatch):
    inside = ("embed_tokens", "layers.0", "layers.1", "layers.2", "norm", "rotary_emb")
    places = {"lm_head": "cpu", **{f"model.{name}": "disk" if name == "layers.1" else "cpu" for name in inside}}
    split = transformers.AutoModelForCausalLM.from_pretrained(llama, device_map=places, offload_folder=tmp_path)
    whole = LanguageModel.load(llama, device="auto")
    spread = replace(whole, network=split.eval())
    assert (whole.spread, spread.spread) == (False, True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(running, "ThreadPoolExecutor", None)  # one pack takes the layer away from another
    masks = np.random.default_rng(0).random((600, 10)) < 0.5
    asked = {"target": " she", "ablation": "remove"}
    found = PromptLens(spread, TEXT, **asked)(masks)
    monkeypatch.undo()
    np.testing.assert_allclose(found, PromptLens(whole, TEXT, **asked)(masks), rtol=0, atol=1e-4)


def test_layers_on_several_devices_go_through_the_network_itself_and_stay_so_in_the_recipe(monkeypatch, llama):
    """What a device map does to a model is pretended: only where its layers lie is known from it."""
    model, asked = LanguageModel.load(llama, dtype="float64"), {"target": " she", "ablation": "remove"}
    masks = np.random.default_rng(0).random((40, 10)) < 0.5
    expected = PromptLens(model, TEXT, **asked)(masks)
    monkeypatch.setattr(model.network, "hf_device_map", {"model.layers.0": 0, "model.layers.1": 1}, raising=False)
    lens = PromptLens(model, TEXT, **asked)
    np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=1e-10)
    assert type(lens.question._scorer._forward).__name__ == "PlainCausal"
    assert lens.recipe["model"]["device"] == "auto"
    loaded = []
    monkeypatch.setattr(LanguageModel, "load", lambda *_, **asked: loaded.append(asked["device"]) or model)
    assert build(lens.recipe).key == lens.key
    assert loaded == ["auto"]


@pytest.mark.parametrize("ablation", ["remove", "mean"])
def test_numbers_become_float64_on_the_processor_only(monkeypatch, llama, tmp_path, ablation):
    """MPS has no float64, and no machine of ours has MPS: every tensor that was not brought home counts as there."""
    cpu, double = torch.Tensor.cpu, torch.Tensor.double

    def brought_home(tensor):
        tensor = cpu(tensor).clone()
        tensor.at_home = True
        return tensor

    def doubled(tensor):
        assert getattr(tensor, "at_home", False), "Cannot convert an MPS tensor to float64"
        return double(tensor)

    monkeypatch.setattr(torch.Tensor, "cpu", brought_home)
    monkeypatch.setattr(torch.Tensor, "double", doubled)
    decoder, encoder = LanguageModel.load(llama), LanguageModel.load(save_encoder(tmp_path / "bert", "bert"))
    masks = np.random.default_rng(0).random((20, 10)) < 0.5
    for lens in (PromptLens(decoder, TEXT, ablation=ablation), PromptLens(encoder, TEXT, ablation=ablation)):
        assert np.isfinite(lens(masks)).all()
        assert 0 < lens.answer.probability < 1
    parts = ComponentLens(decoder, TEXT, target=" she", units="heads", ablation="mean")
    assert np.isfinite(parts(np.random.default_rng(0).random((4, parts.n_players)) < 0.5)).all()
    assert np.isfinite(parts.gradient_effects()).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("ablation", ["remove", "drop", "mean"])
def test_a_gpu_gives_the_values_of_the_processor(llama, ablation):
    asked = {"target": " she was", "versus": " he", "ablation": ablation}
    masks = np.random.default_rng(0).random((300, 10)) < 0.5
    lenses = [PromptLens(LanguageModel.load(llama, device=device), TEXT, **asked) for device in ("cuda", "cpu")]
    np.testing.assert_allclose(lenses[0](masks), lenses[1](masks), rtol=0, atol=1e-4)
