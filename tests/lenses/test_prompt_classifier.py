"""The prompt lens on classifiers, against plain transformers calls one mask at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_spans import texts

from spexcore.errors import BadInput
from spexcore.lenses import LENSES, PromptLens, build
from spexcore.masks import all_masks

TEXT = "The plot wasn't bad, unbelievably 你好 good."


def log_odds(logits, label):
    """Straight from the definition: logit - log of the sum of the exponentials of the others."""
    logits = logits.double()
    others = [logits[i] for i in range(len(logits)) if i != label]
    return float(logits[label] - torch.stack(others).exp().sum().log())


def plain(model, lens, text):
    with torch.inference_mode():
        encoded = model.tokenizer(text, return_tensors="pt")
        return log_odds(model.network(**encoded).logits[0], model.labels.index(lens.target))


def random_masks(lens, n=24, seed=0):
    masks = np.random.default_rng(seed).random((n, lens.n_players)) < 0.5
    masks[0], masks[1] = True, False
    return masks


def test_mask_puts_the_mask_token_in_every_token_of_a_player(classifier):
    lens = PromptLens(classifier, TEXT, ablation="mask")
    for mask, value in zip(masks := random_masks(lens), lens(masks), strict=True):
        text = "".join(
            piece if player is None or mask[player] else "[MASK]" * len(classifier.encode(piece, special=False))
            for piece, player in lens.pieces
        )
        assert value == pytest.approx(plain(classifier, lens, text), abs=1e-4)


@pytest.mark.parametrize("word", [None, "quite odd"])
def test_remove_and_word_tokenise_the_joined_text(classifier, word):
    lens = PromptLens(classifier, TEXT, ablation=f"word:{word}" if word else "remove")
    masks = random_masks(lens)
    values = lens(masks)
    for mask, value in zip(masks, values, strict=True):
        text = ""
        for piece, player in lens.pieces:
            if player is None or mask[player]:
                text += piece
            else:
                text = text + word if word else text.rstrip()
        assert value == pytest.approx(plain(classifier, lens, text), abs=1e-4)
        assert lens.ablated(mask) == text


def test_drop_deletes_keys_and_keeps_positions(classifier):
    """Deleting a token with the others' positions kept is the same as hiding it from attention."""
    lens = PromptLens(classifier, TEXT, ablation="drop")
    encoded = classifier.tokenizer(TEXT, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    ends = np.cumsum([len(piece) for piece, _ in lens.pieces])
    owner = [lens.pieces[int(np.searchsorted(ends, end))][1] if end else None for _, end in offsets]
    for mask, value in zip(masks := random_masks(lens), lens(masks), strict=True):
        seen = torch.tensor([[int(player is None or mask[player]) for player in owner]])
        with torch.inference_mode():
            logits = classifier.network(input_ids=encoded["input_ids"], attention_mask=seen).logits[0]
        assert value == pytest.approx(log_odds(logits, classifier.labels.index(lens.target)), abs=1e-4)


def test_mean_replaces_embeddings_by_their_mean(classifier):
    lens = PromptLens(classifier, "good bad fine", ablation="mean")
    table = classifier.network.get_input_embeddings().weight
    embedded = table[torch.tensor([classifier.encode("good bad fine")])].clone()
    embedded[0, 2] = table.double().mean(0).float()
    with torch.inference_mode():
        logits = classifier.network(inputs_embeds=embedded).logits[0]
    value = lens([[True, False, True]])[0]
    assert value == pytest.approx(log_odds(logits, classifier.labels.index(lens.target)), abs=1e-4)


@given(text=texts, spans=st.sampled_from(["tokens", "words", "sentences", "lines"]), data=st.data())
@settings(max_examples=60)
def test_removed_text_is_tokenised_as_the_string_would_be(classifier, text, spans, data):
    """Ids built from units are those of the joined text, whatever the text; and pieces give the prompt back."""
    try:
        lens = PromptLens(classifier, text, spans=spans, ablation="remove")
    except BadInput:
        return
    assert "".join(piece for piece, _ in lens.pieces) == text
    n = lens.n_players
    masks = np.array(data.draw(st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=6)))
    built = lens.question.inputs(masks)
    for mask, key in zip(masks, built.contents(), strict=True):
        assert np.frombuffer(key, np.int32).tolist() == classifier.encode(lens.ablated(mask))


def test_equal_inputs_are_computed_once(classifier):
    lens = PromptLens(classifier, "very very very good", ablation="remove")
    assert len(np.unique(np.round(lens(all_masks(4)), 12))) == 8
    assert lens.forwards == 8  # none to three times "very", with or without "good"
    assert lens.tokens_forwarded == sum(2 * (2 + k) + 1 for k in range(4))
    lens(all_masks(4))
    assert lens.forwards == 8


def test_versus_is_the_difference_of_two_labels(classifier):
    lens = PromptLens(classifier, TEXT, target="good", versus="bad")
    with torch.inference_mode():
        logits = classifier.network(**classifier.tokenizer(TEXT, return_tensors="pt")).logits[0]
    assert lens(np.ones((1, lens.n_players)))[0] == pytest.approx(float(logits[2] - logits[0]), abs=1e-4)


def test_default_target_is_the_models_own_answer(classifier):
    lens = PromptLens(classifier, TEXT)
    with torch.inference_mode():
        logits = classifier.network(**classifier.tokenizer(TEXT, return_tensors="pt")).logits[0]
    assert lens.target == lens.answer.text == classifier.labels[int(logits.argmax())]
    assert lens.answer.probability == pytest.approx(float(logits.softmax(0).max()), abs=1e-5)


def test_tokens_are_players(classifier):
    lens = PromptLens(classifier, "unbelievably good", spans="tokens")
    assert (
        lens.players == ("un", "##bel", "##ie", "##va", "##bly", "good") or "".join(lens.players) == "unbelievablygood"
    )
    assert lens.n_players == len(classifier.encode("unbelievably good", special=False))


def test_marked_spans_leave_the_rest_fixed(classifier):
    lens = PromptLens(classifier, "The [[plot was]] not [[bad]].", spans="marked", ablation="mask")
    assert lens.players == ("plot was", "bad")
    assert lens.ablated([False, False]) == "The [MASK] not [MASK]."
    assert lens.text == "The plot was not bad."


def test_recipe_builds_the_same_game(classifier):
    lens = PromptLens(classifier, TEXT, target="good", versus="bad", spans="tokens", ablation="word:x")
    again = build(lens.recipe, classifier)
    masks = random_masks(lens)
    assert again.key == lens.key
    np.testing.assert_array_equal(again(masks), lens(masks))
    assert build(lens.recipe).key == lens.key  # loaded anew from the folder


def test_marked_prompt_survives_its_recipe(classifier):
    lens = PromptLens(classifier, "A [[b]] c [[d]]", spans="marked")
    assert build(lens.recipe, classifier).key == lens.key


@pytest.mark.parametrize(
    "change",
    [{"target": "good"}, {"versus": "other"}, {"spans": "tokens"}, {"ablation": "pad"}, {"text": "A bad plot"}],
)
def test_whatever_changes_the_value_changes_the_key(classifier, change):
    settings = {"text": "A good plot", "target": "bad"}
    changed = {**settings, **change}
    if change.get("versus"):
        changed["versus"] = "neutral"
    keys = {PromptLens(classifier, **dict(one)).key for one in (settings, changed)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"target": "GREAT"}, "bad, neutral, good"),
        ({"target": "good", "versus": "good"}, "another label"),
        ({"spans": "syllables"}, "words, sentences"),
        ({"ablation": "erase"}, "remove"),
        ({"text": " "}, "empty"),
        ({"text": "\ud800 x"}, "surrogate"),
        ({"text": "word " * 100}, "38 too many"),
        ({"text": "word " * 100}, "spans='sentences'"),
        ({"text": "a " * 40, "ablation": "word:two words"}, "lengthen"),
    ],
)
def test_bad_input_is_one_sentence(classifier, settings, says):
    text = settings.pop("text", "A good plot")
    with pytest.raises(BadInput) as refused:
        PromptLens(classifier, text, **settings)(np.zeros((1, 40), bool))
    assert says in str(refused.value)


def test_a_recipe_of_no_lens_is_refused():
    with pytest.raises(BadInput, match="prompt"):
        build({"lens": "telescope"})
    assert LENSES["prompt"] is PromptLens
