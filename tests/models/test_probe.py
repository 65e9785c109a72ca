"""What a run needs at least, against the operations that torch counts while it runs."""

import numpy as np
import pytest
from tiny_models import save_causal, save_encoder
from torch.utils.flop_counter import FlopCounterMode

from spexcore.models import LanguageModel
from spexcore.models.continuation import ContinuationScorer
from spexcore.models.inputs import from_lists
from spexcore.models.probe import flops
from spexcore.models.scoring import LabelScorer

WIDTH, LAYERS = 32, 3


def counted(scorer, inputs):
    """Of the linear layers: torch 2.x counts no attention on a CPU."""
    with FlopCounterMode(display=False) as counter:
        scorer.values(inputs)
    return sum(n for kind, n in counter.get_flop_counts()["Global"].items() if str(kind) in ("aten.mm", "aten.addmm"))


def test_a_classifier_needs_what_torch_counts(tmp_path):
    model, lengths = LanguageModel.load(save_encoder(tmp_path, "bert")), np.array([9, 17, 17, 30])
    linear = counted(LabelScorer(model, 0), from_lists([[row + 5] * length for row, length in enumerate(lengths)]))
    attention = sum((LAYERS - 1) * 4 * length**2 * WIDTH + 4 * length * WIDTH for length in lengths)
    labels = 2 * WIDTH * len(model.labels) * len(lengths)  # too few to be in the formula
    assert flops(model, lengths, 1) == linear - labels + attention


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_a_continuation_needs_what_torch_counts_with_the_tokens_fed_behind(tmp_path, family):
    model, lengths = LanguageModel.load(save_causal(tmp_path, family)), np.array([9, 17, 17, 30])
    scorer = ContinuationScorer(model, [7, 8, 9], None, whole=30, share=False)
    linear = counted(scorer, from_lists([[row + 5] * length for row, length in enumerate(lengths)]))
    config, fed = model.network.config, lengths + 2
    width = config.num_attention_heads * config.head_dim
    pairs = (LAYERS - 1) * fed * (fed + 1) / 2 + 3 * fed  # of query and key; the last layer asks at three places only
    assert flops(model, fed, 3) == linear + 4 * width * pairs.sum()
