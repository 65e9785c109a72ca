"""Training examples as clickable cards: a Streamlit v2 component. Its markup is constant; every text is textContent."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from spexcore.masks import Coalition

_CSS = """
.list{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));gap:.45rem;max-height:25rem;
  overflow-y:auto;padding:4px;font-family:var(--st-font);color:var(--st-text-color);align-items:start}
.one{font:inherit;color:inherit;text-align:left;display:grid;grid-template-columns:4.2rem 1fr;gap:.1rem .6rem;
  background:var(--st-background-color);border:1px solid var(--st-border-color);border-radius:8px;
  padding:.4rem .55rem;cursor:pointer;overflow-wrap:anywhere;line-height:1.35}
.one:hover{border-color:var(--st-primary-color)}
.one:focus-visible{outline:3px solid var(--st-primary-color);outline-offset:1px}
.one[aria-pressed="true"]{border-color:var(--st-text-color);box-shadow:inset 0 0 0 1px var(--st-text-color)}
.value{grid-row:span 6;border-radius:6px;text-align:center;padding:.3rem .1rem;font-variant-numeric:tabular-nums;
  font-weight:600;align-self:start}
.what{font-size:.8rem;opacity:.8}
.what b{font-weight:600}
.said{font-size:.93rem}
.flag{font-size:.82rem;font-weight:600}
.near{font-size:.82rem;opacity:.85;display:none}
.one:focus .near,.one.alone[aria-pressed="true"] .near{display:block}
"""
_HTML = """
<div class="list" id="list" role="group"
  aria-label="Training examples: choose with click or space, add with shift, move with the arrows"></div>
"""
_JS = """
export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('#list');
  const {cards, selected} = data;
  const make = (tag, name, ...inside) => {
    const element = document.createElement(tag);
    element.className = name;
    element.append(...inside);                      // strings become text nodes: the table is untrusted
    return element;
  };
  const signature = JSON.stringify(cards);
  if (root.dataset.signature !== signature) {       // rebuilt only for other cards, or the focus would be lost
    root.dataset.signature = signature;
    root._current = 0;
    root.replaceChildren(...cards.map(card => {
      const value = make('span', 'value', card.value);
      value.style.background = card.ground;
      value.style.color = card.ink;
      const button = make('button', 'one', value,
        make('span', 'what', 'row ' + card.row + ' · ', make('b', '', card.label), card.group),
        make('span', 'said', card.text),
        ...(card.flag ? [make('span', 'flag', card.flag)] : []),
        ...card.more.map(line => make('span', 'near', line)));
      button.type = 'button';
      button.classList.toggle('alone', !card.group);  // of a whole group only the one in focus opens
      return button;
    }));
  }
  const buttons = [...root.querySelectorAll('.one')];
  let chosen = new Set(selected);
  const paint = () => buttons.forEach((button, k) => {
    button.setAttribute('aria-pressed', chosen.has(cards[k].player));
    button.tabIndex = k === root._current ? 0 : -1;
  });
  paint();
  if (root.dataset.chosen !== String(selected)) {   // chosen elsewhere: into view, without moving the page
    root.dataset.chosen = String(selected);
    const first = buttons.find((_, k) => chosen.has(cards[k].player));
    if (first) root.scrollTop = first.offsetTop - root.offsetTop - 6;
  }
  const choose = (k, added) => {
    const player = cards[k].player;
    const only = chosen.size === 1 && chosen.has(player);
    if (!added) chosen = new Set(only ? [] : [player]);
    else chosen.has(player) ? chosen.delete(player) : chosen.add(player);
    root._current = k;
    root.dataset.chosen = String([...chosen].sort((a, b) => a - b));
    paint();
    setTriggerValue('pick', [...chosen]);
  };
  root.onclick = event => {
    const k = buttons.indexOf(event.target.closest('.one'));
    if (k >= 0) choose(k, event.shiftKey || event.ctrlKey || event.metaKey);
  };
  root.onkeydown = event => {
    const k = buttons.indexOf(event.target.closest('.one'));
    const last = buttons.length - 1;
    const to = {ArrowRight: Math.min(k + 1, last), ArrowDown: Math.min(k + 1, last),
      ArrowLeft: Math.max(k - 1, 0), ArrowUp: Math.max(k - 1, 0), Home: 0, End: last}[event.key];
    if (k < 0 || (to === undefined && event.key !== 'Escape')) return;
    event.preventDefault();
    event.stopPropagation();                        // Streamlit listens to keys on the document
    if (event.key === 'Escape') { chosen.clear(); paint(); return setTriggerValue('pick', []); }
    root._current = to;
    paint();
    buttons[to].focus();
  };
}
"""
_component = st.components.v2.component("spexcore.examples", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Drawn:
    """One card as it is drawn. group: after the label, "" for an example that is a player by itself."""

    row: int
    player: int
    value: str
    ground: str
    ink: str
    label: str
    text: str
    group: str
    flag: str
    more: tuple[str, ...]


def draw(cards: Sequence[Drawn], *, selected: Coalition, key: str, on_pick: Callable[[], None]) -> None:
    """Draw cards; a click or a key calls on_pick, after which `tokens.picked(key)` says which players are chosen."""
    _component(data={"cards": [asdict(card) for card in cards], "selected": list(selected)}, key=key,
               on_pick_change=on_pick)  # fmt: skip
