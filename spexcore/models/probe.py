"""How fast this machine is, and what a run will cost before it runs."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from spexcore.masks import Masks
from spexcore.models.inputs import Ints
from spexcore.models.language_model import DTYPES, LanguageModel
from spexcore.models.question import Question

ENOUGH = 0.2  # seconds of work after which a probe knows the pace


@dataclass(frozen=True)
class Cost:
    """What values of masks will take: distinct inputs to compute (forwards), their tokens, and seconds."""

    masks: int
    forwards: int
    tokens: int
    seconds: float


def cost(question: Question, masks: Masks) -> Cost:
    """The cost of some masks, from what they read and the pace of a few of them; what the probe computes is kept."""
    pace = seconds_a_token(question, masks)
    inputs = question.unknown(question.inputs(masks))
    tokens = len(inputs.ids)
    return Cost(len(masks), len(inputs), tokens, pace * tokens)


def seconds_a_token(question: Question, masks: Masks) -> float:
    """Wall-clock pace on more and more of the masks, until it is known."""
    order, start, size = np.random.default_rng(0).permutation(len(masks)), 1, 2
    question.values(masks[order[:1]])  # the first call of a model is slow and says nothing about the others
    pace = 0.0
    while start < len(order):
        some = masks[order[start : start + size]]
        tokens, started = question.tokens_forwarded, time.perf_counter()
        question.values(some)
        seconds, tokens = time.perf_counter() - started, question.tokens_forwarded - tokens
        pace = seconds / tokens if tokens else pace
        if seconds > ENOUGH:
            break
        start, size = start + size, 2 * size
    return pace


def gemm(width: int, dtype: str, device: str, repeats: int = 20) -> tuple[Any, float]:
    """(a function that multiplies 2,048 tokens by a width x 4 width matrix `repeats` times, its GFLOP)."""
    left = torch.randn(2048, width, device=device).to(DTYPES[dtype])
    right = torch.randn(4 * width, width, device=device).to(DTYPES[dtype])

    def run() -> None:
        with torch.inference_mode():
            for _ in range(repeats):
                torch.nn.functional.linear(left, right)
        synchronize(device)

    return run, repeats * 2 * 2048 * width * 4 * width / 1e9


def synchronize(device: str) -> None:
    """Waits until a GPU has done what it was given; a CPU always has."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    elif device.startswith("mps"):
        torch.mps.synchronize()


def busy_share(run: Callable[[], Any], device: str) -> float | None:
    """Share of the clock in which a CUDA device computes or copies while run() runs; None for other devices."""
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    if not device.startswith("cuda"):
        return None
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        started = time.perf_counter()
        run()
        synchronize(device)
        seconds = time.perf_counter() - started
    ranges = [event.time_range for event in seen.events() or () if event.device_type == DeviceType.CUDA]
    return covered([(one.start, one.end) for one in ranges]) / 1e6 / seconds  # a profiler counts in microseconds


def covered(spans: list[tuple[float, float]]) -> float:
    """Length of the union of spans (start, end)."""
    total, reached = 0.0, -np.inf
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def machine(device: str) -> dict[str, Any]:
    """Where a measurement was made."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else torch.backends.cpu.get_cpu_capability()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {"device": device, "name": name, "cores": os.cpu_count(), "load": round(load, 1), "torch": torch.__version__}


def flops(model: LanguageModel, lengths: Ints, n_scored: int, shared: int = 0) -> float:
    """Floating point operations that values of distinct inputs need at least.

    lengths: (n_inputs,) tokens fed, those of the target too; the first `shared` of each are computed once, for nothing.
    Linear layers on every token that is not shared, causal attention to what lies before (encoders: to all), the last
    layer's queries and MLP and the vocabulary only at the scored positions; multiply and add count as two.
    """
    config = model.network.config
    d, layers = config.hidden_size, config.num_hidden_layers
    heads = config.num_attention_heads
    causal = model.kind == "causal"
    query = heads * (getattr(config, "head_dim", None) or d // heads)
    keys = query * (getattr(config, "num_key_value_heads", None) or heads) // heads
    mlp = (3 if causal else 2) * d * config.intermediate_size
    lengths = lengths.astype(np.float64)
    seen = (lengths * (lengths + 1) - shared * (shared + 1)) / 2 if causal else lengths * lengths  # query-key pairs
    tokens = lengths - shared
    full = (layers - 1) * (tokens * 2 * (2 * d * query + 2 * d * keys + mlp) + 4 * seen * query)
    last = tokens * 4 * d * keys + n_scored * (2 * (2 * d * query + mlp) + 4 * lengths * query)
    head = n_scored * 2 * d * (config.vocab_size if causal else d)
    return float((full + last + head).sum())
