"""Random numbers that are the same everywhere: raw Philox bits, turned into numbers by our own arithmetic.

NumPy guarantees the bits of a bit generator, not the distributions made from them. Here only +, −, ×, ÷ and √ are used,
which IEEE 754 rounds alike on every machine; logarithms of the platform are not.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

_BLOCK = 1 << 16


class Stream:
    """Uniform numbers keyed by names.

    Args:
        key: any strings and numbers, e.g. the case's seed and the tensor's name. Equal keys, equal numbers.
    """

    def __init__(self, *key: object):
        digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()
        self._bits = np.random.Philox(key=int.from_bytes(digest[:16], "little"))

    def uniform(self, n: int) -> np.ndarray:
        """n numbers in (0, 1), float64: the middles of 2^52 equal steps."""
        raw = self._bits.random_raw(n) >> np.uint64(12)
        return (raw.astype(np.float64) + 0.5) * 2.0**-52

    def normal(self, n: int) -> np.ndarray:
        """n standard normal numbers, float64."""
        return normal_quantile(self.uniform(n))


def _ln(x: np.ndarray) -> np.ndarray:
    """Natural logarithm from exact operations: exponent, and artanh's series for the mantissa; error below 1e-15."""
    m, e = np.frexp(x)
    low = m < math.sqrt(0.5)
    m, e = np.where(low, m * 2, m), e - low
    t = (m - 1) / (m + 1)
    s = t * t
    series = np.full_like(s, 1 / 23)
    for k in range(21, 0, -2):
        series = series * s + 1 / k
    return e * 0.6931471805599453 + 2 * t * series


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    total = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        total = total * x + c
    return total


_A = (
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_B = (
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_C = (
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_D = (
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_E = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
)
_F = (
    2.04426310338993978564e-15,
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Quantile of the standard normal distribution: algorithm AS 241 (Wichura 1988, PPND16), relative error 1e-16."""
    q = p - 0.5
    r = 0.180625 - q * q
    out = q * _polynomial(_A, r) / _polynomial(_B, r)
    tail = np.abs(q) > 0.425
    if tail.any():
        edge = np.sqrt(-_ln(np.where(q[tail] < 0, p[tail], 1 - p[tail])))
        near, far = edge - 1.6, edge - 5.0
        value = np.where(
            edge <= 5.0, _polynomial(_C, near) / _polynomial(_D, near), _polynomial(_E, far) / _polynomial(_F, far)
        )
        out[tail] = np.where(q[tail] < 0, -value, value)
    return out


@dataclass(frozen=True)
class Distribution:
    """How an array is drawn.

    Args:
        kind: normal (mean, scale), uniform (mean ± scale), wide (± e^{2z}, scaled), ties (multiples of scale / 2, a
            third of them zero), integers (low … high − 1) or constant (mean).
        mean: where it is.
        scale: how wide it is.
        high: of integers.
        low: of integers.
    """

    kind: str = "normal"
    mean: float = 0.0
    scale: float = 1.0
    high: int = 2
    low: int = 0


def _exp2_wide(z: np.ndarray) -> np.ndarray:
    """2^z from exact operations; error below 1e-14."""
    whole = np.floor(z)
    t = (z - whole) * 0.6931471805599453
    series = np.ones_like(t)
    for k in range(18, 0, -1):
        series = series * t / k + 1
    return np.ldexp(series, whole.astype(np.int64))


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))


def draw(distribution: Distribution, shape: tuple[int, ...], dtype: str, *key: object) -> np.ndarray:
    """An array of that shape and dtype, determined by its key alone.

    Args:
        key: case seed, tensor name, ….

    Raises:
        KeyError: unknown kind; the case's model lists them.
    """
    d, stream = distribution, Stream(*key)
    kinds: dict[str, Callable[[int], np.ndarray]] = {
        "normal": lambda n: d.mean + d.scale * stream.normal(n),
        "uniform": lambda n: d.mean + d.scale * (2 * stream.uniform(n) - 1),
        "wide": lambda n: (
            d.mean
            + d.scale
            * np.where(stream.uniform(n) < 0.5, -1.0, 1.0)
            * _exp2_wide(2 / 0.6931471805599453 * stream.normal(n))
        ),
        "ties": lambda n: (
            d.mean + d.scale * np.where(stream.uniform(n) < 1 / 3, 0.0, np.rint(2 * stream.normal(n)) / 2)
        ),
        "integers": lambda n: d.low + np.floor(stream.uniform(n) * (d.high - d.low)),
        "constant": lambda n: np.full(n, d.mean),
    }
    make = kinds[d.kind]
    out = np.empty(shape, dtype)
    flat = out.reshape(-1)
    for block in _blocks(flat.size):
        flat[block] = make(block.stop - block.start)
    return out


WEIGHTS = {
    "bias": Distribution("normal", 0.0, 0.1),
    "gamma": Distribution("uniform", 1.0, 0.5),
    "beta": Distribution("normal", 0.0, 0.3),
    "mean": Distribution("normal", 0.0, 0.5),
    "variance": Distribution("uniform", 1.25, 0.75),
    "table": Distribution("normal", 0.0, 1.0),
    "slope": Distribution("normal", 0.25, 0.2),
}
"""How weights are drawn by role, unless the case says otherwise. Statistics are never 0 and 1: those hide defects."""


def kernel_distribution(fan_in: int) -> Distribution:
    """He et al. 2015: normal with variance 2 / fan_in, which keeps the scale of activations through ReLUs."""
    return Distribution("normal", 0.0, math.sqrt(2 / max(fan_in, 1)))


def digest(*arrays: np.ndarray) -> str:
    """SHA-256 over dtype, shape and bytes, hexadecimal, 16 digits."""
    sha = hashlib.sha256()
    for a in arrays:
        own = a.dtype.kind == "V"  # bfloat16, of which NumPy gives no buffer
        sha.update(f"{a.dtype.name if own else a.dtype.str}{a.shape}".encode())
        sha.update(np.ascontiguousarray(a.view(np.uint16) if own else a).data)
    return sha.hexdigest()[:16]
