"""Numbers and lists as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

NAMED = 6
"""Things that a sentence lists before it says how many more there are."""


def plural(number: int, word: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listing(words: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def some(words: Sequence[str], last: str = "and", most: int = NAMED) -> str:
    """As :func:`listing`, with the number of those beyond the first few."""
    if len(words) <= most:
        return listing(words, last)
    return listing([*words[:most], f"{len(words) - most:,} more"], last)


def number(value: Any) -> float | None:
    """A figure of a record; results write infinity as a string, and nothing as null."""
    return None if value is None else float(value)


def figure(value: Any, digits: int = 3) -> str:
    """Short, with minus and infinity as signs: ``0.0124``, ``1.9e-6``, ``12,300``, ``∞``."""
    x = number(value)
    if x is None or math.isnan(x):
        return "no number"
    if math.isinf(x):
        return "−∞" if x < 0 else "∞"
    short = float(f"{x:.{digits}g}")
    if abs(short) < 1e6 and short == int(short):
        return f"{int(short):,}".replace("-", "−")
    text = re.sub(r"e([+-])0*(\d)", lambda m: f"e{'-' if m[1] == '-' else ''}{m[2]}", f"{x:.{digits}g}")
    return f"−{text[1:]}" if text.startswith("-") else text


def exactly(value: Any) -> str:
    """All digits that tell two float32 apart; NaN and infinity by name."""
    x = number(value)
    return "nothing" if x is None else "NaN" if math.isnan(x) else figure(x) if math.isinf(x) else f"{x:.9g}"


LARGE = ((1e12, 1e12, "trillion "), (1e9, 1e9, "billion "), (1e6, 1e6, "million "))


def times(ratio: Any) -> str:
    """Error ÷ bound in words: ``0.31 of what rounding allows``, ``1,520 times what rounding allows``."""
    r = number(ratio)
    if r is None or math.isnan(r):
        return "not to be measured by what rounding allows"
    if math.isinf(r):
        return "more than any rounding allows"
    if r == 0:
        return "nothing"
    if r <= 1:
        return f"{min(float(f'{r:.2g}'), 1.0):.2g} of what rounding allows"
    if r >= 1e15:
        return f"{figure(r, 2)} times what rounding allows"
    for start, unit, word in LARGE:
        if r >= start:
            return f"{r / unit:.3g} {word}times what rounding allows"
    short = max(float(f"{r:.3g}"), 1.01)  # just above 1 is above 1
    return f"{short:,.0f} times what rounding allows" if short >= 1000 else f"{short:.3g} times what rounding allows"


def percent(share: Any) -> str:
    """``99%``; all and none are said only where it is all and none."""
    x = float(share)
    if x in (0.0, 1.0):
        return "100%" if x else "0%"
    if x < 0.001:
        return "less than 0.1%"
    if x > 0.999:
        return "more than 99.9%"
    return f"{100 * x:.1f}".removesuffix(".0") + "%" if x > 0.99 or x < 0.1 else f"{100 * x:.0f}%"


def clean(text: str) -> str:
    """Without letters that would drive a terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)


def sentence(text: str) -> str:
    """Ends with a full stop."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…:" else f"{text}."


def capital(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]


def cut(text: str, most: int) -> str:
    """The first letters of a long text."""
    return text if len(text) <= most else text[: most - 1] + "…"


def engine(target: str) -> str:
    """``chainer`` of ``chainer@cpu``; the whole name where the device or the precision is another than usual."""
    name, _, rest = target.partition("@")
    return name if rest == "cpu" else target


def parts(target: str) -> tuple[str, str, str]:
    """Engine, device and precision: ``("chainer", "cpu", "float16")`` of ``chainer@cpu:float16``."""
    found = re.fullmatch(r"(.*?)(?:@([^@:]*))?(?::(\w+))?", target, re.DOTALL)
    name, device, precision = found.groups() if found else (target, None, None)
    return name, device or "cpu", precision or USUAL


USUAL = "float32"
"""The precision that a target's name leaves out."""
SAID = {"storage": "{} storage", "mixed": "mixed {}"}


def precise(precision: str) -> str:
    """A precision as people say it: ``float16 storage`` of ``storage_float16``."""
    how, _, dtype = precision.partition("_")
    if precision == "tf32":
        return "TensorFloat-32"
    return SAID[how].format(dtype) if dtype and how in SAID else precision.replace("_", " ")


def size(count: Any) -> str:
    """Bytes in units of 1,000: ``812 bytes``, ``35.0 MB``."""
    x = number(count) or 0.0
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if x >= 0.9995 * unit:
            return f"{x / unit:.{2 if x < 9.995 * unit else 1 if x < 99.95 * unit else 0}f} {name}"
    return plural(int(x), "byte")
