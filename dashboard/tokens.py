"""The prompt as clickable words: a Streamlit v2 component. Its markup is constant; the prompt is textContent."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from spexcore.figures.tokens import Piece
from spexcore.masks import Coalition

_CSS = """
.text{font-family:var(--st-font);color:var(--st-text-color);line-height:2.05;font-size:1.06rem;max-height:19rem;
  overflow-y:auto;white-space:pre-wrap;overflow-wrap:anywhere;padding:3px 4px}
.tok{font:inherit;border:0;margin:0;cursor:pointer;padding:3px 2px;border-radius:4px;white-space:pre-wrap;
  text-align:inherit;display:inline;-webkit-box-decoration-break:clone;box-decoration-break:clone;
  transition:box-shadow .12s}
.tok:hover{box-shadow:0 0 0 2px var(--st-primary-color)}
.tok:focus-visible{outline:3px solid var(--st-primary-color);outline-offset:2px}
.tok[aria-pressed="true"]{box-shadow:0 4px 0 0 var(--st-text-color);font-weight:700;border-radius:4px 4px 0 0}
.tok.partner{outline:2px dashed var(--st-text-color);outline-offset:1px}
"""
_HTML = """
<div class="text" id="text" role="group"
  aria-label="Prompt: choose words with click or space, move with the arrows"></div>
"""
_JS = """
export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('#text');
  const {pieces, selected, partners} = data;
  const signature = JSON.stringify(pieces.map(p => [p.text, p.player]));
  if (root.dataset.signature !== signature) {       // rebuilt only for another text, or the focus would be lost
    root.dataset.signature = signature;
    root._current = 0;
    const all = pieces.map(piece => {
      if (piece.player === null) return document.createTextNode(piece.text);
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'tok';
      button.textContent = piece.text;              // never innerHTML: the prompt is untrusted
      return button;
    });
    root.replaceChildren(...all);
  }
  const players = pieces.filter(p => p.player !== null);
  const buttons = [...root.querySelectorAll('.tok')];
  let chosen = new Set(selected);
  const paint = () => buttons.forEach((button, k) => {
    const piece = players[k];
    button.style.background = piece.ground;
    button.style.color = piece.ink;
    button.title = piece.title;
    button.setAttribute('aria-pressed', chosen.has(piece.player));
    button.setAttribute('aria-label', piece.title);
    button.tabIndex = k === root._current ? 0 : -1;
  });
  paint();
  const tell = () => {
    paint();
    setTriggerValue('pick', players.map(p => p.player).filter(i => chosen.has(i)));
  };
  const toggle = k => {
    const i = players[k].player;
    chosen.has(i) ? chosen.delete(i) : chosen.add(i);
    root._current = k;
    tell();
  };
  root.onclick = event => {
    const k = buttons.indexOf(event.target.closest('.tok'));
    if (k < 0) return;
    if (!event.shiftKey) return toggle(k);
    const [from, to] = [Math.min(k, root._current), Math.max(k, root._current)];
    for (let j = from; j <= to; j++) chosen.add(players[j].player);
    root._current = k;
    tell();
  };
  root.onkeydown = event => {
    const k = buttons.indexOf(event.target);
    if (k < 0) return;
    const last = buttons.length - 1;
    const to = {ArrowRight: Math.min(k + 1, last), ArrowLeft: Math.max(k - 1, 0), Home: 0, End: last}[event.key];
    if (to === undefined && event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();                        // Streamlit listens to keys on the document
    if (event.key === 'Escape') { chosen.clear(); return tell(); }
    root._current = to;
    paint();
    buttons[to].focus();
  };
  const mark = met => buttons.forEach((button, k) =>
    button.classList.toggle('partner', met.includes(players[k].player)));
  root.onmouseover = event => {
    const k = buttons.indexOf(event.target.closest('.tok'));
    mark(k < 0 ? [] : partners[players[k].player] || []);
  };
  root.onmouseleave = () => mark([]);
}
"""
_component = st.components.v2.component("spexcore.tokens", html=_HTML, css=_CSS, js=_JS)


def draw(
    pieces: Sequence[Piece],
    *,
    selected: Coalition,
    partners: Sequence[Sequence[int]],
    key: str,
    on_pick: Callable[[], None],
) -> None:
    """Draw the prompt; a click, a shift-click or a key calls on_pick, after which `picked(key)` says what is chosen."""
    drawn = [
        {"text": piece.text, "player": piece.player, "ground": piece.ground, "ink": piece.ink, "title": piece.title}
        for piece in pieces
    ]
    data: dict[str, Any] = {"pieces": drawn, "selected": list(selected), "partners": [list(met) for met in partners]}
    _component(data=data, key=key, on_pick_change=on_pick)


def picked(key: str) -> Coalition:
    """Players chosen by the last click or key."""
    return tuple(sorted(int(i) for i in st.session_state[key]["pick"] or ()))
