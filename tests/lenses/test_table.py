"""Tables: three formats, one content; each fault is one sentence that names its line or column."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.lenses import table
from spexcore.lenses.table import parse_table, read_table

CSV = 'text,label\n"Good, really",up\n\n"Two\nlines",down\n'


def test_three_formats_say_the_same(tmp_path: Path) -> None:
    rows = [{"text": "Good, really", "label": "up"}, {"text": "Two\nlines", "label": "down"}]
    files = {
        "a.csv": CSV,
        "a.tsv": 'text\tlabel\nGood, really\tup\n"Two\nlines"\tdown\n',
        "a.jsonl": "\n".join(map(json.dumps, rows)),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        found = read_table(tmp_path / name)
        assert found.columns == {"text": ("Good, really", "Two\nlines"), "label": ("up", "down")}
    assert parse_table(CSV.encode(), "a.csv").lines == (2, 4)


def test_encodings_spreadsheets_save() -> None:
    content = "text,label\nnaïve,up\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert parse_table(content.encode(encoding), "a.csv").columns["text"] == ("naïve",)
    assert parse_table(content.encode("cp1252"), "a.csv", "cp1252").columns["text"] == ("naïve",)
    assert parse_table(content.replace("\n", "\r\n").encode(), "a.CSV").columns["label"] == ("up",)


cell = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"), max_size=12)


@given(st.lists(st.tuples(cell, cell), min_size=1, max_size=6))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    import csv
    import io

    rows = [row for row in rows if any(row)] or [("a", "b")]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    found = parse_table(out.getvalue().encode(), "a.csv")
    assert list(zip(found.columns["text"], found.columns["label"], strict=True)) == rows


def test_json_values_that_are_no_strings() -> None:
    assert parse_table(b'{"text": "a", "label": 1}\n{"text": null, "label": true}', "a.jsonl").columns == {
        "text": ("a", ""),
        "label": ("1", "true"),
    }


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"text,label\na,up\nb\n", "a.csv", "line 3"),
        (b"text,label\na,b,up\n", "a.csv", "3 at line 2"),
        (b'text,label\n"a,up\n', "a.csv", "line 2"),
        (b"text,label\n", "a.csv", "at least one row"),
        (b"", "a.csv", "column names"),
        (b"text,text\na,b\n", "a.csv", "distinct column names"),
        ("text,label\na,up\nnaïve,up\n".encode("latin-1"), "a.csv", "line 3 (byte 0xef)"),
        (b"text,label\n", "a.xlsx", ".csv, .tsv or .jsonl"),
        (b'{"text": "a"}\n{"text": \n', "a.jsonl", "line 2"),
        (b'{"text": "a", "label": "b"}\n{"text": "a"}\n', "a.jsonl", "lacks 'label' at line 2"),
        (b"[1]\n", "a.jsonl", "line 1"),
        (b"[" * 100_000, "a.jsonl", "line 1"),
    ],
)
def test_faults_name_their_line(content: bytes, name: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_table(content, name)
    assert says in str(refused.value)


def test_columns_and_cells_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = parse_table(b"text,label\na,up\n ,up\n", "a.csv")
    with pytest.raises(BadInput, match="`--text-column`.*'text', 'label'.*'body'"):
        found.column("body", "--text-column")
    with pytest.raises(BadInput, match="line 3"):
        found.filled("text", "--text-column")
    with pytest.raises(BadInput, match="cp1252"):
        parse_table(b"a,b\n1,2\n", "a.csv", "klingon")
    with pytest.raises(BadInput, match="nowhere"):
        read_table(tmp_path / "nowhere.csv")
    monkeypatch.setattr(table, "MOST_BYTES", 5)
    (tmp_path / "a.csv").write_bytes(b"text,label\na,up\n")
    with pytest.raises(BadInput, match="MB"):
        read_table(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="MB"):
        parse_table(b"text,label\na,up\n", "a.csv")


def test_a_sample_keeps_order_and_says_so() -> None:
    whole = parse_table(b"n\n" + b"".join(b"%d\n" % i for i in range(500)), "a.csv")
    some = whole.sampled(50, seed=1)
    numbers = [int(cell) for cell in some.columns["n"]]
    assert len(some) == len(set(numbers)) == 50
    assert numbers == sorted(numbers)
    assert [line - 2 for line in some.lines] == numbers
    assert "50 rows were sampled from 500" in some.notes[0]
    assert whole.sampled(500) is whole
