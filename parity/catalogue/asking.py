"""What every framework is asked with: arguments left out, signatures, initializers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from parity.catalogue.carrier import Slot
from parity.catalogue.recording import plain


class Initial(NamedTuple):
    """A weight as a framework makes it.

    Args:
        name: target name.
        kind: its initializer as ``LeCunNormal(scale=1.0)``; empty where none made it.
        made: its values now.
        draw: gives values of another shape.
    """

    name: str
    kind: str
    made: np.ndarray
    draw: Callable[[tuple[int, ...]], np.ndarray] | None


class Omitting:
    """A namespace of a framework in which one function or class never hears of one argument."""

    def __init__(self, whole: Any, name: str, slot: Slot):
        self._whole, self._name, self._slot = whole, name, slot

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        if name != self._name:
            return found

        def without(*args: Any, **kwargs: Any) -> Any:
            slot = self._slot
            if isinstance(slot, int):
                names = list(inspect.signature(found).parameters)
                kwargs |= dict(zip(names[slot + 1 :], args[slot + 1 :], strict=False))
                return found(*args[:slot], **kwargs)
            return found(*args, **{k: v for k, v in kwargs.items() if k != slot})

        return without


def parameters(found: Any) -> dict[str, str | None]:
    """Parameter name → default as text, None where it has to be stated."""
    out: dict[str, str | None] = {}
    for p in inspect.signature(found).parameters.values():
        star = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
        out[star + p.name] = "" if star else None if p.default is p.empty else text(p.default)
    return out


def text(value: Any) -> str:
    """Source text of a default, the same in every process."""
    if isinstance(value, np.ndarray | np.generic):
        value = plain(value)
    if inspect.isclass(value) or inspect.isroutine(value):
        return getattr(value, "__qualname__", value.__name__)
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def said(kind: type, settings: dict[str, Any]) -> str:
    """An initializer as its users write it."""
    said = {k: f"{v:.4g}" if isinstance(v, float) else text(v) for k, v in settings.items() if v is not None}
    inside = (f"{k}={v}" for k, v in said.items() if k not in ("seed", "rng", "dtype"))
    return f"{kind.__name__}({', '.join(inside)})"
