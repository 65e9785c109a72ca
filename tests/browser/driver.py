"""A person at the dashboard: opens it, types, clicks a hub, reads the card. Waits for what is seen."""

import re
from contextlib import suppress
from pathlib import Path

import patience
from playwright.sync_api import Error, Locator, Page, expect

PATIENCE_MS = 1000 * patience.PATIENCE
_SPOT = """([key, id]) => {
  const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
  if (!plot || !plot._fullLayout) return null;
  for (const trace of plot.data) {
    const at = (trace.customdata || []).indexOf(id);
    if (at < 0) continue;
    const axes = plot._fullLayout;
    const [x, y] = [axes[(trace.xaxis || 'x').replace('x', 'xaxis')], axes[(trace.yaxis || 'y').replace('y', 'yaxis')]];
    const box = plot.getBoundingClientRect();
    return [box.left + x._offset + x.d2p(trace.x[at]), box.top + y._offset + y.d2p(trace.y[at])];
  }
  return null;
}"""


class Person:
    """One visitor in one tab."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, query: str = "") -> None:
        """The page, ready: its results are drawn."""
        self.page.goto(f"{self.address}/{query}")
        self.ready()

    def ready(self) -> None:
        """Card and figures are there, and nothing is still to come."""
        expect(self.card).to_be_visible()
        self.idle()
        for key in ("pick-terms", "pick-graph"):
            expect(self.page.locator(f".st-key-{key} .js-plotly-plot .scatterlayer").first).to_be_attached()

    def idle(self) -> None:
        """Nothing is being drawn. Right after an action that says nothing: first see what it does."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    @property
    def card(self) -> Locator:
        return self.page.locator(".st-key-inspector .card")

    @property
    def measured(self) -> Locator:
        return self.card.locator(".number b").nth(1)

    @property
    def term(self) -> Locator:
        """The list of terms; its value names the one selected."""
        return self.page.locator(".st-key-pick-term input")

    @property
    def cost(self) -> Locator:
        return self.page.locator(".st-key-cost")

    @property
    def tokens(self) -> Locator:
        return self.page.locator(".tok")

    @property
    def selected(self) -> Locator:
        return self.page.locator('.tok[aria-pressed="true"]')

    @property
    def alert(self) -> Locator:
        return self.page.locator('[data-testid="stAlert"]')

    def type(self, text: str) -> None:
        """Type a prompt and leave the field."""
        self.page.get_by_label("Prompt", exact=True).fill(text)
        self.page.get_by_label("Prompt", exact=True).blur()

    def budget(self, masks: int) -> None:
        field = self.page.get_by_label("Budget", exact=True)
        field.fill(str(masks))
        field.press("Enter")

    def run(self) -> None:
        self.page.get_by_role("button", name="Run", exact=True).click()

    def leave(self) -> None:
        """Stop what a failed test left running: the next one would queue behind it."""
        stop = self.page.get_by_test_id("stMain").get_by_role("button", name=re.compile("(Cancel|Stop)$"))
        with suppress(Error):  # closed, or what was to be stopped has come to its end
            for _ in range(stop.count()):
                stop.first.click(timeout=10_000)
                self.idle()

    def explain(self, text: str, masks: int) -> None:
        """Type, run, and wait for this prompt's results."""
        self.type(text)
        self.budget(masks)
        self.run()
        expect(self.page.locator("#text")).to_have_text(re.compile("^" + re.escape(text[:10])))
        self.ready()  # the text is drawn before the figures, which still show the run before

    def click(self, figure: str, term: str) -> None:
        """Click the marker of a term in "pick-terms" or "pick-graph"."""
        self.idle()
        place = self.page.wait_for_function(_SPOT, arg=[figure, term]).json_value()
        if place[1] > self.page.viewport_size["height"]:
            self.page.locator(f".st-key-{figure}").scroll_into_view_if_needed()
            place = self.page.evaluate(_SPOT, [figure, term])
        self.page.mouse.move(place[0] - 3, place[1] - 3)
        self.page.mouse.move(*place, steps=3)  # Plotly answers a click only where it has seen the pointer
        self.page.mouse.click(*place)

    def choose(self, figure: str, term: str) -> None:
        """Click the marker of a term, and see it selected."""
        self.click(figure, term)
        expect(self.page).to_have_url(re.compile(rf"[?&]sel={term}(&|$)"))
        self.idle()

    def marked(self, figure: str, count: int) -> None:
        """Wait until so many shapes mark the selection in a figure."""
        shapes = "(document.querySelector(`.st-key-${key} .js-plotly-plot`).layout.shapes || [])"
        marks = f"([key, count]) => {shapes}.filter(shape => shape.name === 'mark').length === count"
        self.page.wait_for_function(marks, arg=[figure, count])

    def hubs(self) -> list[str]:
        """Ids of the terms that have a hub."""
        return self.page.evaluate(
            """() => document.querySelector('.st-key-pick-graph .js-plotly-plot').data
                 .flatMap(trace => trace.customdata || []).filter(id => id.includes('-'))"""
        )

    def download(self, folder: Path, kind: str = "Run file (JSON)") -> Path:
        """The run on screen as a file of one of the kinds on offer."""
        self.page.get_by_test_id("stPopoverButton").filter(has_text="Download").click()
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=kind).click()
        self.close()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def upload(self, name: str, content: bytes) -> None:
        self.page.get_by_test_id("stPopoverButton").filter(has_text="Open").click()
        file = {"name": name, "mimeType": "application/json", "buffer": content}
        self.page.locator('input[type="file"]').set_input_files(file)

    def close(self) -> None:
        """Close the popover that is open; a click on its button while it goes would close it once more."""
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_test_id("stPopoverBody")).to_have_count(0)

    def width_of_content(self) -> int:
        return self.page.evaluate("document.documentElement.scrollWidth")
