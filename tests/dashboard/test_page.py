"""The page's logic without a browser: arriving, choosing, re-ablating, opening, and refusals in one sentence."""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from patience import PATIENCE
from streamlit.testing.v1 import AppTest

from dashboard import loaders, runs, settings
from spexcore.estimators import ESTIMATORS
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.exports import shapiq_json
from spexcore.figures.words import INDEX_NAMES, amount
from spexcore.lenses import SyntheticGame
from spexcore.validation import Claim, Confirmation, confirm, validate

FIRST = settings.FIRST_PRESETS["prompt"]
APP = Path(settings.__file__).with_name("app.py")
GAME = SyntheticGame(6, {(0, 1): 4.0, (2,): -1.0, (3, 4, 5): 2.0})
Open = Callable[..., AppTest]


@pytest.fixture
def opened(example: Explanation, fresh_server: Path) -> Open:
    """The page, opened on an explanation (the sentence about the film by default) as its only preset."""

    def at(explanation: Explanation = example, run: str = "", sel: str = "") -> AppTest:
        explanation.save(fresh_server / f"{FIRST}.json")
        page = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        if run:
            page.query_params["run"] = run
        if sel:
            page.query_params["sel"] = sel
        page.run()
        assert not page.exception
        return page

    return at


@pytest.fixture(scope="module")
def synthetic() -> Explanation:
    """A finished run of a game that needs no model: x0 with x1, x2 by itself, x3 to x5 together."""
    return replace(explain(GAME, ESTIMATORS["exact"](), budget=64), measured={})


def given(page: AppTest, component: str) -> dict:
    """What a component of the page was given to draw."""
    found = [
        one.proto.json for one in page.get("bidi_component") if one.proto.component_name == f"spexcore.{component}"
    ]
    return json.loads(found[0])


def press(page: AppTest, label: str) -> None:
    next(one for one in page.button if one.label.startswith(label)).click().run()


def until(page: AppTest, met: Callable[[], bool]) -> None:
    """Look again and again; between two looks the jobs have the processor for themselves for a while."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, "the background job did not end"
        look = time.monotonic() + 0.5
        while any(job.active for job in list(loaders.jobs()._jobs.values())) and time.monotonic() < look:
            time.sleep(0.02)
        page.run()


def only_error(page: AppTest) -> str:
    assert not page.exception
    assert len(page.error) == 1
    return page.error[0].value.replace("\\", "")


def test_the_first_page_is_a_finished_example_with_its_strongest_interaction_chosen(opened: Open) -> None:
    page = opened()
    assert not page.error
    assert page.text_area[0].value == "The film was not bad, but the ending felt rushed."
    assert page.query_params["run"] in (FIRST, [FIRST])
    assert given(page, "tokens")["selected"] == [3, 4]
    numbers = given(page, "card")["numbers"]
    assert [number["value"] for number in numbers] == ["+9.50", "+9.60"]
    assert numbers[1]["note"] == "saved with the run"


def test_a_term_chosen_in_the_list_is_chosen_in_text_and_card(opened: Open) -> None:
    page = opened()
    page.selectbox(key="pick-term").set_value("5-7-9").run()
    assert given(page, "tokens")["selected"] == [5, 7, 9]
    assert given(page, "card")["kind"] == "Interaction of order 3"
    assert len(given(page, "card")["rows"]) == 8


def test_a_selection_changes_the_marks_and_no_figure(opened: Open) -> None:
    page = opened()
    figures = [chart.proto.spec for chart in page.get("plotly_chart")]
    before = given(page, "links")["charts"]
    page.selectbox(key="pick-term").set_value("5-7-9").run()
    after = given(page, "links")["charts"]
    assert [chart.proto.spec for chart in page.get("plotly_chart")] == figures
    assert [json.loads(figure)["layout"]["meta"] for figure in figures] == [one["figure"] for one in after.values()]
    for key, chart in after.items():
        assert chart["figure"] == before[key]["figure"]
        assert chart["marks"] != before[key]["marks"]


def test_nothing_is_weighed_or_loaded_while_the_form_asks_for_what_is_on_screen(opened: Open) -> None:
    page = opened()
    assert not loaders.jobs()._jobs
    assert any(caption.value.startswith("On screen") for caption in page.caption)


@pytest.mark.parametrize("index", sorted(INDEX_NAMES))
def test_every_index_is_drawn_from_the_same_run_without_new_ablations(opened: Open, index: str) -> None:
    page = opened()
    page.selectbox(key="index").set_value(index).run()
    assert not page.error
    assert not loaders.jobs()._jobs
    assert len(page.get("plotly_chart")) == 2


def test_an_order_without_terms_is_said_and_the_switches_stay(opened: Open, make: Callable[..., Explanation]) -> None:
    page = opened(make(["a", "b"], {(0,): 1.0}))
    page.get("button_group")[0].set_value([3]).run()
    assert any("No term of this kind" in info.value for info in page.info)
    assert page.selectbox(key="index").value == "comobius"


def test_a_term_is_tried_in_random_contexts(opened: Open, synthetic: Explanation) -> None:
    page = opened(synthetic)
    page.selectbox(key="pick-term").set_value("0-1").run()
    press(page, "In random contexts: 36 ablations")
    said = lambda: [one.value.replace("\\", "") for one in page.caption if "kept at random" in one.value]  # noqa: E731
    until(page, lambda: bool(said()))
    truth = validate(GAME, (0, 1), contexts=8).contexts
    assert f"8 times: {amount(sum(truth) / 8)} " in said()[0]
    assert f"from {amount(min(truth))} to {amount(max(truth))};" in said()[0]


def test_terms_below_the_least_size_are_off_the_page_and_its_list(opened: Open) -> None:
    page = opened()
    everything = page.selectbox(key="pick-term").options
    (least,) = [slider for slider in page.select_slider if slider.label == "At least"]
    least.set_value(0.5).run()
    assert not page.error
    assert 0 < len(page.selectbox(key="pick-term").options) < len(everything)


def test_a_re_ablation_shows_the_number_that_validate_gives(opened: Open, synthetic: Explanation) -> None:
    page = opened(synthetic)
    page.selectbox(key="pick-term").set_value("0-1").run()
    assert given(page, "card")["numbers"][1]["value"] == "–"
    press(page, "Re-ablate: 4 ablations")
    until(page, lambda: given(page, "card")["numbers"][1]["value"] != "–")
    content = given(page, "card")
    truth = validate(GAME, (0, 1), spectrum=synthetic.spectrum)
    assert content["numbers"][1]["value"] == f"{truth.measured:+.2f}"
    assert content["rows"][0]["measured"] == f"{truth.corners[-1].value:+.2f}"
    assert content["rows"][-1]["read"] == "read as: without x0, x1"


def test_validating_the_leading_terms_shows_their_rate_and_keeps_it_with_the_run(
    opened: Open, synthetic: Explanation
) -> None:
    page = opened(synthetic)
    press(page, "Validate the top 10")
    until(page, lambda: any("Confirmation rate" in text.value for text in page.markdown))
    kept = loaders.explanation(synthetic.id).confirmation
    assert kept == confirm(GAME, synthetic, top=10)
    assert kept.rate == 1.0
    said = next(text.value for text in page.markdown if "Confirmation rate" in text.value).replace("\\", "")
    assert f"100 %: {len(kept.claims)} of the {len(kept.claims)} leading terms hold" in said
    assert page.query_params["run"] in (synthetic.id, [synthetic.id])
    st.cache_resource.clear()  # another visitor, after a restart
    again = opened(run=synthetic.id)
    assert any("Confirmation rate 100" in text.value for text in again.markdown)
    assert len(again.get("plotly_chart")) == 4


def test_a_term_measured_by_the_confirmation_is_measured_on_its_card(opened: Open, example: Explanation) -> None:
    claim = Claim((5, 7, 9), -1.0, -1.4, -0.6, first_hand=False, measured=-1.25)
    page = opened(replace(example, confirmation=Confirmation((claim,))), sel="5-7-9", run=FIRST)
    assert given(page, "card")["numbers"][1]["value"] == "−1.25"
    assert given(page, "card")["verdict"].startswith("✓")


def test_a_run_of_a_changed_model_is_not_validated(opened: Open, synthetic: Explanation) -> None:
    page = opened(Explanation.from_json({**synthetic.to_json(), "key": "0" * 64}))
    press(page, "Validate the top 10")
    until(page, lambda: bool(page.warning))
    assert "has changed since" in page.warning[0].value


def test_after_a_run_the_one_before_can_be_set_beside_it(opened: Open, synthetic: Explanation) -> None:
    page = opened()
    assert not [one for one in page.button if one.label == "Before / after"]
    name = runs.keep(synthetic)
    job = loaders.jobs().submit("run-0", lambda job: name)
    page.session_state["job"] = job.id
    until(page, lambda: page.session_state["shown"] == name)
    press(page, "Before / after")
    assert (page.session_state["side-a"], page.session_state["side-b"]) == (FIRST, name)


def test_an_address_selects_a_term_and_a_choice_is_written_to_the_address(opened: Open) -> None:
    page = opened(run=FIRST, sel="5-7-9")
    assert given(page, "tokens")["selected"] == [5, 7, 9]
    page.selectbox(key="pick-term").set_value("3-4").run()
    assert page.query_params["sel"] in ("3-4", ["3-4"])


@pytest.mark.parametrize("sel", ["99", "x", "3--4", "-", "../..", "<b>", "1" * 70])
def test_a_hand_edited_selection_is_ignored(opened: Open, sel: str) -> None:
    page = opened(run=FIRST, sel=sel)
    assert not page.error
    assert given(page, "tokens")["selected"] == [3, 4]


def test_a_run_of_a_changed_model_is_not_re_ablated(opened: Open, synthetic: Explanation) -> None:
    foreign = Explanation.from_json({**synthetic.to_json(), "key": "0" * 64})
    page = opened(foreign)
    press(page, "Re-ablate")
    until(page, lambda: bool(page.warning))
    assert "has changed since" in page.warning[0].value


def test_a_corrupt_store_is_one_sentence_and_the_run_stays_on_screen(
    opened: Open, synthetic: Explanation, spex_home: Path
) -> None:
    spex_home.mkdir(parents=True, exist_ok=True)
    (spex_home / "store.sqlite").write_bytes(b"this is no database" * 100)
    page = opened(synthetic)
    press(page, "Re-ablate")
    until(page, lambda: bool(page.warning))
    assert "is damaged" in page.warning[0].value
    assert not page.exception
    assert given(page, "tokens")["pieces"][0]["text"] == "x0"


def test_a_locked_store_is_one_sentence(
    opened: Open, synthetic: Explanation, monkeypatch: pytest.MonkeyPatch, spex_home: Path
) -> None:
    monkeypatch.setattr("spexcore.store._WAIT_MS", 50)
    spex_home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(spex_home / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        page = opened(synthetic)
        press(page, "Re-ablate")
        until(page, lambda: bool(page.warning))
        other.execute("ROLLBACK")
    assert "is locked by another program" in page.warning[0].value
    press(page, "Re-ablate")  # the other program has gone
    until(page, lambda: not page.warning and given(page, "card")["numbers"][1]["value"] != "–")


def test_a_coalition_too_large_to_re_ablate_says_how_many_may_be(opened: Open) -> None:
    page = opened()
    page.session_state["chosen"] = tuple(range(9))
    page.run()
    assert any("at most 8 parts" in caption.value for caption in page.caption)
    assert not [one for one in page.button if one.label.startswith("Re-ablate")]
    assert given(page, "card")["more"] == "and 496 more ablations"


def test_more_parts_than_can_be_shown_are_not_chosen(opened: Open, make: Callable[..., Explanation]) -> None:
    words = [f"w{i}" for i in range(30)]
    page = opened(make(words, {(0, 1): 4.0}), run=FIRST, sel="-".join(map(str, range(20))))
    assert any(
        "At most 12 parts can be chosen at once; these are 20." in info.value.replace("\\", "") for info in page.info
    )
    assert given(page, "tokens")["selected"] == [0, 1]


@pytest.mark.parametrize(
    ("text", "budget", "said"),
    [
        ("", 512, "empty prompt"),
        ("   ", 512, "empty prompt"),
        ("word", 512, "at most 2^1 = 2 masks for 1 words; got 512"),
        ("three short words", 9, "at most 2^3 = 8 masks"),
        ("!!! ???", 16, "has no words"),
        (" ".join(f"w{i}" for i in range(300)), 1, "`budget` must be at least"),
    ],
    ids=["empty", "blank", "one word", "too many masks", "no words", "too few masks"],
)
def test_what_cannot_be_run_is_refused_in_one_sentence_and_the_example_stays(
    opened: Open, text: str, budget: int, said: str
) -> None:
    page = opened()
    page.text_area[0].set_value(text)
    page.number_input(key="budget").set_value(budget)
    press(page, "Run")
    assert said in only_error(page)
    assert given(page, "tokens")["selected"] == [3, 4]


@pytest.mark.parametrize("run", ["000000000000", "absent"])
def test_an_address_of_an_unknown_run_says_so_and_shows_the_example(opened: Open, run: str) -> None:
    page = opened(run=run)
    assert f"There is no run '{run}' on this machine" in only_error(page)
    assert given(page, "tokens")["selected"] == [3, 4]


@pytest.mark.parametrize("run", ["../../etc/passwd", "<script>", "A" * 100, "%00"])
def test_an_address_that_is_no_id_says_so_and_shows_the_example(opened: Open, run: str) -> None:
    page = opened(run=run)
    assert "The address names no run" in only_error(page)
    assert given(page, "tokens")["selected"] == [3, 4]


def test_an_address_of_a_kept_run_opens_it(opened: Open, synthetic: Explanation) -> None:
    page = opened(run=runs.keep(synthetic))
    assert not page.error
    assert given(page, "tokens")["pieces"][0]["text"] == "x0"


def test_an_uploaded_run_is_shown_kept_and_in_the_address(opened: Open, synthetic: Explanation) -> None:
    page = opened()
    content = json.dumps(synthetic.to_json()).encode()
    page.file_uploader[0].set_value(("run.json", content, "application/json")).run()
    assert not page.error
    assert given(page, "tokens")["pieces"][0]["text"] == "x0"
    assert page.query_params["run"] in (synthetic.id, [synthetic.id])
    assert runs.find(synthetic.id) is not None


def test_a_note_on_a_term_and_on_the_run_is_kept_shown_and_marked(opened: Open, synthetic: Explanation) -> None:
    page = opened(run=runs.keep(synthetic), sel="0-1")
    page.text_area(key=f"note-{synthetic.id}-0-1").set_value("**look** <b>here</b>").run()
    assert "kept with the run" in page.toast[0].value
    page.text_area(key=f"note-{synthetic.id}-0-1").set_value("**look** <b>here</b> ").run()
    assert not page.toast  # nothing new was written
    page.text_area(key=f"note-{synthetic.id}-").set_value("seen by A").run()
    kept = loaders.explanation(synthetic.id)
    assert (kept.remarks.run, kept.remarks.terms) == ("seen by A", {(0, 1): "**look** <b>here</b>"})
    assert any(text.value == "Note: seen by A" for text in page.get("text"))
    assert any(option.endswith("✎") for option in page.selectbox(key="pick-term").options)
    page.selectbox(key="pick-term").set_value("2").run()
    assert page.text_area(key=f"note-{synthetic.id}-2").value == ""
    page.selectbox(key="pick-term").set_value("0-1").run()
    assert page.text_area(key=f"note-{synthetic.id}-0-1").value == "**look** <b>here</b>"
    page.text_area(key=f"note-{synthetic.id}-").set_value(" ").run()
    assert "taken away" in page.toast[0].value
    assert loaders.explanation(synthetic.id).remarks.run == ""


def test_a_note_on_an_example_makes_a_copy_and_shows_it(opened: Open, example: Explanation) -> None:
    page = opened()
    page.text_area(key=f"note-{example.id}-3-4").set_value("a double negation").run()
    assert page.session_state["shown"] == example.id
    assert loaders.explanation(example.id).remarks.terms == {(3, 4): "a double negation"}
    assert not loaders.explanation(FIRST).remarks
    assert page.query_params["run"] in (example.id, [example.id])


def test_a_confirmation_under_way_loses_no_note(opened: Open, synthetic: Explanation) -> None:
    page = opened(run=runs.keep(synthetic))
    job = loaders.jobs().submit("busy", lambda job: job.cancel.wait(PATIENCE))  # the confirmation waits behind it
    press(page, "Validate the top 10")
    page.text_area(key=f"note-{synthetic.id}-").set_value("written meanwhile").run()
    job.stop()
    until(page, lambda: any("Confirmation rate" in text.value for text in page.markdown))
    kept = loaders.explanation(synthetic.id)
    assert kept.remarks.run == "written meanwhile"
    assert kept.confirmation is not None


def test_a_shapiq_file_is_shown_under_its_own_index_and_offers_no_re_ablation(
    opened: Open, synthetic: Explanation
) -> None:
    page = opened()
    content = shapiq_json(synthetic, "sii").encode()
    page.file_uploader[0].set_value(("theirs.json", content, "application/json")).run()
    assert not page.error
    assert page.selectbox(key="index").value == "sii"
    assert given(page, "tokens")["pieces"][0]["text"] == "x0"
    said = " ".join(text.value for text in page.get("text"))
    assert "The strongest interaction in the file under Shapley interaction (SII)" in said
    assert not [one for one in page.button if one.label.startswith(("Re-ablate", "Validate"))]
    assert any("nothing can be re-ablated" in caption.value for caption in page.caption)
    assert "nothing was measured" in given(page, "card")["claim"]
    page.selectbox(key="index").set_value("comobius").run()
    assert not page.error
    assert any("holds sii alone" in caption.value for caption in page.caption)
    reopened = opened(run=page.session_state["shown"])
    assert not reopened.error


def test_everything_deleted_while_the_page_is_open_is_one_sentence_and_it_goes_on(
    opened: Open, synthetic: Explanation, spex_home: Path
) -> None:
    page = opened(run=runs.keep(synthetic), sel="0-1")
    press(page, "Re-ablate")
    until(page, lambda: given(page, "card")["numbers"][1]["value"] != "–")
    shutil.rmtree(spex_home)
    page.run()
    assert f"There is no run '{synthetic.id}' on this machine" in only_error(page)
    content = json.dumps(synthetic.to_json()).encode()
    page.file_uploader[0].set_value(("run.json", content, "application/json")).run()
    page.selectbox(key="pick-term").set_value("2").run()
    press(page, "Re-ablate")  # the store is made anew
    until(page, lambda: given(page, "card")["numbers"][1]["value"] != "–")
    assert not page.error


def test_a_job_goes_on_to_its_end_when_the_store_is_deleted_under_it(
    opened: Open, synthetic: Explanation, spex_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(synthetic)

    def values(self: SyntheticGame, masks: object) -> object:
        for path in spex_home.glob("store.sqlite*"):
            path.unlink()
        return original(self, masks)

    original = SyntheticGame._values
    monkeypatch.setattr(SyntheticGame, "_values", values)
    press(page, "Re-ablate")
    until(page, lambda: given(page, "card")["numbers"][1]["value"] != "–")
    for troubles in (page.exception, page.error, page.warning):
        assert not troubles
    assert not (spex_home / "store.sqlite").exists()


@pytest.mark.parametrize(
    "content", [b"{", b'{"schema": "other/1"}', b"\xff\xfe", b"[1, 2]"], ids=["cut", "foreign", "binary", "list"]
)
def test_an_upload_that_is_no_run_is_refused_and_nothing_is_lost(opened: Open, content: bytes) -> None:
    page = opened()
    page.file_uploader[0].set_value(("odd.json", content, "application/json")).run()
    assert only_error(page)
    assert given(page, "tokens")["selected"] == [3, 4]


def test_a_run_file_with_a_player_that_does_not_exist_is_refused(opened: Open, synthetic: Explanation) -> None:
    page = opened()
    content = {**synthetic.to_json(), "coefficients": [{"coalition": [99], "value": 1.0}]}
    page.file_uploader[0].set_value(("odd.json", json.dumps(content).encode(), "application/json")).run()
    assert "run file" in only_error(page)


def test_an_unexpected_error_is_a_short_sentence_and_a_log_entry(
    opened: Open, monkeypatch: pytest.MonkeyPatch, spex_home: Path
) -> None:
    page = opened()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("dashboard.results.rows", broken)
    page.run()
    assert "ZeroDivisionError" in only_error(page)
    assert "secret" not in only_error(page)
    assert "a secret" in (spex_home / "dashboard.log").read_text("utf-8")
