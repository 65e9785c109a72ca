"""The report says what the explanation and the figures of the page say, and can run or fetch nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from spexcore.explanation import Explanation
from spexcore.figures import report
from spexcore.figures.rows import player_names, rows
from spexcore.figures.terms import terms
from spexcore.figures.trust import grounds
from spexcore.figures.words import INDEX_NAMES, amount, answer, headline
from spexcore.remarks import Remarks
from spexcore.validation import Claim, Confirmation

Make = Callable[..., Explanation]
NASTY = ("<script>alert(1)</script>", "</svg>", "<img src=x onerror=alert(1)>", '"><b>', "&lt;")


class Reader(HTMLParser):
    """Tags, attributes, and the text of every table cell."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.cells: list[str] = []
        self.text: list[str] = []
        self._in_cell = False
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.append(tag)
        self.attributes += attributes
        if tag == "td":
            self.cells.append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._in_cell:
            self.cells[-1] += data


@pytest.mark.parametrize("index", sorted(INDEX_NAMES))
def test_report_and_page_show_the_same_terms_with_the_same_numbers(example: Explanation, index: str) -> None:
    read = Reader(str(report(example, index=index, top=12)))
    shown = rows(example, index=index, top=12)
    drawn = terms(example, index=index, top=12).layout.yaxis.ticktext
    svg = re.findall(r"(?:✓|●|▲|■|★) ([+−][\d.,]+)</text>", str(report(example, index=index, top=12)))
    assert svg == [text.replace("✓", "").strip() for text in drawn] == [amount(row.score) for row in shown]
    assert read.cells[2 : 4 * len(shown) : 4] == [amount(row.score) for row in shown]


def test_the_report_says_every_interval_and_what_was_measured(example: Explanation) -> None:
    read = Reader(str(report(example)))
    for row, known in zip(rows(example, top=12), read.cells[3::4], strict=False):
        assert (known == "✓ measured") is row.measured
        assert row.measured or f"{amount(row.low)} … {amount(row.high)}" in known


def test_the_report_says_what_the_head_of_the_page_says(example: Explanation) -> None:
    text = " ".join(Reader(str(report(example))).text)
    for said in (answer(example), headline(example), *grounds(example).values(), example.id):
        assert said in text


def test_a_confirmation_is_in_the_report_with_its_verdicts(example: Explanation) -> None:
    claims = (Claim((3, 4), 9.6, 9.6, 9.6, True, 9.6), Claim((9,), -2.5, -2.7, -2.3, False, -1.0))
    read = Reader(str(report(replace(example, confirmation=Confirmation(claims)))))
    assert "Confirmation rate 50 %: 1 of the 2 leading terms hold; 1 of them measured by the run itself." in read.text
    assert {"✓ holds", "✗ does not hold", "−2.70 … −2.30", "−1.00"} <= set(read.cells)


def test_a_persons_notes_are_in_the_report_on_the_run_beside_their_term_and_below_the_table(
    example: Explanation,
) -> None:
    shown = rows(example, top=3)
    remarks = Remarks().on_run("Look at <b>this</b>").on_term(shown[1].coalition, "<script>x</script>")
    noted = replace(example, remarks=remarks.on_term((0, 1, 2), "no term"))
    markup = str(report(noted, top=3))
    read = Reader(markup)
    assert "Note: Look at <b>this</b>" in read.text
    assert read.cells[4:15:5] == ["", "<script>x</script>", ""]
    assert read.cells[2:15:5] == [amount(row.score) for row in shown]
    assert f"{' × '.join(player_names(example.players)[:3])}: no term" in read.text
    assert not {"script", "b"} & set(read.tags)
    assert "Notes on other terms" not in str(report(replace(example, remarks=remarks), top=3))


def test_nothing_in_a_report_is_run_or_fetched_whatever_the_prompt_holds(make: Make) -> None:
    explanation = make(NASTY, {(0,): 1.0, (1, 2): -2.0, (3, 4): 3.0}, notes=("<script>x</script>",))
    markup = str(report(explanation))
    read = Reader(markup)
    assert not {"script", "img", "link", "iframe", "b", "object"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on") or name in ("src", "href")]
    assert "default-src 'none'" in markup
    assert all(name in "".join(read.text) for name in NASTY)


def test_the_drawing_is_well_formed(make: Make) -> None:
    explanation = make(NASTY, {(0,): 1.0, (1, 2): -2.0, (0, 1, 2): 0.5})
    markup = str(report(explanation))
    svg = ElementTree.fromstring(re.search(r"<svg.*?</svg>", markup, flags=re.DOTALL)[0])  # type: ignore[index]
    assert len(svg.findall("{http://www.w3.org/2000/svg}rect")) == len(rows(explanation))


def test_a_constant_game_has_a_report(make: Make) -> None:
    assert "No term of this kind." in str(report(make(["a", "b"], {(): 3.0})))


def test_many_players_and_orders_fit(make: Make) -> None:
    names = [f"w{i}" for i in range(120)]
    markup = str(report(make(names, {(i, (i + 7) % 120) if i < 113 else (i,): 1.0 + i for i in range(120)}), top=100))
    assert len(markup) < 400_000
