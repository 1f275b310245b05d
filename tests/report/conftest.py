import random

import pytest

from parity.results import Results
from tests.report.browser import browse, browser, visit
from tests.report.telling import told

__all__ = ["browse", "browser", "told", "visit"]

TARGETS = ("chainer@cpu", "keras-jax@cpu", "onnxruntime@cpu")
ENVIRONMENT = "py311"
FACTS = {"versions": {"chainer": "7.8.1"}, "device": "cpu", "mode": "define-by-run", "full_taps": True, "threads": 1}


class Maker:
    """Results without running anything, in the form of ``session`` and ``prepare``."""

    def __init__(self):
        self.results = Results()
        self.random = random.Random(7)

    def run(self, environment=ENVIRONMENT):
        self.results.runs[environment] = {
            "kind": "run", "schema": 1, "environment": environment, "parity": "0.1.0", "numpy": "2.4.6", "cpus": 2,
            "started": "2026-11-21T12:12:00+00:00", "python": "3.11.7", "platform": "Linux x86_64",
        }  # fmt: skip

    def target(self, target, environment=ENVIRONMENT, reason=""):
        record = {"kind": "target", "target": target, "environment": environment}
        rest = {"status": "skipped", "reason": reason} if reason else {"status": "ready", "facts": FACTS}
        self.results.targets[environment, target] = record | rest

    def case(self, name, layers=("conv", "relu"), description="A case."):
        self.results.cases[name] = {
            "kind": "case", "case": name, "description": description, "file": "cases/a.yaml",
            "inputs": {"x": [[2, 3], "float32"]}, "outputs": [layers[-1]], "parameters": 6, "network": "0" * 16,
            "layers": [self._layer(n, before) for n, before in zip(layers, ("x", *layers), strict=False)],
            "hash": {"inputs": "1" * 16, "weights": "2" * 16}, "expect": [],
        }  # fmt: skip

    def _layer(self, name, before):
        weights = {"W": {"name": f"{name}/W", "axes": "o i", "shape": [2, 3]}} if name == "conv" else {}
        return {
            "name": name, "layer": "Conv2D" if name == "conv" else "ReLU", "from": [before], "weights": weights,
            "parameters": {"kernel": [3, 3], "pad": [[0, 1], [2, 2]]}, "shapes": {name: [2, 3]}, "count": 6,
        }  # fmt: skip

    def metrics(self, ratio=None):
        figures = dict.fromkeys(("max_abs", "mean_abs", "rms", "sum_abs", "rel_l2", "cosine", "worst_bound"))
        values = {k: self.random.random() * 1e-6 for k in figures} | {"cosine": 1 - 1e-15, "argmax_agreement": 1.0}
        worst = {"worst": [1, 2], "worst_actual": self.random.random(), "worst_reference": self.random.random()}
        counts = {"count": 6, "ulp_max": self.random.randrange(99), "ulp_p99": 3, "mismatched_nonfinite": 0}
        more = {"nonfinite_actual": 0, "nonfinite_reference": 0, "bit_equal": ratio == 0.0}
        return values | worst | counts | more | {"bound_ratio": self.random.random() if ratio is None else ratio}

    def finding(self, tensor, verdict, ratio, nodes=()):
        return {
            "tensor": tensor,
            "nodes": list(nodes),
            "verdict": verdict,
            "message": "",
            "metrics": self.metrics(ratio),
        }

    def errors(self, finding, zero=0, counts=(), start=0, levels="", shape=None, axes=(2, 3), of=None, along=""):
        """How the errors of a finding are spread and where they sit; levels row by row, along those of the channels."""
        finding["spread"] = {"zero": zero, "from": start, "counts": list(counts)}
        if levels:
            finding["map"] = {"axes": list(axes), "of": list(of or shape), "shape": list(shape), "levels": levels}
        if along:
            finding["profile"] = {"axis": 1, "of": len(along), "levels": along}
        return finding

    def erring(self, rows=8, columns=8):
        """How the errors of a tensor are distributed, and where they sit; spread over the tensor as rounding is."""
        letters = self.random.choices("WXYZabc", (1, 4, 20, 40, 20, 4, 1), k=rows * columns)
        channels = self.random.choices("Zabc", (10, 60, 20, 1), k=16)
        return {
            "spread": {"zero": self.random.randrange(99), "from": -9, "counts": self.random.choices(range(999), k=9)},
            "map": {"axes": [2, 3], "of": [28, 28], "shape": [rows, columns], "levels": "".join(letters)},
            "profile": {"axis": 1, "of": 16, "levels": "".join(channels)},
        }

    def cell(self, case, target=TARGETS[0], verdict="rounding", environment=ENVIRONMENT, ratio=None, **more):
        ok = verdict in ("equal", "rounding", "unsupported", "skipped")
        record = {
            "kind": "cell", "case": case, "target": target, "environment": environment, "verdict": verdict, "ok": ok,
            "hash": {"inputs": "1" * 16, "weights": "2" * 16}, "message": "", "seconds": 0.01,
        }  # fmt: skip
        if verdict in ("equal", "rounding", "differs", "nonfinite"):
            layers = [layer["name"] for layer in self.results.cases[case]["layers"]]
            row = {"node": "conv", "target": "kernel", "shape": [3, 2], "hash": "3" * 16, "weight": "conv/W"}
            record |= {
                "layers": [self.finding(n, verdict, ratio, [n]) for n in layers], "blame": [],
                "final": [self.finding(layers[-1], verdict, ratio)], "tapping_changes": False, "before": {},
                "certificate": {"ok": True, "problems": [],
                                "rows": [row | {"from": "o i", "to": "i o", "proof": "inverse", "ok": True}]},
                "timings": {"build": 0.01, "run": 2e-05}, "facts": FACTS,
            }  # fmt: skip
        self.results.cells[environment, case, target] = record | more
        return self.results.cells[environment, case, target]

    def judged_by_others(self, cell):
        """As by a dozen rules, one of which fails now and then."""
        counts = [self.random.randrange(9) // 8 for _ in range(11)]
        cell["customary"] = [
            {"rule": f"rule {i}: 1e-{i}", "ok": not n, "failing": n, "count": 6} for i, n in enumerate(counts)
        ]
        cell["customary"].append({"rule": "sum", "ok": None, "failing": None, "count": 6, "sum": self.random.random()})

    def measure(self, kind, record):
        """Take a record in as a file of results would bring it."""
        record = {"kind": kind, "environment": ENVIRONMENT, "network": "0" * 16} | record
        self.results.add(record)
        return record

    def loss(self, case, target="chainer@cpu:float16", error=2e-4, sizes=(70_100_000, 35_050_000), **more):
        precision = target.rpartition(":")[2]
        output = {
            "tensor": "y", "shape": [1, 3], "rel_l2": error, "snr_db": 73.25, "psnr_db": 80.5, "max_abs": 3e-3,
            "argmax_changed": 0, "argmax_of": 6, "nonfinite": 0,
            "parts": {"weights": error / 2, "activations": error / 3, "arithmetic": error / 9},
        }  # fmt: skip
        counts = {"count": 600, "zero": 0, "subnormal": 0, "infinite": 0}
        layers = [
            {"node": n, "layer": "Conv2D", "tensor": n, "rel_l2": error * i, "weights": counts | {"zero": i - 1},
             "parts": {k: v * i for k, v in output["parts"].items()}, "tensor_counts": counts, "bytes": [2400, 1200]}
            for i, n in enumerate(("conv", "relu", "dense"), 1)
        ]  # fmt: skip
        record = {
            "case": case, "target": target, "precision": precision, "outputs": [output], "layers": layers,
            "bytes": dict(zip(("before", "after"), sizes, strict=True)), "pictures": [],
            "computed": {"asked": precision, "seen": precision, "why": "as the tensors say"},
        }  # fmt: skip
        return self.measure("loss", record | more)

    def sensitivity(self, case, precision="float16", **more):
        layers = [{"node": n, "layer": "Conv2D", "rel_l2": x, "bytes_saved": 1200}
                  for n, x in (("dense", 3e-4), ("conv", 1e-4))]  # fmt: skip
        advice = {"keep": ["dense"], "rel_l2": 1e-4, "bytes": 1200, "text": "Keep dense in float32."}
        record = {"case": case, "precision": precision, "whole": 4e-4, "layers": layers, "advice": advice}
        return self.measure("sensitivity", record | more)

    def timing(self, case, target="onnxruntime@cpu", speed=3.1, says="faster", batch=None, threads=2, **more):
        base = says == "baseline"
        median = 0.004 * (batch or 1) ** 0.8 / speed / threads**0.7
        record = {
            "case": case, "target": target, "batch": batch, "threads": threads, "cores": list(range(threads)),
            "first": {"build": 0.25, "call": 0.03},
            "steady": {"median": median, "q1": median * 0.95, "q3": median * 1.1, "samples": 90, "rounds": 9,
                       "builds": 3},
            "ratio": {"baseline": "chainer@cpu", "value": 1.0 if base else 1 / speed, "low": 0.94 / speed,
                      "high": 1.06 / speed, "confidence": 0.95, "asked": 0.02, "reached": True, "says": says},
            "operations": 2_000_000, "rate": 2e6 / median, "machine_rate": 5e10,
            "memory": {"before": 2.1e8, "peak": 3.3e8}, "load": [0.1, 1.2], "verdict": "rounding",
        }  # fmt: skip
        return self.measure("timing", record | more)

    def power(self):
        shares = {key: self.random.random() for key in ("0.001", "0.01", "0.1")}
        dead = {"conv/W": {"count": self.random.randrange(6), "of": 6, "first": [[0, self.random.randrange(3)]]}}
        return shares | {"weights": 6, "exact": True, "looked_at": 6, "interval": [0, 1], "each": {}, "dead": dead}

    def fill(self, cases, targets=TARGETS, environment=ENVIRONMENT):
        """Every case on every target, well."""
        self.run(environment)
        for target in targets:
            self.target(target, environment)
        for name in cases:
            self.case(name)
            for target in targets:
                self.cell(name, target, environment=environment)
        return self.results


@pytest.fixture
def make():
    return Maker()


@pytest.fixture(scope="session")
def maker():
    """For fixtures that outlive a test."""
    return Maker


@pytest.fixture
def branched(make):
    """conv is read by two layers, which a third one reads."""
    results = make.fill(["a"], ["chainer@cpu", "onnxruntime@cpu"])
    make.case("a", layers=("conv", "left", "right", "add"))
    left, right, add = results.cases["a"]["layers"][1:]
    left["from"] = right["from"] = ["conv"]
    add["from"] = ["left", "right"]
    for target in ("chainer@cpu", "onnxruntime@cpu"):
        make.cell("a", target)
    return results
