"""Words and figures of the pages: names of operations, values, docstrings."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable
from dataclasses import MISSING, Field
from typing import Any

from parity.catalogue.defaults import UNKNOWN, Default
from parity.layers import Layer

FRAMEWORK = {"chainer": "Chainer", "keras": "Keras", "onnx": "ONNX"}
"""Dialect → its name for people."""
NATIVE, COMPOSED, GAP = "●", "◐", "○"


def code(text: object) -> str:
    """In code letters, safe inside a table."""
    plain = str(text).replace("|", "\\|")
    return f"`{plain}`" if plain else ""


def prose(text: str) -> str:
    """One line of Markdown: reST's double backquotes and roles, and what a table would take for its own."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", " ".join(text.split()))
    return text.replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


def operation(name: str) -> str:
    """An operation as its users write it: without Keras's package."""
    return code(name.removeprefix("keras.")) if name[:1].isalpha() else f"the operator {code(name)}"


def anchor(name: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


def value(found: Any) -> str:
    """A value of our parameters; for all axes alike, once."""
    if isinstance(found, tuple) and found and all(v == found[0] for v in found):
        return value(found[0])
    return str(list(found)) if isinstance(found, tuple) else str(found)


def figure(number: float) -> str:
    """Two digits."""
    text = f"{number:.2g}" if number < 99.5 else f"{float(f'{number:.2g}'):.0f}"
    return re.sub(r"e-0?(\d+)$", r"e-\1", text)


def summary(cls: type[Layer]) -> str:
    """The docstring down to its arguments, as Markdown."""
    text = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:")[0]
    return "\n\n".join(prose(p) for p in text.strip().split("\n\n"))


def first_sentence(cls: type[Layer]) -> str:
    """The docstring's first line."""
    return prose(inspect.cleandoc(cls.__doc__ or "").splitlines()[0]) if cls.__doc__ else ""


def arguments(cls: type[Layer]) -> dict[str, str]:
    """Parameter → its text in the docstring."""
    text = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:\n")[2]
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if match := re.match(r" {4}(\w+): (.*)", line):
            name = match[1]
            found[name] = [match[2]]
        elif name and line.startswith(" " * 8):
            found[name].append(line.strip())
        elif line and not line.startswith(" "):
            break
    return {name: prose(" ".join(lines)) for name, lines in found.items()}


def shapes(cls: type[Layer]) -> str:
    """What ``infer`` says of shapes."""
    doc = inspect.getdoc(cls.infer) or ""
    line = doc.partition("\n")[0]
    return prose(line) if "→" in line else ""


def our_default(field: Field) -> str:
    """Of a parameter of ours."""
    return "stated" if field.default is MISSING else code(value(field.default))


def said(default: Default, parameter: str) -> str:
    """``epsilon=0.001``, and what that is in our terms where one cannot see it."""
    if not default.argument or default.indirect:
        return f"no argument: {value(default.value)}" if default.value is not UNKNOWN else "nothing alike"
    if default.text is None:
        return f"{code(default.argument)} stated"
    head = code(f"{default.argument}={default.text}") if default.text else f"{code(default.argument)} left out"
    if default.source == parameter:
        return f"{head}: from the weights or the input"
    if default.source:
        return f"{head}: as {code(default.source)}"
    if default.value is UNKNOWN:
        return head
    ours = value(default.value)
    same = default.text in (ours, str(default.value)) or _same(default.text, default.value)
    return head if same else f"{head}: {ours}"


def _same(text: str, known: Any) -> bool:
    try:
        return type(known) is not bool and ast.literal_eval(text) == known
    except (ValueError, SyntaxError):
        return text == str(known)


def together(parts: Iterable[str]) -> str:
    """Each once, with semicolons between them."""
    return "; ".join(dict.fromkeys(parts))
