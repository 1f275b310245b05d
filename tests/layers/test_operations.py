"""How much arithmetic a layer is, against counts by hand."""

from pathlib import Path

import pytest

from parity.case.case import load
from parity.layers import Layer, Spec
from parity.measure.operations import operations

CASES = Path(__file__).resolve().parents[2] / "cases"


def count(layer, *shapes, **parameters):
    made = Layer.registry[layer](**parameters)
    return made.rule("operations").fn(made, *(Spec(s) for s in shapes))


LSTM = {"layer": "LSTM", "units": 5}


@pytest.mark.parametrize(
    ("found", "products"),
    [
        (count("Linear", (2, 3), units=7), 2 * 3 * 7),
        (count("Linear", (2, 4, 3), units=7, bias=False), 2 * 4 * 3 * 7),
        (count("Conv2D", (2, 4, 9, 8), filters=6, kernel=3), 2 * 6 * (7 * 6) * (4 * 9)),
        (count("Conv2D", (2, 4, 9, 8), filters=6, kernel=3, groups=2), 2 * 6 * (7 * 6) * (2 * 9)),
        (count("Conv2D", (1, 4, 9, 8), filters=6, kernel=(3, 2), stride=2, pad=1), 6 * (5 * 5) * (4 * 6)),
        (count("Conv1D", (1, 4, 9), filters=6, kernel=3, dilation=2), 6 * 5 * (4 * 3)),
        (count("Conv3D", (1, 2, 4, 5, 6), filters=3, kernel=2), 3 * (3 * 4 * 5) * (2 * 8)),
        (count("DepthwiseConv2D", (2, 4, 9, 8), multiplier=3, kernel=3), 2 * 12 * (7 * 6) * 9),
        (count("SeparableConv2D", (2, 4, 9, 8), filters=5, kernel=3), 2 * 4 * (7 * 6) * 9 + 2 * 5 * (7 * 6) * 4),
        (count("ConvTranspose2D", (2, 4, 5, 6), filters=3, kernel=(2, 3), stride=2), 2 * 4 * 30 * 3 * 6),
        (count("ConvTranspose2D", (2, 4, 5, 6), filters=6, kernel=2, groups=2), 2 * 4 * 30 * 3 * 4),
        (count("MatMul", (2, 3, 4), (2, 4, 5)), 2 * 3 * 4 * 5),
        (count("MatMul", (2, 4, 3), (1, 5, 4), transpose_a=True, transpose_b=True), 2 * 3 * 4 * 5),
        (count("Dot", (2, 6), (2, 6), axes=(1, 1)), 2 * 6),
        (count("Dot", (2, 3, 4), (2, 5, 3), axes=(1, 2)), 2 * 4 * 5 * 3),
        (count("EinsumDense", (2, 5, 3, 4), units=(6, 7), axes=2, bias=True), 2 * 5 * 12 * 42),
        (count("LSTM", (2, 7, 3), units=5), 2 * 7 * 4 * 5 * (3 + 5)),
        (count("LSTM", (2, 7, 3), units=5, peepholes="diagonal"), 2 * 7 * (4 * 5 * (3 + 5) + 3 * 5)),
        (count("LSTM", (2, 7, 3), units=5, peepholes="full"), 2 * 7 * (4 * 5 * (3 + 5) + 3 * 25)),
        (count("GRU", (2, 7, 3), units=5, reset_after=True), 2 * 7 * 3 * 5 * (3 + 5)),
        (count("RNN", (2, 7, 3), units=5), 2 * 7 * 5 * (3 + 5)),
        (count("TimeDistributed", (2, 7, 3), inner={"layer": "Linear", "units": 4}), 2 * 7 * 3 * 4),
        (count("NStep", (2, 7, 3), inner=LSTM, layers=2), 2 * 7 * 4 * 5 * (3 + 5 + 5 + 5)),
    ],
)
def test_products_count_twice(found, products):
    assert found == 2 * products


def test_both_directions_and_what_joins_them():
    one = count("LSTM", (2, 7, 3), units=5)
    found = count("Bidirectional", (2, 7, 3), inner=LSTM, merge="concat")
    assert 2 * one <= found <= 2 * one + 2 * 7 * 10


def test_attention_is_two_products_and_what_is_done_to_scores():
    products = 2 * 2 * 4 * 5 * 3 + 2 * 2 * 4 * 5 * 6
    found = count("Attention", (2, 4, 3), (2, 5, 3), (2, 5, 6))
    assert products < found <= products + 4 * 2 * 4 * 5


def test_multi_head_attention_has_its_four_projections():
    n, t, f, heads, size = 2, 4, 12, 3, 4
    projections, scores = 4 * 2 * n * t * f * heads * size, 2 * 2 * n * heads * t * t * size
    found = count("MultiHeadAttention", *[(n, t, f)] * 3, heads=heads, key_dim=size)
    assert projections + scores < found <= (projections + scores) * 1.15


@pytest.mark.parametrize(
    ("found", "elements"),
    [
        (count("ReLU", (2, 3, 4)), 24),
        (count("MaxPool2D", (2, 3, 8, 8), kernel=2, stride=2, cover_all=False), 2 * 3 * 16),
        (count("Add", (2, 3, 4), (1, 4)), 24),
        (count("Flatten", (2, 3, 4)), 0),
        (count("Dropout", (2, 3, 4), ratio=0.5), 0),
        (count("Split", (2, 6), axis=1, sections=3), 0),
    ],
)
def test_everything_else_counts_once_an_output_element(found, elements):
    assert found == elements


def test_alexnet_is_what_is_known_of_it():
    """1.14 G multiplications and additions at 227×227 without groups: by hand, layer by layer."""
    [case] = load(CASES / "seeds/alexnet.yaml", CASES)
    convolutions = [(55, 96, 3 * 121), (27, 256, 96 * 25), (13, 384, 256 * 9), (13, 384, 384 * 9), (13, 256, 384 * 9)]
    products = sum(side**2 * filters * terms for side, filters, terms in convolutions)
    products += 9216 * 4096 + 4096 * 4096 + 4096 * 1000
    assert products == 1_135_256_096
    found = operations(case.graph)
    assert 2 * products < found < 2 * products * 1.01


SUMS = [n for n, k in Layer.registry.items() if k.linear or n in ("MatMul", "Dot", "RNN", "LSTM", "GRU")]


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_layer_that_sums_products_is_not_left_with_one_an_element(name):
    rule = Layer.registry[name]._lookup("rules", "operations")[0]
    assert rule is not vars(Layer)["rules"]["operations"][0]
