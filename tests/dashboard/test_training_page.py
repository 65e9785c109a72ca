"""The training data page without a browser: examples, evidence, corrected labels, uploads, refusals in one sentence.

Its encoder is a stand-in that counts letters, so nothing here loads torch.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from patience import PATIENCE
from streamlit.testing.v1 import AppTest
from test_page import APP, given, only_error, press, until

from dashboard import datasets, examples, loaders, runs, settings, work
from dashboard.examples import Wanted
from dashboard.jobs import Job
from dashboard.lenses import training
from dashboard.request import Method, Request
from dashboard.work import Shelf
from spexcore.evidence import Evidence
from spexcore.explanation import Explanation
from spexcore.lenses import TrainingLens, build
from spexcore.lenses.fine_tuning import FineTuned
from spexcore.validation import validate

METHOD = Method(method="exact", max_order=None, budget=16, masks="mixed", verify=0, seed=0)
TEST = "a good lamp"


class Letters:
    """An encoder: how often each letter of the alphabet is in a text."""

    id, sha256 = "letters", "2" * 64
    recipe = {"id": "letters", "sha256": sha256}  # noqa: RUF012

    def features(self, texts: list[str]) -> tuple[np.ndarray, int]:
        counts = np.array([[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts])
        return (counts / 4).astype(np.float32), 0


def table() -> bytes:
    """24 rows, half of them good; those of desk 3 are labelled wrong."""
    rows = [
        (f"a {'good' if k % 2 else 'bad'} {thing} {k}", ("fine" if k % 2 else "poor") if k % 4 != 3 else "poor", k % 4)
        for k, thing in enumerate(["lamp", "desk, wide", "chair", "cup", "phone", "shoe"] * 4)
    ]
    lines = [f'"{text}",{label},desk {desk}' for text, label, desk in rows]
    return "\n".join(["What they said,Verdict,Desk", *lines]).encode("cp1252")


def question(**asked: object) -> training.Question:
    text, label = datasets.guessed(datasets.read(str(asked["data"])))
    values = {**training.START, "text_column": text, "label_column": label, "test": TEST, "model": "letters"}
    return training.Question(**{**values, "groups": "by Desk", **asked})


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> Explanation:
    """A finished run of the small table, with its evidence, kept on this machine."""
    monkeypatch.setattr(Shelf, "model", lambda self, name: Letters())
    job = Job("run", state="running")
    request = Request(question(data=datasets.keep(table(), "odd names.csv")), METHOD)
    return loaders.explanation(work.explain_question(job, request, Shelf()))


@pytest.fixture
def opened(explained: Explanation, fresh_server: Path) -> Callable[..., AppTest]:
    """The page of the training lens, on a run (the small table's by default)."""

    def at(run: Explanation = explained) -> AppTest:
        page = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        page.query_params["run"] = runs.keep(run)
        page.run()
        page.run()  # the address led to another page
        assert not page.exception
        return page

    return at


def lens_of(explanation: Explanation) -> TrainingLens:
    game = build(explanation.recipe, Letters())
    assert isinstance(game, TrainingLens)
    return game


def captions(page: AppTest) -> str:
    return " ".join(one.value for one in page.caption).replace("\\", "")


def cards(page: AppTest) -> list[dict]:
    return given(page, "examples")["cards"]


def test_it_opens_on_its_preset_with_the_planted_bias_first_and_without_torch() -> None:
    program = f"""
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({str(APP)!r}, default_timeout={PATIENCE})
page.query_params["run"] = {settings.FIRST_PRESETS["training"]!r}
page.run()
page.run()
assert not page.exception and not page.error
assert page.selectbox(key="pick-term").value == "1-5", page.selectbox(key="pick-term").options
assert len(page.get("plotly_chart")) >= 3
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)


def test_the_preset_is_what_was_planted() -> None:
    preset = Explanation.load(settings.PRESETS / f"{settings.FIRST_PRESETS['training']}.json")
    truth = datasets.planted("feedback")
    assert truth is not None
    first = preset.interactions().ranked()[0][0]
    assert {preset.players[i] for i in first} == set(truth["bias"]["groups"])
    assert preset.recipe["test"] == [truth["bias"]["test"]]
    found = Evidence.of(preset)
    assert found is not None
    assert found.flip is not None
    assert set(found.flip.rows) <= set(truth["bias"]["ids"])


def test_every_example_has_a_card_with_its_effect_by_retraining(
    opened: Callable[..., AppTest], explained: Explanation
) -> None:
    page = opened()
    shown = cards(page)
    lens = lens_of(explained)
    assert len(shown) == min(examples.A_PAGE, 24)
    assert [card["row"] for card in shown] == np.argsort(-np.abs(lens.leave_one_out), kind="stable")[:20].tolist()
    assert shown[0]["value"] == examples.signed(lens.leave_one_out[shown[0]["row"]])
    assert shown[0]["text"] == lens.examples.texts[shown[0]["row"]]
    assert f"says {explained.recipe['target'][0]} " in captions(page)


def test_examples_are_searched_filtered_and_sorted(explained: Explanation) -> None:
    evidence = Evidence.of(explained)
    assert evidence is not None
    lamps = examples.found(evidence, Wanted(words="LAMP bad"))
    assert {card.row for card in lamps} == {0, 6, 12, 18}
    assert all(card.label == "fine" for card in examples.found(evidence, Wanted(label="fine")))
    assert all(card.effect > 0 for card in examples.found(evidence, Wanted(showing=examples.RAISE)))
    inside = examples.found(evidence, Wanted(showing=examples.CHOSEN, chosen=(2,), order=examples.ROW))
    assert [card.row for card in inside] == [row for row in range(24) if row % 4 == 2]
    assert evidence.flip is not None
    flip = examples.found(evidence, Wanted(showing=examples.FLIP, order=examples.ROW))
    assert tuple(card.row for card in flip) == evidence.flip.rows
    order = [card.similarity for card in examples.found(evidence, Wanted(order=examples.LIKENESS))]
    assert order == sorted(order, reverse=True)
    suspects = examples.found(evidence, Wanted(showing=examples.SUSPECTED, order=examples.SUSPICION))
    assert [card.row for card in suspects] == [s.row for s in evidence.suspects if s.suggested != s.label]


def test_a_search_is_kept_while_another_term_is_chosen(opened: Callable[..., AppTest]) -> None:
    page = opened()
    page.text_input(key="find").set_value("lamp").run()
    assert {card["row"] for card in cards(page)} == {0, 6, 12, 18}
    page.selectbox(key="pick-term").set_value("2").run()
    assert given(page, "examples")["selected"] == [2]
    assert {card["row"] for card in cards(page)} == {0, 6, 12, 18}


def test_a_term_is_retrained_without_and_measured(opened: Callable[..., AppTest], explained: Explanation) -> None:
    page = opened(replace(explained, measured={}))
    page.selectbox(key="pick-term").set_value("0-3").run()
    assert given(page, "card")["numbers"][1]["value"] == "–"
    press(page, "Retrain without: 4 retrainings")
    until(page, lambda: given(page, "card")["numbers"][1]["value"] != "–")
    truth = validate(lens_of(explained), (0, 3), spectrum=explained.spectrum)
    assert given(page, "card")["numbers"][1]["value"] == f"{truth.measured:+.2f}".replace("-", "−")
    assert given(page, "card")["rows"][0]["parts"] == [["desk 0", "kept"], ["\n", ""], ["desk 3", "kept"]]
    assert given(page, "card")["rows"][0]["read"] == ""


def test_labels_are_corrected_and_the_head_trained_again(
    opened: Callable[..., AppTest], explained: Explanation
) -> None:
    page = opened()
    page.multiselect(key="corrected").set_value([3, 7]).run()
    press(page, "Correct 2 labels")
    until(page, lambda: any("labels corrected" in text.value for text in page.markdown))
    lens = lens_of(explained)
    everything = np.ones((1, lens.n_players), dtype=bool)
    after = float(lens.relabelled({3: "fine", 7: "fine"})(everything)[0])
    said = next(text.value for text in page.markdown if "labels corrected" in text.value)
    assert f"to {after:+.2f} logits".replace("-", "−") in said
    assert f"from {float(lens(everything)[0]):+.2f}".replace("-", "−") in said


def test_fine_tuning_is_weighed_before_it_is_done_and_says_whether_the_finding_holds(
    opened: Callable[..., AppTest], explained: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def tuned(job: Job, game: object, rows: tuple[int, ...]) -> FineTuned:
        asked.append(tuple(rows))
        return FineTuned(tuple(rows), (0, 1), 2, intact=(1.0, 1.2), without=(0.4, 0.2), frozen=0.3, key="k")

    monkeypatch.setattr("dashboard.retraining.fine_tuning_seconds", lambda game: 42.0)
    monkeypatch.setattr("dashboard.retraining.fine_tuned", tuned)
    page = opened()
    page.selectbox(key="pick-term").set_value("1").run()
    press(page, "What would it cost?")
    until(page, lambda: any("about 42 s" in button.label for button in page.button))
    press(page, "Fine-tune 6 times")
    until(page, lambda: any("Holds" in text.value for text in page.markdown))
    assert asked == [tuple(row for row in range(24) if row % 4 == 1)]
    said = next(text.value for text in page.markdown if "Holds" in text.value)
    assert "add +0.80 logits ± 0.28 between seeds" in said
    assert "to the head alone +0.30" in said


def test_an_encoder_that_cannot_be_fine_tuned_is_said(opened: Callable[..., AppTest]) -> None:
    page = opened()
    press(page, "What would it cost?")
    until(page, lambda: bool(page.warning))
    assert "must have as encoder a language model" in page.warning[0].value


def test_a_run_without_evidence_gathers_it(opened: Callable[..., AppTest], explained: Explanation) -> None:
    runs.delete(explained.id)  # whose evidence would be kept for it
    page = opened(replace(explained, evidence={}))
    press(page, "Measure every example")
    until(page, lambda: any(one.key == "find" for one in page.text_input))
    assert len(cards(page)) == 20
    assert Evidence.of(loaders.explanation(explained.id)) == Evidence.of(explained)


def test_the_form_asks_for_what_is_on_screen(opened: Callable[..., AppTest], explained: Explanation) -> None:
    page = opened()
    assert page.selectbox(key="text_column-training").value == "What they said"
    assert page.selectbox(key="groups-training").value == "by Desk"
    assert "On screen: 16 masks" in captions(page)
    assert not loaders.jobs()._jobs


def test_a_run_from_elsewhere_brings_its_table(opened: Callable[..., AppTest], explained: Explanation) -> None:
    recipe = {name: value for name, value in explained.recipe.items() if name != "source"}
    page = opened(replace(explained, recipe=recipe))
    assert page.selectbox(key="groups-training").value == "by group"
    assert "On screen" in captions(page)
    table = datasets.read(page.session_state["data-training"])
    assert list(table.columns["text"]) == recipe["texts"]
    assert list(table.columns["group"]) == recipe["groups"]


@pytest.mark.parametrize("evidence", [{"prediction": 3}, {"examples": []}, [1]], ids=["number", "half", "list"])
def test_edited_evidence_is_one_sentence(
    opened: Callable[..., AppTest], explained: Explanation, evidence: object
) -> None:
    page = opened()
    path = runs.find(explained.id)
    assert path is not None
    path.write_text(json.dumps({**explained.to_json(), "evidence": evidence}))
    page.run()
    assert not page.exception
    assert len(page.error) == 1


BAD = {
    "one class": ("a.csv", b"text,label\none,x\ntwo,x\n", "at least two classes"),
    "empty text": ("a.csv", b"text,label\none,x\n  ,y\n", "line 3"),
    "200 labels": ("a.csv", b"text,label\n" + b"".join(b"t%d and more,l%d\n" % (k, k) for k in range(200)), "classes"),
}
UNREADABLE = {
    "encoding": ("a.csv", "text,label\nété,x\nno,y\n".encode("cp1252"), "cp1252"),
    "ragged": ("a.csv", b"text,label\none,two,x\n", "line 2"),
    "too large": ("a.csv", b"text,label\n" + b"x" * 20_000_001, "20 MB"),
    "no text": ("a.csv", b"\x89PNG\r\n\x1a\n", "UTF-8"),
    "no rows": ("a.tsv", b"text\tlabel\n", "at least one row"),
}


def upload(page: AppTest, name: str, content: bytes) -> None:
    file = next(one for one in page.file_uploader if "CSV" in one.label)
    file.set_value((name, content, "text/csv")).run()


@pytest.mark.parametrize("kind", BAD)
def test_a_table_that_cannot_be_trained_on_is_said_beside_run(opened: Callable[..., AppTest], kind: str) -> None:
    name, content, said = BAD[kind]
    page = opened()
    upload(page, name, content)
    assert said in captions(page)
    press(page, "Run")
    assert said in only_error(page)
    assert cards(page)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_is_no_table_is_refused_and_nothing_is_lost(opened: Callable[..., AppTest], kind: str) -> None:
    name, content, said = UNREADABLE[kind]
    page = opened()
    before = page.session_state["data-training"]
    upload(page, name, content)
    assert said in only_error(page)
    assert page.session_state["data-training"] == before
    assert cards(page)


def test_an_upload_with_odd_columns_is_read_guessed_and_run(opened: Callable[..., AppTest]) -> None:
    page = opened()
    upload(page, "other.csv", table().replace(b"good", b"fair"))
    assert page.selectbox(key="text_column-training").value == "What they said"
    assert page.selectbox(key="label_column-training").value == "Verdict"
    page.selectbox(key="groups-training").set_value("by Desk")
    page.number_input(key="budget-training").set_value(16)
    before = page.query_params["run"]
    press(page, "Run")
    until(page, lambda: page.query_params["run"] != before)
    assert not page.error
    assert len(cards(page)) == 20


def test_a_test_text_that_is_a_training_row_is_said(explained: Explanation) -> None:
    asked = question(data=explained.recipe["source"]["data"], test="a bad lamp 0")
    assert any("itself training row 0" in note for note in asked.game(Shelf()).notes)


def test_a_table_is_kept_as_utf8_by_its_sha256_and_a_changed_one_is_refused() -> None:
    name = datasets.keep("text,label\nété,x\nnon,y\n".encode("cp1252"), "../é t.csv", "cp1252")
    assert datasets.read(name).columns["text"] == ("été", "non")
    assert datasets.keep("text,label\nété,x\nnon,y\n".encode(), "b.csv") == name
    path = datasets.known()[name]
    assert path.parent == datasets.folder()
    path.write_text("text,label\nother,x\nnon,y\n")
    with pytest.raises(Exception, match="has changed since"):
        datasets.read(name)
    path.unlink()
    with pytest.raises(Exception, match="Upload it again"):
        datasets.read(name)


def test_a_long_table_is_sampled_and_says_so() -> None:
    rows = "".join(f"text number {k},{'xy'[k % 2]}\n" for k in range(6000))
    table = datasets.read(datasets.keep(f"text,label\n{rows}".encode(), "long.csv"))
    assert len(table) == 5000
    assert "sampled from 6,000" in table.notes[0]
