"""Breaks an engine on purpose, one thing at a time, and prints what parity says: ``broken.py ENGINE FILE``.

Every break is made where a person would make it: in a layer's rule for the engine's dialect, between the copy and the
framework, or in what the framework returns.
"""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from breaks import (
    another_bias,
    changed,
    exchange,
    last_bit,
    layout,
    no_bias,
    parameters,
    rules,
    swap_gates,
    with_nan,
    without,
)

from parity.case.weights import drawn
from parity.draw import Distribution, draw
from parity.engines.base import WrongDevice, certificate, to_targets
from parity.graph import Graph, Node
from parity.judge.bound import Reference
from parity.judge.verdict import judge
from parity.layers import Layer, Spec
from parity.workers.worker import start


def chain(shape: tuple[int, ...], **layers: tuple[str, dict[str, Any]]) -> Graph:
    """Layers that follow each other: name → (kind, parameters)."""
    names = ["x", *layers]
    nodes = [
        Node(name, Layer.registry[kind](**parameters), (names[i],), {})
        for i, (name, (kind, parameters)) in enumerate(layers.items())
    ]
    return Graph({"x": Spec(shape)}, tuple(nodes), (names[-1],))


FRONT = chain(
    (2, 4, 6, 6),
    bn=("BatchNorm", {"epsilon": 2e-5}),
    act=("LeakyReLU", {"alpha": 0.3}),
    conv=("Conv2D", {"filters": 6, "kernel": 3, "pad": 2, "dilation": 2, "groups": 2}),
)
BACK = chain(
    (2, 3, 7, 7),
    pool=("AveragePool2D", {"kernel": 3, "stride": 2, "pad": 1, "count_include_pad": False}),
    up=("ConvTranspose2D", {"filters": 5, "kernel": 3, "stride": 2}),
    soft=("Softmax", {"axis": 1}),
)
LRN = chain((6, 6, 2, 3), lrn=("LocalResponseNorm", {"n": 5, "k": 2.0, "alpha": 0.1, "beta": 0.75}))
DENSE = chain(
    (3, 5),
    fc1=("Linear", {"units": 5}),
    tanh=("Tanh", {}),
    fc2=("Linear", {"units": 5}),
    sigmoid=("Sigmoid", {}),
    out=("Linear", {"units": 5, "bias": False}),
)
LSTM = chain((2, 4, 3), lstm=("LSTM", {"units": 5}))
GRU = chain((2, 4, 3), gru=("GRU", {"units": 5, "reset_after": True}))


class Broken:
    """One engine and one network, and what is done to them."""

    def __init__(self, engine: Any, graph: Graph):
        self.engine, self.graph, self.dialect = engine, graph, engine.dialect
        self.inputs = {"x": draw(Distribution(), graph.inputs["x"].shape, "float32", "broken")}
        self.weights = drawn(graph, None, 0)
        self.reference = Reference.of(graph, self.inputs, self.weights)

    def run(self, copies: Callable[[dict], None] = lambda _: None, untapped: bool = False) -> tuple[dict, dict, dict]:
        """Certificate, taps and outputs. Without ``untapped`` the outputs are the taps': compiling twice takes long.

        Args:
            copies: changes what is handed to the framework.
        """
        sent = to_targets(self.graph, self.dialect, self.weights)
        copies(sent)
        model = self.engine.build(self.graph, sent)
        proof = certificate(self.graph, self.dialect, self.weights, model.read())
        taps = dict(model.tap(self.inputs))
        return proof, taps, dict(model.run(self.inputs)) if untapped else {k: taps[k] for k in self.graph.outputs}

    def broken(self, copies: Callable[[dict], None] = lambda _: None) -> dict[str, Any]:
        """What parity finds; what the framework refuses a worker reports as a crash."""
        try:
            return self.judged(*self.run(copies))
        except Exception as error:  # noqa: BLE001
            return {"verdict": "crashed", "blame": [], "message": f"{type(error).__name__}: {error}"}

    def judged(self, proof: dict, taps: dict, outputs: dict) -> dict[str, Any]:
        """By the numbers alone, and with the certificate."""
        numbers = judge(self.reference, taps, outputs)
        whole = judge(self.reference, taps, outputs, "; ".join(proof["problems"]))
        return {
            "verdict": whole.verdict,
            "blame": whole.blame,
            "message": whole.message,
            "numbers": numbers.verdict,
            "by_numbers": numbers.blame,
            "copied": proof["ok"],
        }


def report(name: str) -> dict[str, Any]:
    """All breaks of one engine."""
    engine = start(name, "cpu")
    front, back, lrn, dense, lstm, gru = (Broken(engine, g) for g in (FRONT, BACK, LRN, DENSE, LSTM, GRU))
    clean = {"front": front, "back": back, "lrn": lrn, "dense": dense, "lstm": lstm, "gru": gru}
    ran = {what: case.run(untapped=True) for what, case in clean.items()}
    found = {f"nothing, {what}": case.judged(*ran[what]) for what, case in clean.items()}
    proof, taps, outputs = ran["dense"]

    def tapped(name: str, change: Callable) -> dict[str, Any]:
        return dense.judged(proof, changed(taps, name, change), outputs)

    def final(change: Callable) -> dict[str, Any]:
        return dense.judged(proof, taps, changed(outputs, "out", change))

    found |= {
        "weights of two layers exchanged": dense.broken(exchange("fc1", "fc2")),
        "last bit of a weight": dense.broken(last_bit("fc2")),
        "last bit of BatchNorm": front.broken(last_bit("bn")),
        "weights not copied": dense.broken(lambda copies: copies.pop("fc2")),
        "NaN in a layer": tapped("tanh", with_nan),
        "layer missing": tapped("sigmoid", lambda _: None),
        "NaN in the output": final(with_nan),
        "output missing": final(lambda _: None),
        "output of another shape": final(lambda a: a[:1]),
        "output in float64": final(lambda a: a.astype(np.float64)),
        "output rounded to float16": final(lambda a: a.astype(np.float16).astype(np.float32)),
    }
    in_rules: dict[str, tuple[Broken, str, Callable[[Any], Any]]] = {
        "kernel transposed": (front, "Conv2D", layout("h w", "w h")),
        "dilation dropped, same size": (front, "Conv2D", parameters(dilation=(1, 1), pad=((1, 1), (1, 1)))),
        "dilation dropped": (front, "Conv2D", parameters(dilation=(1, 1))),
        "groups dropped": (front, "Conv2D", parameters(groups=1)),
        "bias dropped": (front, "Conv2D", no_bias),
        "epsilon of BatchNorm": (front, "BatchNorm", parameters(epsilon=1e-3)),
        "slope of LeakyReLU": (front, "LeakyReLU", parameters(alpha=0.2)),
        "kernel of the transpose transposed": (back, "ConvTranspose2D", layout("h w", "w h")),
        "padding counts in AveragePool": (back, "AveragePool2D", parameters(count_include_pad=True)),
        "stride dropped": (back, "AveragePool2D", parameters(stride=(1, 1))),
        "axis of Softmax": (back, "Softmax", parameters(axis=2)),
        "alpha of LRN divided by n": (lrn, "LocalResponseNorm", parameters(alpha=0.02)),
        "matrix transposed": (dense, "Linear", layout(r"\b(o i|i o)\b", lambda m: m[0][::-1])),
        "bias without a layout": (dense, "Linear", without("b")),
        "bias nobody asked for": (dense, "Linear", another_bias),
        "LSTM gates swapped": (lstm, "LSTM", swap_gates),
        "GRU gates swapped": (gru, "GRU", swap_gates),
    }
    for what, (case, kind, change) in in_rules.items():
        with rules(kind, engine.dialect, change):
            found[what] = case.broken()
    found["nothing, after all that"] = front.broken()
    return {"facts": engine.facts(), "found": found, "guard": guard(name, engine)}


def guard(name: str, engine: Any) -> str:
    """What the engine says when its framework comes up on something else than asked for."""
    try:
        if name == "onnxruntime":
            made = engine._ort.InferenceSession

            class Elsewhere(made):
                def get_providers(self) -> list[str]:
                    return ["CUDAExecutionProvider", "CPUExecutionProvider"]

            engine._ort.InferenceSession = Elsewhere
            engine.build(DENSE, to_targets(DENSE, "onnx", drawn(DENSE, None, 0)))
        elif name.startswith("keras"):
            engine._keras.backend.backend = lambda: "torch"
            type(engine)("cpu")
    except (RuntimeError, WrongDevice) as error:
        return str(error)
    return ""


if __name__ == "__main__":
    result = Path(sys.argv[2])
    with result.with_suffix(".lock").open("w") as lock:  # tests in several processes share one result
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            text = json.dumps(report(sys.argv[1]))
            result.with_suffix(".new").write_text(text)
            result.with_suffix(".new").rename(result)
