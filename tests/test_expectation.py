"""Known failures, in the precision that they are stated for and in others."""

import pytest

from parity.case.case import load
from parity.errors import BadInput
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


def of_versions(tmp_path, versions):
    entry = f"expect: [{{target: keras-*, verdict: crashed, versions: {versions}, reason: it is known}}]\n"
    (tmp_path / "a.yaml").write_text(LINEAR.lstrip() + entry)
    return load(tmp_path / "a.yaml")[0]


@pytest.mark.parametrize(
    ("versions", "verdict", "ok", "expected"),
    [
        ({"keras": "3.14.1", "jax": "0.6.0"}, "crashed", True, True),
        ({"keras": "3.14.1", "jax": "0.6.0"}, "rounding", False, True),  # no longer needed there
        ({"keras": "3.14.0.dev1", "jax": "0.6.0"}, "crashed", True, True),
        ({"keras": "3.15.0", "jax": "0.6.0"}, "crashed", False, False),
        ({"keras": "3.15.0", "jax": "0.6.0"}, "rounding", True, False),
        ({"keras": "3.14.1", "jax": "0.7.0"}, "crashed", False, False),  # both must fit
        ({"keras": "3.14.1"}, "crashed", False, False),
        ({"keras": "unknown", "jax": "0.6.0"}, "crashed", False, False),
        (None, "crashed", False, False),
    ],
)
def test_a_failure_of_some_versions_is_known_in_these_alone(tmp_path, versions, verdict, ok, expected):
    case = of_versions(tmp_path, "{keras: <3.15, jax: '>=0.6,<0.7'}")
    made = with_expectation({"verdict": verdict}, case, Target.parse("keras-jax"), versions)
    assert (made["ok"], "expected" in made) == (ok, expected)


def test_versions_are_specifiers(tmp_path):
    with pytest.raises(BadInput, match=r"keras: found 'old', accepted: versions as in <3\.15") as caught:
        of_versions(tmp_path, "{keras: old}")
    assert caught.value.path.startswith("expect.0.versions")
