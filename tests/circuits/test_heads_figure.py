"""The grid of heads: one cell a part, in its place, with its own number."""

import numpy as np
import pytest

import spexcore as spex
from spexcore.errors import BadInput
from spexcore.figures import heads
from spexcore.figures.heads import is_wide, strongest_interactions
from spexcore.figures.rows import coalition_from
from spexcore.figures.words import amount

PLAYERS = ("L2H0", "L2H1", "L2MLP", "L4H0", "L4H1", "L4MLP")
EFFECTS = np.array([0.5, -2.0, 0.0, 1.0, 0.25, -0.75])


def explained(players=PLAYERS, effects=EFFECTS):
    game = spex.FunctionGame(lambda masks: masks @ effects, players)
    return spex.explain(game, spex.Exact(), budget=2 ** len(players), held_out=4)


@pytest.mark.parametrize("dark", [False, True])
def test_each_part_has_a_cell_with_its_signed_effect_that_can_be_clicked(dark):
    figure = heads(explained(), dark=dark)
    (trace,) = figure.data
    clicked = {coalition_from(name, 6)[0]: (x, y) for name, x, y in zip(trace.customdata, trace.x, trace.y)}
    assert len(set(clicked.values())) == 6
    for i, effect in enumerate(EFFECTS):
        (text,) = [one.text for one in figure.layout.annotations if (one.x, one.y) == clicked[i]]
        assert text == amount(effect)
    assert clicked[0][1] < clicked[3][1]  # the later layer lies higher
    assert clicked[2][0] > clicked[1][0] + 1  # MLPs stand apart, right of the heads
    assert list(figure.layout.yaxis.ticktext) == ["layer 2", "layer 4"]
    assert "MLP" in figure.layout.xaxis.ticktext


def test_cells_of_opposite_effects_differ_in_colour_and_the_selected_one_has_a_frame():
    figure = heads(explained(), selected=(1,))
    shapes = figure.layout.shapes
    assert shapes[1].fillcolor != shapes[3].fillcolor
    assert [shape.line.width for shape in shapes] == [1, 1, 1, 1, 1, 1, 3]
    assert (shapes[6].x0, shapes[6].y0) == (shapes[1].x0, shapes[1].y0)


def test_neurons_wrap_and_groups_have_columns():
    neurons = tuple(f"L1N{i}" for i in (0, 1, 16, 40))
    trace = heads(explained(neurons, EFFECTS[:4])).data[0]
    assert list(zip(trace.x, trace.y)) == [(0, 0), (1, 0), (0, 1), (2, 2)]
    groups = heads(explained(("L0G0", "L0G1"), EFFECTS[:2]))
    assert list(groups.layout.xaxis.ticktext) == ["G0", "G1"]


def test_words_are_no_parts_of_a_model():
    with pytest.raises(BadInput, match="parts"):
        heads(explained(("not", "bad"), EFFECTS[:2]))


def test_another_attribution_takes_the_same_places_on_a_scale_that_is_given():
    figure = heads(explained(), scores=[0.1, 0, 0, 0, 0, 0], largest=2.0)
    assert [one.text for one in figure.layout.annotations] == ["+0.10", *["0.00"] * 5]
    assert (
        figure.layout.shapes[0].fillcolor
        == heads(explained(), scores=[0.1, 2.0, 0, 0, 0, 0]).layout.shapes[0].fillcolor
    )
    assert (
        figure.layout.shapes[0].fillcolor != heads(explained(), scores=[0.1, 0, 0, 0, 0, 0]).layout.shapes[0].fillcolor
    )


def test_the_strongest_interaction_of_a_part_is_that_of_its_largest_term():
    game = spex.FunctionGame(lambda x: 3.0 * (x[:, 0] & x[:, 1]) - 1.0 * (x[:, 1] & x[:, 2]) + x[:, 3], PLAYERS[:4])
    explanation = spex.explain(game, spex.Exact(), budget=16, held_out=4)
    assert strongest_interactions(explanation) == pytest.approx([3.0, 3.0, -1.0, 0.0])


def test_many_columns_are_wide():
    assert not is_wide([f"L0H{i}" for i in range(8)])
    assert is_wide([*(f"L0H{i}" for i in range(8)), "L0MLP"])
