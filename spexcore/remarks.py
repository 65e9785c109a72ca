"""Remarks: what a person wrote beside a run, about the whole of it and about single terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spexcore.errors import BadInput
from spexcore.masks import Coalition

LONGEST = 2_000  # characters of one remark
MOST = 1_000  # terms of a run that can bear one


@dataclass(frozen=True)
class Remarks:
    """A person's own notes: `run` on the whole of it ("" for none), `terms` coalition -> text, none of them empty."""

    run: str = ""
    terms: Mapping[Coalition, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.run or self.terms)

    def on_run(self, text: str) -> "Remarks":
        """With this text on the run; an empty one takes it away. Raises BadInput for one that is too long."""
        return replace(self, run=_checked(text))

    def on_term(self, coalition: Coalition, text: str) -> "Remarks":
        """With this text on a term; an empty one takes it away. Raises BadInput for one that is too long."""
        others = {other: known for other, known in self.terms.items() if other != coalition}
        kept = {**others, coalition: text} if (text := _checked(text)) else others
        if len(kept) > MOST:
            raise BadInput(f"A run can bear notes on at most {MOST:,} terms; this would be one more. Take one away.")
        return replace(self, terms=dict(sorted(kept.items(), key=lambda pair: (len(pair[0]), pair[0]))))

    def over(self, other: "Remarks") -> "Remarks":
        """These, and the other's where here is none."""
        return Remarks(self.run or other.run, {**other.terms, **self.terms})

    def to_json(self) -> dict[str, Any]:
        terms = [{"coalition": list(coalition), "text": text} for coalition, text in self.terms.items()]
        return {"run": self.run, "terms": terms}

    @classmethod
    def from_json(cls, content: Any, n_players: int) -> "Remarks":
        """What `to_json` wrote, or None for none; raises BadInput for players that do not exist."""
        remarks = cls()
        if content is None:
            return remarks
        for term in content.get("terms", ()):
            coalition = tuple(sorted({int(i) for i in term["coalition"]}))
            if not coalition or coalition[0] < 0 or coalition[-1] >= n_players:
                raise BadInput(f"A note must be on players from 0 to {n_players - 1}; got {list(coalition)[:9]}")
            remarks = remarks.on_term(coalition, str(term["text"]))
        return remarks.on_run(str(content.get("run", "")))


def _checked(text: str) -> str:
    """Without white space around it, its lines kept."""
    text = text.strip()
    if len(text) > LONGEST:
        raise BadInput(f"A note must have at most {LONGEST:,} characters; got {len(text):,}. Shorten it.")
    return text
