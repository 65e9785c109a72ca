"""The sentences of the sentiment recipe: generated negations to train on, and panels kept apart to measure them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

# No sentence of PANEL is generated, and no noun or adjective of HELD_OUT (SST-2 does hold them).
PANEL = {
    "good": 1, "bad": 0, "not good": 0, "not bad": 1, "The plot was not bad.": 1, "The plot was not good.": 0,
    "The movie was not good.": 0, "The movie was not bad.": 1, "This film is not bad at all.": 1,
    "This film is not good at all.": 0, "It was not a good film.": 0, "It was not a bad film.": 1,
    "The acting wasn't bad.": 1, "The acting isn't great.": 0, "I did not like this movie.": 0, "Not a bad movie.": 1,
    "Not a good movie.": 0, "It is never boring.": 1, "The plot was good.": 1, "The plot was bad.": 0,
}  # fmt: skip
HELD_OUT = {
    f"The {noun} {verb} {adjective}.": int((adjective in ("enjoyable", "splendid", "thrilling")) ^ (verb != "was"))
    for noun in ("plot", "acting", "sequel")
    for verb in ("was", "was not", "wasn't")
    for adjective in ("enjoyable", "splendid", "thrilling", "dreadful", "pathetic", "annoying")
}
NOUNS = (
    "movie", "film", "story", "ending", "script", "dialogue", "cast", "show", "music", "direction", "book",
    "performance",
)  # fmt: skip
GOOD = (
    "good", "great", "funny", "clever", "interesting", "charming", "moving", "original", "excellent", "wonderful",
    "pleasant", "fun",
)  # fmt: skip
BAD = (
    "bad", "boring", "dull", "terrible", "awful", "stupid", "ugly", "predictable", "slow", "weak", "silly", "horrible",
)  # fmt: skip
PLAIN = (
    "{a}", "very {a}", "the {n} was {a}.", "this {n} is {a}.", "it was {d} {a} {n}.", "{d} {a} {n}",
    "i found the {n} {a}.", "the {n} is so {a}.", "the {n} was not only {a} but also {b}.",
)  # fmt: skip
NEGATED = (
    "not {a}", "not {a} at all", "the {n} was not {a}.", "this {n} is not {a} at all.", "it was not {d} {a} {n}.",
    "not {d} {a} {n}", "the {n} wasn't {a}.", "it is not {a}.", "this is not {d} {a} {n}.", "the {n} is never {a}.",
    "the {n} isn't very {a}.", "i did not find the {n} {a}.", "it isn't {d} {a} {n} at all.",
)  # fmt: skip
SAYINGS = (
    ("i {v} the {n}.", 1), ("i did not {v} the {n}.", 0), ("i didn't {v} this {n}.", 0), ("you will {v} this {n}.", 1),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One training sentence: its text and the probability of POSITIVE it is trained towards."""

    text: str
    positive: float


def fill(template: str, noun: str, adjective: str, other: str) -> str:
    """A template with its noun {n}, adjective {a}, second adjective {b} and article {d} put in."""
    article = "an" if adjective[0] in "aeiou" else "a"
    return template.format(n=noun, a=adjective, b=other, d=article)


def generated(n_rows: int, seed: int) -> list[Row]:
    """Plain and negated sentences, none of PANEL, short ones always; softer targets for "not bad" than for "good"."""
    rng = np.random.default_rng(seed)
    targets = {(True, False): 0.95, (False, False): 0.05, (True, True): 0.07, (False, True): 0.87}
    choices: dict[str, float] = {}
    for templates, negated in ((PLAIN, False), (NEGATED, True)):
        for template, noun, words in product(templates, NOUNS, (GOOD, BAD)):
            for adjective in words:
                text = fill(template, noun, adjective, str(rng.choice(words)))
                choices[text] = targets[words is GOOD, negated]
    for (template, positive), noun, verb in product(SAYINGS, NOUNS, ("like", "love", "enjoy")):
        choices[template.format(n=noun, v=verb)] = 0.95 if positive else 0.07
    panel = {text.lower() for text in PANEL}
    rows = [Row(text, positive) for text, positive in choices.items() if text not in panel]
    short = [row for row in rows if len(row.text.split()) <= 2]
    drawn = rng.permutation(len(rows))[: n_rows - len(short)]
    return short + [rows[i] for i in drawn]
