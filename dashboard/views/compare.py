"""The compare page: two runs side by side on one scale, and a table of what differs."""

import streamlit as st

from dashboard import entries, loaders, methods, state
from dashboard.charts import chart
from dashboard.doors import guarded, notices, plain
from spexcore.comparison import SHARES, Comparison, Pair, Side, compare
from spexcore.explanation import Explanation
from spexcore.figures import comparison, tokens
from spexcore.figures.tokens import strongest
from spexcore.figures.trust import confirmed, made, trust
from spexcore.figures.words import INDEX_NAMES, amount, answer, headline

_TOP = 10


def show() -> None:
    """Draw the page."""
    notices()
    with guarded():
        a, b = _choice()
        if a is None or b is None:
            st.info("There is one run only. Explain another prompt, or this one with another method, and compare them.")
            return
        index = state.get(state.INDEX)
        found = compare(a, b, index=index, top=_TOP)
        # One scale for the colours of both texts, unless the two are not of one quantity.
        largest = None if found.unit == SHARES else max(strongest(a, index), strongest(b, index))
        with st.container(key="sides"):
            for column, name, explanation in zip(st.columns(2, gap="medium"), "AB", (a, b), strict=True):
                with column, st.container(border=True, key=f"side-of-{name}"):
                    _side(name, explanation, index, largest)
        _scale(found)
        chart(
            comparison(found, dark=_dark()), key="differences", name=f"spex-{a.id}-{b.id}",
            alt="The leading terms of both runs on one scale; the table below holds the same numbers",
        )  # fmt: skip
        _table(found)
        methods.panel(a, index, dark=_dark())


def _choice() -> tuple[Explanation | None, Explanation | None]:
    """The two runs, from the address at first; by default the first is what the page of the last lens shows."""
    known = entries.choices()
    names = list(known)
    if odd := state.misaddressed("run", "with"):
        st.warning(plain(odd))
    wanted = (state.address("run") or state.get(state.SHOWN), state.address("with"))
    for key, asked in zip((state.SIDE_A, state.SIDE_B), wanted, strict=True):
        if state.get(key) not in known:
            if asked and asked not in known:
                st.warning(plain(f"There is no run {asked!r} on this machine; another one is shown in its place."))
            others = [name for name in names if name != state.get(state.SIDE_A)]
            state.put(**{key: asked if asked in known else next(iter(others), None)})
    with st.container(horizontal=True, key="choosing"):
        for key, name in ((state.SIDE_A, "A"), (state.SIDE_B, "B")):
            st.selectbox(f"Run {name}", names, key=key, format_func=known.__getitem__, persist_state="session")
        st.selectbox(
            "Index", list(INDEX_NAMES), key=state.key(state.INDEX), width=215,
            format_func=lambda one: INDEX_NAMES[one][0],
            persist_state="session",
        )  # fmt: skip
    chosen = state.get(state.SIDE_A), state.get(state.SIDE_B)
    state.set_address(run=chosen[0] or "", **{"with": chosen[1] or ""})
    a, b = (loaders.explanation(name) if name else None for name in chosen)
    return a, b


def _side(name: str, explanation: Explanation, index: str, largest: float | None) -> None:
    st.caption(plain(f"Run {name} · {made(explanation)}"))
    with st.container(key=f"answer-{name}"):
        st.text(answer(explanation))
    # Escaped, word by word, where it is made.
    st.html(str(tokens(explanation, index=index, dark=_dark(), largest=largest)))
    st.text(headline(explanation))
    st.caption(plain(" · ".join(filter(None, (trust(explanation), confirmed(explanation))))))


def _scale(found: Comparison) -> None:
    if found.unit == SHARES:
        st.info("The two runs explain different quantities: every score is a share of its own run's largest.")


def _table(found: Comparison) -> None:
    lines = [(plain(" × ".join(p.players)), _score(p.a), _score(p.b), *_difference(p)) for p in found.pairs]
    names = ("Term", "A", "B", "B − A", "")
    st.table({name: [line[k] for line in lines] for k, name in enumerate(names)}, border="horizontal", hide_index=True)
    st.caption(
        "✓ measured by re-ablation. ≠ the two 95 % intervals do not meet; ≈ they do. "
        "bad → good: the word that an edit put in its place. A dash: the other run has no such parts."
    )


def _score(side: Side | None) -> str:
    return "–" if side is None else amount(side.score) + (" ✓" if side.measured else "")


def _difference(pair: Pair) -> tuple[str, str]:
    told = {True: "≠", False: "≈", None: ""}[pair.told_apart]
    return ("–" if pair.difference is None else amount(pair.difference)), told


def _dark() -> bool:
    return st.context.theme.type == "dark"
