"""What ablated parts say instead: nothing, what they say on average, or what they say of another text.

zero       nothing
mean       their mean over all positions of the reference texts, special tokens left out
resample   what they say of one reference text chosen by the seed, the two texts aligned at their ends; where that text
           has no such position its first one stands in, and its last one behind the prompt
paper      nothing, and the layer's other heads are scaled by (all heads) / (heads kept), as in ProxySPEX' case study
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from spexcore.errors import BadInput
from spexcore.models.language_model import LanguageModel
from spexcore.models.passes import Pass, groups
from spexcore.models.running import considerate
from spexcore.models.sites import Fill, Site, hooked

ABLATIONS = ("mean", "zero", "resample", "paper")
Text = tuple[int, ...]


def fills(
    model: LanguageModel,
    sites: Sequence[Site],
    passes: Sequence[Pass],
    ablation: str,
    *,
    reference: list[Text],
    seed: int,
) -> list[Fill | None]:
    """One for each group of passes. reference: token ids of texts; the passes' own prompts where there are none."""
    if ablation not in ABLATIONS:
        raise BadInput(f"`ablation` must be one of {', '.join(ABLATIONS)}; got {ablation!r}.")
    split = list(groups(passes))
    if ablation in ("zero", "paper"):
        return [None] * len(split)
    texts = reference or sorted({one.ids[: one.context] for one in passes})
    if ablation == "mean":
        return [means(model, sites, texts)] * len(split)
    rng = np.random.default_rng(seed)
    donors = {one.ids[: one.context]: _donor(one, texts, rng) for one in sorted(passes, key=lambda one: one.text)}
    return [_resampled(model, sites, group, [donors[one.ids[: one.context]] for one in group]) for group in split]


def means(model: LanguageModel, sites: Sequence[Site], texts: Sequence[Text]) -> Fill:
    """The mean of each unit over all positions of the texts that no special token takes, (1, 1, n_units, width)."""
    sums: dict[str, Tensor] = {}
    count = 0
    for text in texts:
        places = _plain(model, text)
        count += len(places)
        for name, units in activations(model, sites, text).items():
            total = units[0, places].cpu().double().sum(0)
            sums[name] = sums[name] + total if name in sums else total
    numbers = {"device": model.device, "dtype": model.network.dtype}
    return {name: (total / count)[None, None].to(**numbers) for name, total in sums.items()}


def activations(model: LanguageModel, sites: Sequence[Site], text: Text) -> dict[str, Tensor]:
    """What each unit says of a text, (1, n_positions, n_units, width) by name of the site."""
    found: dict[str, Tensor] = {}

    def keep(site: Site, flat: Tensor) -> None:
        found[site.name] = site.split(flat, 1)

    ids = torch.tensor([text], device=model.device)
    with considerate(model.device), torch.inference_mode(), hooked(sites, keep):
        model.network(input_ids=ids, attention_mask=torch.ones_like(ids))
    return found


def _plain(model: LanguageModel, text: Text) -> list[int]:
    """Positions of a text that no special token takes; all where there are only such."""
    special = set(model.tokenizer.all_special_ids)
    return [place for place, token in enumerate(text) if token not in special] or list(range(len(text)))


def _donor(one: Pass, texts: Sequence[Text], rng: np.random.Generator) -> Text:
    others = [text for text in texts if text != one.ids[: one.context]]
    if not others:
        raise BadInput("`ablation` 'resample' needs another text to take activations from: give `reference` texts.")
    return others[int(rng.integers(len(others)))]


def _resampled(model: LanguageModel, sites: Sequence[Site], group: list[Pass], donors: list[Text]) -> Fill:
    rows: dict[str, list[Tensor]] = {site.name: [] for site in sites}
    for one, donor in zip(group, donors, strict=True):
        first = _plain(model, donor)[0]
        aligned = np.arange(len(one.ids)) - one.context + len(donor)
        places = torch.from_numpy(np.clip(aligned, first, len(donor) - 1)).to(model.device)
        for name, units in activations(model, sites, donor).items():
            rows[name].append(units[0, places])
    return {name: torch.stack(parts) for name, parts in rows.items()}
