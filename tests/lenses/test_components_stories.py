"""The components lens on a real published model: stories260K recalls a name by one head above all."""

import numpy as np
import pytest

import spexcore as spex
from spexcore.circuits import single_effects
from spexcore.game import KeptValues, MeteredGame
from spexcore.lenses import ComponentLens
from spexcore.models import LanguageModel
from spexcore.validation import confirm

NAMES = ["Max", "Tom", "Lily", "Ben", "Sam", "Tim", "Mia", "Anna", "Sue", "Jack", "Lucy", "Bob"]


BUDGET, LEADING = 240, 16


@pytest.fixture(scope="module")
def stories(request):
    return LanguageModel.load(request.getfixturevalue("shared_data") / "models" / "stories260K")


@pytest.fixture(scope="module")
def recall(stories):
    story = "Once upon a time, there was a big dog named {0}. {0} liked to play. One day,"
    prompts = [
        {"text": story.format(name), "target": f" {name}", "versus": f" {other}"}
        for name, other in zip(NAMES, [*NAMES[1:], NAMES[0]], strict=True)
    ]
    return ComponentLens(stories, prompts=prompts, ablation="zero")


def test_layer_4_head_4_recalls_the_name(recall):
    assert recall.notes == []
    effects = single_effects(recall)
    assert recall.players[int(np.argmax(effects))] == "L4H4"
    assert effects.max() > 3 * np.sort(effects)[-2]
    assert effects.max() > recall(np.ones(recall.n_players))[0] / 2


@pytest.fixture(scope="module")
def explained(recall):
    """The task explained, and the values that were paid for it."""
    memory = KeptValues()
    return spex.explain(recall, budget=BUDGET, masks="near", seed=0, held_out=48, memory=memory), memory


def test_what_the_head_does_with_others_leads_and_is_confirmed(recall, explained):
    """The leading terms are measured by the run; each re-ablation is made anew here."""
    explanation, _ = explained
    head = recall.players.index("L4H4")
    terms = explanation.interactions("comobius").ranked()
    assert terms[0][0] == (head,)
    with_it = [coalition for coalition, _ in terms[:LEADING] if head in coalition and len(coalition) > 1]
    assert len(with_it) >= 3
    assert set(with_it) <= set(explanation.intervals)
    found = confirm(recall, explanation, top=LEADING)
    assert found.rate == 1.0
    assert min(abs(claim.measured) for claim in found.claims if claim.coalition in with_it) > 0.2  # nats


def test_its_pairs_that_no_ablation_has_shown_lie_in_their_intervals(recall, explained):
    explanation, memory = explained
    head, paid = recall.players.index("L4H4"), MeteredGame(recall, memory=memory)
    pairs = [tuple(sorted((head, other))) for other in range(recall.n_players) if other != head]
    unseen = [pair for pair in pairs if pair not in explanation.measured]
    assert len(unseen) >= 10
    inside = [
        low <= spex.validate(paid, pair).measured <= high
        for pair in unseen
        for low, high in [explanation.interval(pair)]
    ]
    assert np.mean(inside) >= 0.85


def test_a_thousand_ablations_say_how_all_heads_work_together(stories):
    text = "Once upon a time, there was a big dog named Lily. Lily liked to play. One day,"
    lens = ComponentLens(stories, text, target=" Lily", versus=" Ben", ablation="zero")
    judged = spex.explain(lens, budget=1_000, masks="uniform", verify=0, seed=0, held_out=128)
    assert lens.n_players == 40
    assert judged.faithfulness.r2 >= 0.9
