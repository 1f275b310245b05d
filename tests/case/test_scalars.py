"""The core schema of YAML 1.2, scalar by scalar."""

import math

import pytest

from parity.case.scalars import kind_of, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("12", 12),
        ("-12", -12),
        ("+1", 1),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("1_000", "1_000"),
        ("2:30", "2:30"),
        ("2026-01-02", "2026-01-02"),
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("2.", 2.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("=", "="),
        ("é日本", "é日本"),
    ],
)
def test_plain_scalars_of_the_core_schema(text, value):
    found = value_of(kind_of(text), text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan(text):
    assert math.isnan(value_of(kind_of(text), text))


def test_a_tag_may_widen_but_not_contradict():
    assert repr(value_of("float", "12")) == "12.0"
    assert value_of("str", "12") == "12"
    for kind, text in {"int": "1.5", "bool": "yes", "null": "none", "float": "1,5"}.items():
        with pytest.raises(ValueError, match=f"tagged !!{kind}"):
            value_of(kind, text)


@pytest.mark.parametrize("text", ["1e309", "-1e309", "9" * 400 + "."])
def test_a_number_beyond_float64_does_not_become_infinite(text):
    with pytest.raises(ValueError, match="beyond float64"):
        value_of("float", text)


def test_integers_of_a_hundred_digits():
    assert value_of("int", "9" * 100) == 10**100 - 1
    with pytest.raises(ValueError, match="101 digits"):
        value_of("int", "9" * 101)


def test_half_a_surrogate_pair():
    with pytest.raises(ValueError, match="surrogate"):
        value_of("str", "a\ud800")
