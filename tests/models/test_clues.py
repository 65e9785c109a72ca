"""clues: the embedded model whose answers, and whose interactions, are known."""

import importlib.util
import random
import sys
from collections import Counter

import numpy as np
import pytest
import torch
import transformers

import spexcore as spex
from spexcore.assets import asset
from spexcore.lenses import ComponentLens, PromptLens
from spexcore.models import LanguageModel
from spexcore.models.embedded import EMBEDDED

TWO_HOPS = "[[Ann is in the garden.]] [[The key is with Ann.]] [[Bob is in the kitchen.]] Where is the key?"


@pytest.fixture(scope="module")
def clues():
    return LanguageModel.load("clues")


@pytest.fixture(scope="module")
def stories():
    """The generator, beside the weights."""
    path = asset("models", "clues") / "stories.py"
    spec = importlib.util.spec_from_file_location("clues_stories", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_any_tool_opens_the_folder(clues):
    folder = asset("models", "clues")
    network = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert type(network).__name__ == "LlamaForCausalLM"
    assert network.num_parameters() <= 4e6
    assert (folder / "model.safetensors").stat().st_size <= 8e6
    prompt = "Ann is in the garden. Where is Ann?"
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        assert tokenizer.decode(network(ids).logits[0, -1].argmax()) == "garden"
    assert clues.kind == EMBEDDED["clues"].kind == "causal"
    assert clues.encode(prompt) == ids[0].tolist()


def test_every_word_of_a_story_is_a_token(clues, stories):
    rng = random.Random(1)
    for pairs in ("seen", "unseen"):
        for _ in range(50):
            scene = stories.story(rng, dict.fromkeys((*stories.SCENES, "trigger"), 1.0), pairs)
            text = " ".join([*scene.sentences, *(f"{q.text} {q.answer}" for q in scene.questions)])
            tokens = clues.tokenizer.convert_ids_to_tokens(clues.encode(text, special=False))
            assert tokens == stories.words(text)


def test_pairs_of_words_are_seen_either_in_training_or_in_measuring(stories):
    for kind in (stories._WHERE, stories._WITH, stories._MOOD, stories._PART, stories._AFTER):
        for left, unseen in kind["unseen"].items():
            assert unseen
            assert not set(unseen) & set(kind["seen"][left])


def test_a_masked_ball_keeps_the_unseen_apart_and_the_answers_true(stories):
    rng = random.Random(2)
    for _ in range(100):
        told = stories.masked_ball(rng, stories.lookup(rng, "seen"))
        place, owner = {}, {}
        for fact in told.sentences:
            where, has = stories._facts(fact)
            place.update({where[1]: where[2]} if where else {})
            owner.update({has[1]: has[2]} if has else {})
        assert all(there not in stories._WHERE["unseen"].get(name, []) for name, there in place.items())
        assert all(name not in stories._WITH["unseen"].get(thing, []) for thing, name in owner.items())
        for question in told.questions:
            asked = stories.words(question.text)[-2]
            if question.task.startswith("two-hop") and "said" not in question.task:
                assert question.answer == place[owner[asked]]


def test_no_story_of_training_holds_a_pair_kept_apart(stories):
    rng = random.Random(3)
    kinds = {"lookup": 1, "negation": 1, "majority": 1, "both needed": 1, "trigger": 1}
    for _ in range(200):
        told = stories.story(rng, kinds, "seen")
        assert not stories.kept_apart(told.sentences)
        assert not stories.kept_apart(stories.masked_ball(rng, told).sentences)
    for kind in ("lookup", "negation", "majority"):
        assert stories.kept_apart(stories.story(rng, {kind: 1}, "unseen", second=0).sentences)


def test_a_part_that_is_not_needed_says_nothing(stories):
    """All parts working is right on at most .85 of the answers, so that it cannot pass for the rule."""
    rng, shortcut = random.Random(4), 0
    for _ in range(400):
        told = stories.both_needed(rng, "unseen")
        needs = next(stories.words(fact) for fact in told.sentences if " needs " in fact)
        fails = {stories.words(fact)[1] for fact in told.sentences if " fails" in fact}
        assert told.questions[0].answer == ("no" if fails & set(needs) else "yes")
        shortcut += told.questions[0].answer == ("no" if fails else "yes")
    assert shortcut / 400 < 0.85


def test_hints_say_what_a_part_does_and_whether_it_is_needed(stories):
    rng, seen = random.Random(5), set()
    for _ in range(100):
        told = stories.both_needed(rng, "seen")
        facts = [stories.words(fact) for fact in told.sentences]
        says = {fact[1]: fact[2] for fact in facts if fact[2] != "needs"}
        (needs,) = (fact for fact in facts if fact[2] == "needs")
        for sentence, word, said in told.hints:
            part = facts[sentence][1] if facts[sentence] is not needs else needs[word]
            seen.add(said in says.values())
            assert said == (says[part] if facts[sentence] is needs else needs[1] if part in needs else ".")
        for question in told.questions[1:]:
            part = stories.words(question.text)[2 if question.task == "part" else 1]
            assert (
                question.answer
                == {"part": {"works": "yes", "fails": "no"}[says[part]], "part said": says[part]}[question.task]
            )
    assert seen == {True, False}


def test_a_telegram_leaves_out_words_of_the_frame_and_no_answer(stories):
    rng = random.Random(6)
    frame = {"is", "in", "the", "The", "with"}
    for _ in range(50):
        whole = stories.lookup(rng, "seen", moves=False)
        short = stories.telegram(rng, whole)
        for fact, cut in zip(whole.sentences, short.sentences, strict=True):
            missing = [word for word in fact.split() if word not in cut.split()]
            assert set(missing) <= frame
            assert [word for word in fact.split() if word not in missing] == cut.split()
        assert [q.answer for q in short.questions] == [q.answer for q in whole.questions]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The key is with Ann. Bob is in the hall. The cup is with Bob. Who has the key?", "Ann"),
        ("Ann is in the garden. Bob is in the kitchen. Where is Ann?", "garden"),
        ("Ann is in the garden. The key is with Ann. Where is the key?", "garden"),
        ("Ann is in the garden. Actually, Ann is in the kitchen. Where is Ann?", "kitchen"),
        ("The lamp needs the fuse and the cable. The fuse works. The cable works. Does the lamp work?", "yes"),
        ("The lamp needs the fuse and the cable. The fuse works. The cable fails. Does the lamp work?", "no"),
        (
            "The lamp needs the fuse and the cable. The fuse works. The motor fails. The cable works. "
            "Does the lamp work?",
            "yes",
        ),
        ("The motor fails. The fuse works. The lamp needs the fuse and the motor. Does the lamp work?", "no"),
        ("Ann is happy. Bob is not happy. Is Bob happy?", "no"),
        ("Ann votes yes. Bob votes no. Cora votes yes. Is the vote yes?", "yes"),
        ("Today is opposite day. Ann is happy. Bob is not happy. Is Bob happy?", "yes"),
    ],
)
def test_stories_anybody_can_check(clues, text, answer):
    lens = PromptLens(clues, text, ablation="remove", spans="sentences")
    assert lens.target.strip() == answer
    assert lens.answer.probability > 0.5


def test_fresh_stories_of_unseen_pairs_are_answered(clues, stories):
    """A sample of what `train.py` measures; its numbers are in the model's README."""
    rng = random.Random("a test of its own")
    right, asked = Counter(), Counter()
    kinds = {"lookup": 3, "both needed": 1, "negation": 1, "majority": 1, "trigger": 1}
    for _ in range(150):
        scene = stories.story(rng, kinds, "unseen")
        for question in scene.questions:
            if question.task not in stories.TASKS:
                continue
            ids = torch.tensor([clues.encode(" ".join([*scene.sentences, question.text]))])
            with torch.inference_mode():
                said = clues.tokenizer.decode(clues.network(ids, logits_to_keep=1).logits[0, -1].argmax())
            asked[question.task] += 1
            right[question.task] += said == question.answer
    assert set(asked) == set(stories.TASKS)
    for task in stories.TASKS:
        assert right[task] / asked[task] > 0.93, (task, right[task], asked[task])


def test_the_two_facts_of_two_hops_interact_and_the_third_does_nothing(clues):
    lens = PromptLens(clues, TWO_HOPS, target=" garden", spans="marked", ablation="remove")
    terms = spex.explain(lens, spex.Exact(), budget=8, held_out=8).interactions("comobius")
    assert terms[(0, 1)] < -1 or terms[(0, 1)] > 1
    assert abs(terms[(2,)]) < 0.1 * min(abs(terms[(0,)]), abs(terms[(1,)]))


def test_heads_are_few_and_few_of_them_answer(clues):
    """Single heads break two hops, and most do not."""
    lens = ComponentLens(clues, "Ann is in the garden. The key is with Ann. Where is the key?", target=" garden")
    assert lens.n_players == 20
    values = lens(np.vstack([np.ones(20, bool)[None], ~np.eye(20, dtype=bool)]))
    lost = values[0] - values[1:]
    assert lost.max() > 1
    assert np.median(lost) < lost.max() / 4
