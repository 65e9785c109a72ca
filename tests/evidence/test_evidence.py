"""Evidence against brute force: every number is retrained here once more, one head at a time."""

from itertools import combinations

import numpy as np
import pytest

from spexcore.errors import BadInput
from spexcore.evidence import cards, joint_effects, rank_agreement, removal_curve, smallest_flip, suspects
from spexcore.game import FunctionGame
from spexcore.lenses import TrainingLens
from spexcore.lenses.heads import Head
from spexcore.spectrum import Spectrum


class Given:
    """An encoder that looks features up: text "3" is row 3."""

    id, sha256 = "given", "1" * 64
    recipe = {"id": "given", "sha256": sha256}  # noqa: RUF012

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows.astype(np.float32)

    def features(self, texts: list[str]) -> tuple[np.ndarray, int]:
        return self._rows[[int(text) for text in texts]], 0


def lens_of(rows: np.ndarray, labels: list[str], **settings: object) -> TrainingLens:
    """The last row is the test."""
    texts = [str(i) for i in range(len(rows) - 1)]
    return TrainingLens(texts, labels, test=str(len(rows) - 1), encoder=Given(rows), **settings)


def blobs(n: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    up = np.arange(n) % 2 == 0
    return np.vstack([rng.standard_normal((n, 3)) + np.where(up, 1.2, -1.2)[:, None], [[0.25, 0.2, 0.3]]]), [
        "up" if one else "down" for one in up
    ]


def test_rank_agreement_is_one_for_the_truth_and_beside_its_rivals() -> None:
    weights = np.linspace(-1, 1, 10)
    game = FunctionGame(lambda masks: masks @ weights, [str(i) for i in range(10)], key="sum")
    truth = Spectrum({(): 0.0, **{(i,): -w / 2 for i, w in enumerate(weights)}}, game.players)
    wrong = Spectrum({(0,): -1.0}, game.players)
    found = rank_agreement(game, truth, n_masks=120, datamodel_masks=300)
    assert found.scores["uniform"] == pytest.approx({"spectrum": 1.0, "linear": 1.0}, abs=1e-3)
    assert rank_agreement(game, wrong).scores["uniform"]["spectrum"] < 0
    constant = FunctionGame(lambda masks: np.zeros(len(masks)), ["a", "b", "c"], key="0")
    assert np.isnan(rank_agreement(constant, Spectrum({(0,): 1.0}, ("a", "b", "c"))).scores["near"]["spectrum"])


def test_rank_agreement_names_influence_for_a_training_lens() -> None:
    rows, labels = blobs(30)
    lens = lens_of(rows, labels)
    found = rank_agreement(lens, Spectrum({(): 0.0, (0,): 0.1}, lens.players), datamodel_masks=200)
    assert set(found.scores["near"]) == {"spectrum", "linear", "influence"}
    assert found.scores["near"]["influence"] > 0.97
    assert found.datamodel_masks == 200


def test_removal_curve_retrains() -> None:
    rows, labels = blobs(20)
    lens = lens_of(rows, labels)
    found = removal_curve(lens, {"influence": lens.influence}, sizes=(1, 3, 100))
    order = np.argsort(-lens.influence)
    assert found.sizes == (0, 1, 3)
    for size, value in zip(found.sizes, found.values["influence"], strict=True):
        mask = np.ones((1, 20), bool)
        mask[0, order[:size]] = False
        assert value == pytest.approx(lens(mask)[0], abs=1e-8)
    assert found.values["influence"][-1] < found.values["random"][-1] < found.values["random"][0] + 0.5
    with pytest.raises(BadInput, match="20 players"):
        removal_curve(lens, {"influence": np.ones(3)})


def test_cards_retrain_without_their_example() -> None:
    rows, labels = blobs(20)
    lens = lens_of(rows, labels, groups=[str(i // 2) for i in range(20)])
    found = cards(lens, top=5)
    assert [card.row for card in found] == np.argsort(-np.abs(lens.influence_of_examples))[:5].tolist()
    assert cards(lens, [3, 7])[1].row == 7
    assert cards(lens, []) == []
    for card in found:
        assert card.effect == pytest.approx(lens.leave_one_out[card.row], abs=1e-9)
        assert card.influence == pytest.approx(card.effect, rel=0.5)
        assert (card.player, card.label) == (card.row // 2, labels[card.row])
        near = np.delete(np.arange(20), card.row)
        cosine = rows[near] @ rows[card.row] / np.linalg.norm(rows[near], axis=1)
        assert card.neighbours[0] == near[cosine.argmax()]


def test_joint_effects_tell_redundancy_from_synergy() -> None:
    either = lambda masks: masks[:, :2].any(axis=1) + 2.0 * masks[:, 2:4].all(axis=1) - masks[:, 4] - masks[:, 5]
    game = FunctionGame(either, [str(i) for i in range(6)], key="either")
    found = joint_effects(game, [(0, 1), (3, 2), (4, 5)])
    assert [one.kind for one in found] == ["redundancy", "synergy", "none"]
    assert [one.excess for one in found] == [1.0, -2.0, 0.0]
    assert found[1].coalition == (2, 3)
    assert found[0].alone == (0.0, 0.0)
    with pytest.raises(BadInput, match="0 to 5"):
        joint_effects(game, [(0, 6)])


def test_near_duplicates_are_redundant() -> None:
    rows, labels = blobs(12)
    rows[2] = rows[0] = [0.3, 0.2, 0.25]  # two alike, close to the test
    lens = lens_of(rows, labels, ridge=0.2)
    (pair,) = joint_effects(lens, [(0, 2)])
    assert pair.kind == "redundancy"
    values = lens(np.array([[1] * 12, [0, 1, 0] + [1] * 9]))
    assert pair.together == pytest.approx(values[0] - values[1], abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_flip_is_confirmed_and_nothing_in_it_may_stay(seed: int) -> None:
    rows, labels = blobs(16, seed)
    lens = lens_of(rows, labels, target="up")
    flip = smallest_flip(lens)
    if flip is None:
        pytest.skip("this draw has no flip")

    def answer(removed: tuple[int, ...]) -> int:
        kept = [row for row in range(16) if row not in removed]
        smaller = Head(rows[kept], lens.examples.codes[kept], 2)
        return int(smaller.logits(smaller.full[None], lens.question.features)[0, 0].argmax())

    assert {flip.before, flip.after} == {"up", "down"}
    assert answer(flip.rows) != answer(())
    assert flip.margin_before > 0 > flip.margin_after
    assert all(answer(tuple(set(flip.rows) - {row})) == answer(()) for row in flip.rows)
    least = next(k for k in range(1, 17) if any(answer(some) != answer(()) for some in combinations(range(16), k)))
    assert least <= len(flip.rows) <= least + 1


def test_no_flip_and_several_tests() -> None:
    rows, labels = blobs(16)
    rows[-1] = [5.0, 5.0, 5.0]
    assert smallest_flip(lens_of(rows, labels)) is None
    both = TrainingLens([str(i) for i in range(16)], labels, test=["0", "1"], encoder=Given(rows))
    with pytest.raises(BadInput, match="one text"):
        smallest_flip(both)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_suspects_are_the_flipped_labels(n_classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    codes = np.arange(60) % n_classes
    rows = np.vstack([3.0 * np.eye(n_classes)[codes] + 0.4 * rng.standard_normal((60, n_classes)), np.ones(n_classes)])
    names = [f"c{code}" for code in codes]
    names[7] = f"c{(codes[7] + 1) % n_classes}"
    lens = lens_of(rows, names)
    found = suspects(lens.examples, lens.head)
    assert len(found) == 60
    first = found[0]
    assert (first.row, first.label, first.suggested) == (7, names[7], f"c{codes[7]}")
    assert first.margin_without < 0 < first.self_influence
    assert all(codes[row] == codes[7] for row in first.neighbours)
    assert [one.self_influence for one in found] == sorted((one.self_influence for one in found), reverse=True)
    monkeypatch.setattr("spexcore.evidence.mislabels.MOST", 5)
    few = suspects(lens.examples, lens.head, top=2)
    assert [one.row for one in few] == [one.row for one in found[:2]]
