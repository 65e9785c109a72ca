"""What a person takes away, brings along, writes down and throws away, in Chromium."""

import csv
import html
import io
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from driver import Person
from playwright.sync_api import expect

from spexcore.explanation import Explanation
from spexcore.exports import shapiq_json

pytestmark = pytest.mark.browser
Arrive = Callable[..., Person]


def png_size(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def shown(at: Person) -> str:
    """Id of the run that the address names."""
    address = re.compile("run=([0-9a-f]{12})")
    expect(at.page).to_have_url(address)
    return address.search(at.page.url)[1]  # type: ignore[index]


def test_notes_on_run_and_term_come_back_and_go_into_report_and_csv(person: Arrive, tmp_path: Path) -> None:
    at = person()
    at.open()
    at.explain("A dull plot, and never a good joke", 64)
    term = at.hubs()[0]
    at.choose("pick-graph", term)
    on_term = at.page.get_by_role("textbox", name="Your note on this term")
    on_term.fill("Holds <b>elsewhere</b> too")
    on_term.blur()
    expect(at.page.get_by_test_id("stToast")).to_contain_text("The note is kept with the run")
    at.idle()
    at.page.get_by_test_id("stPopoverButton").filter(has_text="Note").click()
    on_run = at.page.get_by_role("textbox", name="Your note on this run")
    on_run.fill("=Read **this** first")
    on_run.blur()
    said = at.page.locator(".st-key-remark [data-testid=stText]")
    expect(said).to_have_text("Note: =Read **this** first")
    at.close()
    at.page.reload()
    at.ready()
    expect(said).to_have_text("Note: =Read **this** first")
    expect(at.selected).to_have_count(len(term.split("-")))
    expect(on_term).to_have_value("Holds <b>elsewhere</b> too")
    report = at.download(tmp_path, "Report (HTML)").read_text(encoding="utf-8")
    assert html.escape("Holds <b>elsewhere</b> too") in report
    assert said.inner_text() in report
    numbers = at.page.evaluate("document.querySelector('.st-key-pick-terms .js-plotly-plot').layout.yaxis.ticktext")
    drawn = [number.replace("✓", "").strip() for number in numbers]
    assert re.findall(r"(?:✓|●|▲|■|★) ([+−][\d.,]+)</text>", report) == drawn
    table = at.download(tmp_path, "Terms (CSV)").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    noted = next(row for row in rows if row["coalition"] == term.replace("-", " "))
    assert noted["note"] == "Holds <b>elsewhere</b> too"
    assert {row["run_note"] for row in rows} == {"'=Read **this** first"}


def test_the_report_is_printed_to_pdf_and_every_figure_to_png(person: Arrive, tmp_path: Path) -> None:
    at = person()
    at.open()
    assert at.download(tmp_path, "Report (PDF)").read_bytes().startswith(b"%PDF-")
    with at.page.expect_download() as waiting:
        at.page.get_by_role("button", name="Download the text as a PNG").click()
    assert re.fullmatch(r"spex-[0-9a-f]{12}-text\.png", waiting.value.suggested_filename)
    waiting.value.save_as(tmp_path / "text.png")
    box = at.page.locator("#text").bounding_box()
    assert png_size((tmp_path / "text.png").read_bytes()) == pytest.approx((2 * box["width"], 2 * box["height"]), abs=4)
    for key, name in (("pick-terms", "terms"), ("pick-graph", "graph")):
        figure = at.page.locator(f".st-key-{key} .js-plotly-plot")
        with at.page.expect_download() as waiting:
            figure.locator(".modebar-btn").click()
        assert re.fullmatch(rf"spex-[0-9a-f]{{12}}-{name}\.png", waiting.value.suggested_filename)
        waiting.value.save_as(tmp_path / "figure.png")
        width, height = png_size((tmp_path / "figure.png").read_bytes())
        box = figure.bounding_box()
        assert (width, height) == pytest.approx((2 * box["width"], 2 * box["height"]), abs=4)


def test_a_report_opens_without_the_server_and_fetches_nothing(person: Arrive, tmp_path: Path) -> None:
    at = person()
    at.open()
    path = at.download(tmp_path, "Report (HTML)")
    at.page.goto(path.as_uri())
    expect(at.page.locator("h1")).to_contain_text("logits")
    expect(at.page.locator("svg[role=img]")).to_be_visible()
    assert at.width_of_content() <= 1400


def test_a_shapiq_file_opens_under_its_own_index(person: Arrive, tmp_path: Path) -> None:
    at = person()
    at.open()
    run = Explanation.load(at.download(tmp_path))
    other = person()
    other.open()
    other.upload("theirs.json", shapiq_json(run, "sii").encode())
    expect(other.page.locator(".st-key-headline")).to_contain_text("in the file under Shapley interaction")
    expect(other.page.locator(".st-key-inspector")).to_contain_text("nothing can be re-ablated")
    expect(other.page).not_to_have_url(re.compile("sel="))
    other.ready()  # the figures are drawn after the headline
    numbers = other.page.evaluate("document.querySelector('.st-key-pick-terms .js-plotly-plot').layout.yaxis.ticktext")
    largest = f"{run.interactions('sii').ranked()[0][1]:+.2f}".replace("-", "−")
    assert numbers[0].strip() == largest


def test_an_upload_that_cannot_be_opened_is_one_sentence_and_the_example_stays(person: Arrive) -> None:
    at = person()
    at.open()
    text = at.page.locator("#text").inner_text()
    for name, content, said in (
        ("notes.txt", b"hello", "not allowed"),
        ("big.json", b" " * 21_000_000, "20.0MB or smaller"),
        ("theirs.json", b'{"metadata": {"index": "EC"}, "data": {}}', "The shapiq file cannot be read"),
        ("deep.json", b"[" * 100_000, "is not JSON, or was cut off"),
    ):
        at.upload(name, content)
        expect(at.page.get_by_text(said).first).to_be_visible()
        at.close()
    assert "Traceback" not in at.page.content()
    expect(at.page.locator("#text")).to_have_text(text)
    expect(at.card).to_be_visible()


def test_a_hand_edited_permalink_is_one_sentence(person: Arrive) -> None:
    at = person()
    for query, said in (
        ("?run=000000000000&sel=99-zz", "There is no run '000000000000' on this machine"),
        ("?run=%3Cscript%3E&sel=../..", "The address names no run"),
        ("?sel=99999999-1&job=absent", "no longer in progress"),
    ):
        at.open(query)
        expect(at.alert).to_contain_text(said)
        expect(at.alert).to_have_count(1)
        expect(at.selected).to_have_count(2)


def test_everything_deleted_on_disk_while_the_page_is_open_is_one_sentence(person: Arrive, home: Path) -> None:
    at = person()
    at.open()
    at.explain("Never dull, never bad", 16)
    for path in (*home.glob("store.sqlite*"), *home.glob("runs/*.json")):
        path.unlink(missing_ok=True)  # SQLite takes its journal away itself
    at.page.get_by_role("link", name="Runs").click()
    expect(at.page.locator('[class*="st-key-run-"]').first).to_be_visible()
    at.page.get_by_role("link", name="Prompt").click()
    expect(at.alert).to_contain_text("There is no run")
    expect(at.page.get_by_label("Prompt", exact=True)).to_have_value("Never dull, never bad")
    at.run()  # the prompt was not lost: it is explained anew
    at.ready()
    expect(at.page.locator("#text")).to_have_text("Never dull, never bad")


def test_deleting_a_run_asks_a_second_time(person: Arrive, home: Path) -> None:
    at = person()
    at.open()
    at.explain("Barely a good line", 16)
    run = shown(at)
    at.page.get_by_role("link", name="Runs").click()
    line = at.page.locator(f".st-key-run-{run}")
    line.get_by_test_id("stPopoverButton").click()
    at.page.get_by_role("button", name="Delete this run").click()
    expect(at.alert).to_contain_text("for good?")
    assert (home / "runs" / f"{run}.json").exists()
    at.page.get_by_role("button", name="Yes, delete it").click()
    expect(line).to_have_count(0)
    assert not (home / "runs" / f"{run}.json").exists()


def test_other_methods_are_set_beside_a_run_on_the_same_masks(person: Arrive, home: Path) -> None:
    at = person()
    at.open()
    at.explain("It was hardly bad, never dull, and warm", 128)
    run = shown(at)
    at.page.get_by_role("link", name="Compare").click()
    at.page.get_by_role("button", name="Other methods on the same masks").click()
    panel = at.page.locator(".st-key-methods")
    expect(panel.locator(".js-plotly-plot .barlayer").first).to_be_attached()
    table = panel.get_by_test_id("stTable")
    for method in ("WalshGP", "StackSPEX", "ProxySPEX", "KernelSHAP", "LIME", "Lasso", "Banzhaf"):
        expect(table).to_contain_text(method)
    kept = json.loads((home / "runs" / f"{run}.json").read_text(encoding="utf-8"))
    expect(panel).to_contain_text(f"(mixed, {kept['masks_asked']})")
    assert at.width_of_content() <= 1400
