"""The components lens on a real published model: stories260K recalls a name by one head above all."""

import numpy as np
import pytest

from spexcore.circuits import single_effects
from spexcore.lenses import ComponentLens
from spexcore.models import LanguageModel

NAMES = ["Max", "Tom", "Lily", "Ben", "Sam", "Tim", "Mia", "Anna", "Sue", "Jack", "Lucy", "Bob"]


@pytest.fixture(scope="module")
def recall(request):
    shared = request.getfixturevalue("shared_data")
    model = LanguageModel.load(shared / "models" / "stories260K")
    story = "Once upon a time, there was a big dog named {0}. {0} liked to play. One day,"
    prompts = [
        {"text": story.format(name), "target": f" {name}", "versus": f" {other}"}
        for name, other in zip(NAMES, [*NAMES[1:], NAMES[0]], strict=True)
    ]
    return ComponentLens(model, prompts=prompts, ablation="zero")


def test_layer_4_head_4_recalls_the_name(recall):
    assert recall.notes == []
    effects = single_effects(recall)
    assert recall.players[int(np.argmax(effects))] == "L4H4"
    assert effects.max() > 3 * np.sort(effects)[-2]
    assert effects.max() > recall(np.ones(recall.n_players))[0] / 2
