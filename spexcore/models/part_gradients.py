"""Attribution by gradient x activation: what an ablation would take away if the model were linear."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spexcore.models.component_question import ComponentQuestion
from spexcore.models.passes import Pass, groups, logits, read
from spexcore.models.running import considerate
from spexcore.models.sites import Fill, Site, hooked


def gradient_effects(question: ComponentQuestion) -> NDArray[np.float64]:
    """(n_players,): for each player the sum over its units of gradient x (activation - what it says when ablated).

    The mean over the prompts, of the value that the lens measures as a margin (attribution patching, Nanda 2023).
    """
    effects = np.zeros(len(question.parts))
    for group, fill in zip(groups(question.passes), question.fills, strict=True):
        for row, one in enumerate(group):
            for site, of_units in _by_site(question, one, fill, row):
                player = site.columns
                np.add.at(effects, player[player < len(effects)], of_units[player < len(effects)])
    return effects / (1 + max(one.text for one in question.passes))


def _by_site(
    question: ComponentQuestion, one: Pass, fill: Fill | None, row: int
) -> list[tuple[Site, NDArray[np.float64]]]:
    """The effect of each unit of each site on one text."""
    model, seen = question.model, {}

    def watch(site: Site, flat: Tensor) -> None:
        flat.retain_grad()
        seen[site.name] = flat

    embeddings = model.network.get_input_embeddings()
    handle = embeddings.register_forward_hook(lambda _, __, out: out.requires_grad_())
    try:
        with considerate(model.device), torch.enable_grad(), hooked(question.sites, watch):
            found = logits(model, torch.tensor([one.ids], device=model.device), one.n_scored)
            read(model, found, [one])[0].sum().backward()
    finally:
        handle.remove()
    return [(site, _effect(site, seen[site.name], fill, row)) for site in question.sites]


def _effect(site: Site, flat: Tensor, fill: Fill | None, row: int) -> NDArray[np.float64]:
    assert flat.grad is not None
    units, slopes = site.split(flat.detach(), 1), site.split(flat.grad, 1)
    said = 0.0 if fill is None else fill[site.name][row if len(fill[site.name]) > 1 else 0][None].to(units)
    return (slopes * (units - said)).sum((0, 1, 3)).cpu().double().numpy()
