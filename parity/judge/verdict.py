"""Verdicts: of a tensor, and of a case on a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity.graph import Node
from parity.judge.bound import Judged, Reference
from parity.judge.carried import Errors, shares
from parity.judge.distribution import distribution
from parity.judge.fingerprint import fingerprint
from parity.judge.metrics import Metrics, compare
from parity.layers import Spec

ORDER = (
    "equal",
    "rounding",
    "differs",
    "nonfinite",
    "shape",
    "missing",
    "timeout",
    "crashed",
    "unsupported",
    "skipped",
)
"""From best to worst, then those that say nothing about the numbers."""
FAILED = frozenset({"differs", "nonfinite", "shape", "missing", "timeout", "crashed"})
NEUTRAL = frozenset({"unsupported", "skipped"})
BROKEN = frozenset({"crashed", "timeout"})
"""Failures of an engine that gave no numbers."""


@dataclass(frozen=True)
class Finding:
    """The verdict on one tensor.

    Args:
        tensor: its name.
        nodes: the layers judged together, in order.
        verdict: equal (bit for bit the rounded reference), rounding (inside the bound), differs, nonfinite, shape or
            missing.
        metrics: None where nothing could be compared.
        message: one sentence for a person, empty where all is well.
        carried: of an output, what the layers' own errors make of it: :meth:`parity.judge.carried.Errors.at_outputs`.
        errors: how they are distributed: :func:`parity.judge.distribution.distribution`; empty where nothing could be
            compared.
        output: of an output, what it was: :func:`parity.judge.fingerprint.fingerprint`.
    """

    tensor: str
    nodes: tuple[str, ...]
    verdict: str
    metrics: Metrics | None = None
    message: str = ""
    carried: Mapping[str, Any] | None = None
    errors: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Strict JSON."""
        return {
            "tensor": self.tensor,
            "nodes": list(self.nodes),
            "verdict": self.verdict,
            "metrics": self.metrics.to_json() if self.metrics else None,
            "message": self.message,
            **({} if self.carried is None else {"carried": self.carried}),
            **self.errors,
            **self.output,
        }


def judge_tensor(
    name: str, nodes: tuple[str, ...], actual: np.ndarray | None, expected: Judged, dtype: str, kind: str = ""
) -> Finding:
    """Compare one tensor.

    Args:
        nodes: the layers judged together; none for an output of the network, which alone is fingerprinted.
        actual: what the engine returned, None if it did not.
        expected: the numpy rule's value and bound.
        dtype: that the tensor should have.
        kind: layer names, for the message.
    """
    if actual is None:
        return Finding(name, nodes, "missing", None, f"{name} was not returned")
    if actual.shape != expected.value.shape:
        found, want = list(actual.shape), list(expected.value.shape)
        return Finding(name, nodes, "shape", None, f"{name} has shape {found}, expected {want}")
    if actual.dtype.name != dtype:
        return Finding(name, nodes, "differs", None, f"{name} was computed in {actual.dtype.name}, asked for {dtype}")
    metrics = compare(actual, expected.value, 0.0 if expected.bound is None else expected.bound)
    if metrics.count == 0:
        return Finding(name, nodes, "missing", metrics, f"{name} is empty: nothing was compared")
    verdict, message = _said(name, metrics, expected, kind)
    bound = None if expected.bound is None else np.broadcast_to(expected.bound, actual.shape)
    errors = distribution(actual, expected.value, bound, zero=metrics.bound_ratio == 0)
    output = {} if nodes else fingerprint(actual, expected.value, bound)
    return Finding(name, nodes, verdict, metrics, message, None, errors, output)


def _said(name: str, metrics: Metrics, expected: Judged, kind: str) -> tuple[str, str]:
    """The verdict on a tensor that was compared, and its message."""
    where = f"at {list(metrics.worst or ())}: {metrics.worst_actual:.9g} instead of {metrics.worst_reference:.9g}"
    if metrics.mismatched_nonfinite:
        count = f"{metrics.mismatched_nonfinite} of {metrics.count} elements"
        return "nonfinite", f"{name}: {count} are finite on one side only; {where}"
    if metrics.bit_equal:
        return "equal", ""
    ratio = metrics.bound_ratio
    if ratio is not None and ratio <= 1:
        return "rounding", ""
    size = (
        "the layer is exact, no error is allowed"
        if expected.bound is None
        else f"{ratio:.3g} times what rounding allows"
    )
    return "differs", f"{name}{f' ({kind})' if kind else ''}: {size}; worst {where}"


@dataclass(frozen=True)
class Judgement:
    """All findings on a case and a target.

    Args:
        layers: one for each tapped tensor, on the engine's own inputs to it.
        final: one for each output of the network as a user gets it, without taps.
        verdict: the worst of them.
        blame: the layers to blame, or ``("fusion",)``, or ``("copy",)``; empty where all is well, or where an output
            cannot be compared although every layer passes. A layer whose inputs were not returned is not to blame.
        message: one sentence for a person, empty where all is well.
        shares: how much of the final difference each failing stretch makes: :func:`parity.judge.carried.shares`.
    """

    layers: tuple[Finding, ...]
    final: tuple[Finding, ...]
    verdict: str
    blame: tuple[str, ...] = field(default=())
    message: str = ""
    shares: list[dict[str, Any]] = field(default_factory=list)


def worst(verdicts: Mapping[str, str] | list[str]) -> str:
    """The worst of several verdicts; of none, missing: nothing compared proves nothing."""
    found = list(verdicts.values()) if isinstance(verdicts, Mapping) else verdicts
    return max(found, key=ORDER.index, default="missing")


def judge(
    reference: Reference, taps: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray], copied: str = ""
) -> Judgement:
    """Judge every layer on the engine's own inputs, then the untapped outputs.

    Args:
        reference: the case.
        taps: the engine's tapped tensors.
        outputs: the engine's outputs from a run without taps.
        copied: what is wrong with the copy of the weights; empty if nothing is.
    """
    graph = reference.graph
    layers: list[Finding] = []
    own: list[Finding] = []
    errors = Errors(reference)
    ready = {*graph.inputs, *(t for t in graph.taps if _usable(taps.get(t), graph.specs[t]))}
    for nodes, tapped in graph.stretches():
        names, kind = tuple(n.name for n in nodes), " + ".join(_kind(n) for n in nodes)
        needed = {i for n in nodes for i in n.inputs} - {o for n in nodes for o in n.outputs}
        if not needed <= ready:
            layers += [Finding(t, names, "missing", None, f"{t}: its inputs are not there") for t in tapped]
            errors.lack(tapped[0])
            continue
        expected = reference.stretch(nodes, taps)
        for t in tapped:
            own.append(judge_tensor(t, names, taps.get(t), expected[t], graph.specs[t].dtype, kind))
            layers.append(own[-1])
            errors.add(t, taps.get(t), expected[t])
    ends = [
        judge_tensor(t, (), outputs.get(t), reference.tensors[t], graph.specs[t].dtype, "output") for t in graph.outputs
    ]
    verdict = worst([f.verdict for f in (*own, *ends)])
    places = {f.tensor: f.metrics.worst for f in ends if f.metrics}
    explained = errors.at_outputs(places, failed=verdict in FAILED)
    final = tuple(replace(f, carried=explained[f.tensor]) for f in ends)
    bad = [f for f in own if f.verdict in FAILED]
    parts = shares(reference, {t: v for t, v in taps.items() if t in ready}, [f.nodes for f in bad]) if bad else []
    if copied:
        return Judgement(tuple(layers), final, worst([verdict, "differs"]), ("copy",), copied, parts)
    if bad:
        blame = tuple(dict.fromkeys(n for f in bad for n in f.nodes))
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        return Judgement(tuple(layers), final, verdict, blame, bad[0].message + more, parts)
    lost = [f for f in final if f.verdict in FAILED]
    if not lost:
        return Judgement(tuple(layers), final, verdict)
    if odd := [f for f in lost if f.verdict in ("missing", "shape") or f.metrics is None]:
        return Judgement(tuple(layers), final, verdict, (), "without taps, " + odd[0].message)
    text = "every layer passes by itself, the network as a whole does not, so the runtime's fusion is to blame: "
    return Judgement(tuple(layers), final, verdict, ("fusion",), text + lost[0].message)


def _usable(tap: np.ndarray | None, spec: Spec) -> bool:
    """Whether the layers behind a tap can be judged on it."""
    return tap is not None and tap.shape == spec.shape and tap.dtype.kind == np.dtype(spec.dtype).kind


def _kind(node: Node) -> str:
    return type(node.layer).__name__
