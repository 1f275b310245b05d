"""Whether an engine computed in a smaller type than it was asked for, and said nothing.

OpenVINO computes in bfloat16 where the processor can, and TensorFlow and JAX take the factors of products in
TensorFloat-32 on a GPU, all with float32 tensors around. What comes out looks like a mistake of one part in 300 or 1000
that no parameter explains. Two things prove it: factors rounded to the smaller type bring the engine's numbers inside
the bound of the type that was asked for; or all that it returned are numbers of the smaller type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.judge.bound import Judged, Reference, as_exact
from parity.judge.diagnosis import Cause
from parity.judge.trial import Stretch, ratio
from parity.precision import HALVES, PRECISIONS, ROUNDOFF, rounded, significant

NAME = "precision"
SMALLER = {"float64": ("float32", "tf32", "bfloat16", "float16"), "float32": ("tf32", "bfloat16", "float16")}
"""What tensors say → types that an engine may have used in silence, the largest first."""
ENOUGH = 8
"""Different numbers that must all be of a type before that is taken for more than chance."""
SAME_DIGITS = "tf32 or float16, which have the same digits"
Rounding = Callable[[np.ndarray], np.ndarray]


def _to_tf32(x: np.ndarray) -> np.ndarray:
    return significant(x, 11)


def lesser(stretch: Stretch) -> Iterator[Cause]:
    """The types that explain what a stretch of layers returned, as causes; the first that fits."""
    asked = stretch.precision.tensors
    products = stretch.precision.products or asked
    for name in SMALLER.get(asked, ()):
        for rounds in _roundings(name):
            if ROUNDOFF[name] > ROUNDOFF[products] and _products(stretch):
                left = stretch.distance(_with_rounded(stretch, rounds))
                if left <= 1:
                    what = SAME_DIGITS if name == "tf32" and rounds is _to_tf32 else name
                    yield _cause(stretch, left, f"computes its products in {what}, not in {products} as it was asked")
                    return
        if name in (*HALVES, "float32") and _all_are(stretch, name):
            whole = replace(stretch, precision=PRECISIONS[name])  # its own bound is that type's
            left = stretch.distance(whole.right)
            if left <= 1:
                yield _cause(stretch, left, f"computes in {name}, not in {asked} as it was asked")
                return


def _cause(stretch: Stretch, left: float, words: str) -> Cause:
    node = next((n for n in stretch.nodes if n.layer.multiplies), stretch.nodes[-1])
    return Cause(node.name, type(node.layer).__name__, NAME, words, left, "", None, NAME)


def _products(stretch: Stretch) -> bool:
    return any(n.layer.multiplies for n in stretch.nodes)


def _with_rounded(stretch: Stretch, rounds: Rounding) -> dict[str, Judged]:
    """The stretch with the factors of its products rounded; its own bound stays."""

    def floats(array: Any) -> np.ndarray:
        x = as_exact(array)
        return rounds(x) if x.dtype.kind == "f" else x

    first = stretch.nodes[0]
    given = {k: floats(v) if k in first.inputs else v for k, v in stretch.given.items()}
    names = {
        n.weight_name(c)
        for n in stretch.nodes
        if n.layer.multiplies
        for c, w in n.layer.weights(*(stretch.graph.specs[i] for i in n.inputs)).items()
        if w.role != "bias"
    }
    weights = {k: floats(v) if k in names else v for k, v in stretch.weights.items()}
    return replace(stretch, given=given, weights=weights).right


def _all_are(stretch: Stretch, name: str) -> bool:
    """Whether the engine returned numbers of that type alone, where others were to be expected."""
    found = [as_exact(a).ravel() for a in stretch.actual.values()]
    wanted = [as_exact(stretch.right[t].value).ravel() for t in stretch.actual]
    if any(a.dtype.kind != "f" or a.shape != w.shape for a, w in zip(found, wanted, strict=True)):
        return False
    actual, right = np.concatenate(found), np.concatenate(wanted)
    asked = rounded(right, stretch.precision.tensors).astype(np.float64)
    others = np.isfinite(actual) & (rounded(asked, name).astype(np.float64) != asked)
    finite = actual[np.isfinite(actual)]
    # Of a layer that selects, the inputs may be all of that type: what it returns says nothing where it should be.
    return len(np.unique(actual[others])) >= ENOUGH and bool((rounded(finite, name).astype(np.float64) == finite).all())


def _roundings(name: str) -> tuple[Rounding, ...]:
    """How hardware takes a factor in a type: to the nearest, or, with TensorFloat-32, also by cutting bits off."""
    if name == "tf32":
        return _to_tf32, lambda x: significant(x, 11, np.trunc)
    return (lambda x: rounded(x, name).astype(np.float64),)


def in_full(reference: Reference, taps: Mapping[str, np.ndarray]) -> bool:
    """Whether products that were to be taken in a smaller type were not: a switch that did nothing says so here alone.

    Every layer of products must be inside the bound of its tensors' own type, where rounded factors would not be.

    Args:
        reference: in a precision whose products are of a smaller type.
        taps: the engine's tensors.
    """
    own = PRECISIONS[reference.precision.tensors]
    seen = False
    for nodes, tapped in reference.graph.stretches():
        actual = {t: taps[t] for t in tapped if t in taps}
        stretch = Stretch(reference.graph, nodes, {**taps, **reference.inputs}, reference.weights, actual, own)
        if not actual or not _products(stretch):
            continue
        if stretch.distance(stretch.right) > 1:
            return False
        made = _with_rounded(stretch, _roundings(reference.precision.multiplies)[0])
        seen |= any(ratio(made[t].value, stretch.right[t]) > 1 for t in actual)
    return seen
