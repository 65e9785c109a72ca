"""What another program reads of an explanation: a table as CSV, or shapiq's InteractionValues as JSON."""

import csv
import io
import json

import numpy as np

from spexcore.errors import BadInput
from spexcore.explanation import DEFAULT_INDEX, Explanation
from spexcore.masks import Coalition

#: Our index -> its name in shapiq, which knows no Fourier interactions.
SHAPIQ_INDICES = {
    "comobius": "Co-Moebius",
    "mobius": "Moebius",
    "sv": "SV",
    "bv": "BV",
    "sii": "SII",
    "stii": "STII",
    "fsii": "FSII",
    "bii": "BII",
    "fbii": "FBII",
}
SHAPIQ_VERSION = "1.4.1"  # whose reader the tests load the file with
_TERM = ("run", "index", "players", "coalition", "order", "score", "low", "high", "measured")
_COLUMNS = (*_TERM, "note", "run_note")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run


def csv_text(explanation: Explanation, index: str = DEFAULT_INDEX, top: int | None = None) -> str:
    """One row a term, largest magnitude first, then those that only bear a note.

    low, high: where there is an interval; measured: of co-Moebius only. note, run_note: what a person wrote.
    """
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\r\n")  # as RFC 4180 has it
    table.writerow(_COLUMNS)
    about_run = _cell(explanation.remarks.run)
    for coalition, score in _listed(explanation, index, top):
        names = _cell(" × ".join(explanation.players[i] for i in coalition))
        members = " ".join(map(str, coalition))
        sure = _sureness(explanation, index, coalition)
        note = _cell(explanation.remarks.terms.get(coalition, ""))
        table.writerow([explanation.id, index, names, members, len(coalition), score, *sure, note, about_run])
    return rows.getvalue()


def _listed(explanation: Explanation, index: str, top: int | None) -> list[tuple[Coalition, str]]:
    """The terms and their scores as text; a term that bears a note and is not reported has one under co-Moebius."""
    found = explanation.interactions(index)
    listed = {coalition: repr(score) for coalition, score in explanation.ranked(index)[:top]}
    for coalition in explanation.remarks.terms:
        beyond = repr(explanation.comobius(coalition)) if index == "comobius" else ""
        listed.setdefault(coalition, repr(found[coalition]) if coalition in found.scores else beyond)
    return list(listed.items())


def shapiq_json(explanation: Explanation, index: str = DEFAULT_INDEX) -> str:
    """What `shapiq.InteractionValues.from_json_file` reads; its baseline is the value with every player removed."""
    if index not in SHAPIQ_INDICES:
        raise BadInput(f"`index` must be one that shapiq knows, {', '.join(SHAPIQ_INDICES)}; got {index!r}.")
    found = explanation.interactions(index)
    nobody = np.zeros((1, len(explanation.players)), dtype=bool)
    content = {
        "object_name": "InteractionValues",
        "data_type": "interaction_values",
        "version": SHAPIQ_VERSION,
        "created_from": f"spexcore run {explanation.id}",
        "description": None,
        "parameters": {"players": list(explanation.players)},
        "metadata": {
            "n_players": len(explanation.players),
            "index": SHAPIQ_INDICES[index],
            "max_order": found.max_order,
            "min_order": 1,
            "estimated": True,
            "estimation_budget": explanation.masks_asked,
            "baseline_value": float(explanation.spectrum.predict(nobody)[0]),
        },
        "data": {",".join(map(str, coalition)): score for coalition, score in found.ranked()},
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def _sureness(explanation: Explanation, index: str, coalition: Coalition) -> tuple[str, str, str]:
    ends = explanation.interval_of(index, coalition)
    low, high = ("", "") if ends is None else map(repr, ends)
    return low, high, str(coalition in explanation.measured).lower() if index == "comobius" else ""


def _cell(text: str) -> str:
    """Text that a spreadsheet shows and never runs."""
    return "'" + text if text.startswith(_FORMULA) else text
