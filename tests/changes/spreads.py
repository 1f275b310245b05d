"""Cells with errors that are given, in the form of the judge."""

import math

import numpy as np


def spread_of(e):
    e = np.asarray(e, float)
    some = e[e > 0]
    exponents = [12 if math.isinf(x) else max(-12, min(12, math.floor(math.log2(x)))) for x in some]
    low = min(exponents, default=0)
    counts = [exponents.count(k) for k in range(low, max(exponents, default=-1) + 1)]
    return {"zero": int(e.size - some.size), "from": low, "counts": counts}


def finding(tensor, e, spread=True, **more):
    e = np.asarray(e, float)
    finite = e[np.isfinite(e)]
    largest, rms = float(e.max()), float(np.sqrt((finite**2).mean())) if finite.size else 0.0
    metrics = {
        "count": int(e.size), "bound_ratio": largest if math.isfinite(largest) else "inf", "rms": 1e-6 * rms,
        "max_abs": 1e-6 * float(finite.max(initial=0.0)),
    }  # fmt: skip
    verdict = "equal" if largest == 0 else "rounding" if largest <= 1 else "differs"
    made = {"tensor": tensor, "nodes": [tensor], "verdict": verdict, "metrics": metrics, "message": ""}
    return made | ({"spread": spread_of(e)} if spread else {}) | more


def cell(layers, final=(), probe=(), **more):
    return {"layers": list(layers), "final": list(final), "probe": {"layers": list(probe)}} | more
