"""Run files are looked up, never joined to a path; a file that is none is refused in one sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import runs, settings
from dashboard.doors import plain
from spexcore.errors import BadRunFile, StoreError
from spexcore.explanation import Explanation
from spexcore.remarks import Remarks
from spexcore.validation import Claim, Confirmation


def test_a_kept_run_is_found_by_its_id_and_reads_back_equal(example: Explanation) -> None:
    name = runs.keep(example)
    path = runs.find(name)
    assert path is not None
    assert Explanation.load(path).to_json() == example.to_json()


def test_a_run_made_again_keeps_its_notes_and_the_confirmation_of_the_same_findings(example: Explanation) -> None:
    confirmed = Confirmation((Claim((3, 4), 9.6, 9.6, 9.6, True, 9.6),))
    noted = replace(example, remarks=Remarks().on_run("mine").on_term((3,), "old"), confirmation=confirmed)
    runs.keep(noted)
    runs.keep(replace(example, remarks=Remarks().on_term((3,), "new")))
    again = Explanation.load(runs.saved()[example.id])
    assert (again.remarks.run, again.remarks.terms) == ("mine", {(3,): "new"})
    assert again.confirmation == confirmed
    runs.keep(replace(example, measured={(3, 4): 1.0}))
    assert Explanation.load(runs.saved()[example.id]).confirmation is None  # it spoke of other findings


def test_an_edit_is_made_on_what_the_file_holds_by_now(example: Explanation) -> None:
    runs.keep(replace(example, remarks=Remarks().on_run("written meanwhile")))
    runs.change(example, lambda newest: replace(newest, seconds=1.5))
    kept = Explanation.load(runs.saved()[example.id])
    assert (kept.seconds, kept.remarks.run) == (1.5, "written meanwhile")
    runs.saved()[example.id].write_text("{")
    runs.change(example, lambda newest: replace(newest, seconds=2.5))  # a file that cannot be read is written anew
    assert Explanation.load(runs.saved()[example.id]).seconds == 2.5


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "absent", "../runs/x"])
def test_a_name_that_is_no_run_finds_nothing(name: str, example: Explanation) -> None:
    runs.keep(example)
    assert runs.find(name) is None


def test_a_home_that_cannot_be_written_is_one_sentence(
    example: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SPEX_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="Set SPEX_HOME to another folder"):
        runs.keep(example)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"schema": "other/9"}', b"\xff\xfe\x00", b"[" * 100_000, b'{"schema": 5}'],
    ids=["empty", "cut", "list", "null", "foreign", "binary", "deep", "number"],
)
def test_an_upload_that_is_no_run_file_is_one_sentence(content: bytes) -> None:
    with pytest.raises(BadRunFile) as refused:
        runs.opened(content, "odd.json")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_truncated_run_file_is_refused(example: Explanation, tmp_path: Path) -> None:
    example.save(tmp_path / "run.json")
    content = (tmp_path / "run.json").read_bytes()
    with pytest.raises(BadRunFile):
        runs.opened(content[: len(content) // 2], "run.json")


def test_an_upload_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(BadRunFile, match="larger than 20 MB"):
        runs.opened(b" " * 20_000_001, "big.json")


def test_presets_are_finished_runs_and_the_first_is_the_one_promised() -> None:
    names = list(runs.presets())
    assert names[0] == settings.FIRST_PRESETS["prompt"]
    for path in runs.presets().values():
        explanation = Explanation.load(path)
        assert any(len(coalition) > 1 for coalition in explanation.measured), path
        assert explanation.recipe.get("text") or explanation.recipe.get("test")


def test_text_for_the_page_is_escaped_character_by_character() -> None:
    assert plain("**b** $x$ :red[a]") == r"\*\*b\*\* \$x\$ \:red\[a\]"
    assert plain("a\nb") == "a b"


def test_a_run_over_several_prompts_is_listed_by_them(example: Explanation) -> None:
    recipe = {"lens": "components", "prompts": [{"text": "Where is Ann?"}, {"text": "Where is Bob?"}]}
    assert runs.summary({**example.to_json(), "recipe": recipe})[0] == "Where is Ann? Where is Bob?"
