"""Full fine-tuning: every weight of an encoder, and the head on its features, trained on labelled texts."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from spexcore.models.embedding import tokens_of
from spexcore.models.language_model import LanguageModel
from spexcore.models.running import considerate

BATCH = 16
_RATE, _HEAD_RATE = 5e-5, 5e-2  # of AdamW, falling linearly to nothing; the head's weights are a thousand times larger
_WARM_UP = 0.1  # of the steps
_DECAY = 0.01


@dataclass(frozen=True, eq=False)
class Task:
    """Texts with class indices codes (n,), the ridge of the head, and the texts to ask afterwards."""

    texts: list[str]
    codes: NDArray[np.intp]
    ridge: NDArray[np.float64]  # (d + 1,), of each weight of the head, the constant last
    tests: list[str]


def n_steps(n_texts: int, epochs: int) -> int:
    """Steps of one training."""
    return epochs * -(-n_texts // BATCH)


def fine_tuned(
    model: LanguageModel,
    task: Task,
    start: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    epochs: int,
    seed: int,
    on_step: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Scores (n_tests, K) of the tests by a copy of the model that was trained on the texts of weight 1.

    Minimises sum_i w_i loss_i + 1/2 ridge |theta|^2 as the head on frozen features does, from that head's solution
    `start` (K, d + 1), so that the head first fits the features (Kumar et al. 2022). seed: the order of the texts, the
    only thing random, and the same whatever is left out: a text of weight 0 is read but teaches nothing.
    """
    network = copy.deepcopy(model.network.base_model).float().requires_grad_(True)  # in 16 bits such steps vanish
    theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float32, device=model.device))
    optimizer = _optimizer(network, theta)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _linear(n_steps(len(task.texts), epochs)))
    read, _ = tokens_of(model, task.texts)
    with considerate(model.device):
        for rows in _batches(len(read), epochs, np.random.default_rng(seed)):
            on_step()
            optimizer.zero_grad()
            _loss(_scores(network, theta, [read[row] for row in rows]), theta, task, rows, weights).backward()
            optimizer.step()
            schedule.step()
        with torch.inference_mode():
            return _scores(network, theta, tokens_of(model, task.tests)[0]).cpu().double().numpy()


def _optimizer(network: torch.nn.Module, theta: Tensor) -> torch.optim.Optimizer:
    encoder = {"params": list(network.parameters()), "lr": _RATE, "weight_decay": _DECAY}
    return torch.optim.AdamW([encoder, {"params": [theta], "lr": _HEAD_RATE, "weight_decay": 0.0}], fused=True)


def _linear(steps: int) -> Callable[[int], float]:
    """Share of the rate at each step: a short way up, then down to nothing."""
    warmed = max(1, round(_WARM_UP * steps))
    return lambda step: min((step + 1) / warmed, (steps - step) / max(1, steps - warmed))


def _batches(n: int, epochs: int, rng: np.random.Generator) -> Iterator[list[int]]:
    for _ in range(epochs):
        order = rng.permutation(n).tolist()
        yield from (order[at : at + BATCH] for at in range(0, n, BATCH))


def _scores(network: torch.nn.Module, theta: Tensor, sequences: list[list[int]]) -> Tensor:
    """(n_texts, K) from the mean of the last hidden states, scaled to length one."""
    longest = max(map(len, sequences))
    ids = torch.tensor([one + [0] * (longest - len(one)) for one in sequences], device=theta.device)
    real = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in sequences], device=theta.device)
    hidden = network(input_ids=ids, attention_mask=real).last_hidden_state.float()
    features = normalize((hidden * real[..., None]).sum(dim=1))  # the mean's direction
    return features @ theta[:, :-1].T + theta[:, -1]


def _loss(scores: Tensor, theta: Tensor, task: Task, rows: list[int], weights: NDArray[np.float64]) -> Tensor:
    """The batch's part of the objective."""
    targets, w = torch.tensor(task.codes[rows]), torch.tensor(weights[rows], dtype=torch.float32)
    targets, w = targets.to(scores.device), w.to(scores.device)
    if scores.shape[1] == 1:
        each = binary_cross_entropy_with_logits(scores[:, 0], targets.float(), reduction="none")
    else:
        each = cross_entropy(scores, targets, reduction="none")
    ridge = torch.tensor(task.ridge, dtype=torch.float32, device=scores.device)
    return (w * each).sum() + len(rows) / len(task.texts) * (ridge * theta**2).sum() / 2
