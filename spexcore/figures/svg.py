"""The term matrix as plain SVG: for a file that is opened anywhere, prints, and runs no script."""

import html
from collections.abc import Sequence

from spexcore.explanation import Explanation
from spexcore.figures.rows import Row, player_names
from spexcore.figures.theme import LIGHT, shape, shortened, sign_colour
from spexcore.figures.words import amount, quantity

_ROW, _WIDTH, _FOOT = 26, 940, 44  # pixels
_DOTS, _BARS, _VALUES = (20, 520), (560, 840), 850  # from, to
_CROWDED = 40  # labels at most


def term_matrix(explanation: Explanation, shown: Sequence[Row]) -> str:
    """One row a term: a dot for each of its players in reading order, its score as a bar with its 95 % interval."""
    columns = sorted({i for row in shown for i in row.coalition})
    names = [shortened(player_names(explanation.players)[i], 14) for i in columns]
    head = 24 + round(6.4 * max(map(len, names), default=0))
    place = {i: _between(_DOTS, (k + 0.5) / len(columns)) for k, i in enumerate(columns)}
    height = head + _ROW * len(shown) + _FOOT
    parts = [*_labels(names, list(place.values()), head), *_axis(explanation, shown, head, height)]
    for k, row in enumerate(shown):
        parts += [*_dots(row, place, head + _ROW * (k + 0.5)), *_bar(row, shown, head + _ROW * (k + 0.5))]
    title = f"The {len(shown)} strongest terms: their players, scores and intervals"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}" '
        f'font-family="sans-serif" font-size="13" fill="{LIGHT.ink}">{"".join(parts)}</svg>'
    )


def _between(ends: tuple[int, int], share: float) -> float:
    return ends[0] + share * (ends[1] - ends[0])


def _labels(names: Sequence[str], places: Sequence[float], head: int) -> list[str]:
    step = -(-len(names) // _CROWDED) or 1
    return [
        f'<text transform="translate({x + 4:.1f},{head - 8}) rotate(-58)">{html.escape(name)}</text>'
        for name, x in list(zip(names, places, strict=True))[::step]
    ]


def _reach(shown: Sequence[Row]) -> tuple[float, float]:
    """Ends of the bars' axis: every score and interval, zero inside."""
    ends = [0.0, *(end for row in shown for end in (row.score, row.low, row.high) if end is not None)]
    return (min(ends), max(ends)) if max(ends) > min(ends) else (0.0, 1.0)


def _at(value: float, shown: Sequence[Row]) -> float:
    low, high = _reach(shown)
    return _between(_BARS, (value - low) / (high - low))


def _axis(explanation: Explanation, shown: Sequence[Row], head: int, height: int) -> list[str]:
    zero, foot = _at(0.0, shown), height - _FOOT
    label = html.escape(shortened(quantity(explanation).axis, 60))
    line = f'<path d="M{zero:.1f},{head - 4}V{foot + 4}" stroke="{LIGHT.muted}"/>'
    ticks = {zero: "0"} | {x: amount(end) for end in _reach(shown) if abs((x := _at(end, shown)) - zero) > 40}
    below = [_centred(x, foot + 18, tick) for x, tick in ticks.items()]
    return [line, *below, _centred(sum(_BARS) / 2, foot + 36, label)]


def _centred(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="{LIGHT.muted}">{text}</text>'


def _dots(row: Row, place: dict[int, float], y: float) -> list[str]:
    colour = sign_colour(row.score, LIGHT)
    spots = "".join(f"M{x:.1f},{y}h0" for x in place.values())  # one path: a hundred players are a hundred dots a row
    empty = f'<path d="{spots}" stroke="{LIGHT.faint}" stroke-width="4" stroke-linecap="round"/>'
    xs = [place[i] for i in row.coalition]
    line = f'<path d="M{xs[0]:.1f},{y}H{xs[-1]:.1f}" stroke="{colour}" stroke-width="2.5"/>'
    return [empty, line, *(f'<circle cx="{x:.1f}" cy="{y}" r="6" fill="{colour}"/>' for x in xs)]


def _bar(row: Row, shown: Sequence[Row], y: float) -> list[str]:
    zero, end = _at(0.0, shown), _at(row.score, shown)
    start, width = min(zero, end), max(abs(end - zero), 0.5)
    opacity = 0.3 if row.doubtful else 1
    bar = (
        f'<rect x="{start:.1f}" y="{y - 7}" width="{width:.1f}" height="14" fill="{sign_colour(row.score, LIGHT)}" '
        f'fill-opacity="{opacity}"/>'
    )
    mark = "✓ " if row.measured else f"{shape(row.order)} "
    value = f'<text x="{_VALUES}" y="{y + 4.5}">{mark}{amount(row.score)}</text>'
    if row.measured or row.low is None or row.high is None:
        return [bar, value]
    low, high = _at(row.low, shown), _at(row.high, shown)
    caps = f"M{low:.1f},{y}H{high:.1f}M{low:.1f},{y - 4}v8M{high:.1f},{y - 4}v8"
    return [bar, f'<path d="{caps}" stroke="{LIGHT.ink}" stroke-width="1.2"/>', value]
