"""Sites: where players are cut out of a forward pass, by hooks that are gone when the `with` block ends.

Heads are cut from what enters the attention output projection, so the projection's bias stays; an MLP is cut from what
leaves its last projection, bias included; a neuron is cut from what enters that projection.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spexcore.masks import Masks
from spexcore.models.anatomy import Anatomy
from spexcore.models.parts import Part

Fill = Mapping[
    str, Tensor
]  # name of a site -> (n_texts or 1, n_positions or 1, n_units, width), what an ablated unit says


@dataclass(frozen=True)
class Site:
    """One projection. columns: (n_units,) the player each unit belongs to, n_players where it is always kept."""

    name: str
    layer: int
    module: Any
    before: bool  # whether what enters the projection is cut, or what leaves it
    columns: np.ndarray

    @property
    def n_units(self) -> int:
        return len(self.columns)

    def split(self, flat: Tensor, n_rows: int) -> Tensor:
        """(n_rows, n_positions, n_units, width); some models flatten rows and positions here (OPT)."""
        return flat.reshape(n_rows, -1, self.n_units, flat.shape[-1] // self.n_units)


def sites_of(anatomy: Anatomy, parts: Sequence[Part]) -> tuple[Site, ...]:
    """The sites of players, in the order of layers."""
    found: dict[tuple[int, str], Site] = {}
    for player, part in enumerate(parts):
        place = (part.layer, part.kind)
        if place not in found:
            n_units = {"heads": anatomy.n_heads, "mlp": 1, "neurons": anatomy.n_neurons(part.layer)}[part.kind]
            module = (anatomy.attention if part.kind == "heads" else anatomy.mlp)[part.layer]
            columns = np.full(n_units, len(parts))
            found[place] = Site(f"{part.kind}.{part.layer}", part.layer, module, part.kind != "mlp", columns)
        found[place].columns[list(part.units)] = player
    return tuple(found.values())


@contextmanager
def hooked(sites: Sequence[Site], act: Callable[[Site, Tensor], Tensor | None]) -> Iterator[None]:
    """Within, act(site, tensor) sees what passes each site and may return something else in its place."""
    with ExitStack() as stack:
        for site in sites:
            handle = (
                site.module.register_forward_pre_hook(lambda _, fed, site=site: _entering(act, site, fed))
                if site.before
                else site.module.register_forward_hook(lambda _, __, out, site=site: act(site, out))
            )
            stack.callback(handle.remove)
        yield


def _entering(act: Callable[[Site, Tensor], Tensor | None], site: Site, fed: tuple[Any, ...]) -> tuple[Any, ...] | None:
    changed = act(site, fed[0])
    return None if changed is None else (changed, *fed[1:])


@dataclass(frozen=True)
class Cut:
    """A different mask for each row of one forward pass.

    masks: (n_rows, n_players). texts: (n_rows,) which text of the fill each row reads. rescale: whether the heads that
    stay are scaled up by (all heads of the layer) / (those kept), as ProxySPEX' case study does; none kept is zero.
    """

    masks: Masks
    texts: Tensor
    fill: Fill | None
    rescale: bool = False

    def __call__(self, site: Site, flat: Tensor) -> Tensor | None:
        kept = np.concatenate([self.masks, np.ones((len(self.masks), 1), dtype=bool)], axis=1)[:, site.columns]
        if kept.all():
            return None
        keep = torch.from_numpy(kept).to(flat.device)
        units = site.split(flat, len(kept))
        filled = torch.where(keep[:, None, :, None], units, self._fill(site, units))
        if self.rescale and site.before:
            filled = filled * (site.n_units / keep.sum(1).clamp(min=1)).to(filled.dtype)[:, None, None, None]
        return filled.reshape(flat.shape)

    def _fill(self, site: Site, units: Tensor) -> Tensor:
        if self.fill is None:
            return units.new_zeros(())
        fill = self.fill[site.name].to(units)
        return fill if len(fill) == 1 else fill[self.texts.to(fill.device)]
