"""The scalars of YAML's core schema (version 1.2.2, section 10.3.2).

PyYAML's own rules are those of YAML 1.1. Here ``yes``, ``on`` and ``n`` are strings, ``1e-5`` is a float, ``0o17`` is
15 and ``017`` is 17.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None

CORE = "tag:yaml.org,2002:"
"""How the full names of the tags start: ``!!int`` is short for this and ``int``."""

LIMIT_DIGITS = 100
"""Digits of an integer: int() takes quadratic time, and the float of a longer one could overflow."""

FORMS = {  # in this order, since every integer has the form of a float
    "null": re.compile(r"null|Null|NULL|~|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
}
KINDS = (*FORMS, "str")


def kind_of(text: str) -> str:
    """What a plain scalar without a tag is: one of KINDS."""
    return next((kind for kind, form in FORMS.items() if form.fullmatch(text)), "str")


def value_of(kind: str, text: str) -> Scalar:
    """The value that `text` stands for.

    Args:
        kind: one of KINDS, from the text's own form or from a tag.
        text: the scalar, with quotes and escapes already resolved.

    Raises:
        ValueError: the text has not the form of `kind`, or its value cannot be held.
    """
    if kind in FORMS and not FORMS[kind].fullmatch(text):
        raise ValueError(f"'{short(text)}' is tagged !!{kind} but has not the form of one")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        if len(text) > LIMIT_DIGITS:
            raise ValueError(f"{short(text)} has {len(text):,} digits; at most {LIMIT_DIGITS} are read")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if kind == "float":
        number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if math.isinf(number) and "inf" not in text.lower():
            raise ValueError(f"{short(text)} is beyond float64, whose largest is 1.8e308; infinity is written .inf")
        return number
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):  # SafeLoader lets "\\ud800" through
        raise ValueError("one half of a surrogate pair is not a character; the whole one is written \\UXXXXXXXX")
    return text


def short(text: str) -> str:
    """At most 40 characters of `text`, for a message."""
    return text if len(text) <= 40 else text[:37] + "..."
