"""The record of evidence that a run file of the training lens carries, and that page and command line read."""

import json
import math
import typing
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any

import numpy as np

from spexcore.errors import BadRunFile
from spexcore.evidence.cards import Card, cards
from spexcore.evidence.flips import Flip, smallest_flip
from spexcore.evidence.joint import Joint, joint_effects
from spexcore.evidence.mislabels import Suspect, suspects
from spexcore.evidence.ranking import Ranking, rank_agreement
from spexcore.explanation import Explanation
from spexcore.lenses.training import TrainingLens
from spexcore.removal import Removal, removal_curve

EXAMPLES = 1_000  # cards in a run file: of a longer table those of largest influence
_JOINT = 10  # coalitions named redundancy or synergy
_SUSPECTS = 40


@dataclass(frozen=True)
class Evidence:
    """What retraining says beside a spectrum; none of it is read from the spectrum.

    prediction: label -> probability, one a test text. suspects: those whose own label their neighbours contradict,
    the most suspicious first. flip: None where there is none, or several test texts.
    """

    prediction: dict[str, tuple[float, ...]]
    rank_agreement: Ranking
    removal: Removal
    joint: tuple[Joint, ...]
    examples: tuple[Card, ...]
    suspects: tuple[Suspect, ...]
    flip: Flip | None

    def to_json(self) -> dict[str, Any]:
        """One JSON-able dict; a rank correlation that is not defined is null."""
        content = asdict(self)
        for scores in content["rank_agreement"]["scores"].values():
            scores.update({name: None for name, score in scores.items() if math.isnan(score)})
        content["joint"] = [{**asdict(one), "excess": one.excess} for one in self.joint]
        plain: dict[str, Any] = json.loads(json.dumps(content))
        return plain

    @classmethod
    def of(cls, explanation: Explanation) -> "Evidence | None":
        """What a run file carries; None where it carries none. Raises BadRunFile for what cannot be read."""
        if not explanation.evidence:
            return None
        try:
            found: Evidence = _made(cls, explanation.evidence)
            players = [i for one in found.joint for i in one.coalition] + [card.player for card in found.examples]
            n_tests = len(explanation.recipe.get("test") or ())
            if {len(shares) for shares in found.prediction.values()} != {n_tests}:
                raise ValueError("its prediction is not one probability a test text")
            if not all(0 <= player < len(explanation.players) for player in players):
                raise ValueError("it names a player that the run has not")
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise BadRunFile(f"The evidence in the run file cannot be read: {error}. Gather it again.") from error
        return found


def gather(
    lens: TrainingLens, explanation: Explanation, on_part: Callable[[str], None] = lambda part: None
) -> Evidence:
    """All the evidence there is, by retraining. on_part: told the name of each part before it begins."""
    spectrum, seed = explanation.spectrum, explanation.seed
    named = [S for S, _ in explanation.interactions().ranked() if len(S) > 1][:_JOINT]
    first_order = np.array([explanation.comobius((player,)) for player in range(lens.n_players)])
    parts: dict[str, Callable[[], Any]] = {
        "examples": lambda: tuple(cards(lens, top=EXAMPLES)),
        "suspects": lambda: tuple(suspects(lens.examples, lens.head, top=_SUSPECTS)),
        "flip": lambda: smallest_flip(lens) if len(lens.tests) == 1 else None,
        "joint": lambda: tuple(joint_effects(lens, named)),
        "removal": lambda: removal_curve(lens, {"spectrum": first_order, "influence": lens.influence}, seed=seed),
        "rank_agreement": lambda: rank_agreement(lens, spectrum, datamodel_masks=explanation.budget, seed=seed),
    }
    found = {}
    for name, part in parts.items():
        on_part(name.replace("_", " "))
        found[name] = part()
    return Evidence(prediction={label: tuple(shares) for label, shares in lens.probabilities.items()}, **found)


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _made(kind: Any, content: Any) -> Any:
    """A value of this type from plain JSON; raises what the conversion raises."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{one.name: _made(hints[one.name], content[one.name]) for one in fields(kind)})
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (UnionType, typing.Union):
        return None if content is None else _made(next(one for one in inner if one is not NoneType), content)
    if origin is tuple:
        return tuple(_made(inner[0], one) for one in content)
    if origin is dict:
        return {str(name): _made(inner[1], value) for name, value in dict(content).items()}
    return math.nan if kind is float and content is None else kind(content)
