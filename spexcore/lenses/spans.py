"""Where the players of a prompt lie: words, sentences, lines or marked spans, as character ranges of the text.

A *word* is a run of letters, digits and combining marks, with an apostrophe, hyphen or underscore inside it ("don't",
"well-made") and a point or comma between digits ("3.5"). Punctuation, currency and mathematical signs are fixed text
between players: of "bad." the player is "bad". Each Chinese ideograph or hiragana is a word of its own, as no spaces
tell words apart (Unicode's default rule, UAX 29); katakana, hangul and others form runs. A run of emoji is a word.
A *sentence* ends after . ! ? or their full-width forms (with closing quotes) before white space, or at a line's end.
"""

import re
import unicodedata
from dataclasses import dataclass

from spexcore.errors import BadInput

SPANS = ("tokens", "words", "sentences", "lines", "marked")
Range = tuple[int, int]

# One letter a character, so that plain regular expressions see Unicode and offsets stay those of the text.
_WORD = re.compile(r"(?:[LD]M*)+(?:(?:J|(?<=D)N(?=D))(?:[LD]M*)+)*|IM*|SM*(?:Z?SM*)*")
_SENTENCE = re.compile(r"\S(?:.*?(?:[.!?\u2026]+[\"')\]\u2019\u201d»]*(?=\s)|[。！？]+[」』”’）]*)|.*)", re.DOTALL)
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|cf|No|Fig)|\b[A-Z])\.$")
_LINE = re.compile(r"[^\r\n\u2028\u2029]+")


@dataclass(frozen=True)
class Spans:
    """A text without marks, and the character ranges of its players: sorted, apart, none empty."""

    text: str
    ranges: tuple[Range, ...]

    @property
    def players(self) -> tuple[str, ...]:
        return tuple(self.text[start:end] for start, end in self.ranges)

    @property
    def pieces(self) -> list[tuple[str, int | None]]:
        """(text, player or None for fixed text), in order; joined they are the text, byte for byte."""
        pieces: list[tuple[str, int | None]] = []
        end = 0
        for player, (start, stop) in enumerate(self.ranges):
            if start > end:
                pieces.append((self.text[end:start], None))
            pieces.append((self.text[start:stop], player))
            end = stop
        return [*pieces, (self.text[end:], None)] if end < len(self.text) else pieces


def split(text: str, spans: str) -> Spans:
    """The players of a text by `spans` other than tokens; raises BadInput when there are none."""
    if not text.strip():
        raise BadInput("`text` must hold at least one word; got an empty prompt. Type a sentence.")
    if spans == "marked":
        found = _marked(text)
    else:
        finders = {"words": _words, "sentences": _sentences, "lines": _lines}
        if spans not in finders:
            raise BadInput(f"`spans` must be one of {', '.join(SPANS)}; got {spans!r}.")
        found = Spans(text, tuple(finders[spans](text)))
    if not found.ranges:
        raise BadInput(f"`text` has no {spans} to play with; got {text[:40]!r}. Use spans='tokens'.")
    return found


def _words(text: str) -> list[Range]:
    return [match.span() for match in _WORD.finditer("".join(map(_class, text)))]


def _class(character: str) -> str:
    """L letter, D digit, M mark, Z joiner of emoji, J joins letters, N joins digits, I ideograph, S emoji, _ other."""
    category = unicodedata.category(character)
    if category[0] == "M" or "\U0001f3fb" <= character <= "\U0001f3ff" or character == "\u200c":
        return "M"  # skin tones and the zero-width non-joiner belong to what they follow
    if category == "Lo" and unicodedata.name(character, "").startswith(("CJK ", "HIRAGANA ")):
        return "I"
    if category[0] == "L":
        return "L"
    named = {"\u200d": "Z", "'": "J", "\u2019": "J", "-": "J", "\u2010": "J", "_": "L", ".": "N", ",": "N", "\xad": "J"}
    return named.get(character) or {"N": "D"}.get(category[0]) or ("S" if category == "So" else "_")


def _sentences(text: str) -> list[Range]:
    ranges: list[Range] = []
    for line_start, line_end in _lines(text):
        start = line_start
        for match in _SENTENCE.finditer(text, line_start, line_end):
            if _ABBREVIATION.search(text, start, match.end()) and match.end() < line_end:
                continue
            ranges.append((start + _indent(text[start : match.end()]), match.end()))
            start = match.end()
    return ranges


def _lines(text: str) -> list[Range]:
    """Lines that hold more than white space, without the white space around them."""
    lines = ((match.start(), match.group()) for match in _LINE.finditer(text))
    return [(at + _indent(line), at + len(line.rstrip())) for at, line in lines if line.strip()]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _marked(text: str) -> Spans:
    """[[double brackets]] around each player; they are taken out of the text."""
    parts = re.split(r"(\[\[|\]\])", text)
    plain, ranges, opened = "", [], -1
    for part in parts:
        if part not in ("[[", "]]"):
            plain += part
            continue
        if (part == "[[") == (opened >= 0):
            raise BadInput(f"`text` must pair every [[ with one ]]; the mark after {plain[-20:]!r} has no partner.")
        if part == "]]" and not plain[opened:].strip():
            raise BadInput("`text` must have something between [[ and ]]; got an empty mark.")
        if part == "]]":
            ranges.append((opened, len(plain)))
        opened = len(plain) if part == "[[" else -1
    if opened >= 0:
        raise BadInput(f"`text` must close every [[ with ]]; the one before {plain[opened:][:20]!r} stays open.")
    if not ranges:
        raise BadInput("`text` must mark at least one player as [[player]] for spans='marked'; got no mark.")
    return Spans(plain, tuple(ranges))
