"""Log-probabilities of a few tokens: logit - logsumexp over the vocabulary, in float32 or better."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

# Logits that exist at one time, in numbers.
LOGITS = {"cpu": 2**21, "cuda": 2**29, "mps": 2**26}
# Tokens of the vocabulary that are scored at one time: on a CPU few, so that their logits are used out of its cache.
SLICE = {"cpu": 1024, "cuda": 2**20, "mps": 2**20}


def head_size(head: Any) -> int:
    """Size of the vocabulary a language model head scores."""
    return int(head.weight.shape[0])


def picked(hidden: Tensor, weight: Tensor, picks: Tensor) -> Tensor:
    """(n_rows, n_scored, width) -> (n_rows, n_scored, n_picks), for a head without bias of weight (vocabulary, width).

    picks: tokens, (n_scored, n_picks). The logits of the picks are computed apart, in float32 or better.
    """
    kind = hidden.device.type
    size = min(SLICE[kind], len(weight))
    rows = hidden.flatten(0, 1).split(max(1, LOGITS[kind] // size))
    totals = torch.cat([_logsumexp(some, weight.split(size)) for some in rows]).view(*hidden.shape[:2], 1)
    logits = torch.einsum("rsw,spw->rsp", exact(hidden), exact(weight[picks]))
    return logits - totals


def picked_logits(logits: Tensor, picks: Tensor) -> Tensor:
    """(n_rows, n_scored, vocabulary) -> (n_rows, n_scored, n_picks)."""
    return exact(logits).log_softmax(2).gather(2, picks.expand(len(logits), -1, -1))


def exact(numbers: Tensor) -> Tensor:
    """In float32, or float64 as they are."""
    return numbers if numbers.dtype == torch.float64 else numbers.float()


def _logsumexp(hidden: Tensor, slices: tuple[Tensor, ...]) -> Tensor:
    """(n_rows, width) -> (n_rows,), over the logits of all slices of the head's weight.

    The fused log_softmax is twice as fast as amax, exp and sum; at the largest logit it gives logsumexp without loss.
    """
    parts = []
    for weight in slices:
        logits = exact(linear(hidden, weight))
        parts.append(logits.amax(1) - logits.log_softmax(1).amax(1))
    return torch.stack(parts, dim=1).logsumexp(1)
