"""Sentence features of a frozen model: the mean of its last hidden states, scaled to length one."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spexcore.errors import BadInput
from spexcore.models.inputs import from_lists
from spexcore.models.language_model import LanguageModel
from spexcore.models.running import Pack, Runner


@dataclass(frozen=True)
class SentenceFeatures:
    """features (n_texts, width); cut (n_texts,): whether a text was longer than the model reads."""

    features: NDArray[np.float32]
    cut: NDArray[np.bool_]


def embed(model: LanguageModel, texts: list[str]) -> SentenceFeatures:
    """Features of texts as all-MiniLM's own recipe makes them, from any encoder, classifier or decoder.

    Texts of one length run together, so that nothing is padded.
    """
    read, cut = tokens_of(model, texts)
    network = model.network.base_model

    def pooled(pack: Pack) -> Tensor:
        parts = [
            network(input_ids=block.ids, attention_mask=torch.ones_like(block.ids)).last_hidden_state.float().mean(1)
            for block in pack
        ]
        return torch.nn.functional.normalize(torch.cat(parts))

    features = Runner(model.device, model.mean_id, spread=model.spread).run(from_lists(read), pooled)
    return SentenceFeatures(features.astype(np.float32), cut)


def tokens_of(model: LanguageModel, texts: list[str]) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Token ids of each text, and whether it was cut to what the model reads (its last token is kept)."""
    sequences = [model.encode(text) for text in texts]
    for row, ids in enumerate(sequences):
        if not ids:
            raise BadInput(f"`texts` must have something {model.id!r} can read; row {row} makes no token.")
    most = model.max_tokens
    read = [ids[: most - 1] + ids[-1:] if len(ids) > most else ids for ids in sequences]
    return read, np.array([len(ids) > most for ids in sequences])
