"""The training examples of a run: each with its measured effect, searched, filtered and sorted, a page at a time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import example_cards, gathering, loaders, state, tokens
from dashboard.doors import plain
from dashboard.example_cards import Drawn
from dashboard.paging import page
from dashboard.view import View
from spexcore.evidence import Card, Evidence
from spexcore.evidence.record import EXAMPLES
from spexcore.figures.theme import palette, shortened, tint
from spexcore.figures.words import quantity
from spexcore.masks import Coalition

A_PAGE = 20
ALL, RAISE, LOWER, SUSPECTED, FLIP, CHOSEN = "all", "raise", "lower", "suspected mislabels", "the flip", "selected"
SHOWINGS = (ALL, RAISE, LOWER, SUSPECTED, FLIP, CHOSEN)
EFFECT, LIKENESS, SUSPICION, ROW = "largest effect", "most like the test text", "most suspicious", "row"
SORTED = (EFFECT, LIKENESS, SUSPICION, ROW)
_PICK = "pick-examples"


@dataclass(frozen=True)
class Wanted:
    """Which examples are shown. words: all of them in the text; label: "" for any; chosen: players selected."""

    words: str = ""
    showing: str = ALL
    label: str = ""
    order: str = EFFECT
    chosen: Coalition = ()


def found(evidence: Evidence, wanted: Wanted) -> list[Card]:
    """The examples that are wanted, in the order wanted."""
    suspicion = {one.row: one.self_influence for one in evidence.suspects if one.suggested != one.label}
    flip = evidence.flip.rows if evidence.flip else ()
    words = wanted.words.casefold().split()
    shown = {
        ALL: lambda card: True,
        RAISE: lambda card: card.effect > 0,
        LOWER: lambda card: card.effect < 0,
        SUSPECTED: lambda card: card.row in suspicion,
        FLIP: lambda card: card.row in flip,
        CHOSEN: lambda card: card.player in wanted.chosen,
    }[wanted.showing]
    keys = {
        EFFECT: lambda card: -abs(card.effect),
        LIKENESS: lambda card: -card.similarity,
        SUSPICION: lambda card: -suspicion.get(card.row, float("-inf")),
        ROW: lambda card: card.row,
    }
    kept = [
        card
        for card in evidence.examples
        if shown(card) and wanted.label in ("", card.label) and all(word in card.text.casefold() for word in words)
    ]
    return sorted(kept, key=keys[wanted.order])


def panel(view: View) -> None:
    """The examples, or the way to measure them."""
    evidence = loaders.evidence(state.get(state.SHOWN))
    if evidence is None:
        gathering.offer(view.explanation)
        return
    what = quantity(view.explanation)
    with st.container(border=True, key="examples"):
        st.markdown("**Training examples**")
        with st.container(horizontal=True, vertical_alignment="bottom", key="finding-examples"):
            cards = found(evidence, _wanted(evidence, view.chosen))
            listed = page(cards, A_PAGE)
        st.caption(
            f"{len(cards):,} of {len(evidence.examples):,}. The number is what having the example adds to "
            f"{plain(what.name)}, in {what.unit}: with it, minus trained again without it. Click one to select it "
            "everywhere; shift-click adds."
        )
        if len(evidence.examples) == EXAMPLES:
            st.caption(f"Of a longer table the run file holds the {EXAMPLES:,} examples of largest influence.")
        shown = drawn(evidence, listed, view)
        example_cards.draw(shown, selected=view.chosen, key=_PICK, on_pick=_picked)


def show(which: str) -> None:
    """Show these examples (one of SHOWINGS), whatever was looked for before."""
    state.put(**{state.SHOWING: which, state.FIND: "", state.LABELLED: ""})


def drawn(evidence: Evidence, cards: Sequence[Card], view: View) -> list[Drawn]:
    """Cards as they are drawn."""
    by_row = {card.row: card for card in evidence.examples}
    suspected = {one.row: one for one in evidence.suspects if one.suggested != one.label}
    sizes = Counter(card.player for card in evidence.examples)
    largest, colours = max(abs(card.effect) for card in evidence.examples), palette(view.dark)
    made = []
    for card in cards:
        ground, ink = tint(card.effect, largest, colours)
        doubt = suspected.get(card.row)
        flag = f"⚠ trained without it, the head says {doubt.suggested} ({doubt.probability:.2f})" if doubt else ""
        group = f" · in {shortened(view.explanation.players[card.player], 40)}" if sizes[card.player] > 1 else ""
        near = [by_row[row] for row in card.neighbours if row in by_row]
        more = (
            f"Influence {signed(card.influence)}; likeness to the test text {card.similarity:.2f}. Nearest texts:",
            *(f"row {one.row} · {one.label} · {shortened(one.text, 90)}" for one in near),
        )
        made.append(
            Drawn(card.row, card.player, signed(card.effect), ground, ink, card.label, card.text, group, flag, more)
        )
    return made


def signed(value: float) -> str:
    """+0.081 or −0.410: single examples do little."""
    return f"{value:+,.3f}".replace("-", "−")


def _wanted(evidence: Evidence, chosen: Coalition) -> Wanted:
    labels = ["", *sorted({card.label for card in evidence.examples})]
    if state.get(state.LABELLED) not in labels:
        state.put(**{state.LABELLED: ""})
    st.text_input(
        "Find examples", key=state.FIND, placeholder="words in the text", persist_state="session",
    )  # fmt: skip
    st.selectbox("Show", SHOWINGS, key=state.SHOWING, width=190, persist_state="session")
    st.selectbox(
        "Label", labels, key=state.LABELLED, width=150, format_func=lambda name: name or "any",
        persist_state="session",
    )  # fmt: skip
    st.selectbox("Sort", SORTED, key=state.SORTED, width=200, persist_state="session")
    asked = (state.get(name) for name in (state.FIND, state.SHOWING, state.LABELLED, state.SORTED))
    words, showing, label, order = asked
    return Wanted(words or "", showing or ALL, label or "", order or EFFECT, chosen)


def _picked() -> None:
    state.choose(tokens.picked(_PICK))
