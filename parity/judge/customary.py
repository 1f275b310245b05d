"""What others would have said of the same outputs: the tolerances that tools and tests are known to use.

None of them decides a verdict here. The numbers stand in their sources:

- Polygraphy (NVIDIA/TensorRT), polygraphy/comparator/compare.py, ``CompareFunc.simple``: rtol and atol 1e-5,
  check_error_stat "elemwise"; an element fails where both are exceeded, and where a difference is NaN, as it is between
  equal infinities.
- optimum, optimum/exporters/onnx: ATOL_FOR_VALIDATION 1e-5 (base.py), up to 1e-3 (ResNet, model_configs.py), into
  ``np.allclose`` with its default rtol, 1e-5 (convert.py).
- tf2onnx, tests/backend_test_base.py, ``run_test_case``: rtol 1e-7, atol 1e-5; tests/run_pretrained_models.py: rtol
  0.01, atol 1e-6, raised in run_pretrained_models.yaml up to rtol 0.1 (googlenet_v4_slim). Both by
  ``np.testing.assert_allclose``, for which NaN equals NaN.
- onnx-chainer, onnx_chainer/testing/test_onnxruntime.py, ``check_model_expect``: the same function, rtol and atol 1e-5.
- PyTorch, torch/testing/_comparison.py: rtol 1.3e-6, atol 1e-5 for float32; whatever is no float must be equal.
- NNSmith, nnsmith/difftest.py: rtol 1e-2, atol 1e-3, equal_nan False.
- Keras.js, ``approxEquals`` of its test utilities: within 1e-4; what it got must be finite, but anything finite equals
  an expected NaN.
- The article that Keras.js is known by prints Σ|d| and leaves the judgement to the reader.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.judge.blocks import BLOCK, is_float, places
from parity.judge.bound import Reference

Odd = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(actual, reference), one of the two not finite → where a rule fails."""


def _all(a: np.ndarray, r: np.ndarray) -> np.ndarray:
    return np.ones(a.shape, bool)


def _unequal(a: np.ndarray, r: np.ndarray) -> np.ndarray:
    return a != r


def _unequal_but_nan(a: np.ndarray, r: np.ndarray) -> np.ndarray:
    return (a != r) & ~(np.isnan(a) & np.isnan(r))


def _not_finite_or_far(a: np.ndarray, r: np.ndarray) -> np.ndarray:
    return ~np.isfinite(a) | np.isinf(r)


@dataclass(frozen=True)
class Rule:
    """A tolerance. An element fails where \\|d\\| > atol + rtol·\\|reference\\|.

    Args:
        name: whose, with its numbers.
        rtol: relative to the reference.
        atol: absolute.
        both: instead it fails where \\|d\\| exceeds atol and rtol·\\|reference\\|, each by itself.
        odd: where it fails among pairs that are not both finite.
        exact_integers: whatever is no float must be equal.
    """

    name: str
    rtol: float
    atol: float
    both: bool = False
    odd: Odd = _unequal
    exact_integers: bool = False


def allclose(rtol: float, atol: float) -> Rule:
    """``np.allclose`` with these values."""
    return Rule(f"np.allclose({rtol:g}, {atol:g})", rtol, atol)


RULES = (
    Rule("Polygraphy, default: 1e-5 and 1e-5", 1e-5, 1e-5, both=True, odd=_all),
    Rule("optimum, default: 1e-5 + 1e-5", 1e-5, 1e-5),
    Rule("optimum, some models: 1e-5 + 1e-3", 1e-5, 1e-3),
    Rule("tf2onnx, operators: 1e-7 + 1e-5", 1e-7, 1e-5, odd=_unequal_but_nan),
    Rule("tf2onnx, pretrained: 0.1 + 1e-6", 0.1, 1e-6, odd=_unequal_but_nan),
    Rule("onnx-chainer: 1e-5 + 1e-5", 1e-5, 1e-5, odd=_unequal_but_nan),
    Rule("torch.testing.assert_close: 1.3e-6 + 1e-5", 1.3e-6, 1e-5, exact_integers=True),
    allclose(1e-5, 1e-8),
    allclose(1e-3, 1e-3),
    Rule("NNSmith: 1e-2 + 1e-3", 1e-2, 1e-3),
    Rule("Keras.js: 1e-4", 0.0, 1e-4, odd=_not_finite_or_far),
)
"""rtol first, atol second, as NumPy has them; + where the two are added, and where both have to be exceeded."""
SUM = "article: Σ|d|, no threshold"


def customary(pairs: Iterable[tuple[np.ndarray | None, np.ndarray]], rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """What each rule says of outputs, all of them together.

    Args:
        pairs: what the engine returned, None where it did not, and the reference in float64, which is rounded to the
            engine's dtype. An output that is missing or has another shape fails as a whole.
        rules: in the order of the result.

    Returns:
        For each rule its name as ``rule``, ``ok``, the number of ``failing`` elements and the ``count`` of all; last
        :data:`SUM`, with ``ok`` and ``failing`` None and the ``sum``, None where it is not finite.
    """
    failing, count, total = [0] * len(rules), 0, 0.0
    for actual, reference in pairs:
        count += reference.size
        if actual is None or actual.shape != reference.shape:
            failing = [n + reference.size for n in failing]
            total = math.nan
            continue
        with np.errstate(all="ignore"):
            for place in places(actual.shape, BLOCK, whole_rows=False):
                key: Any = (*place, ...)
                a, r = actual[key], reference[key].astype(actual.dtype)
                found, part = _block(a, r, rules)
                failing = [n + k for n, k in zip(failing, found, strict=True)]
                total += part
    out: list[dict[str, Any]] = [
        {"rule": rule.name, "ok": n == 0 and count > 0, "failing": n, "count": count}
        for rule, n in zip(rules, failing, strict=True)
    ]
    finite = total if math.isfinite(total) else None
    return [*out, {"rule": SUM, "ok": None, "failing": None, "count": count, "sum": finite}]


def opinions(reference: Reference, outputs: Mapping[str, np.ndarray], rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """:func:`customary` of a network's outputs."""
    return customary([(outputs.get(t), reference.tensors[t].value) for t in reference.graph.outputs], rules)


def _block(a: np.ndarray, r: np.ndarray, rules: Sequence[Rule]) -> tuple[list[int], float]:
    """How many elements fail by each rule, and Σ|d|."""
    floats = is_float(a.dtype)
    a, r = a.astype(np.float64), r.astype(np.float64)
    d = np.abs(a - r)
    total = float(d.sum())
    if total == 0:
        return [0] * len(rules), 0.0
    failing = [0] * len(rules)
    if not math.isfinite(total):
        odd = ~(np.isfinite(a) & np.isfinite(r))
        failing = [int(np.count_nonzero(rule.odd(a[odd], r[odd]))) for rule in rules]
        a, r, d = a[~odd], r[~odd], d[~odd]
    top, size = float(d.max(initial=0.0)), np.abs(r)
    for i, rule in enumerate(rules):
        if rule.exact_integers and not floats:
            failing[i] += int(np.count_nonzero(d))
        elif top > rule.atol:  # else no element can fail, and most outputs end here
            limit = np.maximum(rule.atol, rule.rtol * size) if rule.both else rule.atol + rule.rtol * size
            failing[i] += int(np.count_nonzero(d > limit))
    return failing, total
