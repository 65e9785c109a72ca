"""Parts of a network as players: heads, groups of heads, MLPs, neurons; layer by layer, heads before the MLP."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spexcore.errors import BadInput
from spexcore.models.anatomy import Anatomy

UNITS = ("heads", "kv_groups", "mlps", "heads+mlps", "neurons:LAYER", "neurons:LAYER:0-31")
MANY = 96  # players that are taken by default: as many heads as ProxySPEX' case study ablates at a time


@dataclass(frozen=True)
class Part:
    """One player: some units of one site. kind: "heads" and "neurons" are cut before a projection, "mlp" behind it."""

    name: str
    layer: int
    kind: str
    units: tuple[int, ...]


def chosen_layers(anatomy: Anatomy, layers: str | None, units: str) -> tuple[int, ...]:
    """The layers that "all", "0-3", "0,2,5" or "top 4" mean; by default the top ones that give at most MANY players."""
    if units not in UNITS[:4] and not units.startswith("neurons"):
        raise BadInput(f"`units` must be one of {', '.join(UNITS)}; got {units!r}.")
    text = ("all" if layers is None else str(layers)).strip()
    if layers is None and not units.startswith("neurons"):
        a_layer = len(list(_of_layer(anatomy, units, 0)))
        return tuple(range(anatomy.n_layers))[-max(1, MANY // a_layer) :]
    if text == "all":
        return tuple(range(anatomy.n_layers))
    if (top := re.fullmatch(r"top (\d+)", text)) is not None:
        if not 1 <= int(top[1]) <= anatomy.n_layers:
            raise BadInput(f"`layers` must ask for the top 1 to {anatomy.n_layers} layers; got {layers!r}.")
        return tuple(range(anatomy.n_layers - int(top[1]), anatomy.n_layers))
    wanted = numbers(text, "layers", "all, 0-3, 0,2,5 or top 4")
    if wanted[-1] >= anatomy.n_layers:
        raise BadInput(
            f"`layers` must lie in 0 to {anatomy.n_layers - 1} of this model; got {wanted[-1]} in {layers!r}."
        )
    return wanted


def chosen_parts(anatomy: Anatomy, units: str, layers: tuple[int, ...]) -> tuple[Part, ...]:
    """The players in these layers; raises BadInput for neurons that there are not."""
    if units.startswith("neurons"):
        return tuple(_neurons(anatomy, units))
    return tuple(part for layer in layers for part in _of_layer(anatomy, units, layer))


def _of_layer(anatomy: Anatomy, units: str, layer: int) -> Iterator[Part]:
    if units in ("heads", "heads+mlps"):
        yield from (Part(f"L{layer}H{head}", layer, "heads", (head,)) for head in range(anatomy.n_heads))
    if units == "kv_groups":
        size = anatomy.n_heads // anatomy.n_groups
        for group in range(anatomy.n_groups):
            yield Part(f"L{layer}G{group}", layer, "heads", tuple(range(group * size, (group + 1) * size)))
    if units in ("mlps", "heads+mlps"):
        yield Part(f"L{layer}MLP", layer, "mlp", (0,))


def _neurons(anatomy: Anatomy, units: str) -> Iterator[Part]:
    """neurons:LAYER for all of an MLP, neurons:LAYER:0-31,40 for some."""
    match = re.fullmatch(r"neurons:(\d+)(?::([\d,\- ]+))?", units)
    if match is None or int(match[1]) >= anatomy.n_layers:
        raise BadInput(
            f"`units` must name one MLP as neurons:LAYER or neurons:LAYER:0-31, layers 0 to {anatomy.n_layers - 1}; "
            f"got {units!r}."
        )
    layer, size = int(match[1]), anatomy.n_neurons(int(match[1]))
    wanted: Iterable[int] = range(size) if match[2] is None else numbers(match[2], "units", "neurons:LAYER:0-31,40")
    for neuron in wanted:
        if neuron >= size:
            raise BadInput(f"`units` must name neurons 0 to {size - 1} of layer {layer}; got {neuron}.")
        yield Part(f"L{layer}N{neuron}", layer, "neurons", (neuron,))


def numbers(text: str, parameter: str, form: str) -> tuple[int, ...]:
    """0-3,7 as (0, 1, 2, 3, 7); raises BadInput naming the parameter and the form it should have."""
    found: set[int] = set()
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", piece)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise BadInput(f"`{parameter}` must look like {form}; got {text!r}.")
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(found))
