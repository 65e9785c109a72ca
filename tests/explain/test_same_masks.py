"""Several methods on the same masks: each is what it is alone on these masks, judged where none has looked."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spexcore as spex
from spexcore.cli import main
from spexcore.errors import BadInput, Cancelled
from spexcore.estimators import ESTIMATORS
from spexcore.explanation import Explanation
from spexcore.faithfulness import hold_out, r2_score
from spexcore.figures import methods
from spexcore.game import FunctionGame, KeptValues, MeteredGame
from spexcore.lenses import SyntheticGame
from spexcore.masks import Masks, pack
from spexcore.progress import Step
from spexcore.same_masks import METHODS, SameMasks, same_masks
from spexcore.spread import draw_spread

N = 14
GAME = SyntheticGame(N, {(): 1.0, (0,): 2.0, (1, 2): 3.0, (3, 4, 5): -4.0})
LINEAR = ("kernelshap", "lime", "lasso", "banzhaf")


@pytest.fixture(scope="module")
def run() -> Explanation:
    made = spex.explain(GAME, spex.Lasso(), budget=500, masks="mixed", verify=0, seed=3, held_out=64)
    return replace(made, measured={(3, 4, 5): -4.0})


@pytest.fixture(scope="module")
def found(run: Explanation) -> SameMasks:
    return same_masks(GAME, run, methods=("walshgp", "proxyspex", "spex", *LINEAR), held_out=64)


def fits(found: SameMasks) -> dict:
    return {fit.method: fit for fit in found.fits}


def test_each_method_is_what_it_is_on_the_masks_of_the_runs_distribution_and_seed(
    run: Explanation, found: SameMasks
) -> None:
    drawn = draw_spread("mixed", N, run.masks_asked, np.random.default_rng(3))
    assert (found.n_masks, found.masks) == (len(drawn), "mixed")
    for method in ("walshgp", "proxyspex", *LINEAR):
        estimator = ESTIMATORS[method]()
        alone = estimator.fit(drawn, GAME(drawn), seed=3, players=GAME.players)  # type: ignore[attr-defined]
        assert fits(found)[estimator.name].spectrum == alone
        assert not fits(found)[estimator.name].own_masks


def test_spex_designs_its_own_masks_and_is_judged_on_the_same_ones(found: SameMasks) -> None:
    spex_fit = fits(found)["SPEX"]
    assert spex_fit.own_masks
    assert 0 < spex_fit.n_masks <= found.n_masks
    assert spex_fit.faithfulness.n_held_out == fits(found)["LIME"].faithfulness.n_held_out


def test_the_judgement_is_that_of_held_out_masks_nobody_has_seen(run: Explanation, found: SameMasks) -> None:
    drawn = draw_spread("mixed", N, run.masks_asked, np.random.default_rng(3))
    uniform = hold_out(GAME, "uniform", 64, 3, drawn)
    assert not set(pack(uniform.masks)) & set(pack(drawn))
    for fit in found.fits:
        assert fit.faithfulness.r2 == pytest.approx(r2_score(uniform.values, fit.spectrum.predict(uniform.masks)))
    assert fits(found)["ProxySPEX"].faithfulness.r2 > 0.95 > fits(found)["Lasso"].faithfulness.r2


def test_no_method_is_judged_on_masks_that_spex_designed() -> None:
    small = SyntheticGame(10, {(): 1.0, (0,): 2.0, (1, 2): 3.0, (3, 4, 5): -4.0})
    made = spex.explain(small, spex.Lasso(), budget=300, masks="uniform", verify=0, held_out=64)
    found = same_masks(small, made, methods=("spex", "lasso"), held_out=64)
    designing = MeteredGame(small)
    spex.SPEX().estimate(designing, budget=made.masks_asked, seed=0)
    drawn = draw_spread("uniform", 10, made.masks_asked, np.random.default_rng(0))
    seen = np.vstack([drawn, designing.samples()[0]])
    fresh = hold_out(small, "uniform", 64, 0, seen)
    assert not set(pack(fresh.masks)) & set(pack(seen))
    judged, spectrum = fits(found)["Lasso"].faithfulness, fits(found)["Lasso"].spectrum
    assert judged.r2 == pytest.approx(r2_score(fresh.values, spectrum.predict(fresh.masks)))


def test_ablations_are_paid_once_for_all_methods_and_none_again_from_the_store(run: Explanation) -> None:
    memory, asked = KeptValues(), []

    def count(masks: Masks) -> np.ndarray:
        asked.extend(pack(masks))
        return GAME(masks)

    counted = FunctionGame(count, GAME.players, key="counted")
    known = spex.explain(counted, spex.Lasso(), budget=100, verify=0, held_out=16, memory=memory)
    before = len(asked)
    first = same_masks(counted, known, methods=("lasso", "lime"), held_out=16, memory=memory)
    assert first.masks_paid == len(asked) - before == 0  # the run's own masks and held-out masks, one and all
    assert len(set(asked)) == len(asked)


def test_the_leading_terms_are_those_of_any_method_and_of_what_was_measured(found: SameMasks) -> None:
    leading = found.leading(top=2)
    for fit in found.fits:
        assert {S for S, _ in fit.interactions().ranked()[:2]} <= set(leading)
    assert (3, 4, 5) in leading
    assert leading == sorted(leading, key=lambda S: (len(S), S))


def test_a_method_that_needs_more_masks_is_refused_by_name_and_the_others_stand(run: Explanation) -> None:
    few = spex.explain(GAME, spex.Lasso(), budget=40, verify=0, held_out=8)
    found = same_masks(GAME, few, methods=("spex", "lasso"), held_out=8)
    assert [fit.method for fit in found.fits] == ["Lasso"]
    assert "at least" in found.refused["SPEX"]


@pytest.mark.parametrize("asked", [("nonsense",), (), ("lasso", "x")])
def test_unknown_methods_are_refused(run: Explanation, asked: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="`methods` must be some of"):
        same_masks(GAME, run, methods=asked)


def test_another_game_is_refused(run: Explanation) -> None:
    with pytest.raises(BadInput, match="the one that the run explains"):
        same_masks(SyntheticGame(N, {(0,): 1.0}), run)


def test_it_tells_how_far_it_is_and_stops_between_methods(run: Explanation) -> None:
    steps: list[Step] = []
    stop = threading.Event()

    def see(step: Step) -> None:
        steps.append(step)
        if step.phase == "fitting Lasso":
            stop.set()

    with pytest.raises(Cancelled, match="Stopped after 1 methods"):
        same_masks(GAME, run, methods=("lime", "lasso", "walshgp"), held_out=16, on_progress=see, cancel=stop)
    assert {"ablating", "fitting LIME", "fitting Lasso"} == {step.phase for step in steps}


def test_the_figure_draws_every_score_of_every_method_on_one_scale(found: SameMasks) -> None:
    drawn = methods(found, top=2)
    leading = found.leading(top=2)
    columns = list(drawn.data)
    assert len(columns) == 1 + len(found.fits)
    for bars, fit in zip(columns[1:], found.fits, strict=True):
        scores = fit.interactions().scores
        expected = {y: scores[S] for y, S in enumerate(leading) if abs(scores.get(S, 0.0)) > 1e-9}
        assert dict(zip(bars.y, bars.x, strict=True)) == expected
    ranges = {tuple(drawn.layout[f"xaxis{k}" if k > 1 else "xaxis"].range) for k in range(1, len(columns) + 1)}
    assert len(ranges) == 1
    assert any("SPEX *" in note.text for note in drawn.layout.annotations)


def test_the_command_line_prints_every_method_with_its_r2(
    tmp_path: Path, spex_home: Path, capsys: pytest.CaptureFixture
) -> None:
    small = SyntheticGame(6, {(0,): 1.0, (1, 2): 2.0})
    spex.explain(small, spex.Exact(), budget=64, held_out=8).save(tmp_path / "run.json")
    asked = ["compare", "--run", str(tmp_path / "run.json"), "--methods", "Lasso,exact,walshgp"]
    assert main([*asked, "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert [one["method"] for one in read["methods"]] == ["Lasso", "Exact", "WalshGP"]
    assert read["methods"][1]["faithfulness"]["r2"] == pytest.approx(1.0)
    assert main(asked) == 0
    assert "Exact, comobius" in capsys.readouterr().out
    assert main([*asked, "--run", str(tmp_path / "run.json")]) == 2
    assert main(["compare", "--run", str(tmp_path / "run.json"), "--methods", "x"]) == 2
    assert "`methods` must be some of" in capsys.readouterr().err


def test_the_methods_offered_exist() -> None:
    assert set(METHODS) <= set(ESTIMATORS)
