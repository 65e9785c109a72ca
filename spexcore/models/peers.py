"""How other tools run the same ablations, re-implemented from their source: what `spex bench engine` measures against.

shapiq 1.4 (SentimentAnalysis): token ids of each mask decoded to a string, strings through a transformers pipeline
with its default batch of one. spectralexplain (experiments/modelloader.py): strings through a pipeline with a large
batch; for continuations one generate(max_new_tokens=1) over the whole prompt per target token, left-padded, 64 prompts
a batch. captum 0.9 (LLMAttribution): one mask at a time, logits of the whole prompt, then a step per target token.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spexcore.masks import Masks
from spexcore.models.component_question import ComponentQuestion
from spexcore.models.language_model import LanguageModel
from spexcore.models.passes import read
from spexcore.models.sites import Cut, hooked

Sequences = list[NDArray[np.int64]]
Loop = Callable[[], NDArray[np.float64]]


def _pipeline(model: LanguageModel) -> Any:
    from transformers import pipeline

    return pipeline(
        "text-classification", model=model.network, tokenizer=model.tokenizer, top_k=None, function_to_apply="none"
    )


def _logits(model: LanguageModel, answers: list[list[dict[str, Any]]]) -> NDArray[np.float64]:
    by_label = [{one["label"]: one["score"] for one in answer} for answer in answers]
    return np.array([[answer[label] for label in model.labels or ()] for answer in by_label])


def shapiq_classifier(model: LanguageModel, sequences: Sequences) -> Loop:
    """Logits (n, n_labels) of id sequences without special tokens: decoded, then one string at a time."""
    pipe = _pipeline(model)
    return lambda: _logits(model, pipe([model.tokenizer.decode(ids) for ids in sequences]))


def spectralexplain_classifier(model: LanguageModel, words: list[str], masks: NDArray[np.bool_]) -> Loop:
    """Logits (n, n_labels): the kept words joined, batches of 2,000 strings padded to the longest."""
    pipe = _pipeline(model)
    texts = [" ".join(word for word, kept in zip(words, mask, strict=True) if kept) for mask in masks]
    return lambda: _logits(model, pipe(texts, batch_size=2000))


def captum_causal(model: LanguageModel, prompts: Sequences, target: list[int]) -> Loop:
    """log p(target | prompt) of each prompt, (n,)."""

    def one(prompt: NDArray[np.int64]) -> float:
        ids = torch.from_numpy(prompt)[None].to(model.device)
        output = model.network(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=True)
        total = 0.0
        for step, token in enumerate(target):
            total += float(output.logits[:, -1].float().log_softmax(1)[0, token])
            if step < len(target) - 1:
                fed = torch.tensor([[token]], device=model.device)
                output = model.network(input_ids=fed, past_key_values=output.past_key_values, use_cache=True)
        return total

    def run() -> NDArray[np.float64]:
        with torch.inference_mode():
            return np.array([one(prompt) for prompt in prompts])

    return run


def spectralexplain_causal(model: LanguageModel, prompts: Sequences, target: list[int], batch: int = 64) -> Loop:
    """log p(target | prompt) of each prompt, (n,); every target token behind all those before it."""

    def step(prefixes: Sequences, token: int) -> Tensor:
        longest = max(map(len, prefixes))
        ids = torch.zeros(len(prefixes), longest, dtype=torch.long)
        seen = torch.zeros_like(ids)
        for row, prefix in enumerate(prefixes):
            ids[row, longest - len(prefix) :] = torch.from_numpy(prefix)
            seen[row, longest - len(prefix) :] = 1
        asked = {"max_new_tokens": 1, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
        returned = {"output_scores": True, "return_dict_in_generate": True}
        output = model.network.generate(
            input_ids=ids.to(model.device), attention_mask=seen.to(model.device), **asked, **returned
        )
        return output.scores[0].float().log_softmax(1)[:, token].double().cpu()

    def run() -> NDArray[np.float64]:
        totals = np.zeros(len(prompts))
        with torch.inference_mode():
            for start in range(0, len(prompts), batch):
                some = prompts[start : start + batch]
                for done, token in enumerate(target):
                    prefixes = [np.concatenate([prompt, target[:done]]).astype(np.int64) for prompt in some]
                    totals[start : start + batch] += step(prefixes, token).numpy()
        return totals

    return run


def parts_one_by_one(question: ComponentQuestion, masks: Masks) -> NDArray[np.float64]:
    """Values (n_masks,) of one prompt as notebooks on ablation get them: a mask at a time, logits of every position."""
    model, (one,), (fill,) = question.model, question.passes, question.fills
    ids = torch.tensor([one.ids], device=model.device)
    found = []
    with torch.inference_mode():
        for mask in masks:
            with hooked(question.sites, Cut(mask[None], torch.zeros(1, dtype=torch.int64), fill)):
                logits = model.network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
            found.append(float(read(model, logits if logits.ndim == 2 else logits[:, -one.n_scored :], [one])[0]))
    return np.array(found)
