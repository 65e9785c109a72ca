"""An explanation: everything said about one game, in a frozen object and in one JSON file."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spexcore.claims import Corners, Doubt, Spread, claims, corners_of, corners_of_one, doubt_of, surest_first
from spexcore.errors import BadRunFile, SpexError
from spexcore.estimators import ESTIMATORS
from spexcore.estimators.base import MaskEstimator
from spexcore.faithfulness import Faithfulness, Interval
from spexcore.game import content_key
from spexcore.interactions import REPORTED_ORDER, Interactions
from spexcore.masks import Coalition
from spexcore.remarks import Remarks
from spexcore.run_file import content_of, intervals_from_json, parsed, terms_from_json, terms_to_json
from spexcore.spectrum import Spectrum
from spexcore.terms import Terms
from spexcore.validation import Confirmation, checked_coalition

SCHEMA = "spexcore.explanation/1"
DEFAULT_INDEX = "comobius"
IMPORTED = "shapiq file"  # the estimator's name where scores came with a file: `spexcore.imports`

#: How masks are drawn -> the indices they serve: those that weigh what such masks show.
SERVED: dict[str, tuple[str, ...]] = {
    "uniform": ("fourier", "bv", "bii", "fbii"),
    "sizes": ("sv", "sii", "stii", "fsii"),
    "near": ("comobius",),
    "mixed": ("comobius", "fourier", "bv", "bii", "fbii"),
}

_REQUIRED = ("players", "estimator", "coefficients", "faithfulness", "seed", "masks_asked", "masks_paid")
_AS_IT_IS = ("seed", "masks", "budget", "verify", "wanted_r2", "masks_asked", "masks_paid", "held_out_paid")


@dataclass(frozen=True)
class Explanation:
    """Everything said about one game.

    measured: coalition -> co-Moebius value from real ablations, exact by construction.
    doubt: how far the co-Moebius values may be off that are only predicted (`spexcore.claims`; Spread: old run files).
    coefficient_intervals: coalition -> 95 % interval of its Fourier coefficient, for the largest coefficients.
    masks_asked, masks_paid: for the estimate; held_out_paid: really evaluated to judge it.
    wanted_r2: held-out R2 at which a run in rounds could stop; None where the whole budget was to be spent.
    recipe: from which `spexcore.lenses.build` makes the game again ({} when nothing can).
    confirmation: the leading terms re-ablated after the run, where somebody asked for it.
    remarks: what a person wrote beside the run; no part of what was asked, so not of the id.
    evidence: what a lens has found out beside the spectrum, in its own form ({} where it has nothing).
    """

    spectrum: Spectrum
    estimator: Mapping[str, Any]
    seed: int
    masks: str
    budget: int
    verify: int
    masks_asked: int
    masks_paid: int
    held_out_paid: int
    seconds: float
    faithfulness: Faithfulness
    measured: Mapping[Coalition, float] = field(default_factory=dict)
    doubt: Doubt | Spread | None = None
    coefficient_intervals: Mapping[Coalition, Interval] = field(default_factory=dict)
    wanted_r2: float | None = None
    key: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    confirmation: Confirmation | None = None
    remarks: Remarks = field(default_factory=Remarks)
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def players(self) -> tuple[str, ...]:
        return self.spectrum.players

    @property
    def lens(self) -> str:
        """Name of the lens, "game" for a game that no lens made."""
        return str(self.recipe.get("lens", "game"))

    @property
    def model(self) -> Mapping[str, Any] | None:
        """Id, sha256, dtype and device of the model, None where there is none."""
        return self.recipe.get("model")

    @property
    def imported(self) -> str:
        """Index of the scores that came with a file, "" for a run: nothing was evaluated here, nothing can be."""
        return str(self.estimator["parameters"].get("index", "")) if self.estimator["name"] == IMPORTED else ""

    @property
    def id(self) -> str:
        """Twelve hex digits of what was asked: equal requests, equal ids."""
        asked = [self.key, self.estimator, self.seed, self.masks, self.budget, self.verify, list(self.players)]
        return content_key(asked if self.wanted_r2 is None else [*asked, self.wanted_r2])[:12]

    def interactions(self, index: str = DEFAULT_INDEX, max_order: int | None = None) -> Interactions:
        """Scores of an index: for co-Moebius the measured ones first-hand and exact, the others from the spectrum.

        A predicted co-Moebius value takes those of its 2^|S| ablations that are known from them, not from the spectrum.
        """
        first_hand = self.measured if index == "comobius" else {}
        if max_order is None:
            highest = max([1, self.spectrum.order, *map(len, first_hand)])
            max_order = highest if self.imported else min(REPORTED_ORDER, highest)
        predicted = self.spectrum.interactions(index, max_order=max_order)
        stated = claims(predicted.scores, first_hand) if first_hand and self._settles else predicted.scores
        measured = {S: value for S, value in first_hand.items() if len(S) <= max_order}
        scores = {**stated, **measured} if measured else stated
        return Interactions(scores, index, predicted.max_order, self.players, self._note(index))

    def ranked(self, index: str = DEFAULT_INDEX) -> list[tuple[Coalition, float]]:
        """`interactions(index).ranked()`; under co-Moebius by the magnitude that is certain (`claims.surest_first`)."""
        found = self.interactions(index).ranked()
        return surest_first(found, self.measured, self.intervals) if index == "comobius" else found

    @property
    def _settles(self) -> bool:  # as old run files do not
        return isinstance(self.doubt, Doubt)

    def _note(self, index: str) -> str:
        """A sentence where the masks of this explanation do not serve an index; "" where they do."""
        if self.imported:
            told = f"The file holds {self.imported} alone; {index} is that of the simplest function with those scores."
            return "" if index == self.imported else told
        drawn = issubclass(ESTIMATORS.get(str(self.estimator["name"]).lower(), object), MaskEstimator)
        if not drawn or index in SERVED.get(self.masks, ()) or self.masks_asked >= 2 ** len(self.players):
            return ""
        better = [f"masks='{kind}'" for kind, served in SERVED.items() if index in served]
        way_out = (
            f"Run it with {' or '.join(better)}." if better else "It speaks of nearly empty inputs: use few players."
        )
        return f"{index} is read from {self.masks} masks, which do not serve it. {way_out}"

    @cached_property
    def intervals(self) -> Mapping[Coalition, Interval]:
        """95 % interval of every reported co-Moebius value; a measured one is its own interval."""
        found = {S: (value, value) for S, value in self.measured.items() if S}
        if self.doubt is None:
            return MappingProxyType(found)
        reported, known = Terms.of(self.interactions().scores), Terms.of(self.measured)
        for rows, scores in reported.groups.values():
            widths = self.doubt.half_widths(corners_of(rows, reported, known))
            for S, score, width in zip(map(tuple, rows.tolist()), scores.tolist(), widths.tolist(), strict=True):
                if S and S not in found:
                    found[S] = score - width, score + width
        return MappingProxyType(found)

    def comobius(self, coalition: Coalition) -> float:
        """Co-Moebius value claimed for any coalition, reported or not: measured where it was, else predicted."""
        if coalition in self.measured:
            return self.measured[coalition]
        return float(self.predicted_corners(coalition).claims[0])

    def interval(self, coalition: Coalition) -> Interval:
        """95 % interval of the co-Moebius value of any coalition."""
        if coalition in self.intervals:
            return self.intervals[coalition]
        score, width = self.comobius(coalition), self.half_width(coalition)
        return score - width, score + width

    def interval_of(self, index: str, coalition: Coalition) -> Interval | None:
        """95 % interval of a coalition's score under an index; None where there is none."""
        if index == "comobius":
            return self.interval(coalition) if self.doubt or coalition in self.measured else None
        return self.coefficient_intervals.get(coalition) if index == "fourier" else None

    def predicted_corners(self, coalition: Coalition) -> Corners:
        """What is claimed of the 2^|S| ablations of a coalition; of a measured one, what the spectrum alone would."""
        known = self.measured if self._settles and coalition not in self.measured else {}
        return corners_of_one(coalition, self.spectrum, Terms.of(known))

    def half_width(self, coalition: Coalition) -> float:
        """Half-width of the 95 % interval of what `predicted_corners` say of a coalition's co-Moebius value."""
        return float(self.doubt.half_widths(self.predicted_corners(coalition))[0]) if self.doubt else 0.0

    def to_json(self) -> dict[str, Any]:
        """One JSON-able dict, the run file."""
        return {
            "schema": SCHEMA,
            "lens": self.lens,
            "players": list(self.players),
            "key": self.key,
            "recipe": dict(self.recipe),
            "model": self.model,
            "estimator": dict(self.estimator),
            **{name: getattr(self, name) for name in _AS_IT_IS},
            "seconds": round(self.seconds, 3),
            "faithfulness": self.faithfulness.to_json(),
            "coefficients": terms_to_json(self.spectrum.coefficients, self.coefficient_intervals),
            "measured": terms_to_json(self.measured),
            **(self.doubt.to_json() if self.doubt else {}),
            "notes": list(self.notes),
            "versions": dict(self.versions),
            **self._added(),
        }

    def _added(self) -> dict[str, Any]:
        """What came to the run after it was made."""
        return {
            "confirmation": self.confirmation.to_json() if self.confirmation else None,
            "remarks": self.remarks.to_json() if self.remarks else None,
            **({"evidence": dict(self.evidence)} if self.evidence else {}),
        }

    @classmethod
    def from_json(cls, content: Any) -> "Explanation":
        """The explanation a run file holds; raises BadRunFile in one sentence for anything else."""
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            found = content.get("schema") if isinstance(content, dict) else type(content).__name__
            raise BadRunFile(
                f"A run file must have the schema {SCHEMA!r}; got {str(found)[:80]!r}. Run `spex explain` again."
            )
        missing = ", ".join(name for name in _REQUIRED if name not in content)
        if missing:
            raise BadRunFile(f"The run file lacks {missing}; it was cut or edited. Run `spex explain` again.")
        try:
            return cls._read(content)
        except (SpexError, TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
            raise BadRunFile(f"The run file cannot be read: {error}. Run `spex explain` again.") from error

    @classmethod
    def _read(cls, content: dict[str, Any]) -> "Explanation":
        players, made_by = tuple(str(player) for player in content["players"]), content["estimator"]
        return cls(
            spectrum=Spectrum(terms_from_json(content["coefficients"]), players),
            estimator={"name": str(made_by["name"]), "parameters": dict(made_by.get("parameters") or {})},
            seed=int(content["seed"]),
            masks=str(content.get("masks", "uniform")),
            budget=int(content.get("budget", content["masks_asked"])),
            verify=int(content.get("verify", 0)),
            wanted_r2=None if content.get("wanted_r2") is None else float(content["wanted_r2"]),
            masks_asked=int(content["masks_asked"]),
            masks_paid=int(content["masks_paid"]),
            held_out_paid=int(content.get("held_out_paid", 0)),
            seconds=float(content.get("seconds", 0.0)),
            faithfulness=Faithfulness.from_json(content["faithfulness"]),
            measured=Spectrum(terms_from_json(content.get("measured", [])), players).coefficients,
            coefficient_intervals=intervals_from_json(content["coefficients"]),
            doubt=doubt_of(content),
            key=str(content.get("key", "")),
            recipe=dict(content.get("recipe") or {}),
            notes=tuple(str(note) for note in content.get("notes", ())),
            versions={str(name): str(version) for name, version in content.get("versions", {}).items()},
            **_added_later(content, len(players)),
        )

    def save(self, path: Path | str) -> None:
        """Write the run file; a crash leaves the old file or the new one, never half of one."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(target.name + ".part")
        draft.write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(draft, target)

    @classmethod
    def load(cls, path: Path | str) -> "Explanation":
        """Read a run file; raises BadRunFile when it is not one."""
        return cls.from_json(content_of(path))

    @classmethod
    def loads(cls, text: str, name: str = "The text") -> "Explanation":
        """Read the text of a run file; raises BadRunFile when it is not one."""
        return cls.from_json(parsed(text.encode("utf-8", "surrogatepass"), name))


def _added_later(content: dict[str, Any], n_players: int) -> dict[str, Any]:
    return {
        "confirmation": _confirmation(content.get("confirmation"), n_players),
        "remarks": Remarks.from_json(content.get("remarks"), n_players),
        "evidence": dict(content.get("evidence") or {}),
    }


def _confirmation(content: Any, n_players: int) -> Confirmation | None:
    if content is None:
        return None
    found = Confirmation.from_json(content)
    for claim in found.claims:
        checked_coalition(claim.coalition, n_players)
    return found
