"""The ways to run the masks of one case: the loops of other tools, and the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spexcore.bench.engine import FEW, Case, Run, Variant
from spexcore.lenses import PromptLens

if TYPE_CHECKING:
    from spexcore.models import LanguageModel

PREFIX, QUESTION = 16, 8  # fixed words before and after the players of a causal model's prompt


@dataclass(frozen=True)
class Facts:
    """About the masks of a case: useful GFLOP a mask, tokens of distinct inputs, least to forward, and forwarded.

    notes: what the lens says of the run, as of what a short number format costs.
    """

    gflop: float
    tokens_distinct: int
    tokens_least: int
    tokens_forwarded: int
    notes: list[str]

    def described(self) -> dict[str, Any]:
        names = ("tokens_distinct", "tokens_least", "tokens_forwarded", "notes")
        return {name: getattr(self, name) for name in names}


def prepare(case: Case, device: str) -> tuple[list[Variant], tuple[Run, float], Facts]:
    """Variants (the engine last), (a matrix product, its GFLOP), facts about the masks."""
    from spexcore.models.probe import gemm

    model = _model(case, device)
    rng = np.random.default_rng(1)
    masks = rng.random((case.n_masks, case.n_words)) < 0.5
    variants, facts = _causal(model, case, masks, rng) if case.n_target else _classifier(model, case, masks, rng)
    return variants, gemm(model.network.config.hidden_size, case.dtype, device), facts


def _model(case: Case, device: str) -> "LanguageModel":
    from spexcore.models import LanguageModel
    from spexcore.models.shapes import random_llama

    if case.n_target:
        return random_llama(case.model, dtype=case.dtype, device=device)
    return LanguageModel.load(case.model, dtype=case.dtype, device=device)


def _classifier(model: "LanguageModel", case: Case, masks: NDArray[np.bool_], rng: Any) -> tuple[list[Variant], Facts]:
    from spexcore.models import peers

    known = sorted(word for word in model.tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 3)
    words = [known[index] for index in rng.integers(0, len(known), case.n_words)]
    ids = np.array(model.tokenizer.convert_tokens_to_ids(words))
    few = max(FEW, case.n_masks // 8)
    shapiq = peers.shapiq_classifier(model, [ids[mask] for mask in masks[:few]])
    spectral = peers.spectralexplain_classifier(model, words, masks)
    lens = _engine(model, " ".join(words), target=(model.labels or ("",))[1])
    variants = [
        Variant("loop of shapiq 1.4, one string at a time", lambda: _odds(shapiq()), few),
        Variant("loop of spectralexplain, strings by 2,000", lambda: _odds(spectral()), case.n_masks),
        Variant("engine", lambda: lens().question.values(masks), case.n_masks),
    ]
    return variants, _facts(model, lens(), masks, 1)


def _causal(model: "LanguageModel", case: Case, masks: NDArray[np.bool_], rng: Any) -> tuple[list[Variant], Facts]:
    from spexcore.models import peers

    sizes = (PREFIX, case.n_words, QUESTION, case.n_target)
    before, words, after, target = (rng.integers(5, model.network.config.vocab_size - 2, size) for size in sizes)
    marked = " ".join([*_named(before), *(f"[[{word}]]" for word in _named(words)), *_named(after)])
    lens = _engine(model, marked, spans="marked", target=" ".join(["", *_named(target)]))
    few = min(FEW, case.n_masks)
    prompts = [np.concatenate([before, words[mask], after]) for mask in masks]
    wanted = target.tolist()
    peers_too = [
        Variant("loop of captum 0.9, cached steps", peers.captum_causal(model, prompts[:few], wanted), few),
        Variant(
            "loop of spectralexplain, a prefill a token", peers.spectralexplain_causal(model, prompts[:64], wanted), 64
        ),
    ]
    ours = Variant("engine", lambda: lens().question.values(masks), case.n_masks)
    return [*peers_too, ours], _facts(model, lens(), masks, case.n_target, PREFIX)


def _engine(model: "LanguageModel", text: str, **asked: Any) -> Callable[[], PromptLens]:
    """A lens that remembers nothing of the run before; its question is timed, without what a short format costs."""
    return lambda: PromptLens(model, text, ablation="remove", **asked)


def _facts(model: "LanguageModel", lens: PromptLens, masks: NDArray[np.bool_], n_scored: int, shared: int = 0) -> Facts:
    from spexcore.models.probe import flops

    inputs = lens.question.unknown(lens.question.inputs(masks))
    fed = inputs.lengths + n_scored - 1  # the target's tokens but the last stand behind each
    gflop = flops(model, fed, n_scored, shared) / len(masks) / 1e9
    distinct = int(fed.sum())
    if model.kind == "classifier":
        lens(masks)
    else:  # random weights cannot be loaded again in float32
        lens.question.values(masks)
    return Facts(gflop, distinct, distinct - shared * (len(inputs) - 1), lens.tokens_forwarded, list(lens.notes))


def _named(ids: NDArray[np.int64]) -> list[str]:
    return [f"w{index}" for index in ids]


def _odds(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return logits[:, 1] - logits[:, 0]
