"""The detail card of a term: what it claims, what was measured, and each ablated text. A Streamlit v2 component.

Its markup is constant; every word of the prompt arrives as textContent.
"""

from typing import Any

import streamlit as st

_CSS = """
.card{font-family:var(--st-font);color:var(--st-text-color);font-size:.95rem;line-height:1.45}
.kind{font-size:.8rem;opacity:.75;margin:0 0 .1rem}
.claim{margin:0 0 .7rem}
.numbers{display:grid;grid-template-columns:1fr 1fr;gap:.6rem;margin:0 0 .8rem}
.number{background:var(--st-secondary-background-color);border-radius:8px;padding:.5rem .7rem}
.number span{font-size:.8rem;opacity:.75;display:block}
.number b{font-size:1.55rem;font-weight:600;font-variant-numeric:tabular-nums;display:block;line-height:1.25}
.number small{font-size:.8rem;display:block}
.verdict{margin:0 0 .8rem;font-weight:600}
.wrap{max-height:27rem;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-size:.86rem}
caption{text-align:left;font-size:.8rem;opacity:.75;padding:0 0 .25rem}
th{font-weight:600;text-align:right;padding:.25rem .3rem;font-size:.78rem;
  border-bottom:1px solid var(--st-border-color)}
th:first-child{text-align:left;padding-left:0}
td{padding:.4rem .3rem;vertical-align:top;border-bottom:1px solid var(--st-border-color)}
td:first-child{padding-left:0;overflow-wrap:anywhere;white-space:pre-wrap}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.kept{font-weight:700}
.out{text-decoration:line-through;opacity:.6}
.read{display:block;opacity:.75;font-size:.8rem;margin-top:.15rem;max-height:6.4em;overflow-y:auto}
.more{font-size:.8rem;opacity:.75}
"""
_HTML = """
<section class="card" id="card" aria-live="polite"></section>
"""
_JS = """
export default function({data, parentElement}) {
  const card = parentElement.querySelector('#card');
  const make = (tag, name, ...inside) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...inside);                      // strings become text nodes: the prompt is untrusted
    return element;
  };
  const number = n => make('div', 'number',
    make('span', '', n.label), make('b', '', n.value), make('small', '', n.note));
  const words = parts => parts.map(([text, state]) => state ? make('span', state, text) : text);
  const row = r => make('tr', '',
    make('td', '', ...words(r.parts), ...(r.read ? [make('span', 'read', r.read)] : [])),
    make('td', 'n', r.predicted), make('td', 'n', r.measured));
  const column = name => Object.assign(make('th', '', name), {scope: 'col'});
  const head = make('tr', '', ...data.head.map(column));
  const table = make('table', '', make('caption', '', data.caption), make('thead', '', head),
    make('tbody', '', ...data.rows.map(row)));
  const scroll = make('div', 'wrap', table);
  scroll.tabIndex = 0;
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', data.caption);
  card.replaceChildren(
    make('p', 'kind', data.kind), make('p', 'claim', data.claim),
    make('div', 'numbers', ...data.numbers.map(number)),
    ...(data.verdict ? [make('p', 'verdict', data.verdict)] : []),
    scroll, ...(data.more ? [make('p', 'more', data.more)] : []));
}
"""
_component = st.components.v2.component("spexcore.card", html=_HTML, css=_CSS, js=_JS)


def draw(content: dict[str, Any], key: str) -> None:
    """Draw a card from what `details.content` says of a term."""
    _component(data=content, key=key)
