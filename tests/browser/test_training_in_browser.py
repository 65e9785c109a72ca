"""The training data page in Chromium: its example, a clicked card, a table of one's own up to a measured term."""

import re
from collections.abc import Callable

import pytest
from driver import Person
from playwright.sync_api import Locator, expect

from dashboard import settings

pytestmark = pytest.mark.browser
Arrive = Callable[..., Person]
FIRST = f"?run={settings.FIRST_PRESETS['training']}"


def cards(at: Person) -> Locator:
    return at.page.locator(".st-key-examples .one")


def chosen(at: Person) -> Locator:
    return at.page.locator('.st-key-examples .one[aria-pressed="true"]')


def test_it_opens_on_the_planted_bias_and_a_clicked_card_is_selected_everywhere(person: Arrive) -> None:
    at = person(width=820)
    at.open(FIRST)
    expect(at.page.locator(".st-key-headline")).to_contain_text("“returns desk” and “outlet” together raise complaint")
    expect(at.page.get_by_text("says complaint 69 %, praise 31 %")).to_be_visible()
    assert at.width_of_content() <= 820
    at.page.get_by_label("Find examples").fill("marathon")
    at.page.get_by_label("Find examples").press("Enter")
    expect(cards(at)).to_have_count(1)
    cards(at).click()
    expect(at.card.locator(".kind")).to_have_text("One part")
    expect(at.card.locator(".claim")).to_contain_text("“survey”")
    expect(at.page).to_have_url(re.compile(r"sel=3(&|$)"))
    expect(chosen(at)).to_have_count(1)
    at.marked("pick-terms", 1)


def test_cards_are_moved_through_and_chosen_with_the_keyboard(person: Arrive) -> None:
    at = person()
    at.open(FIRST)
    cards(at).first.focus()
    at.page.keyboard.press("ArrowDown")
    expect(cards(at).nth(1)).to_be_focused()
    at.page.keyboard.press("Space")
    expect(at.card.locator(".claim")).to_contain_text("“e-mail”")
    at.page.keyboard.press("Escape")
    expect(at.card.locator(".claim")).to_contain_text("“returns desk” and “outlet”")


def test_a_table_of_ones_own_is_uploaded_run_and_a_term_retrained_without(person: Arrive) -> None:
    said = {0: ("bad", "down"), 1: ("good", "up")}
    rows = [
        f'"The {thing}, {said[k % 2][0]} <img src=x onerror=window.__xss=1> {k}",{said[k % 2][1]},<b>shop</b> {k % 3}'
        for k, thing in enumerate(["lamp", "desk", "chair", "cup"] * 4)
    ]
    at = person()
    at.open(FIRST)
    at.page.get_by_test_id("stPopoverButton").filter(has_text="Upload").click()
    content = "\n".join(["What they $said$,Their *verdict*,Shop", *rows]).encode()
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": content}
    at.page.get_by_test_id("stPopoverBody").locator('input[type="file"]').set_input_files(file)
    expect(at.cost).to_contain_text("16 parts")
    at.close()
    at.idle()
    at.page.get_by_label("Groups", exact=True).click()
    at.page.get_by_role("option", name="by Shop").click()
    at.budget(8)
    expect(at.cost).to_contain_text("3 parts · 8 masks")
    at.run()
    expect(at.page.locator(".st-key-verdict")).to_contain_text(re.compile(r"\b(up|down)\b"))
    at.ready()
    expect(cards(at)).to_have_count(16)
    expect(cards(at).first.locator(".said")).to_contain_text("<img src=x")
    at.page.get_by_role("button", name=re.compile("^Retrain without")).click()
    expect(at.card.locator(".number small").nth(1)).to_have_text("all retrainings from the store")
    expect(at.measured).to_have_text(re.compile(r"[+−]\d+\.\d\d"))
    assert at.page.evaluate("window.__xss") is None
    assert at.page.locator('[data-testid="stMain"] img[src=x]').count() == 0
