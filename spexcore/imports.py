"""What another program has found, as an explanation: the scores of a shapiq InteractionValues file."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from math import comb, isfinite
from pathlib import Path
from typing import Any

from spexcore.errors import BadInput, BadRunFile
from spexcore.explanation import IMPORTED, Explanation
from spexcore.exports import SHAPIQ_INDICES
from spexcore.faithfulness import UNJUDGED
from spexcore.game import content_key
from spexcore.masks import Coalition
from spexcore.run_file import content_of, parsed
from spexcore.spectrum import Spectrum
from spexcore.supersets import superset_sums
from spexcore.terms import Terms
from spexcore.transforms import comobius_to_fourier, mobius_to_fourier
from spexcore.validation import MAX_ORDER

MOST_PLAYERS = 10_000
_EMPTY = "Empty"  # how shapiq writes the coalition of nobody
_OURS = {theirs: ours for ours, theirs in SHAPIQ_INDICES.items()}
_BAD = (TypeError, ValueError, KeyError, AttributeError, OverflowError)


def load(path: Path | str) -> Explanation:
    """Read a run file, or a shapiq InteractionValues file as JSON; raises BadRunFile when it is neither."""
    return _read(content_of(path))


def loads(content: bytes, name: str = "The file") -> Explanation:
    """The explanation in the bytes of a run file or of a shapiq file; raises BadRunFile for anything else."""
    return _read(parsed(content, name))


def _read(content: Any) -> Explanation:
    return from_shapiq(content) if _is_shapiq(content) else Explanation.from_json(content)


def from_shapiq(content: Any) -> Explanation:
    """The scores of a shapiq InteractionValues file, once read as JSON; raises BadRunFile where they cannot be read.

    The spectrum is that of the one function of the file's order which has these scores under the file's index, and its
    baseline as the value of nothing kept. Nothing was evaluated here: it has no interval, no recipe and no held-out R2.
    """
    if not _is_shapiq(content):
        raise BadRunFile("A shapiq file must hold InteractionValues, with `metadata` and `data`; this one does not.")
    try:
        return _explanation(content)
    except _BAD as error:
        raise BadRunFile(f"The shapiq file cannot be read: {error}. Save it with `to_json_file` again.") from error


def _is_shapiq(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("metadata"), dict) and "data" in content


def _explanation(content: dict[str, Any]) -> Explanation:
    held = content["metadata"]
    players, index, order = _players(content), _index(held["index"]), int(held["max_order"])
    scores = _scores(content["data"], order)
    asked = int(held.get("estimation_budget") or 0)
    return Explanation(
        spectrum=Spectrum(_coefficients(scores, index, float(held["baseline_value"])), players),
        estimator={"name": IMPORTED, "parameters": {"index": index, "max_order": order}},
        seed=0,
        masks="",
        budget=asked,
        verify=0,
        masks_asked=asked,
        masks_paid=0,
        held_out_paid=0,
        seconds=0.0,
        faithfulness=UNJUDGED,
        key=content_key([held, content["data"], list(players)]),
        notes=(_note(held["index"], order),),
    )


def _note(index: str, order: int) -> str:
    return (
        f"Imported from a shapiq file: {index} up to order {order}. Its game is not in the file, so nothing can be "
        "re-ablated here, and no interval and no faithfulness come with it."
    )


def _players(content: dict[str, Any]) -> tuple[str, ...]:
    """The names that our own files carry, else x0, x1, ..."""
    n_players = int(content["metadata"]["n_players"])
    if not 1 <= n_players <= MOST_PLAYERS:
        raise BadInput(f"`n_players` must be from 1 to {MOST_PLAYERS:,}; got {n_players:,}")
    given = content.get("parameters")
    names = given.get("players") if isinstance(given, dict) else None
    if isinstance(names, list) and len(names) == n_players:
        return tuple(str(name) for name in names)
    return tuple(f"x{i}" for i in range(n_players))


def _index(name: str) -> str:
    if name not in _OURS:
        raise BadInput(f"`index` must be one of {', '.join(_OURS)}; got {str(name)[:40]!r}")
    return _OURS[name]


def _scores(data: Mapping[str, float], max_order: int) -> dict[Coalition, float]:
    """Coalition -> score, the empty one left out: what it scores differs between indices, the baseline does not."""
    if not 1 <= max_order <= MAX_ORDER:
        raise BadInput(f"`max_order` must be from 1 to {MAX_ORDER}; got {max_order}")
    scores: dict[Coalition, float] = {}
    for name, score in data.items():
        coalition = () if name == _EMPTY else tuple(sorted(int(i) for i in name.split(",")))
        if len(set(coalition)) < len(coalition) or len(coalition) > max_order or coalition in scores:
            raise BadInput(f"a coalition must name at most {max_order} players, once; got {name[:40]!r}")
        scores[coalition] = float(score)
    scores.pop((), None)
    return scores


def _coefficients(scores: Mapping[Coalition, float], index: str, baseline: float) -> Terms:
    """Fourier coefficients of the function of least order with these scores, and `baseline` where nothing is kept."""
    if not isfinite(baseline):
        raise BadInput(f"`baseline_value` must be finite; got {baseline}")
    terms = Terms.of(scores)
    if index == "comobius":
        found = comobius_to_fourier(terms)
    elif index in ("bii", "bv"):
        found = superset_sums(terms, lambda s, u: (-2.0) ** -s if s == u else 0.0)
    elif index in ("sii", "sv"):
        found = mobius_to_fourier(superset_sums(terms, lambda s, t: float(_bernoulli(abs(t - s)))))
    else:  # up to their order, mobius, stii, fsii and fbii are Moebius coefficients
        found = mobius_to_fourier(terms)
    others = {coalition: value for coalition, value in found.items() if coalition}
    return Terms.of({(): baseline - sum(others.values()), **others})


@cache
def _bernoulli(k: int) -> Fraction:
    """B_k with B_1 = -1/2: a(S) = sum_{T >= S} B_{|T| - |S|} I(T) takes SII back to Moebius (Grabisch 1997)."""
    below = (comb(k + 1, j) * _bernoulli(j) for j in range(k))
    return -sum(below, Fraction(0)) / (k + 1) if k else Fraction(1)
