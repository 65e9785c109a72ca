"""The prompt lens on causal models: known sentences of a published model, chat templates, answers, bad input."""

import shutil

import numpy as np
import pytest
import torch
from tiny_models import save_causal

from spexcore.errors import BadInput
from spexcore.lenses import PromptLens, build
from spexcore.models import LanguageModel

CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}bot:{% endif %}"
)


@pytest.fixture(scope="module")
def stories(shared_data):
    """A published Llama of 260 thousand parameters, trained on TinyStories."""
    return LanguageModel.load(shared_data / "models" / "stories260K")


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return LanguageModel.load(save_causal(tmp_path_factory.mktemp("llama"), "llama"), dtype="float64")


@pytest.fixture
def chat(llama, monkeypatch):
    """The same model with a chat template."""
    monkeypatch.setattr(llama.tokenizer, "chat_template", CHAT)
    return llama


@pytest.mark.parametrize(
    ("text", "target", "nats"),
    [
        ("Lily was a little girl. Lily was sad because", " she", -0.17),
        ("Lily was a little girl. Lily was sad because", " he", -4.35),
        ("Tom was a little boy. Tom was sad because", " he", -0.18),
        ("Tom was a little boy. Tom was sad because", " she", -4.33),
        ("She had a red ball. One day, Lily lost her", " ball", -0.35),
    ],
)
def test_known_sentences_of_a_published_model(stories, text, target, nats):
    lens = PromptLens(stories, text, target=target, ablation="remove")
    assert lens(np.ones((1, lens.n_players), bool))[0] == pytest.approx(nats, abs=0.01)


def test_default_target_is_the_greedy_answer(stories):
    lens = PromptLens(stories, "Lily was a little girl. Lily was sad because", ablation="remove")
    encoded = stories.tokenizer(lens.text, return_tensors="pt")
    said = stories.network.generate(**encoded, max_new_tokens=8, do_sample=False)[0].tolist()
    assert stories.tokenizer.decode(said, skip_special_tokens=True) == lens.text + lens.target
    assert lens.answer.text == lens.target
    value = lens(np.ones((1, lens.n_players), bool))[0]
    assert np.exp(value) == pytest.approx(lens.answer.probability, rel=1e-4)


def test_only_the_users_text_is_ablated_in_a_chat(chat):
    lens = PromptLens(chat, "the plot was bad", target=" she", ablation="remove")
    assert lens.players == ("the", "plot", "was", "bad")
    assert lens.chat
    rendered = f"<s>user: {lens.ablated([True, False, True, True])}</s>bot:"
    ids = chat.encode(rendered, special=False)
    target = chat.encode(rendered + " she", special=False)[len(ids) :]
    with torch.inference_mode():
        chances = chat.network(input_ids=torch.tensor([ids + target])).logits[0].log_softmax(-1)
    expected = sum(float(chances[len(ids) - 1 + i, token]) for i, token in enumerate(target))
    assert lens([[True, False, True, True]])[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("ablation", ["mask", "drop", "remove"])
def test_a_chat_keeps_its_frame(chat, ablation):
    lens = PromptLens(chat, "the plot was bad", target=" she", ablation=ablation)
    read = lens.question.inputs(np.zeros((1, 4), bool)).ids.tolist()
    assert read[0] == chat.tokenizer.bos_token_id
    assert read.count(chat.tokenizer.bos_token_id) == 1
    assert chat.tokenizer.decode(read).startswith("<s>user:")
    assert chat.tokenizer.decode(read).endswith("</s>bot:")


def test_a_chat_can_be_declined_and_is_in_the_key(chat):
    asked, plain = (PromptLens(chat, "the plot", target=" she", chat=one) for one in (None, False))
    assert asked.key != plain.key
    assert build(asked.recipe, chat).key == asked.key
    assert build(plain.recipe, chat).key == plain.key


def test_recipe_builds_the_same_game(llama):
    lens = PromptLens(llama, "the plot was bad", target=" she", versus=" he was", spans="tokens", ablation="drop")
    again = build(lens.recipe)
    masks = np.random.default_rng(0).random((9, lens.n_players)) < 0.5
    assert again.key == lens.key
    np.testing.assert_allclose(again(masks), lens(masks), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"target": ""}, "at least one token"),
        ({"target": " she", "versus": ""}, "`versus`"),
        ({"target": " she", "versus": " she"}, "another continuation"),
        ({"target": " she", "text": "plot " * 200}, "too many"),
        ({"target": " she" * 60, "text": "plot " * 40}, "too many"),
        ({"target": " she", "chat": True}, "chat template"),
    ],
)
def test_bad_input_is_one_sentence(llama, asked, says):
    text = asked.pop("text", "the plot was bad")
    with pytest.raises(BadInput) as refused:
        PromptLens(llama, text, **asked)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bare_encoder_has_nothing_to_explain():
    with pytest.raises(BadInput, match="no answers"):
        PromptLens(LanguageModel.load("minilm"), "a good plot")


def test_an_operator_needs_its_token(stories):
    with pytest.raises(BadInput, match="mask token"):
        PromptLens(stories, "Lily was sad", target=" she", ablation="mask")


def test_cost_counts_what_is_left_to_compute(llama):
    lens = PromptLens(llama, "the the the plot was bad", target=" she", ablation="remove")
    masks = np.random.default_rng(0).random((60, 6)) < 0.5
    cost = lens.cost(masks)
    before = lens.forwards
    lens(masks)
    assert cost.masks == 60
    assert 0 < lens.forwards - before == cost.forwards < 60 or cost.forwards == lens.forwards - before == 0
    assert cost.seconds >= 0
    assert lens.cost(masks).forwards == 0


def test_a_short_number_format_says_what_it_costs(tmp_path):
    folder = save_causal(tmp_path, "llama")
    exact, short = (LanguageModel.load(folder, dtype=dtype) for dtype in ("float32", "bfloat16"))
    asked = {"target": " she", "ablation": "remove"}
    text = "Lily was a little girl and the plot was bad"
    masks = np.random.default_rng(0).random((64, 10)) < 0.5
    lens = PromptLens(short, text, **asked)
    assert lens.key != PromptLens(exact, text, **asked).key
    values, truth = lens(masks), PromptLens(exact, text, **asked)(masks)
    error = np.sqrt(np.mean((values - truth)[:32] ** 2)) / truth[:32].std()
    assert f"{error:.1%} of their spread" in lens.notes[0]
    assert 0 < error < 0.2
    lens(~masks)
    assert len(lens.notes) == 1


def test_a_short_number_format_repeats_values_less_exactly():
    """Twelve masks at a time, other inputs are together and other beginnings shared than with all at once."""
    text, masks = "Ann is happy. Bob is not happy. Is Bob happy?", np.random.default_rng(0).random((48, 10)) < 0.5
    for dtype in ("float32", "bfloat16", "float16"):
        model = LanguageModel.load("clues", dtype=dtype)
        lenses = [PromptLens(model, text, target=" no") for _ in range(5)]
        apart = np.concatenate([lens(some) for lens, some in zip(lenses[1:], np.split(masks, 4), strict=True)])
        assert np.abs(apart - lenses[0](masks)).max() < 4 * lenses[0].rounding
    assert lenses[0].rounding > PromptLens(LanguageModel.load("clues"), text, target=" no").rounding


def test_a_question_before_the_text_is_computed_once(llama):
    """Where the template leaves the order free, what is asked goes first: it is read with the first mask only."""
    question, text = "Who said the plot was bad? ", "[[Lily]] [[was]] [[sad]] [[and]] [[he]] [[said]] [[it]] [[so]]"
    masks = np.unique(np.random.default_rng(0).random((24, 8)) < 0.5, axis=0)
    first, last = (
        PromptLens(llama, prompt, target=" she", spans="marked", ablation="drop")
        for prompt in (question + text, text + " " + question)
    )
    for lens in (first, last):
        lens(masks)
    assert first.forwards == last.forwards
    asked = len(llama.encode(question, special=False))
    assert last.tokens_forwarded - first.tokens_forwarded > 0.8 * asked * (len(masks) - 1)


def test_a_short_number_format_of_a_model_that_has_gone_is_still_explained(tmp_path):
    folder = save_causal(tmp_path, "llama")
    model = LanguageModel.load(folder, dtype="bfloat16")
    shutil.rmtree(folder)
    lens = PromptLens(model, "Lily saw a big dog", target=" she")
    assert np.isfinite(lens(np.random.default_rng(0).random((40, 5)) < 0.5)).all()
    (note,) = lens.notes
    assert "is unknown: the model could not be loaded in float32" in note


def test_pieces_that_melt_into_other_tokens_are_tokenised_as_strings(llama):
    """One mask of 32 brings "b" and "ad" together, which is another token than the two: only it must be read anew."""
    lens = PromptLens(llama, "was b[[ x]][[ y]][[ z]][[ v]][[ w]]ad", target=" she", spans="marked", ablation="remove")
    apart = [*llama.encode("was b"), *llama.encode("ad", special=False)]
    assert llama.encode("was bad") != apart
    masks = (np.arange(32)[:, None] + 27 >> np.arange(5) & 1).astype(bool)  # no player at all is row 5
    assert not masks[5].any()
    read = lens.question.inputs(masks)
    rows = np.split(read.ids, read.starts[1:])
    assert [row.tolist() for row in rows] == [llama.encode(lens.ablated(mask)) for mask in masks]
    assert not lens.question._ablation._whole_only


def test_a_continuation_that_melts_into_the_prompt_is_tokenised_by_itself(llama):
    context, target = llama.encode("the plot was b"), llama.encode("ad", special=False)
    assert llama.encode("the plot was bad")[: len(context)] != context
    lens = PromptLens(llama, "the plot was b", target="ad", ablation="remove")
    with torch.inference_mode():
        chances = llama.network(input_ids=torch.tensor([context + target])).logits[0].log_softmax(-1)
    expected = sum(float(chances[len(context) - 1 + i, token]) for i, token in enumerate(target))
    assert lens(np.ones((1, 4), bool))[0] == pytest.approx(expected, abs=1e-10)
