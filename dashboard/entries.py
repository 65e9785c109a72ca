"""The list of runs: one entry a run file, read without building the explanation, searched and sorted."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard import labels, loaders, runs
from dashboard.labels import Label
from spexcore.figures.theme import shortened


@dataclass(frozen=True)
class Entry:
    """One run of this machine, or an example. facts: one line on how it was made; "" for a file that is no run."""

    id: str
    title: str
    facts: str
    when: float
    pinned: bool
    example: bool

    @property
    def day(self) -> str:
        return "example" if self.example else datetime.fromtimestamp(self.when).strftime("%Y-%m-%d %H:%M")


def entries(search: str = "") -> list[Entry]:
    """Pinned ones first, then the newest, examples last; only those that hold every word of the search."""
    known = labels.read()
    found = [_entry(name, path, known.get(name, Label()), example=False) for name, path in runs.saved().items()]
    found += [_entry(name, path, known.get(name, Label()), example=True) for name, path in runs.presets().items()]
    words = search.casefold().split()
    kept = [one for one in found if all(word in f"{one.id} {one.title} {one.facts}".casefold() for word in words)]
    return sorted(kept, key=lambda one: (not one.pinned, one.example, -one.when))


def choices() -> dict[str, str]:
    """Run id -> how a list of runs calls it; files that are no runs are left out."""
    return {one.id: f"{shortened(one.title, 60)} · {one.facts}" for one in entries() if one.facts}


def _entry(name: str, path: Path, label: Label, *, example: bool) -> Entry:
    try:
        changed = path.stat().st_mtime_ns
    except OSError:  # deleted since it was listed
        changed = 0
    text, facts = loaders.summary(path, changed)
    title = label.name or (name.replace("-", " ").capitalize() if example else text)
    return Entry(name, title, facts, changed / 1e9, label.pinned, example)
