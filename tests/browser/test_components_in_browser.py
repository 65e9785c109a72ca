"""What a person sees and does on the components page, in Chromium."""

import re
from collections.abc import Callable

import pytest
from driver import Person
from playwright.sync_api import expect

from dashboard import settings
from spexcore.explanation import Explanation
from spexcore.figures.rows import rows
from spexcore.figures.words import amount
from spexcore.lenses import build
from spexcore.validation import validate

pytestmark = pytest.mark.browser
Arrive = Callable[..., Person]
_FRAMED = """key => {
  const shapes = document.querySelector(`.st-key-${key} .js-plotly-plot`).layout.shapes;
  return shapes.filter(one => one.name === 'mark').map(mark =>
    shapes.findIndex(cell => cell.x0 === mark.x0 && cell.y0 === mark.y0));
}"""
_NUMBERS = "key => document.querySelector(`.st-key-${key} .js-plotly-plot`).layout.annotations.map(one => one.text)"


@pytest.fixture
def example() -> Explanation:
    return Explanation.load(settings.PRESETS / f"{settings.FIRST_PRESETS['components']}.json")


def arrive(at: Person) -> None:
    """Open the page by its name in the navigation."""
    at.open()
    at.page.get_by_role("link", name="Components").click()
    expect(at.page.locator(".st-key-pick-part .js-plotly-plot .scatterlayer").first).to_be_attached()
    at.ready()


def framed(at: Person, key: str, parts: list[int]) -> None:
    at.page.wait_for_function(
        f"([key, parts]) => String(({_FRAMED})(key)) === parts", arg=[key, ",".join(map(str, parts))]
    )


def test_the_page_opens_on_its_example_with_a_number_in_every_cell(person: Arrive, example: Explanation) -> None:
    at = person(width=1440)
    arrive(at)
    assert at.page.evaluate(_NUMBERS, "pick-part") == [amount(example.comobius((i,))) for i in range(20)]
    expect(at.page.get_by_label("Prompt", exact=True)).to_have_value(example.recipe["text"])
    expect(at.cost).to_contain_text("On screen")
    expect(at.measured).to_have_text(re.compile(r"[+−]\d+\.\d\d"))
    top = "document.querySelector('.st-key-pick-part').getBoundingClientRect().top"
    assert at.page.evaluate(top) < 700
    assert at.width_of_content() <= 1440


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_narrow_screen_nothing_scrolls_sideways(person: Arrive, dark: bool) -> None:
    at = person(width=820, dark=dark)
    arrive(at)
    assert at.width_of_content() <= 820


def test_a_head_that_is_clicked_is_chosen_everywhere_and_a_pair_is_re_ablated(
    person: Arrive, example: Explanation
) -> None:
    at = person()
    arrive(at)
    parts = range(len(example.players))
    pair = next((i, j) for i in parts for j in parts if i < j and (i, j) not in example.measured)
    at.choose("pick-part", "0")
    expect(at.card.locator(".kind")).to_have_text("One part")
    framed(at, "pick-part", [0])
    framed(at, "pick-part-beside", [0])
    at.marked("pick-terms", sum(row.coalition == (0,) for row in rows(example)))
    at.choose("pick-part", str(pair[0]))
    framed(at, "pick-part", [pair[0]])
    at.page.get_by_text("Add to the term").click()
    expect(at.page.get_by_role("switch", name="Add to the term")).to_be_checked()
    at.click("pick-part-beside", str(pair[1]))
    framed(at, "pick-part", list(pair))
    at.page.get_by_role("button", name="Re-ablate: 4 ablations").click()
    expect(at.card.locator(".number small").nth(1)).to_contain_text(re.compile("ablations"))
    truth = validate(build(example.recipe), pair, spectrum=example.spectrum)
    expect(at.measured).to_have_text(amount(truth.measured))
    measured = at.card.locator("tbody tr td:last-child").all_inner_texts()
    assert sorted(measured) == sorted(amount(corner.value) for corner in truth.corners)


def test_gradients_and_pruning_come_on_a_click(person: Arrive) -> None:
    at = person()
    arrive(at)
    at.page.get_by_text("Gradient × activation").click()
    at.page.get_by_role("button", name="Compute").click()
    expect(at.page.get_by_text(re.compile(r"Rank agreement with single ablation: −?\d\.\d\d"))).to_be_visible()
    expect(at.page.locator(".st-key-pick-part-beside .js-plotly-plot .scatterlayer").first).to_be_attached()
    at.idle()  # what is drawn above Prune moves it
    at.page.get_by_role("button", name=re.compile("^Prune")).click()
    lines = at.page.locator(".st-key-pruning-curve .js-plotly-plot .scatterlayer .trace")
    expect(lines).to_have_count(4)
    expect(at.page.locator(".st-key-pruning")).to_contain_text(re.compile(r"Faithfulness −?\d+\.\d\d"))


def test_layers_that_there_are_not_are_one_sentence_beside_the_button(person: Arrive) -> None:
    at = person()
    arrive(at)
    field = at.page.get_by_label("Layers", exact=True)
    field.fill("9")
    field.press("Enter")
    expect(at.cost).to_contain_text("must lie in 0 to 4 of this model")
    at.run()
    expect(at.alert).to_contain_text("must lie in 0 to 4 of this model")
    expect(at.card).to_be_visible()
