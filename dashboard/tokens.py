"""The prompt as clickable words: a Streamlit v2 component. Its markup is constant; the prompt is textContent."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from spexcore.figures.tokens import Piece
from spexcore.masks import Coalition

_CSS = """
.frame{position:relative;padding-right:30px}
.png{position:absolute;right:0;top:4px;width:26px;height:26px;padding:3px;border:0;background:none;cursor:pointer;
  color:var(--st-text-color);opacity:.35;border-radius:4px}
.png:hover,.png:focus-visible{opacity:.9}
.png:focus-visible{outline:3px solid var(--st-primary-color)}
.png svg{display:block;width:100%;height:100%;fill:currentColor}
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
<div class="frame">
<div class="text" id="text" role="group"
  aria-label="Prompt: choose words with click or space, move with the arrows"></div>
<button class="png" id="png" type="button" title="Download the text as a PNG" aria-label="Download the text as a PNG">
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 3 7.2 5H4a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h16a2 2 0 0 0
2-2V7a2 2 0 0 0-2-2h-3.2L15 3H9zm3 5a5 5 0 1 1 0 10 5 5 0 0 1 0-10zm0 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"/></svg>
</button>
</div>
"""
_PNG = """
function picture(root, scale) {
  const box = root.getBoundingClientRect(), style = getComputedStyle(root);
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
  [canvas.width, canvas.height] = [box.width * scale, root.scrollHeight * scale];
  pen.scale(scale, scale);
  pen.translate(-box.left, root.scrollTop - box.top);
  pen.fillStyle = style.getPropertyValue('--st-background-color') || '#fff';
  pen.fillRect(box.left, box.top - root.scrollTop, box.width, root.scrollHeight);
  pen.textBaseline = 'middle';
  for (const button of root.querySelectorAll('.tok')) {
    const look = getComputedStyle(button);
    for (const r of button.getClientRects()) {
      pen.fillStyle = look.backgroundColor;
      pen.fillRect(r.left, r.top, r.width, r.height);
      if (button.getAttribute('aria-pressed') !== 'true') continue;
      pen.fillStyle = style.color;
      pen.fillRect(r.left, r.bottom, r.width, 4);
    }
  }
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (nodes.nextNode()) {
    const node = nodes.currentNode, look = getComputedStyle(node.parentElement);
    pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
    pen.fillStyle = look.color;
    let run = '', at = null;
    const put = () => { if (run.trim()) pen.fillText(run, at.left, at.top + at.height / 2); run = ''; };
    let index = 0;
    for (const letter of node.data) {                // a line of the page at a time: the browser has wrapped them
      range.setStart(node, index);
      range.setEnd(node, index += letter.length);
      const r = range.getClientRects()[0];
      if (!r) continue;
      if (!run || Math.abs(r.top - at.top) > 1) { put(); at = r; }
      run += letter;
    }
    put();
  }
  return canvas.toDataURL('image/png');
}
"""
_JS = (
    _PNG
    + """
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
    const {player, ground, ink, title} = players[k];
    const pressed = chosen.has(player), tab = k === root._current ? 0 : -1, look = `${ground} ${ink} ${title}`;
    if (button._look !== look) {                    // only what has changed: a thousand words are many to style
      button._look = look;
      [button.style.background, button.style.color, button.title] = [ground, ink, title];
      button.setAttribute('aria-label', title);
    }
    if (button._pressed !== pressed) button.setAttribute('aria-pressed', button._pressed = pressed);
    if (button.tabIndex !== tab) button.tabIndex = tab;
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
  parentElement.querySelector('#png').onclick = () =>
    Object.assign(document.createElement('a'), {download: `${data.name}.png`, href: picture(root, 2)}).click();
}
"""
)
_component = st.components.v2.component("spexcore.tokens", html=_HTML, css=_CSS, js=_JS)


def draw(
    pieces: Sequence[Piece],
    *,
    selected: Coalition,
    partners: Sequence[Sequence[int]],
    key: str,
    name: str,
    on_pick: Callable[[], None],
) -> None:
    """Draw the prompt; a click, a shift-click or a key calls on_pick, after which `picked(key)` says what is chosen.

    name: of its PNG, which the browser draws from what is on screen.
    """
    drawn = [
        {"text": piece.text, "player": piece.player, "ground": piece.ground, "ink": piece.ink, "title": piece.title}
        for piece in pieces
    ]
    data: dict[str, Any] = {
        "pieces": drawn,
        "selected": list(selected),
        "partners": [list(met) for met in partners],
        "name": name,
    }
    _component(data=data, key=key, on_pick_change=on_pick)


def picked(key: str) -> Coalition:
    """Players chosen by the last click or key."""
    return tuple(sorted(int(i) for i in st.session_state[key]["pick"] or ()))
