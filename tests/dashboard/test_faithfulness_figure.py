"""How far a run may be trusted, as figure, sentences, report and command-line text: what is said is what was stored."""

from collections.abc import Callable

import pytest
from patience import PATIENCE
from streamlit.testing.v1 import AppTest

from spexcore import figures
from spexcore.explanation import Explanation
from spexcore.faithfulness import Faithfulness
from spexcore.figures.rows import rows
from spexcore.figures.trust import grounds
from spexcore.figures.words import hover
from spexcore.removal import Removal
from spexcore.tables import explanation_text

Make = Callable[..., Explanation]

VALUES = {"terms": (3.0, 1.0, -1.0), "single effects": (3.0, 1.5, 0.5), "random": (3.0, 2.5, 2.0)}
JUDGED = Faithfulness(
    r2=0.9,
    r2_near=0.8,
    mae=0.3,
    mae_near=0.2,
    n_held_out=512,
    r2_interval=(0.85, 0.93),
    r2_near_interval=(0.7, 0.86),
    by_size={1: -0.2, 2: 0.5, 5: 0.895, 7: 0.9},
    energy={1: 0.75, 2: 0.2495, 3: 0.0005},
    removal=Removal((0, 1, 2), VALUES),
)


@pytest.fixture
def judged(make: Make) -> Explanation:
    return make(["not", "<b>"], {(0,): 1.0, (0, 1): 2.0}, faithfulness=JUDGED)


@pytest.mark.parametrize("dark", [False, True])
def test_the_figure_draws_what_was_measured(judged: Explanation, dark: bool) -> None:
    sizes, *removed, energy = figures.faithfulness(judged, dark=dark).data
    assert list(sizes.x) == ["1", "2", "5", "7"]
    assert list(sizes.y) == list(JUDGED.by_size.values())
    assert sizes.error_y.array[-1] == pytest.approx(0.03)
    assert sizes.error_y.arrayminus[-1] == pytest.approx(0.05)
    assert not any(sizes.error_y.array[:-1])
    assert [tuple(line.y) for line in removed] == list(VALUES.values())
    assert all(list(line.x) == ["0", "1", "2"] for line in removed)
    assert len({line.line.dash for line in removed}) == 3
    assert list(energy.y) == [0.75, 0.2495], "an order nobody would see is left out"


def test_negative_r2_stays_on_the_paper(judged: Explanation) -> None:
    low, high = figures.faithfulness(judged).layout.yaxis.range
    assert low < -0.2 < 0.9 < high


def test_an_older_run_draws_empty_panels_and_says_less(example: Explanation) -> None:
    figure = figures.faithfulness(example)
    assert not any(len(trace.x) for trace in figure.data)
    assert list(grounds(example)) == ["Held-out R²"]
    assert "Terms kept" not in str(figures.report(example))
    assert "[" not in explanation_text(example, "comobius", 0)


def test_the_sentences_say_the_numbers(judged: Explanation) -> None:
    said = grounds(judged)
    assert said["Held-out R²"].startswith(
        "0.90 (95 % 0.85 … 0.93), error 0.30; near the prompt 0.80 (95 % 0.70 … 0.86)"
    )
    assert said["Terms"].startswith("The 5 largest of 7 ")
    assert said["Variance"] == "75 % order 1, 25 % order 2."
    assert said["Removing parts"].startswith(
        "POSITIVE +3.00 as it stands; with two parts really removed −1.00 (by terms)"
    )


def test_report_and_command_line_have_the_curves(judged: Explanation) -> None:
    markup = str(figures.report(judged))
    for cell in ("−0.20", "0.50", "0.90", "+1.50", "−1.00", "+2.00"):
        assert f">{cell}</td>" in markup
    text = explanation_text(judged, "comobius", 0)
    assert "held-out R2 0.900 [0.850, 0.930] uniform (error 0.300), 0.800 [0.700, 0.860] near the full" in text
    assert "near the full prompt (error 0.200)" in text
    assert "R2 by terms kept: 1 -0.20, 2 0.50, 5 0.90, 7 0.90; variance by order: 1 75%, 2 25%" in text
    assert "value without 0, 1, 2 players: terms +3.00 +1.00 -1.00; single effects +3.00" in text


def test_the_page_folds_it_under_the_views(judged: Explanation, example: Explanation) -> None:
    def draw(explanation: object) -> None:
        from dashboard import trusting

        trusting.panel(explanation, dark=False)

    for explanation, charts in ((judged, 1), (example, 0)):
        page = AppTest.from_function(draw, default_timeout=PATIENCE, kwargs={"explanation": explanation}).run()
        assert not page.exception
        (folded,) = page.expander
        assert folded.label == "How far to trust it"
        assert len(page.get("plotly_chart")) == charts
        assert all(name in page.markdown[0].value for name in grounds(explanation))
        assert ("run it again" in page.caption[0].value) is (not charts)


def test_a_fourier_interval_beside_the_score_is_said(make: Make) -> None:
    ends = {(0,): (0.8, 1.2), (0, 1): (-0.4, 0.1)}
    explanation = make(["a", "b"], {(0,): -2.0, (0, 1): 4.0}, coefficient_intervals=ends)
    shown = {row.coalition: row for row in rows(explanation, index="fourier")}
    for coalition, row in shown.items():
        assert (row.low, row.high) == ends.get(coalition, (None, None))
    assert shown[(0, 1)].score == pytest.approx(1.0)
    assert shown[(0, 1)].doubtful
    assert "held-out masks disagree, 95 % in −0.40 … +0.10" in hover(shown[(0, 1)])
    assert "held-out masks disagree, 95 % in −0.40 … +0.10" in str(figures.report(explanation, index="fourier"))
    assert "by held-out masks, 95 % in [-0.400, +0.100]" in explanation_text(explanation, "fourier", 5)
    whiskers = figures.terms(explanation, index="fourier").data[-1].error_x
    assert min([*whiskers.array, *whiskers.arrayminus]) >= 0
