"""The components lens: players, values over prompts, what it refuses, and that its recipe makes it again."""

import numpy as np
import pytest
import torch
from tiny_models import save_causal

import spexcore as spex
from spexcore.errors import BadInput
from spexcore.lenses import LENSES, ComponentLens, PromptLens, build
from spexcore.lenses.prompt_sets import read_prompts
from spexcore.models import LanguageModel
from spexcore.models.anatomy import anatomy
from spexcore.models.fills import activations

TEXT = "Lily was sad because she had lost"
PROMPTS = [
    {"text": TEXT, "target": " her", "versus": " the"},
    {"text": "The plot was not", "target": " bad", "versus": None},
    {"text": "The actors were really", "target": " good"},
]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return LanguageModel.load(save_causal(tmp_path_factory.mktemp("llama"), "llama"), dtype="float64")


def lens_of(model, **settings):
    return ComponentLens(model, TEXT, **{"target": " her", "versus": " the", **settings})


@pytest.mark.parametrize(
    ("units", "layers", "players"),
    [
        ("heads", "all", [f"L{layer}H{head}" for layer in range(3) for head in range(4)]),
        ("heads", "1-2", [f"L{layer}H{head}" for layer in (1, 2) for head in range(4)]),
        ("mlps", "0,2", ["L0MLP", "L2MLP"]),
        ("kv_groups", "top 1", ["L2G0", "L2G1"]),
        ("heads+mlps", "top 1", ["L2H0", "L2H1", "L2H2", "L2H3", "L2MLP"]),
        ("neurons:1:0-2,40", None, ["L1N0", "L1N1", "L1N2", "L1N40"]),
    ],
)
def test_players_are_named_by_layer_heads_before_the_mlp(llama, units, layers, players):
    assert lens_of(llama, units=units, layers=layers).players == tuple(players)


def test_many_heads_are_those_of_the_top_layers(llama, monkeypatch):
    from spexcore.models import parts

    assert lens_of(llama).n_players == 12
    monkeypatch.setattr(parts, "MANY", 9)
    assert lens_of(llama).players[0] == "L1H0"
    assert lens_of(llama, layers="all").n_players == 12


def test_nothing_ablated_is_the_value_of_the_prompt_lens(llama, classifier):
    for model, targets in ((llama, {"target": " her ball", "versus": " the old house"}), (classifier, {})):
        prompt = PromptLens(model, TEXT, ablation="drop", **targets)
        parts = ComponentLens(model, TEXT, ablation="zero", **targets)
        whole = float(prompt(np.ones(prompt.n_players))[0])
        assert float(parts(np.ones(parts.n_players))[0]) == pytest.approx(whole, abs=1e-5)
        assert (parts.target, parts.versus) == (prompt.target, prompt.versus)


def test_several_prompts_are_the_mean_of_each(llama):
    masks = np.random.default_rng(0).random((8, 12)) < 0.7
    singly = [
        ComponentLens(llama, row["text"], target=row["target"], versus=row.get("versus"), ablation="zero")(masks)
        for row in PROMPTS
    ]
    together = ComponentLens(llama, prompts=PROMPTS, ablation="zero")
    np.testing.assert_allclose(together(masks), np.mean(singly, axis=0), rtol=0, atol=1e-10)
    np.testing.assert_allclose(together.by_prompt(masks).values, np.transpose(singly), rtol=0, atol=1e-10)


def test_accuracy_is_the_share_of_prompts_answered_with_the_target(classifier):
    masks = np.random.default_rng(1).random((60, 12)) < 0.5
    texts = (TEXT, "The plot was not bad, and the actors were really good.")
    odds = {
        label: np.transpose([ComponentLens(classifier, text, target=label, ablation="zero")(masks) for text in texts])
        for label in classifier.labels
    }
    best = np.argmax([odds[label] for label in classifier.labels], axis=0)  # (n_masks, n_texts)
    wanted = [int(best[0, 0]), int(best[-1, 1])]
    prompts = [{"text": text, "target": classifier.labels[k]} for text, k in zip(texts, wanted, strict=True)]
    lens = ComponentLens(classifier, prompts=prompts, score="accuracy", ablation="zero")
    assert 0 < lens(masks).mean() < 1
    np.testing.assert_allclose(lens(masks), (best == wanted).mean(axis=1))


def test_a_comparison_is_right_when_the_target_is_likelier(llama):
    masks = np.random.default_rng(1).random((60, 12)) < 0.6
    margin = ComponentLens(llama, prompts=[PROMPTS[0]], ablation="zero")(masks)
    lens = ComponentLens(llama, prompts=[PROMPTS[0]], ablation="zero", score="accuracy")
    assert 0 < (margin > 0).mean() < 1
    np.testing.assert_array_equal(lens(masks), margin > 0)


def test_a_continuation_is_right_when_each_token_is_the_likeliest(llama):
    from spexcore.models.passes import Pass, read

    rows = [Pass(0, (1, 2), 1, np.array([[5], [6]]), np.ones((2, 1)), False)] * 2
    logits = torch.zeros(2, 2, 8, dtype=torch.float64)
    logits[0, 0, 5] = logits[0, 1, 6] = logits[1, 0, 5] = logits[1, 1, 7] = 1.0
    values, right = read(llama, logits, rows)
    assert right.tolist() == [True, False]
    assert float(values[0]) == pytest.approx(2 * (1 - np.log(np.e + 7)))


def test_mean_is_taken_over_the_reference_without_special_tokens(llama):
    lens = lens_of(llama, ablation="mean", reference=["The plot was bad", "Lily was sad"])
    question = lens.question
    said = [
        activations(llama, question.sites, tuple(llama.encode(text))) for text in ("The plot was bad", "Lily was sad")
    ]
    for site in question.sites:
        expected = torch.cat([one[site.name][0, 1:] for one in said]).mean(0)  # position 0 is <s>
        torch.testing.assert_close(question.fills[0][site.name][0, 0], expected, rtol=0, atol=1e-12)
    assert lens.recipe["reference"] == ["The plot was bad", "Lily was sad"]


def test_resample_depends_on_its_seed_and_the_others_do_not(llama):
    texts = ["The plot was bad", "He said it cost $5.50", "Lily was sad", "nobody cared"]
    values = {seed: lens_of(llama, ablation="resample", reference=texts, seed=seed) for seed in range(6)}
    assert len({lens.key for lens in values.values()}) == 6
    assert len({round(float(lens(np.zeros(12))[0]), 6) for lens in values.values()}) > 1
    assert lens_of(llama, ablation="mean", seed=1).key == lens_of(llama, ablation="mean", seed=2).key


def test_build_makes_the_same_game_from_its_recipe(llama):
    masks = np.random.default_rng(0).random((5, 8)) < 0.5
    for settings in ({"ablation": "resample", "reference": ["The plot was bad"], "layers": "top 2"}, {"layers": "0,2"}):
        lens = lens_of(llama, **settings)
        again = build(lens.recipe)
        assert again.key == lens.key
        np.testing.assert_array_equal(again(masks), lens(masks))
    several = ComponentLens(llama, prompts=PROMPTS, score="accuracy")
    assert build(several.recipe).key == several.key


def test_keys_differ_with_everything_that_changes_values(llama):
    lenses = [
        lens_of(llama),
        lens_of(llama, ablation="zero"),
        lens_of(llama, ablation="paper"),
        lens_of(llama, layers="0-1"),
        lens_of(llama, units="mlps"),
        lens_of(llama, versus=" a"),
        lens_of(llama, reference=["The plot was bad"]),
        lens_of(llama, score="accuracy"),
        ComponentLens(llama, prompts=PROMPTS[:1]),
    ]
    assert len({lens.key for lens in lenses}) == len(lenses)


def test_gradients_are_the_slopes_of_small_ablations(tmp_path):
    """Against finite differences: ablated parts say almost what they said, one at a time."""
    model = LanguageModel.load(save_causal(tmp_path, "gpt2"), dtype="float64")  # Llama's norm rounds to float32
    lens = ComponentLens(model, TEXT, target="a", units="heads+mlps", ablation="mean")
    question, step = lens.question, 1e-6
    (one,) = question.passes
    said = activations(model, question.sites, one.ids)
    mean = question.fills[0]
    scorer = question._scorer
    scorer._groups[0].fill = {name: units + step * (mean[name] - units) for name, units in said.items()}
    slopes = (lens(np.ones(15)) - lens(~np.eye(15, dtype=bool))) / step
    assert np.ptp(slopes) > 0.1
    np.testing.assert_allclose(lens.gradient_effects(), slopes, rtol=0, atol=1e-4 * np.abs(slopes).max())


def test_explaining_says_what_the_model_gets_wrong(llama):
    lens = lens_of(llama, target=" the", versus=" her", layers="top 1")
    right = lens_of(llama, layers="top 1")
    (wrong,) = [one for one in (lens, right) if one(np.ones(4))[0] < 0]
    (well,) = [one for one in (lens, right) if one is not wrong]
    assert (
        spex.explain(wrong, spex.Exact(), budget=16, held_out=4).notes[0].startswith("The whole model does not answer")
    )
    assert spex.explain(well, spex.Exact(), budget=16, held_out=4).notes == ()
    several = ComponentLens(llama, prompts=[*PROMPTS, {"text": TEXT, "target": wrong.target, "versus": wrong.versus}])
    assert "prompts wrong" in several.notes[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"layers": "7"}, "`layers` must lie in 0 to 2"),
        ({"layers": "2-1"}, "`layers` must look like"),
        ({"layers": "top 9"}, "top 1 to 3"),
        ({"units": "brains"}, "`units` must be one of heads"),
        ({"units": "neurons:9"}, "layers 0 to 2"),
        ({"units": "neurons:0:99"}, "neurons 0 to 47"),
        ({"ablation": "mask"}, "`ablation` must be one of mean, zero"),
        ({"ablation": "resample"}, "give `reference` texts"),
        ({"reference": [" "]}, "at least one text"),
        ({"score": "speed"}, "`score` must be one of"),
        ({"prompts": PROMPTS}, "not both"),
        ({"versus": " her"}, "`versus` must be another"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(llama, settings, says):
    with pytest.raises(BadInput, match=says) as refused:
        lens_of(llama, **settings)
    assert "\n" not in str(refused.value)


def test_prompts_must_hold_text_and_target(llama, tmp_path):
    with pytest.raises(BadInput, match="target is missing in row 2"):
        ComponentLens(llama, prompts=[PROMPTS[0], {"text": "a", "target": ""}])
    with pytest.raises(BadInput, match="at least one prompt"):
        ComponentLens(llama, prompts=[])
    path = tmp_path / "prompts.csv"
    path.write_text('text,answer\n"Where, Ann?",here\n')
    with pytest.raises(BadInput, match="lacks target, it has text, answer"):
        read_prompts(path)
    path.write_text('\ufefftext,target\n"Where, Ann?"," here"\n', encoding="utf-8")
    assert read_prompts(path) == [{"text": "Where, Ann?", "target": " here", "versus": None}]
    with pytest.raises(BadInput, match="readable"):
        read_prompts(tmp_path / "absent.csv")


def test_an_unknown_family_is_refused_with_the_modules_found():
    network = torch.nn.Module()
    network.blocks = torch.nn.ModuleList([torch.nn.ModuleDict({"mixer": torch.nn.Linear(4, 4)})])
    network.config = type("Config", (), {"get_text_config": lambda self: self, "num_attention_heads": 2})()
    with pytest.raises(BadInput, match=r"found blocks\.0\.mixer"):
        anatomy(network)


def test_the_lens_is_offered():
    assert LENSES["components"] is ComponentLens
