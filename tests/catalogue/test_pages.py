"""What the pages say, where that is easily got wrong."""

import copy
import re

from parity.catalogue.cards import card
from parity.catalogue.pages import index
from parity.catalogue.words import anchor, arguments, figure, prose
from parity.layers import Layer


def rows(text, name):
    return [line for line in text.splitlines() if line.startswith((f"| [{name}]", f"| `{name}`"))]


def test_the_matrix_has_every_layer_once(made, surveys):
    matrix = made["layers.md"].partition("## From Chainer")[0]
    assert {name: len(rows(matrix, name)) for name in surveys} == dict.fromkeys(surveys, 1)


def test_gaps_have_their_reasons(made, surveys):
    text = made["layers.md"]
    for survey in surveys.values():
        for dialect in ("chainer", "keras", "onnx"):
            if survey.samples and not survey.forms(dialect):
                assert "○ gap: " in rows(text, survey.name)[0], (survey.name, dialect)


def test_users_arrive_with_a_frameworks_name(surveys, kept):
    cards = [card(s, kept, ()) for s in surveys.values()]
    found = {name: [c.name for c in cs] for names in index(cards, kept).values() for name, cs in names.items()}
    assert found["L.BatchNormalization"] == ["BatchNorm"]
    assert found["F.max_pooling_2d"] == ["MaxPool2D"]
    assert "LSTM" in found["L.LSTM"]
    assert "Sigmoid" in found["keras.ops.sigmoid"]
    assert "Linear" in found["keras.layers.Dense"]
    assert "Linear" in found["Gemm"]
    assert "*" not in found


def test_a_framework_that_nobody_asked(surveys, kept):
    facts = {d: f for d, f in copy.deepcopy(kept).items() if d == "onnx"}
    made = card(surveys["BatchNorm"], facts, ())
    row = next(r for r in made.parameters if r["name"] == "epsilon")
    assert (row["chainer"], row["onnx"]) == ("", "`epsilon=1e-05`")


def test_initial_values_of_two_frameworks(made):
    text = made["traps.md"].partition("## Initial values")[2]
    assert "`LeCunNormal(scale=1)`: 1/fan_in | `GlorotUniform()`: 2/(fan_in + fan_out)" in rows(text, "Linear")[0]
    assert all(re.search(r"\| [^|]+ \| [^|]+ \| [^|]* \|$", row) for row in text.splitlines() if row.startswith("| ["))


def test_words():
    assert anchor("conv_transpose") == "conv_transpose"
    assert anchor("From Keras") == "from-keras"
    assert [figure(x) for x in (1.26e-5, 0.64, 1.5, 99.4, 1234.0)] == ["1.3e-5", "0.64", "1.5", "99", "1200"]
    assert prose("``a|b`` of :class:`~parity.x.Y` <z") == "`a\\|b` of `parity.x.Y` &lt;z"
    assert arguments(Layer.registry["BatchNorm"]).keys() == {"epsilon", "scale", "center"}
