"""What a person sees and does on the served dashboard, in Chromium."""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from driver import Person
from patience import PATIENCE
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
Arrive = Callable[..., Person]
SHORT = "It was not bad at all"


def validated(home: Path, run: Path, coalition: str) -> dict:
    """What `spex validate` says of a coalition of a run."""
    command = [sys.executable, "-m", "spexcore.cli", "validate", "--run", str(run), "--coalition", coalition, "--json"]
    environment = {**os.environ, "SPEX_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE)
    return json.loads(said.stdout)


def words(at: Person, term: str) -> list[str]:
    """The words of a term, as the text shows them."""
    return [at.tokens.nth(int(i)).inner_text() for i in term.split("-")]


def listed(title: str) -> list[str]:
    """The words of a term, from its line in the list of terms."""
    return [re.sub("[₀-₉]+$", "", name) for name in title[2:].split(" × ")]


def test_the_first_page_shows_a_finished_example(person: Arrive) -> None:
    at = person()
    at.open()
    expect(at.page.get_by_label("Prompt", exact=True)).not_to_be_empty()
    expect(at.page.locator(".st-key-verdict")).to_contain_text("logits")
    expect(at.measured).to_have_text(re.compile(r"[+−]\d+\.\d\d"))
    expect(at.selected.nth(1)).to_be_visible()
    assert at.hubs()
    assert at.width_of_content() <= 1400
    assert at.page.evaluate("document.querySelector('.st-key-inspector').getBoundingClientRect().top") < 400


def test_a_new_prompt_is_run_a_hub_clicked_and_re_ablated_to_the_number_of_spex_validate(
    person: Arrive, home: Path, tmp_path: Path
) -> None:
    at = person()
    at.open()
    at.type(SHORT)
    at.budget(64)
    expect(at.cost).to_contain_text("6 parts · 64 masks")
    at.run()
    expect(at.page.locator("#text")).to_have_text(SHORT)
    at.ready()  # the text is drawn before the figures
    term = next(name for name in at.hubs() if len(name.split("-")) == 2)
    at.choose("pick-graph", term)
    expect(at.selected).to_have_text(words(at, term))
    at.page.get_by_role("button", name="Re-ablate: 4 ablations").click()
    expect(at.card.locator(".read").first).to_contain_text(SHORT)
    run = at.download(tmp_path)
    truth = validated(home, run, term.replace("-", ","))
    expect(at.measured).to_have_text(f"{truth['measured']:+.2f}".replace("-", "−"))
    corners = at.card.locator("tbody tr td:last-child").all_inner_texts()
    expected = sorted(f"{corner['value']:+,.2f}".replace("-", "−") for corner in truth["corners"])
    assert sorted(corners) == expected


def test_every_view_shows_the_term_that_was_chosen_in_any(person: Arrive) -> None:
    at = person()
    at.open()
    first, second = at.hubs()[1:3]
    at.choose("pick-graph", first)
    expect(at.selected).to_have_text(words(at, first))
    at.marked("pick-terms", 1)
    at.marked("pick-graph", len(first.split("-")) + 2)  # a ring for each part, its hub, and its lines
    at.choose("pick-terms", second)
    expect(at.selected).to_have_text(words(at, second))
    expect(at.card.locator(".kind")).to_contain_text(f"order {len(words(at, second))}")
    at.choose("pick-graph", first)  # the same hub again, after the figure was drawn anew
    expect(at.selected).to_have_text(words(at, first))


_COUNTED = """
window.__received = [];
window.WebSocket = class extends window.WebSocket {
  constructor(...where) {
    super(...where);
    this.addEventListener('message', ({data}) => window.__received.push(data.byteLength ?? data.size ?? data.length));
  }
};
"""


def test_a_click_sends_little_and_no_figure_is_drawn_anew(person: Arrive) -> None:
    at = person()
    at.page.add_init_script(_COUNTED)
    at.open()
    at.marked("pick-graph", 4)
    charts = "[...document.querySelectorAll('.js-plotly-plot')]"
    at.page.evaluate(f"window.__charts = {charts}")
    at.page.evaluate("window.__received = []")
    second = at.hubs()[1]
    at.choose("pick-graph", second)
    at.marked("pick-graph", len(second.split("-")) + 2)
    assert at.page.evaluate(f"{charts}.every((chart, k) => chart === window.__charts[k])")
    received = at.page.evaluate("window.__received")
    assert 0 < len(received) <= 40
    assert 0 < sum(received) < 60_000


def test_the_keyboard_alone_selects_words_and_clears_them(person: Arrive) -> None:
    at = person()
    at.open()
    strongest = at.term.input_value()
    at.selected.first.focus()
    at.page.keyboard.press("Home")
    at.page.keyboard.press("Space")
    expect(at.tokens.first).to_have_attribute("aria-pressed", "true")
    count = at.selected.count()
    at.page.keyboard.press("ArrowRight")
    at.page.keyboard.press("Space")
    expect(at.tokens.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(at.selected).to_have_count(count + 1)
    at.page.keyboard.press("Escape")
    expect(at.selected).to_have_text(listed(strongest))  # it is back: the card is never empty
    expect(at.term).to_have_value(strongest)  # a list that is open when its value arrives closes
    at.term.focus()
    at.term.press("ArrowDown")
    at.term.press("ArrowDown")
    at.term.press("Enter")
    expect(at.term).not_to_have_value(strongest)
    expect(at.selected).to_have_text(listed(at.term.input_value()))
    expect(at.card.locator(".kind")).to_have_text(re.compile("One part|order"))
    at.idle()
    button = at.page.get_by_role("button", name=re.compile("^Re-ablate"))
    button.focus()
    expect(button).to_be_focused()


def test_the_page_answers_while_a_run_goes_on_and_the_run_can_be_cancelled(person: Arrive) -> None:
    at = person()
    at.open()
    at.type(" ".join(f"The {k}th scene was not bad and never dull." for k in range(9)))
    at.budget(20_000)
    at.run()
    cancel = at.page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    expect(at.page.locator(".st-key-progress")).to_contain_text(re.compile("of 20,512 masks"))
    before, second = at.term.input_value(), at.hubs()[1]
    at.choose("pick-graph", second)
    expect(at.term).not_to_have_value(before)  # a list that is open when its value arrives closes
    expect(at.selected).to_have_text(words(at, second))
    assert cancel.is_visible()
    for k in (2, 5, 3):  # while the progress is drawn again and again
        at.term.click()
        option = at.page.get_by_role("option").nth(k)
        picked = option.inner_text()
        option.click()
        expect(at.selected).to_have_text(listed(picked))
        expect(at.term).to_have_value(picked)
    cancel.click()
    expect(at.alert).to_contain_text("Stopped")
    expect(cancel).to_have_count(0)
    expect(at.card).to_be_visible()


def test_markup_in_a_prompt_stays_text_everywhere(person: Arrive) -> None:
    text = "<img src=x onerror=window.__xss=1> <s>not</s> bad $x$ **b** :red[no]"
    at = person()
    at.open()
    at.explain(text, 256)
    expect(at.page.locator("#text")).to_have_text(text)
    at.choose("pick-graph", at.hubs()[0])
    at.page.mouse.move(
        *at.page.locator(".st-key-pick-graph").evaluate("e => [e.getBoundingClientRect().left + 5, 300]")
    )
    assert at.page.evaluate("window.__xss") is None
    main = at.page.locator('[data-testid="stMain"]')
    assert main.locator("img[src=x], s, .katex").count() == 0
    labels = at.page.locator(
        ".st-key-pick-terms .xtick text, .st-key-pick-terms .xaxislayer-above text"
    ).all_inner_texts()
    assert labels


def test_a_run_is_downloaded_opened_again_and_survives_a_reload(person: Arrive, tmp_path: Path) -> None:
    at = person()
    at.open()
    content = at.download(tmp_path).read_bytes()
    run = json.loads(content)
    run["recipe"]["text"] = run["recipe"]["text"].replace(".", "!")
    other = person()
    other.open()
    other.upload("mine.json", json.dumps(run).encode())
    expect(other.page.locator("#text")).to_have_text(run["recipe"]["text"])
    expect(other.page).to_have_url(re.compile(r"run=[0-9a-f]{12}"))
    other.page.reload()
    other.ready()
    expect(other.page.locator("#text")).to_have_text(run["recipe"]["text"])


def test_what_cannot_be_done_is_one_sentence_and_the_example_stays(person: Arrive) -> None:
    at = person()
    at.open("?run=../../etc/passwd")
    expect(at.alert).to_contain_text("The address names no run")
    at.upload("odd.json", b'{"schema": "**other**/1"}')
    expect(at.alert).to_contain_text("must have the schema")
    expect(at.alert).to_contain_text("**other**")
    at.close()
    at.type("")
    expect(at.cost).to_contain_text("empty prompt")
    at.run()
    expect(at.alert).to_contain_text("empty prompt")
    at.type(" ".join(["word"] * 2000))
    at.run()
    expect(at.alert).to_contain_text("must fit the 512 tokens")
    assert "Traceback" not in at.page.content()
    expect(at.card).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_narrow_window_needs_no_sideways_scrolling_in_light_and_dark(person: Arrive, dark: bool) -> None:
    at = person(width=820, height=1100, dark=dark)
    at.open()
    assert at.width_of_content() <= 820
    ground = at.page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert ground == ("rgb(16, 21, 29)" if dark else "rgb(255, 255, 255)")
    ink = at.page.evaluate("document.querySelector('.st-key-pick-terms .js-plotly-plot').layout.font.color")
    assert ink == ("#e8ebf1" if dark else "#1c2430")


def test_the_about_page_explains_and_going_back_keeps_the_form(person: Arrive) -> None:
    at = person()
    at.open()
    at.budget(333)
    expect(at.cost).to_contain_text("333 masks")
    at.page.get_by_role("link", name="About").click()
    expect(at.page.get_by_text("What these pages do")).to_be_visible()
    at.page.get_by_role("link", name="Prompt").click()
    at.ready()
    expect(at.page.get_by_label("Budget", exact=True)).to_have_value("333")


def test_the_leading_terms_are_validated_and_the_report_says_what_the_page_says(
    person: Arrive, home: Path, tmp_path: Path
) -> None:
    at = person()
    at.open()
    at.explain("A dull film, and never once funny", 64)
    at.page.get_by_role("button", name="Validate the top 10", exact=True).click()
    rate = at.page.locator(".st-key-headline").get_by_text("Confirmation rate")
    expect(rate).to_be_visible()
    at.ready()  # the figures are drawn after the headline
    report = at.download(tmp_path, "Report (HTML)").read_text(encoding="utf-8")
    numbers = at.page.evaluate("document.querySelector('.st-key-pick-terms .js-plotly-plot').layout.yaxis.ticktext")
    shown = [number.replace("✓", "").strip() for number in numbers]
    assert re.findall(r"(?:✓|●|▲|■|★) ([+−][\d.,]+)</text>", report) == shown
    assert html.escape(at.page.locator(".st-key-headline [data-testid=stText]").inner_text()) in report
    assert rate.inner_text().removeprefix("fact_check").strip() in report
    at.choose("pick-claim", at.hubs()[0])
    expect(at.page).to_have_url(re.compile("run=[0-9a-f]{12}"))
    later = person()
    later.open("?" + at.page.url.partition("?")[2])  # the same run, selection and confirmation, in another tab
    expect(later.selected).to_have_count(len(at.hubs()[0].split("-")))
    expect(later.page.locator(".st-key-headline").get_by_text("Confirmation rate")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_runs_are_found_opened_and_compared_in_a_narrow_window(person: Arrive, dark: bool) -> None:
    at = person(width=820, height=1100, dark=dark)
    at.open()
    at.explain(f"It was {'seldom' if dark else 'hardly'} boring", 16)
    at.page.get_by_role("link", name="Runs").click()
    search = at.page.get_by_label("Search", exact=True)
    search.fill("boring seldom" if dark else "hardly boring")
    search.press("Enter")
    lines = at.page.locator('[class*="st-key-what-"]')
    expect(lines).to_have_count(1)
    assert at.width_of_content() <= 820
    at.page.get_by_role("button", name="Open", exact=True).click()
    at.ready()
    expect(at.page.locator("#text")).to_contain_text("boring")
    expect(at.page).to_have_url(re.compile("run=[0-9a-f]{12}"))
    at.page.get_by_role("link", name="Compare").click()
    expect(at.page.locator(".st-key-differences .js-plotly-plot .scatterlayer").first).to_be_attached()
    expect(at.page.get_by_test_id("stTable")).to_contain_text("B − A")
    expect(at.page).to_have_url(re.compile("with="))
    assert at.width_of_content() <= 820
