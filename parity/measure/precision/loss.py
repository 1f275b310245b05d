"""How much of a result is lost, in the user's terms, and what of it is whose doing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.graph import Graph
from parity.judge.metrics import Metrics, compare
from parity.measure.precision.classes import IMAGE_CHANNELS, class_axis
from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import Counts, Format, Formats, sizes

Arrays = Mapping[str, np.ndarray]
DIGITS = 6


def number(x: float | None) -> float | str | None:
    """For strict JSON: six digits, and inf, -inf and nan as strings."""
    if x is None:
        return None
    return float(f"{x:.{DIGITS}g}") if math.isfinite(x) else str(float(x))


def as_float(array: np.ndarray) -> np.ndarray:
    """Half precision as float64, without loss, so that an overflow is told from what it was; integers stay."""
    return array if array.dtype.kind in "biu" else array.astype(np.float64)


def relative(a: np.ndarray, b: np.ndarray, exact: np.ndarray) -> float:
    """‖a − b‖ / ‖exact‖; 0 where a equals b, NaN and infinities too, and inf where one of the two alone is finite."""
    with np.errstate(all="ignore"):
        x, y = a.astype(np.float64), b.astype(np.float64)
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        d, size = _length(np.where(same, 0.0, x - y)), _length(exact.astype(np.float64))
    if d == 0:
        return 0.0
    return d / size if size > 0 and math.isfinite(d) and math.isfinite(size) else math.inf


def _length(x: np.ndarray) -> float:
    """Euclidean; not by BLAS, whose threads wait for each other longer than this takes."""
    return math.sqrt(np.square(x).sum())


def is_image(array: np.ndarray) -> bool:
    """Floats, N C H W with one or three channels."""
    return array.dtype.kind == "f" and array.ndim == 4 and array.shape[1] in IMAGE_CHANNELS


def in_users_terms(graph: Graph, tensor: str, actual: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    """Relative L2, SNR, PSNR, largest difference and changes of the argmax of one output.

    SNR is −20·log10 of the relative L2; PSNR 20·log10(peak / root mean square of the difference), its peak the range
    of the exact output. An element that is finite on one side only makes the loss infinite.

    Args:
        actual: as it came, in any type.
        exact: float64, or integers.
    """
    axis = class_axis(graph, tensor)
    a, r = as_float(actual), exact
    if axis is not None:
        a, r = np.moveaxis(a, axis, 1), np.moveaxis(r, axis, 1)
    m = compare(a, r)
    broken = m.mismatched_nonfinite > 0
    positions = exact.size // exact.shape[axis] if axis is not None and m.argmax_agreement is not None else None
    return {
        "tensor": tensor,
        "shape": list(exact.shape),
        "rel_l2": number(math.inf if broken else m.rel_l2),
        "snr_db": number(-math.inf if broken else decibels(m.rel_l2)),
        "psnr_db": number(_psnr(m, exact, broken)) if is_image(exact) else None,
        "max_abs": number(math.inf if broken else m.max_abs),
        "argmax_changed": round((1 - (m.argmax_agreement or 0)) * positions) if positions else None,
        "argmax_of": positions or None,
        "nonfinite": m.nonfinite_actual,
    }


def decibels(relative: float) -> float:
    """Signal to noise ratio of a relative error."""
    return math.inf if relative == 0 else -math.inf if math.isinf(relative) else -20 * math.log10(relative)


def _psnr(m: Metrics, exact: np.ndarray, broken: bool) -> float | None:
    peak = float(np.ptp(exact))
    if broken or not math.isfinite(peak):
        return -math.inf
    if peak == 0:
        return None
    return math.inf if m.rms == 0 else 20 * math.log10(peak / m.rms)


class Split:
    """Whose doing a loss is: the rounding of weights, that of tensors, or arithmetic. The three vectors add up.

    Args:
        emulator: the network.
        formats: of the precision.
        actual: the engine's tensors; what it did not return has no part of arithmetic.
    """

    def __init__(self, emulator: Emulator, formats: Formats, actual: Arrays):
        self._exact = emulator.exact.tensors
        self._weights, self._all = emulator.full(formats.weights).tensors, emulator.full(formats.all).tensors
        self._actual = actual

    def value(self, tensor: str) -> np.ndarray:
        """What the engine returned, or the emulation gave."""
        found = self._actual.get(tensor)
        return self._all[tensor] if found is None else as_float(found)

    def total(self, tensor: str) -> float:
        """Relative L2 of all of it."""
        return relative(self.value(tensor), self._exact[tensor], self._exact[tensor])

    def parts(self, tensor: str) -> dict[str, Any]:
        """Relative L2 of each part."""
        e, w, a = (t[tensor] for t in (self._exact, self._weights, self._all))
        found = self._actual.get(tensor)
        return {
            "weights": number(relative(w, e, e)),
            "activations": number(relative(a, w, e)),
            "arithmetic": None if found is None else number(relative(as_float(found), a, e)),
        }


def outputs(emulator: Emulator, split: Split) -> list[dict[str, Any]]:
    """A row for each output of the network."""
    graph, exact = emulator.graph, emulator.exact.tensors
    return [
        in_users_terms(graph, t, split.value(t), exact[t]) | {"parts": split.parts(t)}
        for t in dict.fromkeys(graph.outputs)
    ]


def layers(emulator: Emulator, formats: Formats, split: Split, held: Format | None = None) -> list[dict[str, Any]]:
    """A row for each tensor that a layer makes; counts and bytes of its weights stand with the first.

    Args:
        held: what weights are kept in; by default what they are rounded to.
    """
    graph, form, seen = emulator.graph, formats.all, set[str]()
    run = emulator.full(form)
    rows = []
    for node in graph.nodes:
        weights = [emulator.counted(node.weight_name(c), form) for c in graph.node_weights(node)]
        for i, tensor in enumerate(node.outputs):
            first = i == 0
            rows.append(
                {
                    "node": node.name,
                    "layer": type(node.layer).__name__,
                    "tensor": tensor,
                    "rel_l2": number(split.total(tensor)),
                    "parts": split.parts(tensor),
                    "weights": vars(sum(weights, Counts()) if first else Counts()),
                    "tensor_counts": vars(run.counts[tensor]),
                    "bytes": list(sizes(graph, node, held or form, seen) if first else (0, 0)),
                }
            )
    return rows
