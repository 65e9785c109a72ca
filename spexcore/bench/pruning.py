"""Few heads that are to do what all do: chosen on some prompts, judged on others, every method at equal ablations."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spexcore.circuits import METHODS, pruning_curve
from spexcore.explain import explain
from spexcore.game import MeteredGame
from spexcore.lenses import ComponentLens
from spexcore.masks import draw
from spexcore.models import LanguageModel

Prompts = list[dict[str, str | None]]
KEPT = (0.2, 0.35, 0.5)  # of the heads
ABLATIONS, MASKS = 200, 1_000  # a point of the curve; from which the spectrum of the heads is learnt
CHOSEN, OTHERS = 16, 48  # stories by which heads are chosen, and on which they are judged

NAMES = ["Max", "Tom", "Lily", "Ben", "Sam", "Tim", "Mia", "Anna", "Sue", "Jack", "Lucy", "Bob", "Sara", "Amy", "Jane"]
NAMES += ["John", "Billy", "Sally", "Mary", "Jill", "Emma", "Joe", "Daisy", "Leo"]
TALES = (
    "Once upon a time, there was a big dog named {0}. {0} liked to play. One day,",
    "There was a little boy named {0}. {0} had a red ball. One day,",
    "Once upon a time, there was a cat named {0}. {0} was very sad. One day,",
)
_PEOPLE = ["Ann", "Bob", "Cora", "Dan", "Eve", "Finn"]
_PLACES = ["garden", "kitchen", "cellar", "attic", "office", "library"]
_THINGS = ["key", "book", "coin", "ring", "letter", "map"]


@dataclass(frozen=True)
class Behaviour:
    """A model, prompts on which heads are chosen, and others; how ablated heads are filled is learnt from the first."""

    name: str
    model: LanguageModel
    chosen: Prompts
    others: Prompts

    def lens(self, prompts: Prompts, score: str = "margin") -> ComponentLens:
        """Heads, all layers, mean ablation."""
        reference = [str(prompt["text"]) for prompt in self.chosen]
        return ComponentLens(self.model, prompts=prompts, score=score, layers="all", reference=reference)


def rows(data: Path, *, quick: bool = False, seeds: int = 4) -> list[dict[str, Any]]:
    """A row a behaviour, seed, size and method, and one a behaviour and seed for the spectrum of its heads."""
    found: list[dict[str, Any]] = []
    for seed in range(1 if quick else seeds):
        for behaviour in _behaviours(data, seed, quick):
            found += [_faithful(behaviour, seed, quick), *_pruned(behaviour, seed, quick)]
    return found


def table(found: list[dict[str, Any]]) -> list[str]:
    """Means over seeds of the pruned models on the other prompts; then R2 of the spectrum, from the worst seed on."""
    lines = [
        "| behaviour | heads kept | method | margin, nats | accuracy | where chosen | ablations |",
        "|---|" + "---|" * 6,
    ]
    points = [row for row in found if "method" in row]
    for kind in dict.fromkeys((row["behaviour"], row["kept"], row["method"]) for row in points):
        mine = [row for row in points if (row["behaviour"], row["kept"], row["method"]) == kind]
        mean = {name: np.mean([row[name] for row in mine]) for name in ("margin", "accuracy", "chosen_on", "ablations")}
        numbers = f"{mean['margin']:.2f} | {mean['accuracy']:.3f} | {mean['chosen_on']:.2f} | {mean['ablations']:.0f}"
        lines.append(f"| {kind[0]} | {kind[1]} of {mine[0]['players']} | {kind[2]} | {numbers} |")
    for name in dict.fromkeys(row["behaviour"] for row in found):
        lines.append(f"{name}, the spectrum's margin on the other prompts less that of: {_ahead(points, name)}")
        mine = sorted((row for row in found if row["behaviour"] == name and "r2" in row), key=lambda row: row["r2"])
        uniform, near = (", ".join(f"{row[kind]:.3f}" for row in mine) for kind in ("r2", "r2_near"))
        lines.append(f"{name}, {mine[0]['masks']} uniform masks: held-out R2 {uniform}; near {near}")
    return lines


def _ahead(points: list[dict[str, Any]], behaviour: str) -> str:
    """Means over seeds and sizes, and in how many of these the spectrum is ahead."""
    margins = {
        (row["seed"], row["kept"], row["method"]): row["margin"] for row in points if row["behaviour"] == behaviour
    }
    told = []
    for method in METHODS[1:]:
        less = [margins[*point, METHODS[0]] - margins[*point, method] for *point, name in margins if name == method]
        told.append(f"{method} {np.mean(less):+.2f} (ahead in {np.sum(np.array(less) > 0)} of {len(less)})")
    return ", ".join(told)


def _faithful(behaviour: Behaviour, seed: int, quick: bool) -> dict[str, Any]:
    lens, masks = behaviour.lens(behaviour.chosen), 64 if quick else MASKS
    judged = explain(lens, budget=masks, masks="uniform", verify=0, seed=seed, held_out=16 if quick else 256)
    near = judged.faithfulness.r2_near
    return {"behaviour": behaviour.name, "seed": seed, "masks": masks, "r2": judged.faithfulness.r2, "r2_near": near}


def _pruned(behaviour: Behaviour, seed: int, quick: bool) -> Iterator[dict[str, Any]]:
    game = MeteredGame(behaviour.lens(behaviour.chosen))
    masks = draw("uniform", game.n_players, 40 if quick else ABLATIONS, np.random.default_rng(seed))
    sizes = [round(share * game.n_players) for share in KEPT]
    held_out = {score: behaviour.lens(behaviour.others, score) for score in ("margin", "accuracy")}
    for one in pruning_curve(game, (masks, game(masks)), sizes=sizes, held_out=held_out, seed=seed):
        about = {"behaviour": behaviour.name, "seed": seed, "players": game.n_players, "kept": len(one.kept)}
        judged = {"chosen_on": one.chosen_on, **one.held_out, "ablations": one.ablations}
        yield {**about, "method": one.method, **judged}


def _behaviours(data: Path, seed: int, quick: bool) -> Iterator[Behaviour]:
    """Two hops of the embedded model; and, where its folder is there, a published one that recalls a name."""
    rng = random.Random(seed)
    stories = [_two_hops(rng) for _ in range(6 if quick else CHOSEN + OTHERS)]
    cut = 2 if quick else CHOSEN
    yield Behaviour("two hops of clues", LanguageModel.load("clues"), stories[:cut], stories[cut:])
    folder = data / "models" / "stories260K"
    if folder.is_dir() and not quick:
        names = rng.sample(NAMES, len(NAMES))
        half = len(names) // 2
        chosen = [_recalled(TALES[i % 2], names[i], names[i - 1]) for i in range(half)]
        others = [_recalled(tale, names[i], names[i - 1]) for tale in TALES for i in range(half + 1, len(names))]
        yield Behaviour("stories260K recalls a name", LanguageModel.load(folder), chosen, others)


def _two_hops(rng: random.Random) -> dict[str, str | None]:
    """Two people in two places, one with a thing: where is it?"""
    people, places, thing = rng.sample(_PEOPLE, 2), rng.sample(_PLACES, 2), rng.choice(_THINGS)
    told = [f"{who} is in the {where}." for who, where in zip(people, places, strict=True)]
    owner = rng.randrange(2)
    text = f"{' '.join(told)} The {thing} is with {people[owner]}. Where is the {thing}?"
    return {"text": text, "target": f" {places[owner]}", "versus": f" {places[1 - owner]}"}


def _recalled(tale: str, name: str, other: str) -> dict[str, str | None]:
    """A name rather than another one."""
    return {"text": tale.format(name), "target": f" {name}", "versus": f" {other}"}
