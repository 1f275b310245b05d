"""Smooth activations of the form x·gate(x): SiLU, HardSiLU, GELU, Mish.

Runtimes compute the gate, which is between 0 and 1, with an error that does not shrink with it (a sigmoid from tanh,
1 + erf), and multiply it by x: hence the magnitude |x|, although the output may be far smaller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parity.layers.base import Elementwise


def _taylor(slope: np.ndarray, curve: float, e: np.ndarray) -> np.ndarray:
    """|f(x + d) − f(x)| ≤ |f'(x)|·e + max |f''|·e²/2 for |d| ≤ e."""
    return np.abs(slope) * e + curve / 2 * e * e


@dataclass(frozen=True)
class SiLU(Elementwise):
    """x / (1 + e^−x), x times its sigmoid; also called swish. Chainer has it as ``F.swish`` with beta = 1."""


@SiLU.on("numpy")
def _(p, n, x):
    return x * n.sigmoid(x)


@SiLU.on("magnitude", c=7.0)
def _(p, n, y, x):
    return np.abs(x)


@SiLU.on("carry")
def _(p, n, y, e, x):
    s = n.sigmoid(x)
    return _taylor(s * (1 + x * (1 - s)), 0.5, e)  # |f''| is largest at 0


@SiLU.on("chainer")
def _(p, c, x):
    return lambda v: v * c.F.sigmoid(v)


@SiLU.on("keras")
def _(p, k, x):
    return k.layers.Activation("silu")(x)


@SiLU.on("onnx")
def _(p, o, x):
    return o.node("Mul", x, o.node("Sigmoid", x))  # Swish is an operator since version 24 of the set


@dataclass(frozen=True)
class HardSiLU(Elementwise):
    """Howard et al. 2019, section 5.2. x·min(max(x/6 + 1/2, 0), 1); ONNX calls it HardSwish.

    Chainer's ``hard_sigmoid`` has another slope, so its rule clips a line of its own.
    """


def _step(x):
    return np.clip(x / 6 + 0.5, 0, 1)


@HardSiLU.on("numpy")
def _(p, n, x):
    return x * _step(x)


@HardSiLU.on("magnitude", c=4.8)
def _(p, n, y, x):
    return np.where(x < -3.01, 0.0, np.abs(x))  # near −3 the gate cancels; below it is 0 exactly


@HardSiLU.on("carry")
def _(p, n, y, e, x):
    inner = np.abs(np.clip(x, -3, 3) / 3 + 0.5)  # the slope, which rises by 1/3 for 1 of x up to 3/2 and falls to 1
    inner = np.where(x < -3, 0.0, np.where(x > 3, 1.0, inner))
    jump = np.where(np.abs(np.abs(x) - 3) <= e, 0.5, 0.0)  # at −3 from 0 to −1/2, at 3 from 3/2 to 1
    return (inner + jump) * e + e * e / 6


@HardSiLU.on("probe")
def _(p, d, specs, weights):
    return d.around(-3, 3)


@HardSiLU.on("chainer")
def _(p, c, x):
    return lambda v: v * c.F.clip(v / 6 + 0.5, 0.0, 1.0)


@HardSiLU.on("keras")
def _(p, k, x):
    return k.layers.Activation("hard_silu")(x)


@HardSiLU.on("onnx")
def _(p, o, x):
    return o.node("HardSwish", x)


@dataclass(frozen=True)
class GELU(Elementwise):
    """Hendrycks and Gimpel 2016. x·Φ(x), Φ the normal distribution function; or their approximation of it by tanh.

    Args:
        approximate: False: x·(1 + erf(x/√2))/2. True: x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. They differ by up to
            5e-4. Stated, because the defaults differ: ``keras.ops.gelu`` True, ``keras.activations.gelu`` False, ONNX
            "none", which is False; Chainer has no GELU, so it is composed there.
    """

    approximate: bool


_ROOT = math.sqrt(2 / math.pi)


def _phi(p, n, x):
    if p.approximate:
        return (1 + np.tanh(_ROOT * (x + 0.044715 * x**3))) / 2
    return (1 + n.erf(x / math.sqrt(2))) / 2


@GELU.on("numpy")
def _(p, n, x):
    return x * _phi(p, n, x)


@GELU.on("magnitude", when=lambda p: not p.approximate, c=6.5)
def _(p, n, y, x):
    return np.abs(x)


@GELU.on("magnitude", c=7.5)
def _(p, n, y, x):
    return np.abs(x)


@GELU.on("carry")
def _(p, n, y, e, x):
    gate = _phi(p, n, x)
    if p.approximate:
        density = 2 * gate * (1 - gate) * _ROOT * (1 + 3 * 0.044715 * x * x)
    else:
        density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return _taylor(gate + x * density, 0.8, e)  # |f''| is largest at 0, √(2/π)


@GELU.on("probe")
def _(p, d, specs, weights):
    return (d.signed(d.few(specs[0].shape), 0.1, 3),)  # where the two functions of that name differ


@GELU.on("chainer")
def _(p, c, x):
    if p.approximate:
        return lambda v: 0.5 * v * (1 + c.F.tanh(_ROOT * (v + 0.044715 * (v * v * v))))
    return lambda v: 0.5 * v * (1 + c.F.erf(v / math.sqrt(2)))


@GELU.on("keras")
def _(p, k, x):
    return k.ops.gelu(x, approximate=p.approximate)


@GELU.on("onnx")
def _(p, o, x):
    return o.node("Gelu", x, approximate="tanh" if p.approximate else "none")


@dataclass(frozen=True)
class Mish(Elementwise):
    """Misra 2019. x·tanh(log(1 + e^x))."""


def _mish_gate(x):
    return np.tanh(np.logaddexp(0, x))


@Mish.on("numpy")
def _(p, n, x):
    return x * _mish_gate(x)


@Mish.on("magnitude", c=10.5)
def _(p, n, y, x):
    return np.abs(x)


@Mish.on("carry")
def _(p, n, y, e, x):
    gate = _mish_gate(x)
    return _taylor(gate + x * (1 - gate * gate) * n.sigmoid(x), 0.7, e)  # |f''| is at most 0.64, at 0


@Mish.on("chainer")
def _(p, c, x):
    return lambda v: v * c.F.tanh(c.F.softplus(v))


@Mish.on("keras")
def _(p, k, x):
    return k.layers.Activation("mish")(x)


@Mish.on("onnx")
def _(p, o, x):
    return o.node("Mish", x)
