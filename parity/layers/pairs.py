"""Functions of two numbers, element by element, with NumPy's broadcasting: angle and remainder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.layers.arithmetic import Pairwise, broadcast


@dataclass(frozen=True)
class Atan2(Pairwise):
    """The angle of the point (b, a): arc tangent of a / b in the quadrant of the two, −π … π.

    ONNX has no such operator. There it is the arc tangent, and π added or taken away where b is negative.
    """


@Atan2.on("numpy")
def _(p, n, a, b):
    return np.arctan2(a, b)


@Atan2.on("magnitude", c=14.0)
def _(p, n, y, a, b):
    return np.abs(y)


@Atan2.on("carry")
def _(p, n, y, e, a, b):
    # What the disk around the point covers; half or the whole of a turn where it meets the axis at which angles jump.
    far, reach = np.hypot(a, b), np.hypot(*e)
    turn = np.where(reach < far, np.arcsin(np.minimum(reach / np.where(far > 0, far, 1), 1)), 2 * np.pi)
    jumps = (b - e[1] < 0) & (np.abs(a) <= e[0])
    return np.where(reach == 0, 0.0, np.where(jumps, 2 * np.pi, turn))


@Atan2.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.arctan2(*broadcast(c, (a, b), (v, w)))


@Atan2.on("keras")
def _(p, k, a, b):
    return k.ops.arctan2(a, b)


@Atan2.on("onnx")
def _(p, o, a, b):
    zero, pi = o.const(np.float64(0)), o.const(np.float64(np.pi))
    left, below = (o.node("Less", o.node("Reciprocal", v), zero) for v in (b, a))  # −0 is left of 0, and below it
    origin = o.node("And", o.node("Equal", a, zero), o.node("Equal", b, zero))
    angle = o.node("Where", origin, zero, o.node("Atan", o.node("Div", a, b)))
    half = o.node("Where", below, o.node("Neg", pi), pi)
    return o.node("Where", left, o.node("Add", angle, half), angle)


@dataclass(frozen=True)
class Mod(Pairwise):
    """Remainder of a / b. Not a number where b is 0.

    Args:
        fmod: True: with the sign of a, as C's ``fmod``, exact. False: with the sign of b, as Python's ``%``. Stated,
            because there is no common default: ONNX 0, which it allows for integers only, Keras has two functions,
            Chainer ``fmod`` alone.
    """

    fmod: bool


@Mod.on("numpy")
def _(p, n, a, b):
    with np.errstate(invalid="ignore"):
        return np.fmod(a, b) if p.fmod else np.mod(a, b)


@Mod.on("magnitude", when=lambda p: p.fmod)
def _(p, n, y, a, b):
    return None


@Mod.on("magnitude", c=2.0)
def _(p, n, y, a, b):
    with np.errstate(invalid="ignore"):
        return np.where(np.fmod(a, b) == y, 0.0, np.abs(y))  # where the signs differ, b is added to the exact remainder


@Mod.on("carry")
def _(p, n, y, e, a, b):
    # a − k·b moves by e_a + |k|·e_b while k stays; else it stays within |b|, and on its side of 0.
    whole = np.trunc if p.fmod else np.floor
    near = np.abs(b) - e[1]
    safe = np.where(near > 0, b, 1)
    ends = [(a + s * e[0]) / (safe + t * np.where(near > 0, e[1], 0)) for s in (-1, 1) for t in (-1, 1)]
    room = 2.0**-50 * np.abs(a / safe)  # of the quotients' own rounding
    stays = (near > 0) & (whole(np.min(ends, 0) - room) == whole(np.max(ends, 0) + room))
    beyond = np.where(near > 0, np.abs(y) + np.abs(b) + e[1], np.inf)
    moved = np.where(stays, e[0] + np.abs(whole(a / safe)) * e[1], beyond)
    return np.where(e[0] + e[1] == 0, 0.0, moved)


for _dialect in ("chainer", "keras", "onnx"):
    Mod.default(_dialect, fmod=None)  # two functions, of which nobody leaves one out


@Mod.on("chainer")
def _(p, c, a, b):
    def call(v, w):
        v, w = broadcast(c, (a, b), (v, w))
        y = c.F.fmod(v, w)
        return y if p.fmod else c.F.where(c.np.less(y.array * w.array, 0), y + w, y)

    return call


@Mod.on("keras")
def _(p, k, a, b):
    return k.ops.fmod(a, b) if p.fmod else k.ops.mod(a, b)


@Mod.on("onnx")
def _(p, o, a, b):
    y = o.node("Mod", a, b, fmod=1)
    if p.fmod:
        return y
    opposed = o.node("Less", o.node("Mul", o.node("Sign", y), o.node("Sign", b)), o.const(np.float64(0)))
    return o.node("Where", opposed, o.node("Add", y, b), y)
