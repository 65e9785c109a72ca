"""The components page without a browser: its form, its grids, what it computes on a click, and what it refuses."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from patience import PATIENCE
from streamlit.testing.v1 import AppTest
from test_page import press, until

from dashboard import dissection, loaders, settings, state
from dashboard.jobs import Job
from dashboard.lenses import components
from dashboard.request import Method, Request, asks_for, method_of
from spexcore.circuits import METHODS
from spexcore.errors import BadInput
from spexcore.estimators import ESTIMATORS
from spexcore.evidence.ranking import spearman
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.lenses import ComponentLens
from spexcore.models import LanguageModel
from spexcore.validation import validate

FIRST = settings.FIRST_PRESETS["components"]
APP = Path(settings.__file__).with_name("app.py")
TEXT = "Ann is in the garden. The key is with Ann. Where is the key?"
PROMPTS = f'text,target,versus\n"{TEXT}"," garden",\n"{TEXT}"," garden"," kitchen"\n'
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def lens() -> ComponentLens:
    """The heads of the first two layers of clues."""
    return ComponentLens(LanguageModel.load("clues"), TEXT, target=" garden", layers="0-1")


@pytest.fixture(scope="module")
def heads(lens: ComponentLens) -> Explanation:
    return explain(lens, ESTIMATORS["exact"](), budget=256, masks="near")


@pytest.fixture
def opened(heads: Explanation, fresh_server: Path) -> Open:
    """The components page, opened on a run (the heads by default) as its preset."""

    def at(explanation: Explanation = heads) -> AppTest:
        explanation.save(fresh_server / f"{FIRST}.json")
        page = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        page.query_params["run"] = FIRST
        page.run()
        assert not page.exception
        assert page.session_state["lens"] == "components"
        return page

    return at


def shown(page: AppTest) -> list[str]:
    """Every word on the page that a person can read, escapes taken away."""
    found = [*page.caption, *page.text, *page.markdown, *page.error, *page.warning]
    return [str(one.value).replace("\\", "") for one in found]


def drawn(page: AppTest, key: str) -> dict:
    """The figure of a chart, by the end of its key."""
    (found,) = [one for one in page.get("plotly_chart") if one.proto.id.endswith(key)]
    return json.loads(found.proto.spec)


def frames(page: AppTest, key: str) -> set[int]:
    """Cells of a chart that the selection frames."""
    (links,) = [one for one in page.get("bidi_component") if one.proto.component_name == "spexcore.links"]
    marks = json.loads(links.proto.json)["charts"][key]["marks"]["shapes"]
    cells = [(cell["x0"], cell["y0"]) for cell in drawn(page, key)["layout"]["shapes"]]
    return {cells.index((mark["x0"], mark["y0"])) for mark in marks}


def numbers(figure: dict) -> list[str]:
    return [one["text"] for one in figure["layout"]["annotations"]]


def test_the_page_opens_on_its_example_with_the_form_that_asks_for_it(opened: Open, heads: Explanation) -> None:
    page = opened()
    assert not page.error
    assert page.text_area[0].value == TEXT
    assert [page.selectbox(key=f"{name}-components").value for name in ("model", "target", "units", "ablation")] == [
        *("clues", " garden", "heads", "mean")
    ]
    assert page.text_input(key="layers-components").value == "0-1"
    assert any(one.startswith("On screen") for one in shown(page))
    assert not loaders.jobs()._jobs
    assert any(re.match(r"garden .*probability 9\d %", one) for one in shown(page))
    assert f"{TEXT} → garden" in shown(page)
    assert any("near the whole model" in one for one in shown(page))


def test_the_grid_holds_the_single_ablations_and_frames_the_term_that_is_chosen(
    opened: Open, heads: Explanation
) -> None:
    from spexcore.figures.words import amount

    page = opened()
    single = [amount(heads.comobius((i,))) for i in range(8)]
    assert numbers(drawn(page, "pick-part")) == single
    page.selectbox(key="pick-term").set_value("1-3").run()
    assert frames(page, "pick-part") == {1, 3}
    assert frames(page, "pick-part-beside") == {1, 3}
    strongest = max((score for S, score in heads.interactions().ranked() if 1 in S and len(S) > 1), key=abs)
    assert numbers(drawn(page, "pick-part-beside"))[1] == amount(strongest)


def test_gradients_are_computed_on_a_click_with_their_rank_agreement(
    opened: Open, heads: Explanation, lens: ComponentLens
) -> None:
    from spexcore.figures.words import amount

    page = opened()
    page.get("button_group")[0].set_value("Gradient × activation").run()
    press(page, "Compute")
    until(page, lambda: any("Rank agreement" in one for one in shown(page)))
    effects = lens.gradient_effects()
    assert numbers(drawn(page, "pick-part-beside")) == [amount(effect) for effect in effects]
    single = [heads.comobius((i,)) for i in range(8)]
    expected = f"Rank agreement with single ablation: {spearman(single, effects):.2f}"
    assert any(one.startswith(expected) for one in shown(page))


def test_under_another_index_the_single_ablations_stand_beside(opened: Open, heads: Explanation) -> None:
    from spexcore.figures.words import amount

    page = opened()
    page.selectbox(key="index-components").set_value("sv").run()
    page.get("button_group")[0].set_value("Single ablation").run()
    shapley = heads.interactions("sv")
    assert numbers(drawn(page, "pick-part")) == [amount(shapley[(i,)]) for i in range(8)]
    assert numbers(drawn(page, "pick-part-beside")) == [amount(heads.comobius((i,))) for i in range(8)]
    assert "Shapley value gives no score to any combination of parts here." in shown(page)


def test_a_pair_is_re_ablated_to_the_number_that_validate_gives(
    opened: Open, heads: Explanation, lens: ComponentLens
) -> None:
    page = opened(replace(heads, measured={}))
    page.selectbox(key="pick-term").set_value("1-3").run()
    press(page, "Re-ablate: 4 ablations")
    until(page, lambda: card(page)["numbers"][1]["value"] != "–")
    truth = validate(lens, (1, 3), spectrum=heads.spectrum)
    content = card(page)
    assert content["numbers"][1]["value"].replace("−", "-") == f"{truth.measured:+.2f}"
    assert content["head"][0] == "Parts"
    assert content["rows"][-1]["parts"] == [["L0H1", "out"], ["  ", ""], ["L0H3", "out"]]
    assert content["rows"][-1]["measured"].replace("−", "-") == f"{truth.corners[0].value:+.2f}"


def card(page: AppTest) -> dict:
    (found,) = [one.proto.json for one in page.get("bidi_component") if one.proto.component_name == "spexcore.card"]
    return json.loads(found)


def test_pruning_shows_a_curve_for_each_method_and_what_the_chosen_parts_do_alone(opened: Open) -> None:
    page = opened()
    press(page, "Prune")
    until(page, lambda: any("The spectrum keeps" in one for one in shown(page)))
    curve = drawn(page, "pruning-curve")
    assert tuple(line["name"] for line in curve["data"]) == METHODS
    (slider,) = [one for one in page.get("select_slider") if one.label == "Parts kept"]
    slider.set_value(2).run()
    (said,) = [one for one in shown(page) if one.startswith("The spectrum keeps")]
    assert said.count("L0H") + said.count("L1H") == 2
    judged = next(one for one in shown(page) if one.startswith("Faithfulness"))
    assert "Incompleteness" in judged
    assert "Minimality" in judged


def test_pruning_is_judged_on_other_prompts_whose_parts_are_cut_in_the_same_way(heads: Explanation) -> None:
    text = "Bob is in the hall. The cup is with Bob. Where is the cup?"
    found = dissection.prune(Job("prune"), heads, ((text, " hall", None),), loaders.shelf())
    other = ComponentLens(
        LanguageModel.load("clues"), text, target=" hall", layers="0-1", reference=heads.recipe["reference"]
    )
    masks = np.array([[i in one.kept for i in range(8)] for one in found.curve])
    assert [one.held_out["margin"] for one in found.curve] == pytest.approx(other(masks).tolist(), abs=1e-5)
    assert {one.held_out["accuracy"] for one in found.curve} <= {0.0, 1.0}
    assert found.ends["accuracy"][1] == 1.0
    assert set(found.circuits) == {len(one.kept) for one in found.curve}
    assert found.circuits[2].members == found.curve[0].kept


def test_a_file_of_other_prompts_offers_to_judge_on_them(opened: Open) -> None:
    page = opened()
    upload(page, "Prompts (CSV)", PROMPTS)
    assert any("judged on 2 other prompts" in one for one in shown(page))
    press(page, "Prune")
    until(page, lambda: any("The spectrum keeps" in one for one in shown(page)))
    (judged,) = [one for one in page.get("button_group") if one.label == "Judged on"]
    whole = drawn(page, "pruning-curve")["layout"]["yaxis"]["title"]["text"]
    judged.set_value("accuracy").run()
    assert (whole, drawn(page, "pruning-curve")["layout"]["yaxis"]["title"]["text"]) == ("value, nats", "value")


def test_prompts_from_a_file_take_the_place_of_one_and_give_it_back(opened: Open) -> None:
    page = opened()
    upload(page, "Several prompts", PROMPTS)
    assert not page.text_area or page.text_area[0].label != "Prompt"
    assert any(one.startswith("2 prompts with their answers") for one in shown(page))
    assert f"{TEXT} → garden rather than kitchen" in shown(page)
    assert page.session_state["prompts-components"][1] == (TEXT, " garden", " kitchen")
    press(page, "Back to one prompt")
    assert page.text_area[0].value == TEXT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,answer\na,b\n", "lacks target, it has text, answer"),
        ("", "it has no rows"),
        (b"\xff\xfe\x00", "must be a readable UTF-8 CSV file"),
        ("text,target\n" + "a,b\n" * 201, "at most 200 prompts; got 201"),
    ],
    ids=["missing column", "empty", "binary", "too many"],
)
def test_a_file_that_is_no_prompt_set_is_refused_in_one_sentence(opened: Open, content: str | bytes, said: str) -> None:
    page = opened()
    upload(page, "Several prompts", content)
    (error,) = page.error
    assert said in error.value.replace("\\", "")
    assert page.text_area[0].value == TEXT


def upload(page: AppTest, label: str, content: str | bytes) -> None:
    (field,) = [one for one in page.file_uploader if one.label.startswith(label)]
    data = content.encode() if isinstance(content, str) else content
    field.set_value(("prompts.csv", data, "text/csv")).run()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("layers", "9", "`layers` must lie in 0 to 4 of this model; got 9"),
        ("layers", "top 7", "`layers` must ask for the top 1 to 5"),
        ("layers", "first", "`layers` must look like all, 0-3"),
        ("text", "  ", "`text` must hold a prompt"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_beside_the_button(
    opened: Open, field: str, value: str, said: str
) -> None:
    page = opened()
    page.session_state[f"{field}-components"] = value
    page.run()
    until(page, lambda: any(said in one for one in shown(page)))
    assert not page.exception


@pytest.mark.parametrize("units", ["atoms", "neurons:8", "neurons:1:600"])
def test_units_that_there_are_not_are_refused_in_one_sentence(heads: Explanation, units: str) -> None:
    question = components.Question(**{**components.values(heads.recipe), components.UNITS: units})
    with pytest.raises(BadInput, match=r"^`units` must (be one of|name) [^\n]+$"):
        question.game(loaders.shelf())


def test_a_target_that_the_model_gets_wrong_is_said_with_what_it_answers(opened: Open) -> None:
    wrong = ComponentLens(LanguageModel.load("clues"), TEXT, target=" kitchen", units="mlps")
    page = opened(explain(wrong, ESTIMATORS["exact"](), budget=32))
    (said,) = [one for one in shown(page) if "does not answer" in one]
    assert "it answers ' garden'" in said


def test_the_form_asks_for_a_run_again_word_for_word(heads: Explanation, lens: ComponentLens) -> None:
    several = ComponentLens(
        LanguageModel.load("clues"),
        prompts=[{"text": TEXT, "target": " garden"}],
        units="mlps",
        ablation="resample",
        reference=["Ann is in the hall."],
        score="accuracy",
        seed=3,
    )
    for run, game in ((heads, lens), (explain(several, ESTIMATORS["exact"](), budget=32, seed=3), several)):
        values = components.values(run.recipe)
        question = components.Question(**values)
        assert question.game(loaders.shelf()).key == game.key
        wanted = Method(**{"max_order": None, **method_of(run)})
        assert asks_for(Request(question, wanted), run, values)
    assert values[state.SEED] == 3
    assert values[components.LAYERS] == "0-4"


@pytest.mark.parametrize(("layers", "short"), [("0,1,2,5", "0-2,5"), ("", ""), ("3", "3"), ("0,2,4", "0,2,4")])
def test_layers_are_written_as_a_person_types_them(layers: str, short: str) -> None:
    assert components.values({"layers": layers})[components.LAYERS] == short
