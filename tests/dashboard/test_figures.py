"""Laws of the figures: what is drawn is what the explanation says, for any player's name and any order."""

import html
from collections.abc import Callable
from dataclasses import replace
from math import dist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spexcore import figures
from spexcore.claims import Spread
from spexcore.comparison import compare
from spexcore.evidence import Removal
from spexcore.explanation import Explanation
from spexcore.figures.network import network, plan, spot
from spexcore.figures.rows import claimed, coalition_from, coalition_id, player_names, rows
from spexcore.figures.terms import matrix, terms
from spexcore.figures.theme import DARK, LIGHT, Palette, contrast, label, rgb, tint
from spexcore.figures.tokens import cut, partners, pieces, strongest
from spexcore.figures.words import Quantity
from spexcore.masks import Coalition
from spexcore.validation import Claim, Confirmation

Make = Callable[..., Explanation]
NASTY = ("<i>", "<s>", "<img src=x onerror=alert(1)>", "</script>", "&lt;", "<br/>")


def scatters(figure: object, mode: str) -> list:
    return [trace for trace in figure.data if trace.type == "scatter" and trace.mode == mode]


def hubs(figure: object) -> dict[str, tuple[float, float, str]]:
    """id -> place and symbol of every hub in a network."""
    found = {}
    for trace in scatters(figure, "markers"):
        if trace.customdata is not None:
            for x, y, name, symbol in zip(trace.x, trace.y, trace.customdata, trace.marker.symbol, strict=True):
                assert name not in found
                found[name] = (x, y, symbol)
    return found


def test_every_term_of_order_two_or_more_is_one_hub_shaped_by_its_order(example: Explanation) -> None:
    drawn = hubs(network(example, top=100))
    expected = {row.id: row.order for row in rows(example, top=100) if row.order > 1}
    assert set(drawn) == set(expected)
    shapes = {2: "circle", 3: "triangle-up", 4: "square"}
    assert {name: symbol for name, (_, _, symbol) in drawn.items()} == {n: shapes[k] for n, k in expected.items()}


def test_a_term_without_any_term_of_order_one_is_drawn(make: Make) -> None:
    explanation = make(["a", "b", "c", "d"], {(): 0.0, (0, 1, 2, 3): 8.0}, measured={(0, 1, 2, 3): 8.0})
    assert "0-1-2-3" in hubs(network(explanation, orders=[4]))


def test_a_constant_game_draws_empty_figures(make: Make) -> None:
    explanation = make(["a", "b"], {(): 3.0})
    assert rows(explanation) == []
    assert hubs(network(explanation)) == {}
    assert terms(explanation).layout.height > 0
    assert "a" in str(figures.tokens(explanation))


def test_lines_never_answer_the_pointer_so_that_hubs_do(example: Explanation) -> None:
    lines = [trace for figure in (network(example), terms(example)) for trace in scatters(figure, "lines")]
    assert lines
    assert all(trace.hoverinfo == "skip" and trace.customdata is None for trace in lines)


def test_the_curve_of_a_pair_passes_through_its_hub(make: Make) -> None:
    figure = network(make(["a", "b", "c", "d", "e"], {(0, 2): 1.0}))
    (hub,) = hubs(figure).values()
    curve = scatters(figure, "lines")[0]
    assert min(dist(hub[:2], point) for point in zip(curve.x[:-1], curve.y[:-1], strict=True)) < 1e-9


def test_hubs_do_not_lie_on_one_another(make: Make) -> None:
    # Every coalition around one centre: without moving them apart, the three pairs of opposite players coincide.
    together = {(0, 3): 3.0, (1, 4): 2.0, (2, 5): 1.5, (0, 1, 3, 4): 1.0, (0, 2, 3, 5): 0.9}
    places = [place[:2] for place in hubs(network(make(list("abcdef"), together), top=50)).values()]
    assert min(dist(a, b) for k, a in enumerate(places) for b in places[:k]) > 0.12


def test_the_number_of_traces_does_not_grow_with_the_number_of_terms(make: Make) -> None:
    pairs = {(i, j): (-1.0) ** i * (1 + i + j / 100) for i in range(40) for j in range(i + 1, 40)}
    assert len(network(make([f"w{i}" for i in range(40)], pairs), top=500).data) <= 18


@pytest.mark.parametrize("dark", [False, True])
def test_the_selected_term_is_marked_in_both_figures_again_and_again(example: Explanation, dark: bool) -> None:
    plain, marked = terms(example, dark=dark), terms(example, selected=(3, 4), dark=dark)
    assert len(marked.layout.shapes) == len(plain.layout.shapes) + 1
    assert terms(example, selected=(3, 4), dark=dark) == marked
    around = network(example, selected=(3, 4), dark=dark).layout.shapes
    assert [shape.type for shape in around] == ["path", "circle", "circle", "circle"]  # its line, its parts, its hub


def test_a_player_in_no_shown_term_is_marked_and_moves_nobody(make: Make) -> None:
    explanation = make([f"w{i}" for i in range(60)], {(0, 30): 4.0, (10, 50): 2.0, (20,): 1.0})
    plain, marked = network(explanation), network(explanation, selected=(40,))
    assert marked.data == plain.data
    (mark,) = marked.layout.shapes
    assert mark.label.text == "w40"
    place = {name: (x, y) for trace in scatters(plain, "markers+text") for name, x, y in
             zip(trace.customdata, trace.x, trace.y, strict=True)}  # fmt: skip
    here = (mark.xanchor, mark.yanchor)
    assert dist(here, place["30"]) == pytest.approx(dist(here, place["50"]), abs=1e-3)  # its neighbours in the text


@pytest.mark.parametrize("coalition", [(3, 4), (5, 7, 9), (0,), (0, 1)])
def test_marks_change_no_array_of_a_trace(example: Explanation, coalition: Coalition) -> None:
    # Plotly draws the whole figure anew for a changed array, which a click must not wait for.
    marks = spot(plan(example, rows(example)), selected=coalition)
    assert marks.shapes
    assert not any(isinstance(value, list) for changed in marks.traces.values() for value in changed.values())


def test_long_names_are_folded_to_lines_that_a_narrow_figure_has_room_for(make: Make) -> None:
    sentences = [f"It was a long film that {somebody}." for somebody in ("nobody liked", "everybody loved")]
    names = [sentences[0], "no", "Unpronounceable", sentences[1]]
    (players,) = scatters(network(make(names, {(0, 3): 1.0})), "markers+text")
    lines = [line.strip("\u00a0") for text in players.text for line in text.split("<br>")]
    assert all(len(line) <= 10 for line in lines)
    assert players.text[1] == "\u00a0no"  # to the right of its marker, clear of the ring of a selection
    assert len(set(players.text)) == 4


def test_five_hundred_terms_are_few_elements_and_no_name_is_crowded_out(make: Make) -> None:
    terms_of = {(i, j): (-1.0) ** i * (1 + i + j / 500) for i in range(0, 300, 4) for j in range(i + 1, i + 30, 3)}
    explanation = make([f"w{i}" for i in range(400)], terms_of)
    shown = rows(explanation, top=500)
    drawn, table = network(explanation, top=500), matrix(explanation, shown[:100])
    assert len(hubs(drawn)) > 250
    assert len(drawn.data) <= 10
    assert sum(bool(name) for trace in scatters(drawn, "markers+text") for name in trace.text) <= 72
    assert sum(len(trace.x) for trace in table.data if trace.type == "bar" or trace.mode == "markers") < 2_000
    assert len(drawn.to_json()) < 150_000


def test_rows_are_ranked_by_size_and_filtered_by_order(example: Explanation) -> None:
    scores = [abs(row.score) for row in rows(example, top=50)]
    assert scores == sorted(scores, reverse=True)
    assert {row.order for row in rows(example, top=50, orders=[2])} == {2}
    assert len(rows(example, top=3)) == 3


def test_rows_of_a_least_size_are_a_share_of_the_largest_of_all_orders(example: Explanation) -> None:
    everything = rows(example, top=500)
    largest = max(abs(row.score) for row in everything)
    for orders in (None, [2]):
        wanted = [row for row in everything if abs(row.score) >= 0.2 * largest and row.order in (orders or range(99))]
        assert 0 < len(wanted) < len(everything)
        assert rows(example, top=500, orders=orders, least=0.2) == wanted


def test_a_measured_term_is_exact_and_a_predicted_one_has_its_interval(example: Explanation) -> None:
    by_id = {row.id: row for row in rows(example, top=50)}
    measured, predicted = by_id["3-4"], by_id["7-9"]
    assert measured.measured
    assert (measured.score, measured.low, measured.high) == (9.6, 9.6, 9.6)
    assert not predicted.measured
    assert predicted.high - predicted.low == pytest.approx(2 * 0.3)
    figure = terms(example, top=50)
    shown = dict(zip(by_id, figure.layout.yaxis.ticktext, strict=True))
    assert shown["3-4"].strip() == "✓ +9.60"
    assert "✓" not in shown["7-9"]
    whiskers = [trace for trace in scatters(figure, "markers") if trace.error_x.array is not None]
    assert sum(len(trace.error_x.array) for trace in whiskers) == sum(not row.measured for row in by_id.values())


def test_a_term_not_told_apart_from_zero_is_pale(make: Make) -> None:
    explanation = make(["a", "b"], {(0,): 5.0, (1,): 0.1}, doubt=Spread({1: 0.2}, {}))
    assert [row.doubtful for row in rows(explanation)] == [False, True]
    bar = next(trace for trace in terms(explanation).data if trace.type == "bar")
    assert [colour.endswith(",0.3)") for colour in bar.marker.color] == [False, True]


@pytest.mark.parametrize("index", ["fourier", "mobius", "bii", "fbii", "sii", "stii", "fsii", "sv", "bv"])
def test_every_other_index_is_drawn_without_intervals(example: Explanation, index: str) -> None:
    found = rows(example, index=index, top=50)
    assert found
    assert all(row.low is None and not row.measured for row in found)
    scores = example.interactions(index)
    assert all(row.score == scores[row.coalition] for row in found)
    assert network(example, index=index).data


def test_a_coalition_that_is_not_reported_has_a_value_and_an_interval_all_the_same(example: Explanation) -> None:
    row = claimed(example, (0, 1, 2, 5, 6))
    assert row.score == pytest.approx(0.0, abs=1e-9)
    assert row.low < 0 < row.high


@pytest.mark.parametrize("name", NASTY)
def test_a_players_markup_stays_text_in_every_figure(make: Make, name: str) -> None:
    explanation = make([name, "b"], {(0, 1): 1.0, (0,): 2.0}, text=f"{name} b")
    for figure in (terms(explanation), network(explanation)):
        spoken = [text for trace in figure.data for text in (trace.hovertext or ())]
        spoken += list(figure.layout.xaxis.ticktext or scatters(figure, "markers+text")[0].text)
        assert any(label(name, 40) in text for text in spoken)
        assert not any(name in text for text in spoken)
    markup = str(figures.tokens(explanation))
    assert html.escape(name) in markup
    assert name not in markup


def test_a_label_is_escaped_after_it_is_cut() -> None:
    assert label("<" * 30, width=5) == "&lt;" * 3 + "…" + "&lt;"


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@given(value=st.floats(-1, 1))
def test_text_on_any_tint_can_be_read(colours: Palette, value: float) -> None:
    ground, ink = tint(value, 1.0, colours)
    assert contrast(rgb(ground), rgb(ink)) >= 4.5


@given(st.text(max_size=30), st.lists(st.text(max_size=5), max_size=6))
def test_pieces_of_a_text_give_it_back(between: str, players: list[str]) -> None:
    text = between.join(["", *players, ""])
    found = cut(text, players)
    assert [player for _, player in found if player is not None] == list(range(len(players)))
    if all(players):
        assert "".join(piece for piece, _ in found) == text


def test_pieces_follow_the_lens_where_the_same_letters_come_before(make: Make) -> None:
    explanation = make(["a"], {(0,): 1.0}, text="an [[a]] b")
    recipe = {**explanation.recipe, "spans": "marked"}
    drawn = pieces(make(["a"], {(0,): 1.0}, recipe=recipe))
    assert [(piece.text, piece.player) for piece in drawn] == [("an ", None), ("a", 0), (" b", None)]


def test_a_run_file_whose_text_and_players_disagree_is_drawn_from_its_players(make: Make) -> None:
    drawn = pieces(make(["x", "y"], {(0,): 1.0}, text="something else"))
    assert [piece.player for piece in drawn if piece.player is not None] == [0, 1]


def test_repeated_players_are_told_apart() -> None:
    assert player_names(["the", "cat", "the", " "]) == ("the₁", "cat", "the₂", "␣")


def test_partners_share_a_term() -> None:
    assert partners([(0, 1), (1, 2, 3), (4,)], 5) == [[1], [0, 2, 3], [1, 3], [1, 2], []]


@given(st.sets(st.integers(0, 50), min_size=1, max_size=6))
def test_a_coalition_comes_back_from_its_id(members: set[int]) -> None:
    coalition = tuple(sorted(members))
    assert coalition_from(coalition_id(coalition), 51) == coalition


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "3-", "-3", "²", "9999999999", "1-51", "<script>"])
def test_a_text_that_is_no_coalition_is_none(text: str) -> None:
    assert coalition_from(text, 51) == ()


def test_figures_need_no_streamlit_and_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, spexcore.figures; sys.exit(bool({'streamlit', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_claim_is_drawn_where_it_was_claimed_and_measured(example: Explanation) -> None:
    claims = (
        Claim((3, 4), 9.6, 9.6, 9.6, first_hand=True, measured=9.6),
        Claim((5, 7, 9), -1.0, -1.4, -0.6, first_hand=False, measured=-2.0),
    )
    figure = figures.confirmation(replace(example, confirmation=Confirmation(claims)))
    (drawn,) = scatters(figure, "markers+text")
    assert list(zip(drawn.x, drawn.y, strict=True)) == [(9.6, 9.6), (-1.0, -2.0)]
    assert list(drawn.error_x.array) == pytest.approx([0.0, 0.4])
    assert (list(drawn.text), list(drawn.customdata)) == (["", "✗"], ["3-4", "5-7-9"])
    assert list(drawn.marker.symbol) == ["circle", "triangle-up"]
    assert drawn.marker.color[0] == LIGHT.paper  # hollow: measured by the run itself
    (line,) = scatters(figure, "lines")
    assert list(line.x) == list(line.y)  # the diagonal
    assert not scatters(figures.confirmation(example), "markers+text")[0].x


@pytest.mark.parametrize("name", NASTY)
def test_a_comparison_draws_both_scores_and_no_markup(make: Make, name: str) -> None:
    a, b = (make([name, "b", "c"], {(0,): 1.0, (0, 1): weight}) for weight in (2.0, 5.0))
    found = compare(a, b)
    figure = figures.comparison(found)
    sides = {trace.name: list(trace.x) for trace in scatters(figure, "markers")}
    assert sides == {
        "run A": [pair.a.score for pair in found.pairs if pair.a],
        "run B": [pair.b.score for pair in found.pairs if pair.b],
    }
    assert all("<" not in text for text in figure.layout.yaxis.ticktext)
    assert all(html.escape(name, quote=False)[:4] in text or "b" in text for text in figure.layout.yaxis.ticktext)


def test_two_texts_are_coloured_on_one_scale(make: Make) -> None:
    weak = make(["a", "b"], {(0,): 1.0})
    alone, beside = (pieces(weak, largest=largest)[0].ground for largest in (None, 10.0))
    assert alone == pieces(weak, largest=strongest(weak))[0].ground
    assert contrast(rgb(beside), rgb(LIGHT.paper)) < contrast(rgb(alone), rgb(LIGHT.paper))


@pytest.mark.parametrize("nasty", NASTY)
def test_a_removal_curve_draws_every_value_and_no_markup(nasty: str) -> None:
    found = Removal((0, 1, 4), {"spectrum": (1.0, 0.5, -2.0), nasty: (1.0, 0.9, 0.8)})
    figure = figures.removal(found, Quantity(nasty, "logits"))
    assert [tuple(trace.y) for trace in figure.data] == [(1.0, 0.5, -2.0), (1.0, 0.9, 0.8)]
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "4"]
    drawn = figure.layout.yaxis.title.text + figure.data[1].name + "".join(figure.data[1].hovertext)
    assert nasty not in drawn
    assert "without 4: <b>−2.00</b>" in figure.data[0].hovertext[2]
