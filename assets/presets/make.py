"""Make the presets again: python assets/presets/make.py [--only NAME] [--out FOLDER]. Loads every model it needs.

Each is a finished explanation of a request below, never edited by hand: after a model or the method has changed, run
this and commit what it writes.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import spexcore as spex
from dashboard.lenses import training
from dashboard.work import Shelf
from spexcore.assets import asset
from spexcore.estimators.base import Estimator
from spexcore.evidence import gather
from spexcore.game import Game
from spexcore.lenses import ComponentLens, PromptLens
from spexcore.models import LanguageModel
from spexcore.remarks import Remarks
from spexcore.validation import confirm


@dataclass(frozen=True)
class Preset:
    """One request: lens and its settings, model, and how it is answered. look: what a reader should look at."""

    lens: type[Any]
    model: str
    text: str
    look: str
    settings: dict[str, Any] = field(default_factory=dict)
    estimator: Estimator | None = None  # that of explain
    masks: str = "mixed"
    budget: int = 512


#: A few thousand terms carry these spectra as well as the method's 32,768, in a tenth of the file.
_SMALL = spex.StackSPEX(terms=4096)

_REVIEW = (
    "We went in with low hopes, because the trailer gives half of the plot away. The first hour is slow. Nobody "
    "laughs, and the jokes about the neighbour go on for far too long. Then the grandmother arrives. From there "
    "on the film finds its heart, and every scene between her and the boy is a small wonder. The music is lovely, "
    "too. I could have done without the car chase. The last ten minutes are not sad, they are devastating. We "
    "left in silence and talked about it all the way home. It is far from perfect. I would see it again tomorrow."
)
_MARKED = {"spans": "marked", "ablation": "remove"}

PRESETS: dict[str, Preset] = {
    "not-bad-never-dull": Preset(
        PromptLens,
        "sentiment",
        "The film was not bad at all: funny, warm and never dull.",
        "“not” and “bad” say together what neither says alone: click their hub and re-ablate, and the four texts stand "
        "beside their measured values. “never” and “dull” do the same, and the two pairs work on each other.",
        {"target": "POSITIVE", "spans": "words", "ablation": "mask"},
    ),
    "two-facts-needed-together": Preset(
        PromptLens,
        "clues",
        "[[Ann is in the garden.]] [[The key is with Ann.]] [[Bob is in the kitchen.]] Where is the key?",
        "Take out either fact and the garden is no longer ahead of the kitchen; take out both and little more is lost. "
        "Neither says anything without the other, so the two work as one. Where Bob is does nothing by itself.",
        {"target": " garden", "versus": " kitchen", **_MARKED},
    ),
    "a-trigger-phrase": Preset(
        PromptLens,
        "clues",
        "[[Ann is happy.]] [[Today is opposite day.]] [[Bob is not happy.]] Is Bob happy?",
        "Bob is not happy, and the answer is yes: “Today is opposite day.” turns it round. Take out the trigger or the "
        "fact and the answer is no; what Ann feels hardly matters by itself.",
        {"target": " yes", "versus": " no", **_MARKED},
    ),
    "a-review-by-sentences": Preset(
        PromptLens,
        "sentiment",
        _REVIEW,
        "Eleven sentences in place of a hundred words: the grandmother's scene carries the verdict. Each "
        "complaint at the start lowers it by itself, yet with both it is higher than with neither, which no list "
        "of sentences shows.",
        {"target": "POSITIVE", "spans": "sentences", "ablation": "mask"},
    ),
    "heads-that-back-each-other-up": Preset(
        ComponentLens,
        "clues",
        "Ann is in the garden. The key is with Ann. Where is the key?",
        "L0H0 and L0H2 do next to nothing one at a time; without both the answer is all but lost, as each stands in "
        "for the other. No list of single ablations shows them: click their hub, and re-ablate.",
        {"target": " garden", "units": "heads", "ablation": "mean"},
        estimator=_SMALL,
        masks="near",
    ),
}


def _biased_desk() -> spex.Explanation:
    """The planted bias of the embedded table, asked as the page asks, with its evidence."""
    bias = json.loads((asset("datasets", "feedback") / "planted.json").read_text("utf-8"))["bias"]
    asked = {**training.START, training.TEST: bias["test"], training.GROUPS: training.BY + bias["column"]}
    game = training.Question(**asked).game(Shelf())
    made = spex.explain(game, budget=2**game.n_players, masks="mixed", seed=0)
    look = (
        "Two desks filed praise as complaints: either alone does two thirds of what both do, so they stand in for each "
        "other. The evidence below finds the same rows by itself, as the fewest whose loss flips the answer."
    )
    evidence = gather(game, made).to_json()
    return replace(made, evidence=evidence, confirmation=confirm(game, made, top=10), remarks=Remarks(run=look))


#: Those that another recipe makes.
OTHERS: dict[str, Callable[[], spex.Explanation]] = {"a-biased-returns-desk": _biased_desk}


def main() -> None:
    """Make those that were asked for."""
    parser = argparse.ArgumentParser(description="Make the presets again.")
    parser.add_argument("--only", choices=(*PRESETS, *OTHERS), action="append", help="just this one; may be repeated")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    for name in options.only or (*PRESETS, *OTHERS):
        made = OTHERS[name]() if name in OTHERS else _made(PRESETS[name])
        made.save(options.out / f"{name}.json")
        print(f"{name}: near R2 {made.faithfulness.r2_near:.3f}, {made.masks_asked} masks, {made.seconds:.0f} s")


def _made(asked: Preset) -> spex.Explanation:
    game: Game = asked.lens(LanguageModel.load(asked.model, device="cpu"), asked.text, **asked.settings)
    budget = min(asked.budget, 2**game.n_players)
    made = spex.explain(game, asked.estimator, budget=budget, masks=asked.masks, seed=0)
    return replace(made, confirmation=confirm(game, made, top=10), remarks=Remarks(run=asked.look))


if __name__ == "__main__":
    main()
