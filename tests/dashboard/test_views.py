"""The runs page and the compare page without a browser."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from patience import PATIENCE
from streamlit.testing.v1 import AppTest

from dashboard import entries, labels, loaders, runs, settings
from spexcore.comparison import compare
from spexcore.estimators import ESTIMATORS
from spexcore.explain import explain
from spexcore.explanation import Explanation
from spexcore.figures.words import amount, answer, headline
from spexcore.lenses import SyntheticGame
from spexcore.same_masks import same_masks
from spexcore.validation import Claim, Confirmation

Make = Callable[..., Explanation]
GAME = SyntheticGame(6, {(0, 1): 4.0, (2,): -1.0, (3, 4, 5): 2.0})
FEW = ("walshgp", "lasso")

FIRST = settings.FIRST_PRESETS["prompt"]


@pytest.fixture(autouse=True)
def presets(example: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence about the film as the only example."""
    example.save(tmp_path / "presets" / f"{FIRST}.json")
    monkeypatch.setattr(settings, "PRESETS", tmp_path / "presets")
    st.cache_resource.clear()


@pytest.fixture
def other(make: Make) -> Explanation:
    """The same words with a stronger interaction, another seed and a confirmation."""
    explanation = make(["The", "film", "was", "good"], {(3,): 2.0, (1, 3): 1.0}, seed=7)
    return replace(explanation, confirmation=Confirmation((Claim((3,), 3.0, 2.9, 3.1, False, 3.05),)))


def view(name: str, **query: str) -> AppTest:
    def draw(name: str) -> None:
        from importlib import import_module

        from dashboard import lenses

        lenses.begin()
        import_module(f"dashboard.views.{name}").show()

    page = AppTest.from_function(draw, default_timeout=PATIENCE, kwargs={"name": name})
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def titles(page: AppTest) -> list[str]:
    return [text.value for text in page.get("text")]


def button(page: AppTest, key: str) -> object:
    return next(one for one in page.button if one.key == key)


def test_every_run_is_listed_with_its_confirmation_and_the_search_finds_words_and_methods(other: Explanation) -> None:
    name = runs.keep(other)
    page = view("runs")
    assert len(titles(page)) == 2
    facts = " ".join(caption.value.replace("\\", "") for caption in page.caption)
    assert "confirmed 100 %" in facts
    assert name in facts
    page.text_input(key="search").set_value("GOOD walshgp").run()
    assert titles(page) == ["The film was good"]
    page.text_input(key="search").set_value("no such words").run()
    assert titles(page) == []
    assert "No run holds" in page.info[0].value


def test_a_run_is_named_pinned_to_the_top_and_deleted(other: Explanation, make: Make) -> None:
    older, newer = runs.keep(make(["a", "b"], {(0,): 1.0}, text="a b")), runs.keep(other)
    page = view("runs")
    button(page, f"pin-{older}").click().run()  # type: ignore[attr-defined]
    page.text_input(key=f"name-{older}").set_value("  my\n <b>run</b>").run()
    assert titles(page)[0] == "📌 my <b>run</b>"
    assert labels.read()[older] == labels.Label("my <b>run</b>", pinned=True)
    button(page, f"delete-{newer}").click().run()  # type: ignore[attr-defined]
    button(page, f"delete-surely-{newer}").click().run()  # type: ignore[attr-defined]
    assert runs.find(newer) is None
    assert "deleted" in page.success[0].value
    assert len(titles(page)) == 2


def test_a_run_that_is_opened_is_put_on_the_prompt_page(other: Explanation) -> None:
    name = runs.keep(other)
    page = view("runs")
    button(page, f"go-{name}").click().run()  # type: ignore[attr-defined]
    assert (page.session_state["shown"], page.session_state["goto"]) == (name, "prompt")


def test_a_file_that_is_no_run_is_listed_and_can_only_be_deleted(other: Explanation) -> None:
    runs.keep(other)
    (runs.folder() / "odd.json").write_text('{"a": ')
    page = view("runs")
    assert "odd.json cannot be read" in titles(page)
    assert not [one for one in page.button if one.key == "go-odd"]
    assert "odd" not in entries.choices()


def test_examples_cannot_be_deleted_nor_a_run_that_is_gone(other: Explanation) -> None:
    name = runs.keep(other)
    page = view("runs")
    assert not [one for one in page.button if one.key == f"delete-{FIRST}"]
    button(page, f"delete-{name}").click().run()  # type: ignore[attr-defined]
    (runs.folder() / f"{name}.json").unlink()
    button(page, f"delete-surely-{name}").click().run()  # type: ignore[attr-defined]
    assert "could be deleted" in page.error[0].value


def test_deleting_asks_a_second_time_about_one_run_and_can_be_thought_better_of(other: Explanation, make: Make) -> None:
    name, second = runs.keep(other), runs.keep(make(["a", "b"], {(0,): 1.0}, text="a b"))
    page = view("runs")
    assert not [one for one in page.button if one.key == f"delete-surely-{name}"]
    button(page, f"delete-{name}").click().run()  # type: ignore[attr-defined]
    assert "for good?" in page.warning[0].value
    assert not [one for one in page.button if one.key == f"delete-surely-{second}"]
    button(page, f"keep-{name}").click().run()  # type: ignore[attr-defined]
    assert not page.warning
    assert {name, second} <= set(runs.saved())


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": {"name": "x"}}', "\x00"])
def test_damaged_labels_lose_no_run(other: Explanation, spex_home: Path, content: str) -> None:
    name = runs.keep(other)
    (spex_home / "labels.json").write_text(content)
    assert [one.id for one in entries.entries()] == [name, FIRST]
    labels.change(name, pinned=True)
    assert entries.entries()[0].pinned


def test_two_runs_stand_side_by_side_with_the_differences_of_compare(example: Explanation, other: Explanation) -> None:
    page = view("compare", run=FIRST, **{"with": runs.keep(other)})
    assert {answer(example), headline(example), answer(other), headline(other)} <= set(titles(page))
    drawn = page.table[0].value
    found = compare(example, other, top=10).pairs
    assert [str(one).replace("\\", "") for one in drawn["Term"]] == [" × ".join(pair.players) for pair in found]
    expected = ["–" if pair.difference is None else amount(pair.difference) for pair in found]
    assert list(drawn["B − A"]) == expected
    assert page.query_params["with"] in (other.id, [other.id])


def test_an_address_of_unknown_runs_and_one_that_is_no_id_say_so(other: Explanation) -> None:
    runs.keep(other)
    page = view("compare", run=FIRST, **{"with": "000000000000"})
    assert "no run '000000000000'" in page.warning[0].value.replace("\\", "")
    assert len(page.table) == 1
    odd = view("compare", run="../../etc/passwd", **{"with": "<script>"}).warning
    assert ["The address names no run" in one.value for one in odd] == [True]


def test_other_methods_are_tried_on_run_a_in_the_background_and_set_side_by_side(
    other: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = replace(explain(GAME, ESTIMATORS["exact"](), budget=64, masks="mixed"), notes=())
    monkeypatch.setattr("dashboard.work.same_masks", partial(same_masks, methods=FEW))
    page = view("compare", run=runs.keep(made), **{"with": runs.keep(other)})
    button(page, "try-methods").click().run()  # type: ignore[attr-defined]
    job = loaders.jobs().get(f"methods-{made.id}")
    assert job is not None
    deadline = time.monotonic() + PATIENCE
    while job.active and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job.state == "done", job.error
    page.run()
    table = page.table[1].value
    assert list(table["Method"]) == ["WalshGP", "Lasso"]
    truth = same_masks(GAME, made, methods=FEW)
    said = [f"{fit.faithfulness.r2:.2f}".replace("-", "−") for fit in truth.fits]
    assert list(map(str, table["R² uniform"])) == said
    assert len(page.get("plotly_chart")) == 2


def test_one_run_alone_is_said() -> None:
    assert "one run only" in view("compare").info[0].value


def test_runs_of_different_quantities_are_said_to_be_shares(make: Make) -> None:
    content = make(["The", "film"], {(0,): 0.5}).to_json()
    content["recipe"]["target"] = "NEGATIVE"
    page = view("compare", run=FIRST, **{"with": runs.keep(Explanation.from_json(content))})
    assert any("share of its own run's largest" in info.value for info in page.info)


def test_markup_in_a_prompt_is_text_on_the_compare_page(make: Make) -> None:
    nasty = make(["<img src=x>", "**b**", ":red[c]"], {(0,): 1.0, (1, 2): 2.0})
    page = view("compare", run=FIRST, **{"with": runs.keep(nasty)})
    assert r"\*\*b\*\* × \:red\[c\]" in list(page.table[0].value["Term"])
    assert not any("<img" in one.proto.body for one in page.get("html"))
    assert json.loads(json.dumps(list(page.table[0].value["A"])))
