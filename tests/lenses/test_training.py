"""The training lens: a game of retraining, its groups, its recipe, and what it refuses."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from letters import Letters

from spexcore.assets import asset
from spexcore.errors import BadInput
from spexcore.lenses import LENSES, TrainingLens, build, grouping
from spexcore.lenses.features import FrozenEncoder
from spexcore.lenses.heads import Head, margins
from spexcore.models import LanguageModel
from spexcore.models.embedding import embed

TEXTS = ["good food", "tip top", "bad cab", "bad dab", "nice rice", "vice lice", "good food!", "dull bulb"]
LABELS = ["up", "up", "down", "down", "up", "down", "up", "flat"]


def lens(**settings: object) -> TrainingLens:
    asked = {"test": "good cab", "target": "up", "encoder": Letters(), **settings}
    return TrainingLens(asked.pop("texts", TEXTS), asked.pop("labels", LABELS), **asked)


def test_a_mask_retrains_without_the_examples_left_out() -> None:
    game = lens()
    masks = np.array([[1] * 8, [0, 1, 1, 1, 1, 0, 1, 1], [0] * 8])
    kept = [0, 1, 1, 1, 1, 0, 1, 1]
    features = Letters().features(TEXTS)[0].astype(float)
    codes = np.array([2, 2, 0, 0, 2, 0, 2, 1])
    rows = np.flatnonzero(kept)
    smaller = Head(features[rows], codes[rows], 3)  # trained on the kept rows alone
    point = Letters().features(["good cab"])[0].astype(float)
    expected = margins(smaller.logits(smaller.full[None], point), np.array([2]))[0, 0]
    values = game(masks)
    assert values[1] == pytest.approx(expected, abs=1e-7)
    assert values[2] == pytest.approx(-np.log(2), abs=1e-12)
    assert game.players[0] == "0: good food"
    assert values[0] == pytest.approx(np.log(game.probabilities["up"][0] / (1 - game.probabilities["up"][0])))


def test_several_tests_are_averaged_and_loss_is_minus_log_probability() -> None:
    masks = np.array([[1] * 8, [1, 1, 0, 1, 1, 1, 0, 1]])
    one, two = (lens(test=test)(masks) for test in ("good cab", "lice"))
    np.testing.assert_allclose(lens(test=["good cab", "lice"])(masks), (one + two) / 2, atol=1e-9)
    np.testing.assert_allclose(lens(value="loss")(masks), np.log1p(np.exp(-one)), atol=1e-9)
    each = lens(test=["good cab", "lice"], target=["up", "down"])
    np.testing.assert_allclose(each(masks), (one + lens(test="lice", target="down")(masks)) / 2, atol=1e-9)
    assert lens(target=None).targets == ("up",)  # the head's own answer


def test_groups_by_a_column_stand_and_fall_together() -> None:
    single, grouped = lens(), lens(groups=["a", "a", "b", "b", "c", "c", "a", ""])
    assert grouped.players == ("a", "b", "c", "(no group)")
    assert grouped.rows(0) == [0, 1, 6]
    mask = np.array([[0, 1, 1, 0]])
    np.testing.assert_allclose(grouped(mask), single(mask[:, grouped.player_of]), atol=1e-9)
    np.testing.assert_allclose(grouped.influence, np.bincount(grouped.player_of, single.influence), atol=1e-12)


def test_duplicates_share_a_player_only_within_a_label() -> None:
    game = lens(groups="duplicates")
    assert game.rows(0) == [0, 6]
    assert game.players[0] == "0+6: good food"
    apart = lens(groups="duplicates", labels=[*LABELS[:6], "down", "flat"])
    assert all(len(apart.rows(player)) == 1 for player in range(apart.n_players))


def test_clusters_are_of_one_label_and_cover_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "CLUSTERS", 4)
    texts = [f"{word} {end}" for word in ("good", "bad", "fine", "dull", "nice") for end in "abcdefgh"]
    labels = ["up" if text[0] in "gfn" else "down" for text in texts]
    game = lens(texts=texts, labels=labels, groups="clusters")
    assert sorted(row for player in range(game.n_players) for row in game.rows(player)) == list(range(40))
    for player in range(game.n_players):
        assert len({labels[row] for row in game.rows(player)}) == 1


def test_staged_keeps_the_most_influential_single(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "STAGED_SINGLES", 5)
    monkeypatch.setattr(grouping, "STAGED_GROUPS", 4)
    texts = [f"{word} {end}" for word in ("good", "bad", "fine", "dull", "nice") for end in "abcdefgh"]
    labels = ["up" if text[0] in "gfn" else "down" for text in texts]
    game = lens(texts=texts, labels=labels, groups="staged")
    top = set(np.argsort(-np.abs(game.influence_of_examples))[:5].tolist())
    single = {row for player in range(game.n_players) for row in game.rows(player) if len(game.rows(player)) == 1}
    assert top <= single
    assert 5 < game.n_players <= 10


def test_recipe_makes_the_same_game(monkeypatch: pytest.MonkeyPatch) -> None:
    game = lens(groups="duplicates", ridge=0.5, value="loss")
    again = build(json.loads(json.dumps(game.recipe)), model=Letters())
    mask = np.ones((1, game.n_players), bool)
    assert again.key == game.key
    assert again.players == game.players
    assert again(mask) == pytest.approx(game(mask), abs=1e-12)
    monkeypatch.setattr("spexcore.lenses.training._RECIPE_BYTES", 10)
    with pytest.raises(BadInput, match="too many"):
        build(lens().recipe, model=Letters())


@pytest.mark.parametrize(
    "change",
    [{"test": "bad"}, {"target": "down"}, {"ridge": 2.0}, {"value": "loss"}, {"groups": ["a"] * 4 + ["b"] * 4},
     {"labels": ["down", *LABELS[1:]]}, {"texts": ["good foot", *TEXTS[1:]]}],
)  # fmt: skip
def test_everything_the_values_depend_on_is_in_the_key(change: dict) -> None:
    assert lens(**change).key != lens().key


def test_relabelled_is_the_lens_with_corrected_labels() -> None:
    corrected = lens().relabelled({2: "up"})
    masks = np.ones((1, 8), bool)
    assert corrected(masks) == pytest.approx(lens(labels=["up", "up", "up", *LABELS[3:]])(masks), abs=1e-9)
    with pytest.raises(BadInput, match="rows 0 to 7"):
        lens().relabelled({8: "up"})
    with pytest.raises(BadInput, match="sideways"):
        lens().relabelled({1: "sideways"})


def test_a_test_text_in_the_training_set_and_cut_texts_are_noted() -> None:
    noted = " ".join(lens(test="good food").notes)
    assert "training row 0" in noted
    assert "frozen" in noted
    assert "1 texts are longer" in " ".join(lens(texts=["good " * 50, *TEXTS[1:]]).notes)
    assert len(lens().notes) == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"labels": ["up"] * 8}, "at least two classes"),
        ({"labels": LABELS[:5]}, "one label a text"),
        (
            {"labels": [str(i) for i in range(200)], "texts": [f"word {i}" for i in range(200)]},
            "200 (such as 0, 1, 10)",
        ),
        ({"texts": [*TEXTS[:3], " ", *TEXTS[4:]]}, "row 3"),
        ({"labels": [*LABELS[:6], "", "flat"]}, "row 6"),
        ({"texts": ["a"] * 20_001, "labels": ["x"] * 20_001}, "20,000"),
        ({"target": "sideways"}, "down, flat, up"),
        ({"target": ["up", "up"]}, "one a test text"),
        ({"test": " "}, "at least one word"),
        ({"test": []}, "at least one word"),
        ({"ridge": 0.0}, "1e-3"),
        ({"ridge": float("nan")}, "1e-3"),
        ({"value": "accuracy"}, "margin, loss"),
        ({"groups": "colours"}, "staged"),
        ({"groups": ["a"]}, "one name a row"),
    ],
)
def test_bad_input_is_one_sentence(settings: dict, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        lens(**settings)
    assert says in str(refused.value)


def test_the_lens_is_registered() -> None:
    assert LENSES["training"] is TrainingLens


@pytest.fixture(scope="module")
def minilm() -> LanguageModel:
    return LanguageModel.load("minilm")


def test_features_are_the_mean_of_last_hidden_states(minilm: LanguageModel) -> None:
    texts = ["A short one.", "A somewhat longer text than that one.", "word " * 600]
    found = embed(minilm, texts)
    assert found.cut.tolist() == [False, False, True]
    import torch

    for text, row in zip(texts[:2], found.features[:2], strict=True):
        inputs = minilm.tokenizer(text, return_tensors="pt")
        hidden = minilm.network(**inputs).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(row, (hidden / torch.linalg.norm(hidden)).numpy(), atol=1e-6)


def test_features_are_kept_and_damaged_ones_made_again(minilm: LanguageModel, spex_home: Path) -> None:
    encoder, texts = FrozenEncoder(minilm), [f"text number {i}" for i in range(40)]
    first, cut = encoder.features(texts)
    (kept,) = (spex_home / "features").glob("*.npy")
    np.save(kept, np.column_stack([np.ones(40), np.zeros((40, 384))]).astype(np.float32))
    assert encoder.features(texts)[1] == 40  # it was read
    kept.write_bytes(kept.read_bytes()[:100])
    again, n_cut = encoder.features(texts)
    np.testing.assert_array_equal(again, first)
    assert (cut, n_cut) == (0, 0)


def test_other_encoders_give_features_too(classifier: LanguageModel) -> None:
    game = lens(texts=["a good plot", "a bad plot"] * 4, labels=["up", "down"] * 4, test="good", encoder=classifier)
    assert np.isfinite(game(np.ones((1, 8), bool))).all()
    assert game.recipe["model"]["sha256"] == classifier.sha256


def test_the_feedback_data_holds_what_its_list_says() -> None:
    folder = asset("datasets", "feedback")
    with (folder / "feedback.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    planted = json.loads((folder / "planted.json").read_text("utf-8"))
    assert len(rows) == planted["rows"] >= 300
    assert [int(row["id"]) for row in rows] == list(range(len(rows)))
    assert len({row["text"] for row in rows}) == len(rows)
    bias = planted["bias"]
    assert all("refurbished" in rows[i]["text"].lower() and rows[i]["label"] == "complaint" for i in bias["ids"])
    assert {rows[i]["source"] for i in bias["ids"]} == set(bias["groups"])
    assert sum("refurbished" in row["text"].lower() for row in rows) == len(bias["ids"])
    for cluster in planted["duplicates"]["clusters"]:
        assert len({rows[i]["label"] for i in cluster}) == 1
    assert len(planted["flipped"]["ids"]) == 16
    assert hashlib.sha256((folder / "feedback.csv").read_bytes()).hexdigest() == planted["sha256"]
