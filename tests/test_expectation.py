"""Known failures, in the precision that they are stated for and in others."""

import pytest

from parity.case.case import load
from parity.expectation import with_expectation
from parity.targets import Target
from tests.stand_in import LINEAR


@pytest.fixture
def case(tmp_path):
    text = LINEAR.lstrip() + "expect: [{target: chainer, verdict: differs, reason: it is known}]\n"
    (tmp_path / "a.yaml").write_text(text)
    return load(tmp_path / "a.yaml")[0]


@pytest.mark.parametrize(
    ("target", "verdict", "ok", "expected"),
    [
        ("chainer", "differs", True, True),
        ("chainer", "rounding", False, True),
        ("chainer:storage_float16", "differs", True, True),
        ("chainer:float16", "nonfinite", True, True),
        ("chainer:float16", "rounding", True, False),  # half precision may hide it
        ("chainer:float16", "crashed", False, False),
        ("keras-jax:float16", "differs", False, False),
    ],
)
def test_what_is_known_in_float32_excuses_other_precisions(case, target, verdict, ok, expected):
    made = with_expectation({"verdict": verdict}, case, Target.parse(target))
    assert (made["ok"], "expected" in made) == (ok, expected)
