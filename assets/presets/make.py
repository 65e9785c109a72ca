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


@dataclass(frozen=True)
class Preset:
    """One request: lens and its settings, model, and how it is answered."""

    lens: type[Any]
    model: str
    text: str
    settings: dict[str, Any] = field(default_factory=dict)
    estimator: Estimator = field(default_factory=spex.WalshGP)
    masks: str = "mixed"
    budget: int = 512


#: A few thousand terms carry these spectra as well as the method's 32,768, in a tenth of the file.
_SMALL = spex.WalshGP(terms=4096)

PRESETS: dict[str, Preset] = {
    "not-bad-never-dull": Preset(
        PromptLens,
        "sentiment",
        "The film was not bad at all: funny, warm and never dull.",
        {"target": "POSITIVE", "spans": "words", "ablation": "mask"},
    ),
    "heads-that-back-each-other-up": Preset(
        ComponentLens,
        "clues",
        "Ann is in the garden. The key is with Ann. Where is the key?",
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
    return replace(made, evidence=gather(game, made).to_json())


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
    return spex.explain(game, asked.estimator, budget=min(asked.budget, 2**game.n_players), masks=asked.masks, seed=0)


if __name__ == "__main__":
    main()
