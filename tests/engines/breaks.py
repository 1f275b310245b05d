"""Ways to break an engine: other rules, other copies, other results."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from parity.layers import Layer


@contextlib.contextmanager
def rules(kind: str, dialect: str, change: Callable[[Any], Any]) -> Iterator[None]:
    """Another rule in place of a layer's own."""
    cls = Layer.registry[kind]
    owner = next(base for base in cls.__mro__ if vars(base).get("rules", {}).get(dialect))
    old = owner.rules[dialect]
    owner.rules[dialect] = [change(rule) for rule in old]
    try:
        yield
    finally:
        owner.rules[dialect] = old


def layout(pattern: str, to: str, weights: str = "W") -> Callable[[Any], Any]:
    """A rule that stores some weights otherwise."""

    def change(rule: Any) -> Any:
        def other(texts: Any) -> Any:
            if isinstance(texts, str):
                target, _, where = texts.partition(":")
                return f"{target}:{re.sub(pattern, to, where)}"
            return tuple(other(t) for t in texts)

        return dataclasses.replace(
            rule, layouts={k: other(t) if k in weights.split() else t for k, t in rule.layouts.items()}
        )

    return change


def parameters(**new: Any) -> Callable[[Any], Any]:
    """A rule that does not heed what the layer says."""

    def change(rule: Any) -> Any:
        return dataclasses.replace(rule, fn=lambda p, *a, **k: rule.fn(dataclasses.replace(p, **new), *a, **k))

    return change


def without(weight: str) -> Callable[[Any], Any]:
    """A rule that forgets where a weight goes."""
    return lambda rule: dataclasses.replace(rule, layouts={k: t for k, t in rule.layouts.items() if k != weight})


def exchange(a: str, b: str) -> Callable[[dict], None]:
    """Hands each of two layers the other's weights."""

    def change(copies: dict) -> None:
        copies[a], copies[b] = copies[b], copies[a]

    return change


def last_bit(node: str) -> Callable[[dict], None]:
    """Changes one weight by one unit in the last place."""

    def change(copies: dict) -> None:
        name, array = next(iter(copies[node].items()))
        array = array.copy()
        array.flat[3] = np.nextafter(array.flat[3], np.float32(np.inf))
        copies[node][name] = array

    return change


def changed(tensors: dict, name: str, change: Callable[[np.ndarray], np.ndarray | None]) -> dict:
    """One returned tensor changed, or taken away."""
    new = change(np.array(tensors[name]))
    rest = {k: v for k, v in tensors.items() if k != name}
    return rest if new is None else rest | {name: new}


def with_nan(array: np.ndarray) -> np.ndarray:
    array.flat[-1] = np.nan
    return array


def swap_gates(rule: Any) -> Any:
    """A rule that stores the first two gates in each other's place."""

    def other(texts: Any) -> Any:
        if isinstance(texts, str):
            return re.sub(r"@(-?\w)(-?\w)", r"@\2\1", texts)
        first, second, *rest = (t.partition("@") for t in texts)
        return tuple("".join(t) for t in ((*first[:2], second[2]), (*second[:2], first[2]), *rest))

    return dataclasses.replace(rule, layouts={k: other(t) for k, t in rule.layouts.items()})


def no_bias(rule: Any) -> Any:
    """A rule that builds its layer without a bias; in ONNX, one that does not pass it on."""

    def fn(p: Any, kit: Any, *inputs: Any, **weights: Any) -> Any:
        weights.pop("b", None)
        return rule.fn(dataclasses.replace(p, bias=False), kit, *inputs, **weights)

    return dataclasses.replace(rule, fn=fn)


def another_bias(rule: Any) -> Any:
    """A rule that builds its layer with a bias even where it has none, and that no layout knows."""
    return without("b")(parameters(bias=True)(rule))
