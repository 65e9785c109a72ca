"""A transformer ready to be asked: its network, tokenizer, labels, place, and the sha256 of what it is made of."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from spexcore.errors import BadInput
from spexcore.models import hub, loading
from spexcore.models.embedded import EMBEDDED

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A classifier, a causal language model, or a bare encoder, with all that a lens needs to ask it.

    kind: "classifier" (labels), "causal" (continuations) or "encoder" (neither). sha256: over weights, configuration
    and tokenizer files. max_tokens: the longest input, special tokens included. tokenizer: a fast one of transformers.
    """

    id: str
    sha256: str
    dtype: str
    device: str
    kind: str
    labels: tuple[str, ...] | None
    max_tokens: int
    revision: str | None
    tokenizer: Any = field(repr=False)
    network: Any = field(repr=False)

    @property
    def recipe(self) -> dict[str, Any]:
        """What names it in a run file, JSON-able, and from which `spexcore.lenses.build` loads it again."""
        device = "auto" if self.spread else self.device
        return {"id": self.id, "sha256": self.sha256, "dtype": self.dtype, "device": device, "revision": self.revision}

    @classmethod
    def load(
        cls, name: str | Path, *, revision: str | None = None, dtype: str = "float32", device: str | None = None
    ) -> "LanguageModel":
        """An embedded name ("sentiment", "clues", "minilm"), a folder or a hub id; raises BadModel in one sentence."""
        if dtype not in DTYPES:
            raise BadInput(f"`dtype` must be one of {', '.join(DTYPES)}; got {dtype!r}.")
        place, commit = loading.choose_device(device), None
        if dtype == "float64" and place.startswith("mps"):
            raise BadInput("`dtype` 'float64' is unknown to MPS; use float32, or device='cpu'.")
        if (known := EMBEDDED.get(str(name))) is not None:
            parts = loading.read_embedded(known, DTYPES[dtype])
            place = loading.choose_device(None) if place == "auto" else place  # small enough for one device
        else:
            folder, commit = hub.find(str(name), revision)
            parts = loading.read_folder(folder, DTYPES[dtype], place)
        return cls._ready(str(name), parts, dtype=dtype, place=place, revision=commit)

    @classmethod
    def _ready(
        cls, name: str, parts: loading.Parts, *, dtype: str, place: str, revision: str | None
    ) -> "LanguageModel":
        network = parts.network if place == "auto" else parts.network.to(place)
        return cls(
            id=name,
            sha256=parts.sha256,
            dtype=dtype,
            device=str(network.device),
            kind=loading.kind(network),
            labels=loading.labels(network),
            max_tokens=loading.max_tokens(network, parts.tokenizer),
            revision=revision,
            tokenizer=parts.tokenizer,
            network=network.eval().requires_grad_(False),
        )

    @property
    def n_parameters(self) -> int:
        return sum(tensor.numel() for tensor in self.network.parameters())

    @property
    def spread(self) -> bool:
        """Whether the layers lie on several devices (device_map): then only the network itself moves tensors along."""
        return len(set(getattr(self.network, "hf_device_map", {}).values())) > 1

    @property
    def start_id(self) -> int | None:
        """The token that stands in for an empty input: beginning of text, or else end of text."""
        known = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id)
        return next((token for token in known if token is not None), None)

    @property
    def mean_id(self) -> int:
        """The token id that stands for the mean embedding: one past the vocabulary."""
        return self.network.get_input_embeddings().num_embeddings

    def encode(self, text: str, *, special: bool = True) -> list[int]:
        """Token ids of a text, with or without the special tokens the model puts around it."""
        return self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=special).ids

    def encode_all(self, texts: list[str]) -> list[list[int]]:
        """Token ids of many texts at once, without special tokens."""
        return [one.ids for one in self.tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False)]
