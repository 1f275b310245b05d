"""The story of a verdict: why, and what to change."""

import pytest

from parity.story import AGAIN
from parity.story.advice import advice
from parity.story.causes import phrase
from tests.report.telling import LEFT_OUT, MISSING, cause, diagnosis


def test_one_cause(told):
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(cause())])
    assert found["Why"] == (
        "44 known mistakes were made in float64 on the numbers chainer had there, and one explains every element: "
        f"{MISSING}. What is left is 0.13 of what "
        "rounding allows in place of 1,520 times what rounding allows."
    )
    assert found["What to change"] == (
        "Give both sides the same epsilon; the case has 2e-05. In Chainer that is L.BatchNormalization(eps=2e-05). "
        "Where nothing is said, Chainer takes 2e-05."
    )


def test_values_of_one_number_are_one_cause(told):
    more = [
        cause(value=0.0),
        cause("epsilon 1e-07 instead of 2e-05", value=1e-7),
        cause("epsilon 1e-08 instead of 2e-05", value=1e-8),
    ]
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(*more)])
    assert "cannot tell" not in found[""]
    assert "one explains every element" in found["Why"]
    assert "1e-07 and 1e-08 would look the same here." in found["Why"]


def test_values_of_one_number_in_one_cause(told):
    made = cause("epsilon 0 instead of 2e-05, or 1e-07, or 1e-08", value=0.0)
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(made)])
    assert found[""] == f"chainer differs: {MISSING}."
    assert found["Why"].endswith("1e-07 and 1e-08 would look the same here.")


def test_several_causes_cannot_be_told_apart(told):
    two = [
        cause("gamma and beta exchanged", "weights exchanged", value=None),
        cause("left out", "layer left out", ratio=0.2),
    ]
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(*two)])
    assert found[""].endswith(", or BatchNorm bn is left out. These inputs cannot tell the two apart.")
    assert "2 explain every element, and these inputs cannot tell them apart." in found["Why"]
    assert "(2) BatchNorm bn is left out." in found["Why"]
    assert found["What to change"].splitlines()[1] == "If BatchNorm bn is left out: Add the layer."


def test_the_same_numbers_are_the_same_mistake(told):
    two = [cause("gamma and beta exchanged", "weights exchanged"), cause("left out", "layer left out")]
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(*two)])
    assert "They make the same numbers to the last digit" in found["Why"]
    assert len(found["What to change"].splitlines()) == 1


def test_no_cause(told):
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(tried=1, nodes=("bn",), complete=False)])
    assert found[""] == "chainer differs at BatchNorm bn: the error is 1,520 times what rounding allows."
    assert found["Why"] == (
        "1 known mistake was made in float64 on the numbers chainer had there, and it does not come near. Time ran "
        "out before all were tried."
    )
    found = told("differs", ratio=1523.9, bad=("bn", "act"), diagnosis=[diagnosis(), diagnosis(tried=0)])
    assert found[""].endswith("; 1 other tensor too. None of the 44 known mistakes that were tried explains it.")
    assert found["Why"].splitlines()[0].endswith(", and none of them comes near.")
    assert found["Why"].splitlines()[1].endswith("No known mistake could be tried.")


def test_what_comes_closest(told):
    near = cause("scale false instead of true", "scale", ratio=30.0)
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(closest=near)])
    assert "Closest comes this: in BatchNorm bn, scale is false instead of true; it leaves 30 times" in found["Why"]


def test_two_places(told):
    other = cause("alpha 0.25 instead of 0.2", "alpha", "act", "LeakyReLU")
    found = told(
        "differs", ratio=99.0, bad=("bn", "act"), diagnosis=[diagnosis(cause()), diagnosis(other, nodes=("act",))]
    )
    assert found[""].endswith("; and in LeakyReLU act, alpha is 0.25 instead of 0.2.")
    assert found["Why"].splitlines()[1].startswith("At LeakyReLU act: 44 known mistakes")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (cause(), "BatchNorm bn adds no epsilon (0 instead of 2e-05): on one side the epsilon is missing"),
        (cause("epsilon 0.003 instead of 2e-05"), "in BatchNorm bn, epsilon is 0.003 instead of 2e-05"),
        (cause("left out", "layer left out"), "BatchNorm bn is left out"),
        (cause("padded with 0 instead of −inf", "padded with 0"), "in BatchNorm bn: padded with 0 instead of −inf"),
        (cause("reads BGR instead of RGB", "channels reversed"), "BatchNorm bn reads BGR instead of RGB"),
        (cause("has the weights of fc3", "weights of another layer"), "BatchNorm bn has the weights of fc3"),
        (cause("W with its axes h and w exchanged", "weight axes exchanged"),
         "the weight W of BatchNorm bn has its height and width axes exchanged"),
        (cause("W with its axes g and q exchanged", "weight axes exchanged"),
         "the weight W of BatchNorm bn has its axes g and q exchanged"),
        (cause("W stored in float16", "half precision"), "the weight W of BatchNorm bn is stored in float16"),
        (cause("b dropped", "bias dropped"), "the weight b of BatchNorm bn is left out"),
        (cause("W[3, 1] is 0.5 instead of 0.25, +100 %", "one wrong element", source="element"),
         "one element of a weight of BatchNorm bn is wrong: W[3, 1] is 0.5 instead of 0.25, +100 %"),
        (cause("stride [1, 1] instead of [2, 2] and pad 0 instead of 1", "stride"),
         "in BatchNorm bn: stride [1, 1] instead of [2, 2] and pad 0 instead of 1"),
    ],
)  # fmt: skip
def test_causes_in_words(made, words):
    assert phrase(made) == words


@pytest.mark.parametrize(
    ("target", "call", "usual"),
    [
        ("chainer@cpu", "In Chainer that is L.BatchNormalization(eps=2e-05).", "Chainer takes 2e-05."),
        ("keras-jax@gpu", "In Keras that is keras.layers.BatchNormalization(epsilon=2e-05).", "Keras takes 0.001."),
        ("onnxruntime@cpu", "In ONNX that is BatchNormalization(epsilon=2e-05).", "ONNX takes 1e-05."),
    ],
)
def test_advice_in_the_framework_s_own_words(target, call, usual):
    text = " ".join(advice(cause("epsilon 0.001 instead of 2e-05"), target, {"epsilon": 2e-5}))
    assert call in text
    assert usual in text
    assert text.endswith(LEFT_OUT)


def test_advice_that_a_layer_declares_comes_first():
    made = cause(advice="Chainer up to 1.19 adds none: use a later one")
    assert next(advice(made, "chainer@cpu", {"epsilon": 2e-5})) == "Chainer up to 1.19 adds none: use a later one."


def test_advice_for_an_unknown_framework_is_plain():
    assert list(advice(cause(), "numpy@cpu", {"epsilon": 2e-5})) == [
        "Give both sides the same epsilon; the case has 2e-05."
    ]
    assert list(advice(cause("x", "never heard of"), "chainer@cpu", {})) == []


def test_copy_and_fusion(told):
    found = told("differs", blame=["copy"], message="conv/W reads back otherwise")
    assert found[""] == "chainer differs, since its weights are not those that were sent: conv/W reads back otherwise."
    assert "read back, and are not those that were sent" in found["Why"]
    found = told("differs", ratio=3.0, blame=["fusion"], bad=("none",))
    assert found[""].startswith("chainer differs by 3 times what rounding allows, but every layer passes by itself")
    assert "the runtime joins layers" in found["Why"]
    assert found["Where"].startswith("The output act: the error is 3 times")


def test_a_crash_has_last_words(told):
    found = told("crashed", message="it ended", trace="Traceback\n  line 1\nMemoryError: too much\n")
    assert found["Why"] == "Its last words: MemoryError: too much"
    assert "parity reproduce a chainer@cpu" in found[AGAIN]
