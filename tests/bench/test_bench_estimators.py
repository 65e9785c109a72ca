"""The estimator benchmark: a row a game, budget, seed and method; ratios by hand; no games, no run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spexcore.bench import estimators, leading, shapley
from spexcore.bench.cases import CODED, OURS, Case, real_cases, synthetic_cases
from spexcore.bench.contenders import REFERENCE, RELEASED_SPEX, Contender, contenders, versions
from spexcore.bench.estimators import measure, run, table
from spexcore.bench.ratios import fewer_masks, means, summaries, unexplained_ratio
from spexcore.bench.row_file import RowFile
from spexcore.bench.texts import prompt_game, prompts
from spexcore.errors import BadInput
from spexcore.estimators import Exact, Lasso
from spexcore.game import TableGame
from spexcore.lenses.synthetic import random_game
from spexcore.masks import all_masks, draw
from spexcore.spread import draw_spread

CHEAP = {"WalshGP", "Lasso 1", "LightGBM", "Banzhaf", "KernelSHAP"}


def row(
    method: str, r2: float, *, game: str = "a", masks: int = 64, seed: int = 0, part: str = "real"
) -> dict[str, Any]:
    where = {"part": part, "game": game, "masks": masks, "seed": seed}
    return {**where, "method": method, "r2": r2, "r2_near": 0.5, "recall": None, "cpu_s": 1.0, "error": None}


def measured(case: Case, seed: int, methods: list[Contender]) -> list[dict[str, Any]]:
    return list(measure(case, seed, methods=methods))


def linear_case(n_masks: int = 60, **settings: Any) -> Case:
    game = TableGame(all_masks(7) @ np.arange(1.0, 8.0))
    return Case("real", "linear", game, game, n_masks, **settings)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [contender for contender in contenders() if contender.name in CHEAP]
    monkeypatch.setattr(estimators, "contenders", lambda: few)


@pytest.fixture
def linear(tmp_path: Path) -> Path:
    """A folder of one game, linear in eight players."""
    (tmp_path / "games").mkdir()
    np.savez(tmp_path / "games" / "linear.npz", values=all_masks(8) @ np.arange(1.0, 9.0))
    return tmp_path


@pytest.mark.usefixtures("cheap")
def test_every_method_is_measured_on_the_same_game_and_the_answer_is_json(linear: Path) -> None:
    result = json.loads(json.dumps(run(data=linear, quick=True, parts=["real"])))
    assert {found["method"] for found in result["rows"]} == CHEAP
    assert all(found["r2"] > 0.99 for found in result["rows"] if found["method"] in ("Lasso 1", "WalshGP"))
    (made,) = result["runs"]
    assert made["calibration_gflops"] > 0
    assert made["date"].startswith("20")
    assert made["versions"]["numpy"] == np.__version__
    lines = table(result).splitlines()
    assert [line for line in lines if line.startswith("| Lasso 1 | 1.000 |")]
    assert len(lines) == 5 + len(CHEAP)
    assert len({line.count("|") for line in lines[3:]}) == 1


@pytest.mark.usefixtures("cheap")
def test_a_run_that_was_cut_short_goes_on_from_its_file(linear: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, seen = linear / "rows.jsonl", []
    spied = [
        Contender(one.name, lambda *asked, one=one: seen.append((one.name, asked[3])) or one.fit(*asked))
        for one in estimators.contenders()
    ]
    monkeypatch.setattr(estimators, "contenders", lambda: spied)
    first = run(data=linear, out=out, parts=["real"], methods=["Lasso 1"], seeds=1)
    assert {name for name, _ in seen} == {"Lasso 1"}
    assert len(first["rows"]) == len(seen) == 6
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:4]) + "\n" + lines[4][:20])  # a run line, three rows and a torn one
    seen.clear()
    second = run(data=linear, out=out, parts=["real"], methods=["Lasso 1"], seeds=2)
    assert [seed for _, seed in seen] == [0] * 3 + [1] * 6, "the torn row once more, and what had not been reached"
    assert second["rows"][:3] == first["rows"][:3]
    strip = [{name: value for name, value in found.items() if name != "cpu_s"} for found in second["rows"]]
    assert strip == [
        {name: value for name, value in found.items() if name != "cpu_s"}
        for found in run(data=linear, parts=["real"], methods=["Lasso 1"], seeds=2)["rows"]
    ]
    assert len(second["runs"]) == 2
    seen.clear()
    assert run(out=out, seeds=0)["rows"] == second["rows"], "without seeds: what the file holds, no games needed"
    assert seen == []


def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    for content in ("a note of mine", "a note\nof mine\n", '{"some": "json"}\n', "[1, 2]\n3"):
        (tmp_path / "notes").write_text(content)
        with pytest.raises(BadInput, match="`out` must be a new file"):
            RowFile(tmp_path / "notes")
        assert (tmp_path / "notes").read_text() == content


def test_parts_and_methods_that_are_not_known_are_named(linear: Path) -> None:
    with pytest.raises(BadInput, match="`part` must be one of real, near.*got 'reals'"):
        run(data=linear, parts=["reals"])
    with pytest.raises(BadInput, match="`method` must be one of StackSPEX.*Pairwise.*got 'Stack'"):
        run(data=linear, methods=["Stack"])


def test_a_folder_without_games_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--data"):
        run(data=tmp_path)


def test_rows_are_paired_by_the_seed() -> None:
    seen = []

    def spy(game: Any, masks: Any, values: Any, seed: int) -> Any:
        seen.append(masks)
        return Lasso().fit(masks, values, seed=seed)

    rows = measured(linear_case(), 3, [Contender("one", spy), Contender("other", spy)])
    assert [found["method"] for found in rows] == ["one", "other"]
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], draw_spread("uniform", 7, 60, np.random.default_rng(3)))


def test_a_method_that_gives_up_is_judged_as_the_mean_and_says_why() -> None:
    def refuse(*_: Any) -> Any:
        raise IndexError("no split")

    (found,) = measured(linear_case(), 0, [Contender("refuses", refuse)])
    assert found["error"] == "IndexError: no split"
    assert -0.2 < found["r2"] <= 0


def test_a_method_is_left_out_where_it_would_take_hours() -> None:
    def fit(game: Any, masks: Any, values: Any, seed: int) -> Any:
        return Lasso().fit(masks, values)

    small, once = Contender("small", fit, largest=7 * 59), Contender("once", fit, first_seed=True)
    assert [found["method"] for found in measured(linear_case(), 0, [small, once])] == ["once"]
    assert measured(linear_case(), 1, [small, once]) == []
    assert measured(linear_case(only=("small",)), 0, [once]) == []


def test_released_proxyspex_reads_the_game_as_we_do() -> None:
    pytest.importorskip("shapiq")
    (released,) = [contender for contender in contenders() if contender.name == REFERENCE]
    everything = all_masks(10)
    values = 3.0 * everything[:, 1] * everything[:, 4] - 2.0 * everything[:, 7]
    game = TableGame(values)
    case = Case("real", "two terms", game, game, 400)
    (found,) = measured(case, 0, [released])
    assert found["error"] is None
    assert found["r2"] > 0.95, "a wrong sign or a wrong transform would leave nothing of it"
    assert "shapiq" in versions()


def test_the_judges_of_a_table_are_all_masks_and_those_near_the_full_one() -> None:
    everything, near = linear_case().judges()
    assert len(everything) == 2**7
    assert set((7 - near.sum(axis=1)).tolist()) == {1, 2, 3}
    assert len(near) == 7 + 21 + 35


def test_synthetic_truth_is_without_the_noise_of_the_game() -> None:
    cases = {case.name: case for case in synthetic_cases()}
    noisy = cases["64 players, 20 ands, 10% noise"]
    masks = draw("uniform", 64, 2000, np.random.default_rng(0))
    truth = noisy.truth(masks)
    assert (noisy.game(masks) - truth).std() == pytest.approx(0.1 * truth.std(), rel=0.15)
    np.testing.assert_array_equal(cases["64 players, DNF"].game(masks), cases["64 players, DNF"].truth(masks))
    assert {case.game.n_players for case in cases.values()} == {32, 64, 128, 256, 512, 1000}
    assert all(bool(case.only) == (case.game.n_players > 128) for case in cases.values())


def test_the_real_part_has_every_game_at_every_budget(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    for name in ("sentiment-1", "house-1"):
        np.savez(tmp_path / "games" / f"{name}.npz", values=np.arange(2.0**6))
    cases = real_cases(tmp_path)
    assert [case.n_masks for case in cases if case.name == "house-1"] == [64, 128, 256, 512, 16, 32, 1024, 2048]
    assert [case.part for case in cases if case.distribution == "mixed"] == ["near"]
    assert {case.only for case in cases if case.n_masks < 64} == {OURS}
    assert {case.only for case in cases if case.n_masks > 512} == {CODED}


def test_ratios_of_fixed_rows_by_hand() -> None:
    rows = [
        *[row("ours", r2, seed=seed) for seed, r2 in enumerate((0.7, 0.9))],  # mean .8
        *[row("theirs", r2, seed=seed) for seed, r2 in enumerate((0.5, 0.7))],  # mean .6: ratio .5
        row("ours", 0.9, masks=128),
        row("theirs", 0.6, masks=128),  # ratio .25
        row("ours", 0.48, game="b"),
        row("theirs", 0.5, game="b"),  # ratio 1.04, worse by .02
        row("ours", 0.99, game="c"),  # the reference was not run on it
    ]
    ours, theirs = means(rows, "ours"), means(rows, "theirs")
    assert ours[("a", 64)] == pytest.approx(0.8)
    assert unexplained_ratio(ours, theirs) == pytest.approx(0.5)
    (summary, reference) = summaries(rows, "theirs")
    assert summary["method"] == "ours"
    assert summary["unexplained_ratio"] == pytest.approx(0.5)
    assert summary["worse"] == 1
    assert summary["configurations"] == 3
    assert summary["r2"] == pytest.approx((0.7 + 0.9 + 0.9 + 0.48) / 4)
    assert reference["unexplained_ratio"] == pytest.approx(1.0)
    assert reference["fewer_masks"] == pytest.approx(1.5), "1 and 2 on a, which is flat; b has a single budget"
    assert summaries([], "theirs") == []


def test_two_exact_methods_have_a_ratio_of_one_and_a_part_without_reference_has_none() -> None:
    assert unexplained_ratio({("a", 64): 1.0}, {("a", 64): 1.0 - 1e-13}) == 1.0
    assert unexplained_ratio({("a", 64): 1.0}, {}) is None
    (summary,) = summaries([row("ours", 0.5)], "theirs")
    assert summary["unexplained_ratio"] is None
    assert summary["r2"] == 0.5


@pytest.mark.parametrize(
    ("r2_there", "factor"),
    [(0.2, 512 / 64), (0.5, 512 / 128), (0.6, 512 / (128 * 2**0.5)), (0.7, 512 / 256), (0.95, 1.0)],
)
def test_masks_for_equal_r2_lie_between_two_budgets_on_a_log_scale(r2_there: float, factor: float) -> None:
    ours = {("a", 64): 0.3, ("a", 128): 0.5, ("a", 256): 0.7, ("a", 512): 0.9}
    assert fewer_masks(ours, {("a", 512): r2_there}) == pytest.approx(factor)
    assert fewer_masks(ours, {("b", 512): r2_there}) is None


def test_masks_are_also_counted_in_those_of_the_released_spex_where_it_ran() -> None:
    ours = [row("ours", 0.6, masks=64), row("ours", 0.8, masks=128)]
    refused = row(RELEASED_SPEX, 0.0, masks=64) | {"error": "ValueError: Insufficient budget"}
    (summary, _) = summaries([*ours, refused, row(RELEASED_SPEX, 0.6, masks=1024)], "theirs")
    assert summary["fewer_than_spex"] == pytest.approx(1024 / 64)


def test_recall_of_known_coefficients_lets_ties_with_the_tenth_stand_in_for_it() -> None:
    truth = {(): 9.0, **{(i,): 2.0 for i in range(4)}, **{(i, 9): 1.0 for i in range(8)}}
    claimed = {(i,): 5.0 for i in range(4)} | {(i, 9): 1.0 for i in range(2, 7)} | {(7, 8): 1.0}
    assert leading.recall(claimed, truth) == 0.9
    game = random_game(24, 12, basis="parities", seed=2)
    case = Case("synthetic", "parities", game, game, 900, judged=500, fourier=game.fourier)
    few = Contender("lasso", lambda game, masks, values, seed: Lasso().fit(masks, values))
    exact, trees, single = measured(case, 0, [*[c for c in contenders() if c.name in ("SPEX", "LightGBM")][::-1], few])
    assert exact["recall"] == 1.0
    assert exact["r2"] > 1 - 1e-9
    assert trees["recall"] is None
    assert single["recall"] == sum(len(S) == 1 for S in leading.leading(game.fourier)) / 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three exact games of seven players and three reviews."""
    for part in ("games", "spex"):
        (tmp_path / part).mkdir()
    rng = np.random.default_rng(0)
    for k in range(3):
        np.savez(tmp_path / "games" / f"sentiment-{k}.npz", values=rng.normal(size=2**7))
    reviews = ['"""Not bad at all, in fact."""', '"""Good."""', '"""Dull, dull and then dull again."""']
    (tmp_path / "spex" / "sentiment.csv").write_text("review,n\n" + "\n".join(f"{text},1" for text in reviews))
    return tmp_path


def test_prompts_are_the_first_words_of_the_shortest_long_enough(folder: Path) -> None:
    assert prompts(folder, 4, 5) == ["Not bad at all,", "Dull, dull and then"]
    assert prompts(folder, 4, 1) == ["Not bad at all,"]
    assert prompts(folder, 40, 1) == []


def test_a_prompt_is_judged_by_its_own_values_and_paid_once(folder: Path) -> None:
    case = Case("prompts", "four", *[prompt_game(prompts(folder, 4, 1)[0])] * 2, 12)
    rows = measured(case, 0, [Contender("lasso", lambda game, masks, values, seed: Lasso().fit(masks, values))] * 2)
    assert rows[0] == rows[1]
    assert rows[0]["cpu_s"] is None
    assert case.game.paid == 2**4
    assert summaries(rows, "theirs")[0]["cpu_s"] is None


def test_recall_counts_the_true_leading_terms_among_the_claimed() -> None:
    truth = {(): 9.0, **{(i,): 20.0 - i for i in range(12)}, (0, 1): 0.0}
    claimed = {(): 50.0, **{(i,): -(20.0 - i) if i == 2 else 20.0 - i for i in range(5)}, (0, 1): 30.0}
    found = leading.judged(leading.Found(claimed, [(0,), (2,), (0, 1)], frozenset({(0,), (1,)})), truth)
    shares = {"right_sign": pytest.approx(1 / 3), "measured": pytest.approx(1 / 3)}
    assert found == {"recall": 0.2, "recall_by_size": 0.5, **shares}
    assert set(leading.judged(leading.Found({}, []), truth).values()) == {0.0}


def test_with_every_mask_all_methods_find_all_leading_terms(folder: Path) -> None:
    game = TableGame(np.load(folder / "games" / "sentiment-0.npz")["values"])
    truth = Exact().estimate(game, budget=2**7).interactions("comobius", 4).scores
    for name, find in leading.methods().items():
        shares = leading.judged(find(game, 2**7, 4, 0), truth)
        if "verify" in name:
            assert shares == {"recall": 1.0, "recall_by_size": 1.0, "right_sign": 1.0, "measured": 1.0}
        elif name == "Pairwise":
            assert shares["recall"] < 1, "it measures no triple"
            assert shares["right_sign"] == shares["measured"] == 1
    few = leading.methods()["Pairwise"](game, 5, 2, 0)
    assert few.scores == {}


def test_truth_of_a_prompt_is_every_single_and_pair_removal(folder: Path) -> None:
    ((known, budget),) = [one for one in leading.games(folder, words={5: 1}) if one[0].order == 2]
    assert (known.name, budget) == ("5 words: Not bad at all, in", 4)
    exact = Exact().estimate(known.game, budget=2**5).interactions("comobius", 2)
    for coalition, score in known.truth.items():
        assert score == pytest.approx(exact[coalition], abs=1e-9)


def test_with_every_mask_released_shapley_indices_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours come from the exact spectrum, theirs from regressions and strata of their own."""
    pytest.importorskip("shapiq")
    monkeypatch.setattr(shapley, "BUDGET", 2**7)
    game = TableGame(np.random.default_rng(1).normal(size=2**7))
    exact = Exact().estimate(game, budget=2**7)
    released = {name: find for name, find in shapley.methods().items() if "shapiq" in name}
    assert len(released) == 4
    for find in released.values():
        for index, scores in find(game, 0).items():
            order = shapley.INDICES[index]
            assert shapley.relative_error(scores, exact.interactions(index, order).scores, order) < 1e-9


def test_relative_error_by_hand_and_the_tables(folder: Path) -> None:
    assert shapley.relative_error({(0, 1): 1.0, (2,): 9.0}, {(0, 1): 2.0, (0, 2): 2.0, (): 5.0}, 2) == 5 / 8
    rows = run(data=folder, quick=True, parts=["shapley"])["shapley"]
    lines = shapley.table(rows)
    assert len({line.count("|") for line in lines}) == 1
    assert [line for line in lines if line.startswith("| WalshGP, sizes | 0.000 | 0.000 | 0.000 |")]
    (row,) = [{"game": "a", "players": 9, "masks": 5, "orders": 2, "seed": 0, "method": "m"}]
    half = [row | {"recall": r, "recall_by_size": 2 * r, "right_sign": 1.0, "measured": 0.0} for r in (0.2, 0.4)]
    assert leading.table(half)[2:] == ["| 1 of 9 players, orders 1-2 | 5 | m | 0.30 | 0.60 | 1.00 | 0.00 |"]
