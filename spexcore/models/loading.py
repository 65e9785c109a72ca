"""Reading a model from a folder or from the package; each way to fail is one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from spexcore.errors import BadInput, BadModel
from spexcore.models.available import kind_of
from spexcore.models.embedded import Embedded, minilm_folder, overlay_settings
from spexcore.models.files import model_sha256, weights

_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class Parts:
    """What reading gives: a network, its tokenizer, and the sha256 of their files."""

    network: Any
    tokenizer: Any
    sha256: str


def choose_device(device: str | None) -> str:
    """The named device, or CUDA, else MPS, else the CPU; "auto" spreads a large model over all GPUs (device_map)."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [name for name, there in found.items() if there]
    if device is None:
        return available[0]
    if device == "auto" and find_spec("accelerate") is None:
        raise BadInput("`device` 'auto' spreads a model by the package accelerate; run: pip install accelerate.")
    counts = {"cuda": torch.cuda.device_count() if found["cuda"] else 0}
    numbered = [f"{name}:{index}" for name in available for index in range(counts.get(name, 1))]
    if device not in ("auto", *available, *numbered):
        raise BadInput(f"`device` must be one of {', '.join(available)} on this machine, or auto; got {device!r}.")
    return device


def read_embedded(known: Embedded, dtype: torch.dtype) -> Parts:
    """An embedded model: a whole one, or MiniLM with an overlay's tensors in place of its own."""
    if not known.overlay:
        return read_folder(known.folder, dtype, "cpu")
    settings, base = overlay_settings(known.folder), minilm_folder()
    network = _overlaid(base, known.folder / str(settings["overlay"]), settings["labels"])
    return Parts(network.to(dtype), read_tokenizer(base), model_sha256(base, known.folder))


def _overlaid(base: Path, overlay: Path, labels: Any) -> Any:
    """MiniLM as a classifier; overlay: float16 tensors by the names of BertForSequenceClassification."""
    from safetensors.torch import load_file
    from transformers import AutoConfig, BertForSequenceClassification

    architecture: Any = BertForSequenceClassification
    ids = {name: index for index, name in enumerate(labels)}
    config = AutoConfig.from_pretrained(base, id2label=dict(enumerate(labels)), label2id=ids)
    state = {f"bert.{name}": tensor for name, tensor in load_file(base / "model.safetensors").items()}
    del state["bert.embeddings.position_ids"]  # a buffer of old releases: 0, 1, 2, ...
    state.update({name: tensor.float() for name, tensor in load_file(overlay).items()})
    try:
        with _quiet():
            network, report = architecture.from_pretrained(
                None, config=config, state_dict=state, output_loading_info=True
            )
    except RuntimeError as error:
        raise BadModel(f"`model` overlay {overlay.name!r} must fit MiniLM: {_first_line(error)}") from error
    if strange := sorted({*report["missing_keys"], *report["unexpected_keys"]}):
        raise BadModel(f"`model` overlay {overlay.name!r} must fit MiniLM; it does not in {', '.join(strange[:3])}.")
    return network


def read_folder(folder: Path, dtype: torch.dtype, device: str) -> Parts:
    """A model saved by transformers: safetensors only, no remote code, every weight present."""
    import transformers
    from safetensors import SafetensorError

    paths = weights(folder)
    spread = {"device_map": "auto"} if device == "auto" else {}
    trusted = {"use_safetensors": True, "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with _quiet():
            network, report = _auto_class(config).from_pretrained(
                folder, config=config, dtype=dtype, output_loading_info=True, **trusted, **spread
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise BadModel(f"`model` {str(folder)!r} cannot be read: {_first_line(error)}") from error
    if missing := sorted(report["missing_keys"]):
        named = ", ".join(missing[:3])
        raise BadModel(
            f"`model` {str(folder)!r} lacks {len(missing)} of the tensors its configuration asks for ({named}) in "
            f"{len(paths)} files; its output would be random. Choose a fine-tuned model."
        )
    return Parts(network, read_tokenizer(folder), model_sha256(folder))


def read_tokenizer(folder: Path) -> Any:
    """The fast tokenizer of a folder, with neither truncation nor padding."""
    import transformers

    if not any((folder / name).is_file() for name in _VOCABULARIES):
        raise BadModel(f"`model` {str(folder)!r} must have a tokenizer: one of {', '.join(_VOCABULARIES)}.")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise BadModel(f"`model` {str(folder)!r} has no readable tokenizer: {_first_line(error)}") from error
    if not tokenizer.is_fast:
        raise BadModel(f"`model` {str(folder)!r} must have a tokenizer.json; its tokenizer is written in Python.")
    tokenizer.backend_tokenizer.no_truncation()  # MiniLM's file asks for 128 tokens, always
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def kind(network: Any) -> str:
    """What a network answers: "classifier" a label, "causal" the next token, "encoder" neither."""
    return kind_of(type(network).__name__)


def labels(network: Any) -> tuple[str, ...] | None:
    """The names of a classifier's labels, in the order of its logits."""
    if kind(network) != "classifier":
        return None
    return tuple(str(network.config.id2label[index]) for index in range(network.config.num_labels))


def max_tokens(network: Any, tokenizer: Any) -> int:
    """The longest input in tokens: the network's positions, or less where the tokenizer says so."""
    config = network.config.get_text_config()
    longest = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        longest -= config.pad_token_id + 1  # their positions start behind the padding's
    return int(min(longest, tokenizer.model_max_length))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bar and the warnings of transformers: what they say comes back as a report."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


def _auto_class(config: Any) -> Any:
    import transformers

    classes = {
        "classifier": transformers.AutoModelForSequenceClassification,
        "causal": transformers.AutoModelForCausalLM,
        "encoder": transformers.AutoModel,
    }
    return classes[kind_of((config.architectures or [""])[0])]


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:300]
