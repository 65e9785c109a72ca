"""The text itself: every piece of the prompt coloured by its own score, and as HTML that shows itself in a notebook."""

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.rows import player_names
from spexcore.figures.theme import FONT, palette, tint
from spexcore.figures.words import amount, quantity
from spexcore.lenses.spans import SPANS, split


@dataclass(frozen=True)
class Piece:
    """A stretch of the prompt. player: None for the text between players, which is never taken out."""

    text: str
    player: int | None
    ground: str = ""
    ink: str = ""
    title: str = ""


@dataclass(frozen=True)
class Html:
    """Markup that a notebook shows by itself; str() gives it back."""

    markup: str

    def _repr_html_(self) -> str:
        return self.markup

    def __str__(self) -> str:
        return self.markup


def tokens(
    explanation: Explanation, *, index: str = DEFAULT_INDEX, dark: bool = False, largest: float | None = None
) -> Html:
    """The prompt as HTML, each player on the colour of its score; no script, nothing fetched.

    largest: score of the strongest colour, by default that of the strongest player.
    """
    colours = palette(dark)
    body = "".join(_span(piece) for piece in pieces(explanation, index=index, dark=dark, largest=largest))
    style = f"font-family:{FONT};line-height:2;white-space:pre-wrap;color:{colours.ink};background:{colours.paper}"
    return Html(f'<div style="{style};padding:.6em">{body}</div>')


def strongest(explanation: Explanation, index: str = DEFAULT_INDEX) -> float:
    """Largest magnitude of a single player's score."""
    single = explanation.interactions(index)
    return max((abs(single[(i,)]) for i in range(len(explanation.players))), default=0.0)


def pieces(
    explanation: Explanation, *, index: str = DEFAULT_INDEX, dark: bool = False, largest: float | None = None
) -> list[Piece]:
    """The prompt cut into players and the text between them, coloured; joined, the texts give the prompt back."""
    single = explanation.interactions(index)
    scores = [single[(i,)] for i in range(len(explanation.players))]
    largest = strongest(explanation, index) if largest is None else largest
    names, what, colours = player_names(explanation.players), quantity(explanation), palette(dark)
    drawn = []
    for text, player in _cut(explanation):
        if player is None:
            drawn.append(Piece(text, None))
            continue
        score = scores[player]
        ground, ink = tint(score, largest, colours)
        drawn.append(Piece(text, player, ground, ink, f"{names[player]}: {amount(score)} {what.unit}".rstrip()))
    return drawn


def _cut(explanation: Explanation) -> list[tuple[str, int | None]]:
    """Pieces by the lens's own rule where the run says it, else by looking for the players."""
    text, spans = str(explanation.recipe.get("text", "")), explanation.recipe.get("spans")
    if spans in SPANS and spans != "tokens" and text.strip():
        found = split(text, spans)
        if found.players == explanation.players:
            return found.pieces
    return cut(text, explanation.players)


def cut(text: str, players: Sequence[str]) -> list[tuple[str, int | None]]:
    """Pieces of a text from the players found in it in order; players side by side where the text has lost one."""
    found: list[tuple[str, int | None]] = []
    at = 0
    for i, player in enumerate(players):
        start = text.find(player, at)
        if start < 0 or not player:
            return _side_by_side(players)
        if start > at:
            found.append((text[at:start], None))
        found.append((player, i))
        at = start + len(player)
    return [*found, (text[at:], None)] if at < len(text) else found


def partners(coalitions: Collection[tuple[int, ...]], n_players: int) -> list[list[int]]:
    """For each player, those that share a term with it."""
    met: list[set[int]] = [set() for _ in range(n_players)]
    for coalition in coalitions:
        for i in coalition:
            met[i].update(coalition)
    return [sorted(others - {i}) for i, others in enumerate(met)]


def _side_by_side(players: Sequence[str]) -> list[tuple[str, int | None]]:
    joined: list[tuple[str, int | None]] = []
    for i, player in enumerate(players):
        joined += [(" ", None), (player, i)]
    return joined[1:]


def _span(piece: Piece) -> str:
    text = html.escape(piece.text)
    if piece.player is None:
        return text
    style = f"background:{piece.ground};color:{piece.ink};border-radius:3px;padding:2px 1px"
    return f'<span style="{style}" title="{html.escape(piece.title)}">{text}</span>'
