"""What functions of one number share: rules that are a name, and how far errors move monotone functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from parity.layers.base import Layer

Function = Callable[[np.ndarray], np.ndarray]


def rising(
    f: Function, y: np.ndarray, e: np.ndarray, x: np.ndarray, low: float = -np.inf, high: float = np.inf
) -> np.ndarray:
    """How far f(x), f monotone, moves where x moves by up to e: as far as at one of the two ends.

    Args:
        f: rising or falling everywhere on [low, high]; where x may leave that interval, anything may come out.
        y: f(x).
    """
    with np.errstate(all="ignore"):
        moved = np.maximum(np.abs(f(x - e) - y), np.abs(f(x + e) - y))
    return np.where(e == 0, 0.0, np.where((x - e < low) | (x + e > high), np.inf, moved))


def even(f: Function, y: np.ndarray, e: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The same where f(−x) = f(x), f monotone for x ≥ 0."""
    x = np.abs(x)
    with np.errstate(all="ignore"):
        moved = np.maximum(np.abs(f(np.maximum(x - e, 0)) - y), np.abs(f(x + e) - y))
    return np.where(e == 0, 0.0, moved)


def named(layer: type[Layer], *, chainer: str = "", keras: str = "", onnx: str = "") -> None:
    """Register a function that these dialects have under a name: of ``functions``, of ``ops``, of an operator.

    Where one has no such name nothing is registered: the layer says it in its own rule.
    """
    if chainer:
        layer.on("chainer")(lambda p, c, x: lambda v: getattr(c.F, chainer)(v))
    if keras:
        layer.on("keras")(lambda p, k, x: getattr(k.ops, keras)(x))
    if onnx:
        layer.on("onnx")(lambda p, o, x: o.node(onnx, x))
