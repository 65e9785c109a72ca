"""Confirmation by full fine-tuning, on a tiny random encoder."""

import threading

import numpy as np
import pytest
import torch
from letters import Letters

from spexcore.errors import BadInput, Cancelled
from spexcore.lenses import TrainingLens
from spexcore.lenses import fine_tuning as lens_side
from spexcore.lenses.fine_tuning import confirm_by_fine_tuning, seconds, steps
from spexcore.models import fine_tuning

TEXTS = [
    f"{word} {thing}" for word in ("good", "fine", "bad", "dull") for thing in ("food", "shoes", "chair", "lamp", "pan")
]
LABELS = ["praise"] * 10 + ["complaint"] * 10
ROWS = (0, 3, 12)


@pytest.fixture(scope="module")
def make(classifier):
    def lens(**settings):
        asked = {"texts": TEXTS, "labels": LABELS, "test": ["good pot", "bad pot"], "target": "praise", **settings}
        return TrainingLens(asked.pop("texts"), asked.pop("labels"), encoder=asked.pop("encoder", classifier), **asked)

    return lens


@pytest.fixture(scope="module")
def found(make):
    return confirm_by_fine_tuning(make(), ROWS, seeds=(0, 1), epochs=2)


@pytest.mark.parametrize("labels", [LABELS, [*LABELS[:15], *["other"] * 5]])
def test_without_any_step_it_is_the_lens_own_head(make, monkeypatch, labels) -> None:
    """Start, padding, pooling and value, against the frozen features and the exact head."""
    monkeypatch.setattr(fine_tuning, "_RATE", 0.0)
    monkeypatch.setattr(fine_tuning, "_HEAD_RATE", 0.0)
    lens = make(labels=labels)
    still = confirm_by_fine_tuning(lens, ROWS, seeds=(0,))
    masks = np.ones((2, 20), dtype=bool)
    masks[1, list(ROWS)] = False
    np.testing.assert_allclose([*still.intact, *still.without], lens(masks), atol=1e-4)
    assert still.effect == pytest.approx(still.frozen, abs=1e-4)
    assert still.agrees


def test_rows_left_out_teach_nothing(make, found) -> None:
    labels, texts = list(LABELS), list(TEXTS)
    for row in ROWS:
        labels[row] = "complaint" if labels[row] == "praise" else "praise"
    other = confirm_by_fine_tuning(make(labels=labels), ROWS, seeds=(0, 1))
    assert other.without == pytest.approx(found.without, abs=1e-5)
    assert other.intact != pytest.approx(found.intact, abs=1e-2)
    texts[5] = "good pot"  # a row that stays
    assert confirm_by_fine_tuning(make(texts=texts), ROWS, seeds=(0,)).without[0] != pytest.approx(found.without[0])


def test_every_weight_is_trained_and_the_model_stays_as_it_was(make, classifier, monkeypatch) -> None:
    before = {name: tensor.clone() for name, tensor in classifier.network.state_dict().items()}
    copies = []
    scores = fine_tuning._scores

    def watched(network, *others):
        copies.append(network)
        return scores(network, *others)

    monkeypatch.setattr(fine_tuning, "_scores", watched)
    confirm_by_fine_tuning(make(), ROWS, seeds=(0,), epochs=1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in classifier.network.state_dict().items())
    assert not any(parameter.requires_grad for parameter in classifier.network.parameters())
    trained = dict(copies[0].named_parameters())
    same = [name for name, tensor in trained.items() if torch.equal(tensor, before[f"bert.{name}"])]
    assert all("pooler" in name for name in same), same  # which no feature passes through


def test_effects_are_paired_by_seed(found) -> None:
    assert found.rows == ROWS
    assert found.effects == tuple(np.subtract(found.intact, found.without))
    assert found.effect == pytest.approx(np.mean(found.effects))
    assert found.spread == pytest.approx(np.std(found.effects, ddof=1))
    assert found.spread > 0  # another order of the rows is another model
    assert found.agrees == all(np.sign(effect) == np.sign(found.frozen) for effect in found.effects)


def test_a_seed_gives_the_same_again_and_an_earlier_result_saves_half(make, found) -> None:
    ticks = []
    again = confirm_by_fine_tuning(
        make(), ROWS, seeds=(0, 1), earlier=found, on_progress=lambda done, total: ticks.append((done, total))
    )
    assert again == found
    assert ticks == [(done, 2 * steps(make())) for done in range(1, 2 * steps(make()) + 1)]
    assert steps(make()) == 4  # 20 texts, 16 a batch, twice
    with pytest.raises(BadInput, match="earlier"):
        confirm_by_fine_tuning(make(), ROWS, seeds=(0, 2), earlier=found)


def test_it_stops_when_told_to(make) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled, match="1 of 8"):
        confirm_by_fine_tuning(make(), ROWS, seeds=(0,), on_progress=lambda done, total: stop.set(), cancel=stop)


def test_seconds_are_those_of_all_trainings(make, monkeypatch) -> None:
    clock = iter([0.0, 5.0, 5.0, 5.5])  # began and ended, twice; the first loads
    monkeypatch.setattr(lens_side, "perf_counter", lambda: next(clock))
    assert seconds(make(), seeds=3, epochs=2) == pytest.approx(0.5 * 4 * 2 * 3)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rows": []}, "rows"),
        ({"rows": [20]}, "0 to 19"),
        ({"rows": range(20)}, "not all"),
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "seeds"),
        ({"epochs": 0}, "epochs"),
        ({"encoder": Letters()}, "letters"),
    ],
)
def test_what_cannot_be_done_says_so(make, change, named) -> None:
    asked = {"rows": ROWS, **change}
    lens = make(**({"encoder": asked.pop("encoder")} if "encoder" in asked else {}))
    with pytest.raises(BadInput, match=named):
        confirm_by_fine_tuning(lens, asked.pop("rows"), **asked)


def test_a_table_or_an_encoder_too_large_is_refused(make, monkeypatch) -> None:
    monkeypatch.setattr(lens_side, "MOST_TEXTS", 10)
    with pytest.raises(BadInput, match="at most 10 rows"):
        confirm_by_fine_tuning(make(), ROWS)
    monkeypatch.setattr(lens_side, "MOST_TEXTS", 1000)
    monkeypatch.setattr(lens_side, "MOST_PARAMETERS", 1e3)
    with pytest.raises(BadInput, match="parameters"):
        confirm_by_fine_tuning(make(), ROWS)
