"""Timing records: a network on its targets, judged too, since a wrong network may well be a fast one."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from parity.judge.bound import Reference
from parity.judge.ledger import loosened
from parity.judge.verdict import BROKEN, FAILED, NEUTRAL, judge_tensor, worst
from parity.loosened import entries
from parity.measure.batch import own_batch
from parity.measure.machine import Others
from parity.measure.operations import operations
from parity.measure.rounds import Measurement, Plan, Request, Series
from parity.measure.statistics import CONFIDENCE, Interval, interval, quartiles, says
from parity.prepare import Prepared
from parity.results import Record, environment
from parity.targets import Target

NOT_RUN = NEUTRAL | BROKEN
"""Verdicts of a network that there is nothing to time of."""


@dataclass(frozen=True)
class Judged:
    """What a run of the same network found before it was timed.

    Args:
        verdict: of the cell.
        message: why, where there is something to say.
    """

    verdict: str
    message: str = ""


def time_network(
    prepared: Prepared,
    judged: Mapping[Target, Judged],
    baseline: Target,
    plan: Plan,
    network: str,
    on_round: Callable[[Measurement, int], None] = lambda *_: None,
) -> list[Record]:
    """Time one network on its targets.

    Args:
        prepared: the network with its arrays.
        judged: target → what was found of it; those that did not run are not timed.
        baseline: where it did not run, the first target that did.
        network: hash of the case, for the records.
        on_round: called after each round.

    Returns:
        A record of kind "timing" for each target.
    """
    plan = replace(plan, timeout=max(plan.timeout, prepared.case.spec.timeout))
    runs = [t for t, found in judged.items() if found.verdict not in NOT_RUN]
    base = baseline if baseline in runs or not runs else runs[0]
    others = Others()
    measurement = Measurement(runs, base, lambda target: _request(prepared, target), plan)
    if runs:
        measurement.run(lambda number: on_round(measurement, number))
    shared: Record = {
        "kind": "timing",
        "case": prepared.case.id,
        "environment": environment(),
        "network": network,
        "batch": own_batch(prepared.graph),
        "threads": plan.threads,
        "operations": operations(prepared.graph),
        "load": [round(others.load, 2), round(os.getloadavg()[0], 2)],
        "others": round(others.cores(), 3),
    }
    records = []
    for target, found in judged.items():
        record = shared | {"target": str(target), "verdict": found.verdict}
        if target not in runs:
            records.append(record | {"message": found.message})
            continue
        series = measurement.series[target]
        record["verdict"], message = _verdict(prepared, target, found, series)
        records.append(
            record | _timed(measurement, target, plan, shared["operations"]) | ({"message": message} if message else {})
        )
    return records


def _request(prepared: Prepared, target: Target) -> Request:
    graph, weights, wrongs = prepared.sent_to(target)
    arrays = {f"x:{k}": v for k, v in prepared.inputs.items()}
    file = None if wrongs else prepared.weights_file
    arrays |= {} if file else {f"w:{k}": v for k, v in weights.items()}
    return {"graph": graph.to_json(), "weights_file": file, "precision": target.precision}, arrays


def _verdict(prepared: Prepared, target: Target, found: Judged, series: Series) -> tuple[str, str]:
    """The worse of what a run found and of what the timed build itself returned; and why."""
    if not series.outputs:
        return ("crashed", series.message) if series.message else (found.verdict, found.message)
    reference = prepared.at(target.computes).reference
    if more := loosened(reference.graph, entries(prepared.case, target)):
        reference = Reference.of(reference.graph, reference.inputs, reference.weights, more, reference.precision)
    specs = reference.graph.specs
    ends = [
        judge_tensor(t, (), series.outputs.get(t), reference.tensors[t], specs[t].dtype, "output of the timed build")
        for t in reference.graph.outputs
    ]
    verdicts = [found.verdict, *(f.verdict for f in ends)]
    messages = [found.message, *(f.message for f in ends if f.verdict in FAILED)]
    if not series.certificate["ok"]:
        verdicts.append("differs")
        messages.append(series.certificate["problems"][0])
    if series.message:
        messages.insert(0, series.message)
    return worst(verdicts), next(filter(None, messages), "")


def _timed(measurement: Measurement, target: Target, plan: Plan, count: int) -> Record:
    series = measurement.series[target]
    beside = [s.rate for t, s in measurement.series.items() if s.rate and t.device == target.device]
    alike = target.computes.multiplies == "float32"  # as the machine's own rate is measured
    rate = max(beside, default=None) if alike else None
    record: Record = {"cores": series.cores, "facts": series.facts, "machine_rate": rate}
    if not series.medians:
        return record
    low, middle, high = quartiles(np.concatenate(series.samples))
    own = interval(series.times())
    on_device = [m["device"] for m in series.memory if m.get("device")]
    return record | {
        "first": {k: statistics.median(f[k] for f in series.first) for k in ("build", "call")},
        "steady": {
            "median": middle,
            "q1": low,
            "q3": high,
            "low": own.low,
            "high": own.high,
            "samples": sum(map(len, series.samples)),
            "rounds": len(series.medians),
            "builds": series.builds,
        },
        "ratio": _ratio(measurement, target, plan),
        "rate": count / middle,
        "memory": {
            "before": int(statistics.median(m["before"] for m in series.memory)),
            "peak": max(m["peak"] for m in series.memory),
            "own": all(m["own"] for m in series.memory),
            **({"device": max(on_device, default=None)} if target.device == "gpu" else {}),
        },
    }


def _ratio(measurement: Measurement, target: Target, plan: Plan) -> Record | None:
    found = measurement.estimate(target)
    if found is None:
        return None
    is_baseline = target == measurement.baseline
    value = Interval(1.0, 1.0, 1.0) if is_baseline else found
    return {
        "baseline": str(measurement.baseline),
        **value._asdict(),
        "confidence": CONFIDENCE,
        "asked": plan.asked,
        "reached": measurement.is_through(target),
        "says": "baseline" if is_baseline else says(found),
    }
