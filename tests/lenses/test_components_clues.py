"""The components lens on the embedded story model: what is said of its heads holds on masks nobody has seen."""

import spexcore as spex
from spexcore.lenses import ComponentLens
from spexcore.models import LanguageModel

TEXT = "Ann is in the garden. Bob is in the kitchen. The key is with Ann. Where is the key?"


def test_two_thousand_ablations_say_how_all_heads_work_together():
    lens = ComponentLens(LanguageModel.load("clues"), TEXT, target=" garden", versus=" kitchen")
    uniform = spex.explain(lens, budget=2_000, masks="uniform", verify=0, seed=0, held_out=96)
    assert uniform.faithfulness.r2 >= 0.9
    near = spex.explain(lens, budget=300, masks="near", seed=0, held_out=96)
    assert near.faithfulness.r2_near >= 0.95
