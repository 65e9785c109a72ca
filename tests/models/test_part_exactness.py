"""Rows with a mask each, against one at a time and against edited weights: every family, eager and sdpa."""

from functools import cache

import numpy as np
import pytest
import torch
from part_oracle import edited, value
from tiny_models import DECODERS, ENCODERS, save_causal, save_encoder

from spexcore.lenses import ComponentLens
from spexcore.models import LanguageModel
from spexcore.models.fills import ABLATIONS, activations
from spexcore.models.part_scoring import PartScorer

TEXT = "The plot was not bad, and the actors were"
REFERENCE = [
    "He said it cost $5.50, of course; nobody listened, nobody cared.",
    "Lily had lost her red ball near the house.",
]
FAMILIES = (*DECODERS, *ENCODERS)
TOLERANCE = {"float64": 1e-10, "float32": 5e-6}
ATTENTION = ("eager", "sdpa")


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Models by family and dtype, each made and loaded once."""
    save = lambda family: save_causal if family in DECODERS else save_encoder
    folder = cache(lambda family: save(family)(tmp_path_factory.mktemp(family), family))
    return cache(lambda family, dtype="float64": LanguageModel.load(folder(family), dtype=dtype))


def lens_of(model, **settings):
    target = "neutral" if model.kind == "classifier" else " really"
    return ComponentLens(model, TEXT, target=target, reference=REFERENCE, **{"units": "heads+mlps", **settings})


def some_masks(n_players, n_masks=6, seed=0):
    """Everything, nothing, the upper half ablated, and random ones."""
    masks = np.random.default_rng(seed).random((n_masks, n_players)) < 0.6
    masks[0], masks[1] = True, False
    masks[2] = np.arange(n_players) < n_players // 2
    return masks


def spread(values):
    """How far single-precision values may be apart: relative to what they range over, random logits being large."""
    return max(1.0, float(np.abs(values).max()))


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_what_one_mask_at_a_time_gives(load, family, attention):
    for dtype, tolerance in TOLERANCE.items():
        model = load(family, dtype)
        model.network.set_attn_implementation(attention)
        for ablation in ABLATIONS:
            lens = lens_of(model, ablation=ablation)
            masks = some_masks(lens.n_players)
            together, question = lens(masks), lens.question
            alone = PartScorer(
                model, question.anatomy, lens.parts, question.passes,
                fills=question.fills, rescale=ablation == "paper", shortcuts=False,
            )  # fmt: skip
            single = np.concatenate([alone.results(mask[None]).values[:, 0] for mask in masks])
            assert np.ptp(together) > 0.1
            np.testing.assert_allclose(together, single, rtol=0, atol=tolerance * spread(single))


@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize("family", FAMILIES)
def test_values_are_those_of_edited_weights(load, family, ablation):
    for dtype, tolerance in TOLERANCE.items():
        model = load(family, dtype)
        model.network.set_attn_implementation("sdpa")
        lens = lens_of(model, ablation=ablation)
        question, masks = lens.question, some_masks(lens.n_players, 5)
        one, fill = question.passes[0], question.fills[0]
        networks = (edited(model.network, question.anatomy, lens.parts, mask, fill) for mask in masks)
        expected = [value(network, one.ids, int(one.picks[0, 0])) for network in networks]
        np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=tolerance * spread(expected))


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt", "bert"])
def test_resampled_parts_say_what_they_say_of_the_other_text(load, family):
    """One part ablated, by hand: a hook that puts the other text's activations in its place, aligned at the ends."""
    model = load(family)
    lens = lens_of(model, ablation="resample")
    question = lens.question
    one = question.passes[0]
    donors = [tuple(model.encode(text)) for text in REFERENCE]
    for player in (0, 5, lens.n_players - 1):
        part, mask = lens.parts[player], np.ones((1, lens.n_players), dtype=bool)
        mask[0, player] = False
        expected = [_patched(model, question, part, one, donor) for donor in donors]
        assert np.abs(lens(mask) - expected).min() < 1e-10


def _patched(model, question, part, one, donor):
    site = next(site for site in question.sites if site.name == f"{part.kind}.{part.layer}")
    said = activations(model, [site], donor)[site.name][0]
    first = next(place for place, token in enumerate(donor) if token not in model.tokenizer.all_special_ids)
    places = [min(max(place - one.context + len(donor), first), len(donor) - 1) for place in range(len(one.ids))]

    def patch(flat):
        units = flat.reshape(len(one.ids), site.n_units, -1).clone()
        units[:, part.units[0]] = said[places, part.units[0]]
        return units.reshape(flat.shape)

    hook = (
        site.module.register_forward_pre_hook(lambda _, fed: (patch(fed[0]),))
        if part.kind == "heads"
        else site.module.register_forward_hook(lambda _, __, out: patch(out))
    )
    found = value(model.network, one.ids, int(one.picks[0, 0]))
    hook.remove()
    return found


def test_the_paper_scales_up_the_heads_that_stay(load):
    """Half of a layer's heads gone, the rest doubled: by weights; none left is zero and no division."""
    model = load("llama")
    lens = lens_of(model, ablation="paper", units="heads")
    question, one = lens.question, lens.question.passes[0]
    masks = np.ones((2, 12), dtype=bool)
    masks[0, 2:4], masks[1, 4:8] = False, False
    network = edited(model.network, question.anatomy, lens.parts, masks[0])
    network.model.layers[0].self_attn.o_proj.weight *= 2
    empty = edited(model.network, question.anatomy, lens.parts, masks[1])
    expected = [value(which, one.ids, int(one.picks[0, 0])) for which in (network, empty)]
    np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("family", ["qwen2", "gpt2"])
@pytest.mark.parametrize("units", ["kv_groups", "neurons:1:0-5,9"])
def test_groups_and_neurons_are_those_of_edited_weights(load, family, units):
    model = load(family)
    lens = lens_of(model, ablation="mean", units=units)
    question, masks = lens.question, some_masks(lens.n_players, 4)
    one = question.passes[0]
    networks = (edited(model.network, question.anatomy, lens.parts, mask, question.fills[0]) for mask in masks)
    expected = [value(network, one.ids, int(one.picks[0, 0])) for network in networks]
    np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("family", ["llama", "modernbert", "opt"])
def test_the_model_is_left_as_it_was(load, family):
    model = load(family)
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    lens = lens_of(model)
    lens(some_masks(lens.n_players))
    lens.gradient_effects()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.network.state_dict().items())
    for module in model.network.modules():
        assert not [*module._forward_hooks, *module._forward_pre_hooks, *(set(vars(module)) & {"forward"})]
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in model.network.parameters())


def test_an_error_in_the_middle_leaves_no_hook_behind(load, monkeypatch):
    model = load("llama")
    lens = lens_of(model, layers="1-2")

    def fails(*arguments, **named):
        raise RuntimeError("stopped in the last layer")

    monkeypatch.setattr(lens.question.anatomy.mlp[-1], "forward", fails)
    with pytest.raises(RuntimeError, match="stopped in the last layer"):
        lens(some_masks(lens.n_players))
    monkeypatch.undo()
    for module in model.network.modules():
        assert not [*module._forward_hooks, *module._forward_pre_hooks, *(set(vars(module)) & {"forward"})]


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_below_the_first_ablated_one_are_computed_once(load, family):
    lens = lens_of(load(family), units="heads", layers="2")
    masks = some_masks(lens.n_players)
    expected = PartScorer(
        lens.model, lens.question.anatomy, lens.parts, lens.question.passes, fills=lens.question.fills, shortcuts=False
    )
    np.testing.assert_allclose(lens(masks), expected.results(masks).values[:, 0], rtol=0, atol=1e-10)
    scorer = lens.question._scorer
    assert scorer.layers_run == scorer.forwards  # one layer of three
    assert expected.layers_run == 3 * expected.forwards


@pytest.mark.parametrize("family", FAMILIES)
def test_the_last_layer_runs_only_where_it_is_read(load, family):
    """What its last projections multiply: the position that is read of every row; a mean over positions needs all."""
    model = load(family)
    lens = lens_of(model, units="heads")
    masks = some_masks(lens.n_players)
    lens(masks[:1])
    anatomy, seen = lens.question.anatomy, []
    forward = anatomy.mlp[-1].forward
    anatomy.mlp[-1].forward = lambda fed: seen.append(fed.numel() // fed.shape[-1]) or forward(fed)
    lens(masks)
    del anatomy.mlp[-1].forward
    assert sum(seen) == len(masks) * (len(lens.question.passes[0].ids) if family == "modernbert" else 1)


def test_a_last_layer_that_is_read_elsewhere_runs_in_full(load, monkeypatch):
    from spexcore.models import narrowing

    model, at = load("llama"), narrowing._at
    masks = some_masks(12)
    expected = lens_of(model, units="heads")(masks)
    monkeypatch.setattr(narrowing, "_at", lambda forward, read, n_rows: at(forward, slice(0, 1), n_rows))
    np.testing.assert_allclose(lens_of(model, units="heads")(masks), expected, rtol=0, atol=1e-10)


def test_a_pass_that_cannot_go_on_from_the_middle_is_a_whole_one(load, monkeypatch):
    from spexcore.models import part_scoring, resuming

    model = load("llama")
    masks = some_masks(4)
    expected = lens_of(model, units="heads", layers="2")(masks)
    monkeypatch.setattr(resuming, "_rows", lambda output, texts: 2 * output[texts])
    broken = lens_of(model, units="heads", layers="2")
    np.testing.assert_allclose(broken(masks), expected, rtol=0, atol=1e-10)
    monkeypatch.undo()
    monkeypatch.setattr(part_scoring, "MOST_BYTES", 0)
    short = lens_of(model, units="heads", layers="2")
    np.testing.assert_allclose(short(masks), expected, rtol=0, atol=1e-10)
    assert short.question._scorer.layers_run == 3 * short.forwards


def test_memory_that_runs_out_halves_the_batch(load, monkeypatch):
    lens = lens_of(load("llama"))
    masks = some_masks(lens.n_players, 24)
    expected = lens(masks)
    forward, most = lens.model.network.forward, 5

    def small(*arguments, **named):
        if len(named["input_ids"]) > most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return forward(*arguments, **named)

    monkeypatch.setattr(lens.model.network, "forward", small)
    np.testing.assert_allclose(lens(masks), expected, rtol=0, atol=1e-10)
    assert any("ran out" in note for note in lens.notes)
