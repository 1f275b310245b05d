"""What is said of a cell in another precision than float32, and what is not known of it."""

import pytest

from parity.story import story

POWER = {"weights": 100, "0.001": 1.0, "0.01": 1.0, "0.1": 1.0, "exact": True, "looked_at": 100}
CASE = {"kind": "case", "case": "a", "file": "cases/a.yaml", "layers": [], "power": POWER, "weak": False}


def told(target, **more):
    cell = {"case": "a", "target": target, "verdict": "equal", "ok": True, **more}
    return {s.title: "\n".join(s.paragraphs) for s in story(CASE, cell)}


def test_what_would_be_noticed_is_known_for_float32_alone():
    assert "would be noticed if changed by" in told("chainer@cpu")["How far this can be trusted"]
    said = told("chainer@cpu:float16")["How far this can be trusted"]
    assert said == "What a wrong weight would show was found for float32; bounds in float16 are others."


@pytest.mark.parametrize(
    ("target", "scripted"),
    [
        ("chainer@cpu", True),
        ("keras-jax@cpu:storage_float16", True),
        ("keras-jax@cpu:float16", False),
        ("onnxruntime@gpu", False),
        ("keras-jax@gpu:tf32", False),
    ],
)
def test_scripts_are_offered_where_they_can_be_written(target, scripted):
    commands = told(target)["Run it again"].splitlines()
    assert commands[0] == f"parity run cases/a.yaml -k a --targets {target}"
    assert (f"parity reproduce a {target}" in commands) == scripted


def test_what_was_rounded_for_the_return_alone_is_told():
    assert "goes on with more digits than it returns" in told("onnxruntime@cpu:float16", unrounded=True)["Where"]
    assert "Where" not in told("onnxruntime@cpu:float16")


def test_a_precision_that_was_not_used_is_told():
    said = told("keras-jax@gpu:tf32", in_full=True)["Where"]
    assert said == "TensorFloat-32 was asked for, and not used: all products have the digits of float32."
