"""Loading: where models come from, what their hash covers, and one sentence for every way to fail."""

import json
import shutil

import numpy as np
import pytest
from tiny_models import save_causal, save_encoder

from spexcore.errors import BadInput, BadModel
from spexcore.models import LanguageModel, embedded, hub, listing


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("bert"), "bert", n_labels=2)


@pytest.fixture
def copy(bert, tmp_path):
    return shutil.copytree(bert, tmp_path / "copy")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """No network, and a hub cache of its own."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_sentiment_is_minilm_with_its_overlay():
    model = LanguageModel.load("sentiment")
    assert model.kind == "classifier"
    assert model.labels == ("NEGATIVE", "POSITIVE")
    assert model.max_tokens == 512
    assert model.sha256 != LanguageModel.load("minilm").sha256
    assert LanguageModel.load("minilm").kind == "encoder"


def test_changed_weights_of_an_embedded_model_are_refused(monkeypatch):
    monkeypatch.setattr(embedded, "MINILM_SHA256", "0" * 64)
    with pytest.raises(BadModel, match="53aa51172d14"):
        LanguageModel.load("minilm")


def test_an_overlay_must_match_its_own_hash(monkeypatch, tmp_path):
    shutil.copytree(embedded.EMBEDDED["sentiment"].folder, tmp_path / "models" / "sentiment")
    config = tmp_path / "models" / "sentiment" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "overlay_sha256": "0" * 64}))
    monkeypatch.setattr(embedded, "asset", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(BadModel, match="sha256"):
        LanguageModel.load("sentiment")


def test_hash_changes_with_every_file_that_matters(copy):
    first = LanguageModel.load(copy).sha256
    assert LanguageModel.load(copy).sha256 == first
    (copy / "README.md").write_text("words")
    assert LanguageModel.load(copy).sha256 == first
    config = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**config, "more": 1}))
    assert LanguageModel.load(copy).sha256 != first


def test_device_is_found_and_shown(bert):
    model = LanguageModel.load(bert)
    assert model.device.split(":")[0] in ("cpu", "cuda", "mps")
    with pytest.raises(BadInput, match="cpu"):
        LanguageModel.load(bert, device="tpu")
    with pytest.raises(BadInput, match="float32"):
        LanguageModel.load(bert, dtype="int4")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nosuchmodel", "hf download"),
        ("org/nosuchmodel", "hf download"),
        ("./nowhere", "is none of them"),
        ("/etc/passwd", "is none of them"),
        ("a b?", "spex models"),
        ("x/y/z", "is none of them"),
    ],
)
def test_absent_models_say_how_to_get_them(name, says):
    with pytest.raises(BadModel, match=says) as refused:
        LanguageModel.load(name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "says"),
    [("GatedRepoError", "gated"), ("RepositoryNotFoundError", "not on the hub"), ("RevisionNotFoundError", "revision")],
)
def test_what_the_hub_refuses_is_explained(monkeypatch, kind, says):
    import huggingface_hub
    from huggingface_hub import errors

    class Refusal(getattr(errors, kind)):
        def __init__(self):
            OSError.__init__(self, "refused")

    def refuse(*_, local_files_only=False, **__):
        raise errors.LocalEntryNotFoundError("not here") if local_files_only else Refusal()

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(BadModel, match=says):
        hub.find("org/model", "main")


def test_a_model_in_the_hub_cache_loads_offline_with_its_commit(bert, tmp_path):
    commit = "c" * 40
    repository = tmp_path / "hub" / "models--org--tiny"
    shutil.copytree(bert, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    model = LanguageModel.load("org/tiny")
    assert model.revision == commit
    assert model.sha256 == LanguageModel.load(bert).sha256
    assert [row["name"] for row in listing() if row["where"] == "hub cache"] == ["org/tiny"]


def test_a_folder_without_weights_is_refused(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(BadModel, match="no weights"):
        LanguageModel.load(copy)


def test_pickled_weights_are_never_read(copy):
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(b"\x80\x04never unpickled")
    with pytest.raises(BadModel, match="safetensors"):
        LanguageModel.load(copy)


def test_truncated_weights_are_refused(copy):
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(BadModel, match="cannot be read"):
        LanguageModel.load(copy)


def test_a_classifier_without_its_head_is_refused(copy):
    from safetensors.numpy import load_file, save_file

    state = {name: tensor for name, tensor in load_file(copy / "model.safetensors").items() if "classifier" not in name}
    save_file(state, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadModel, match=r"classifier\.bias.*random"):
        LanguageModel.load(copy)


def test_a_folder_without_tokenizer_is_refused(copy):
    for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json"):
        (copy / name).unlink()
    with pytest.raises(BadModel, match="tokenizer"):
        LanguageModel.load(copy)


def test_code_in_a_folder_is_never_run(copy):
    (copy / "evil.py").write_text("raise SystemExit('ran')")
    config = json.loads((copy / "config.json").read_text())
    for change in ({"auto_map": {"AutoConfig": "evil.Config"}, "model_type": "evil"},):
        (copy / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(BadModel):
            LanguageModel.load(copy)


def test_listing_names_what_can_be_used_and_loads_no_weights(bert, tmp_path):
    shelf = tmp_path / "shelf"
    shutil.copytree(bert, shelf / "good")
    shutil.copytree(bert, shelf / "pickled")
    (shelf / "pickled" / "model.safetensors").rename(shelf / "pickled" / "pytorch_model.bin")
    save_causal(shelf / "story", "llama")
    rows = {row["name"].rsplit("/")[-1]: row for row in listing(shelf)}
    assert rows["sentiment"]["where"] == "embedded"
    assert rows["good"]["kind"] == "classifier"
    assert rows["good"]["megabytes"] == pytest.approx(
        (shelf / "good" / "model.safetensors").stat().st_size / 1e6, abs=0.1
    )
    assert "bad, neutral" in rows["good"]["note"]
    assert "not usable" in rows["pickled"]["note"]
    assert rows["story"]["kind"] == "causal"
    assert listing(shelf / "good")[-1]["where"] == "folder"
    with pytest.raises(BadInput, match="folder"):
        listing(tmp_path / "nowhere")


def test_a_model_that_yields_nan_is_reported(copy):
    from safetensors.numpy import load_file, save_file

    from spexcore.errors import BadValue
    from spexcore.lenses import PromptLens

    state = load_file(copy / "model.safetensors")
    state["bert.encoder.layer.1.output.dense.weight"] = np.full_like(
        state["bert.encoder.layer.1.output.dense.weight"], np.nan
    )
    save_file(state, copy / "model.safetensors", {"format": "pt"})
    lens = PromptLens(LanguageModel.load(copy), "a good plot", target="bad")
    with pytest.raises(BadValue, match="finite"):
        lens(np.ones((1, 3), bool))


def test_the_overlay_replaces_tensors_of_the_base():
    from safetensors.numpy import load_file

    folder = embedded.EMBEDDED["sentiment"].folder
    overlay = load_file(folder / "model.safetensors")
    base = load_file(embedded.minilm_folder() / "model.safetensors")
    state = LanguageModel.load("sentiment").network.state_dict()
    for name, tensor in overlay.items():
        np.testing.assert_array_equal(state[name].numpy(), tensor.astype(np.float32))
    kept = "embeddings.word_embeddings.weight"
    np.testing.assert_array_equal(state[f"bert.{kept}"].numpy(), base[kept])
