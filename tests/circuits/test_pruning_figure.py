"""The pruning curves as drawn: a line a method, told apart by shape, on the game that was asked for."""

import pytest

from spexcore.circuits import Pruned
from spexcore.figures import pruning

CURVE = [
    Pruned(method, tuple(range(size)), size * slope, {"accuracy": slope}, ablations=9)
    for method, slope in (("spectrum", 1.0), ("lasso", 0.5), ("best of random", 0.25))
    for size in (2, 4)
]


@pytest.mark.parametrize("dark", [False, True])
def test_each_method_is_a_line_of_its_own_shape(dark):
    lines = pruning(CURVE, dark=dark).data
    assert [line.name for line in lines] == ["spectrum", "lasso", "best of random"]
    assert [(list(line.x), list(line.y)) for line in lines[:2]] == [([2, 4], [2, 4]), ([2, 4], [1, 2])]
    assert len({line.marker.symbol for line in lines}) == len({line.line.dash for line in lines}) == 3


def test_a_held_out_game_the_ends_and_a_size_can_be_shown():
    figure = pruning(CURVE, on="accuracy", ends=(0.0, 1.0), size=4)
    assert [list(line.y) for line in figure.data] == [[1, 1], [0.5, 0.5], [0.25, 0.25]]
    assert [one.text for one in figure.layout.annotations] == ["all ablated 0.00", "whole model +1.00"]
    assert [(shape.x0, shape.y0) for shape in figure.layout.shapes][-1][0] == 4
    assert figure.layout.yaxis.title.text == "value"
    assert pruning(CURVE, unit="nats").layout.yaxis.title.text == "value, nats"
