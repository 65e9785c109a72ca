"""The report: one HTML file without script, which opens offline, prints, and says what the page says."""

import html
from collections.abc import Collection, Iterable, Sequence

from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.figures.rows import Row, player_names, rows
from spexcore.figures.svg import term_matrix
from spexcore.figures.tokens import Html, tokens
from spexcore.figures.trust import REMOVED_BY, confirmed, grounds, made
from spexcore.figures.words import INDEX_NAMES, amount, answer, headline, legend, title
from spexcore.masks import Coalition

# Nothing may be run or fetched, whatever a prompt holds: the reader's own browser sees to it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1c2430;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .4rem}
.note{white-space:pre-wrap;border-left:3px solid #b9c2cf;padding-left:.8rem}
.lead{font-size:1.1rem}.small{color:#5d6878;font-size:.85rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d5dbe3;vertical-align:top;overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{width:100%;height:auto}figure{margin:0}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr,figure{break-inside:avoid}}
"""


def report(
    explanation: Explanation,
    *,
    index: str = DEFAULT_INDEX,
    top: int = 12,
    orders: Collection[int] | None = None,
    least: float = 0.0,
) -> Html:
    """What was found, how far it may be trusted and how it was made, as one HTML file with inline SVG."""
    shown = rows(explanation, index=index, top=top, orders=orders, least=least)
    name = f"Run {explanation.id}"
    body = [
        _tag("h1", answer(explanation)),
        _tag("p", headline(explanation), "lead"),
        *_remark("Note: ", explanation.remarks.run),
        str(tokens(explanation, index=index)),
        *_terms(explanation, shown, index),
        *_other_remarks(explanation, shown),
        *_checked(explanation),
        _tag("h2", "How far to trust it"),
        _pairs(_trusted(explanation)),
        *_curves(explanation),
        _tag("h2", "How it was made"),
        _pairs(_settings(explanation)),
        *(_tag("p", note, "small") for note in explanation.notes),
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    size = '<meta name="viewport" content="width=device-width">'
    return Html(
        f'<!doctype html><html lang="en"><head>{head}{size}{_tag("title", name)}<style>{_STYLE}</style></head>'
        f"<body>{''.join(body)}</body></html>\n"
    )


def _terms(explanation: Explanation, shown: Sequence[Row], index: str) -> list[str]:
    name, meaning = INDEX_NAMES[index]
    heading = [_tag("h2", f"The strongest terms: {name}"), _tag("p", meaning, "small")]
    if note := explanation.interactions(index).note:
        heading.append(_tag("p", note))
    if not shown:
        return [*heading, _tag("p", "No term of this kind.")]
    remarks = explanation.remarks.terms
    beside = any(row.coalition in remarks for row in shown)
    head = ("Term", "Order", "Score", "How it is known", *(["Note"] if beside else []))
    lines = [(*_row(row), *([remarks.get(row.coalition, "")] if beside else [])) for row in shown]
    table = _table(head, lines, numbers=(1, 2))
    figure = f"<figure>{term_matrix(explanation, shown)}</figure>"
    return [*heading, figure, _tag("p", legend(index), "small"), table]


def _row(row: Row) -> tuple[str, ...]:
    return title(row), str(row.order), amount(row.score), _known(row)


def _known(row: Row) -> str:
    if row.measured:
        return "✓ measured"
    if row.low is None or row.high is None:
        return "from the spectrum"
    doubt = ", not told apart from zero" if row.doubtful else ""
    return f"{row.basis} 95 % in {amount(row.low)} … {amount(row.high)}{doubt}"


def _remark(before: str, text: str) -> list[str]:
    """What a person wrote, on its own lines."""
    return [_tag("p", before + text, "note")] if text else []


def _other_remarks(explanation: Explanation, shown: Sequence[Row]) -> list[str]:
    """A person's notes on terms that the table does not list."""
    listed = {row.coalition for row in shown}
    others = {S: text for S, text in explanation.remarks.terms.items() if S not in listed}
    if not others:
        return []
    notes = (_remark(f"{_name(explanation, S)}: ", text) for S, text in others.items())
    return [_tag("h2", "Notes on other terms"), *(line for lines in notes for line in lines)]


def _checked(explanation: Explanation) -> list[str]:
    """The leading terms re-ablated after the run."""
    found = explanation.confirmation
    if found is None or not found.claims:
        return []
    lines = [
        (
            _name(explanation, claim.coalition),
            amount(claim.claimed),
            "exact" if claim.first_hand else f"{amount(claim.low)} … {amount(claim.high)}",
            amount(claim.measured),
            "✓ holds" if claim.confirmed else "✗ does not hold",
        )
        for claim in found.claims
    ]
    table = _table(("Term", "Claimed", "Interval", "Re-ablated", ""), lines, numbers=(1, 2, 3))
    return [_tag("h2", "Checked by re-ablation"), _tag("p", confirmed(explanation) + "."), table]


def _name(explanation: Explanation, coalition: Coalition) -> str:
    names = player_names(explanation.players)
    return " × ".join(names[i] for i in coalition)


def _trusted(explanation: Explanation) -> list[tuple[str, str]]:
    n_masks = explanation.faithfulness.n_held_out
    judged_on = f"{n_masks:,} held-out masks that the estimate has not seen" if n_masks else ""
    return [*grounds(explanation).items(), ("Judged on", judged_on)]


def _curves(explanation: Explanation) -> list[str]:
    """Held-out R2 by terms kept, and the value while parts are removed; nothing where the run lacks them."""
    judged, found = explanation.faithfulness, []
    if judged.by_size:
        head = ("Terms kept, largest first", *(f"{size:,}" for size in judged.by_size))
        line = ("Held-out R²", *(f"{r2:.2f}".replace("-", "−") for r2 in judged.by_size.values()))
        found.append(_table(head, [line], numbers=range(1, len(head))))
    if judged.removal:
        head = ("Parts really removed", *map(str, judged.removal.sizes))
        lines = [(f"Value, {how}", *map(amount, judged.removal.values[name])) for name, how in REMOVED_BY.items()]
        found.append(_table(head, lines, numbers=range(1, len(head))))
    return found


def _settings(explanation: Explanation) -> list[tuple[str, str]]:
    recipe, model = explanation.recipe, explanation.model or {}
    names = ("test", "target", "versus", "spans", "ablation", "value", "ridge")
    return [
        ("Run", explanation.id),
        ("Model", " ".join(str(model[key]) for key in ("id", "revision", "dtype", "device") if model.get(key))),
        ("Model's sha256", str(model.get("sha256") or "")),
        ("Lens", explanation.lens),
        *((name.capitalize(), _plain(recipe[name])) for name in names if recipe.get(name)),
        *(_spent(explanation) if not explanation.imported else [("Made", made(explanation))]),
        ("Versions", ", ".join(f"{name} {version}" for name, version in explanation.versions.items())),
    ]


def _spent(explanation: Explanation) -> list[tuple[str, str]]:
    return [
        ("Estimator", str(explanation.estimator.get("name"))),
        ("Masks", f"{explanation.masks}, seed {explanation.seed}"),
        ("Budget", f"{explanation.budget:,}; {explanation.masks_asked:,} asked, {explanation.masks_paid:,} paid"),
        ("Leading terms measured", f"up to {explanation.verify}"),
        ("Time", f"{explanation.seconds:.1f} s"),
    ]


def _plain(value: object) -> str:
    """A setting as text; of several test texts or targets, all of them."""
    return " · ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _tag(name: str, text: str, kind: str = "") -> str:
    return f"<{name}{f' class={kind}' if kind else ''}>{html.escape(text)}</{name}>"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f'<tr><th scope="row">{html.escape(n)}</th>{_tag("td", v)}</tr>' for n, v in pairs if v)
    return f"<table>{lines}</table>"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]], numbers: Collection[int]) -> str:
    kinds = ["n" if k in numbers else "" for k in range(len(head))]
    top = "".join(
        f'<th scope="col"{" class=n" if kind else ""}>{html.escape(name)}</th>'
        for name, kind in zip(head, kinds, strict=True)
    )
    rows = "".join(f"<tr>{''.join(map(_cell, line, kinds))}</tr>" for line in lines)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str, kind: str) -> str:
    return _tag("td", text, kind)
