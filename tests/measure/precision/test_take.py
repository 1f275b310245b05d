from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from parity import session as session_module
from parity.errors import BadInput
from parity.measure.precision.record import EMULATION, Ledger
from parity.measure.precision.take import Taking, chosen_precisions, planned
from parity.precision import PRECISIONS
from parity.prepare import prepare
from parity.session import Session
from parity.targets import Target
from parity.workers.pool import WorkerDied
from tests.stand_in import A, B, StandInPool, answer, load_cases, write_case

DEEP = """
description: A small generator.
inputs: {z: {shape: [2, 12], distribution: uniform}}
layers:
  - {layer: Linear, name: fc, units: 32}
  - {layer: Reshape, name: image, shape: [8, 2, 2]}
  - {layer: BatchNorm, name: bn, epsilon: 2.0e-5}
  - {layer: ReLU, name: relu}
  - {layer: ConvTranspose2D, name: dc, filters: 3, kernel: 4, stride: 2, pad: 1}
  - {layer: Tanh, name: picture}
"""
ASKED = [PRECISIONS[n] for n in ("float16", "storage_float16")]


@pytest.fixture
def take(tmp_path, monkeypatch):
    """Takes the losses of the cases in ``tmp_path``; the records, strict JSON."""
    monkeypatch.setattr(session_module, "missing", lambda _: None)

    def taking(pool=None, targets=(A, B), **more):
        records = []
        with Session(pool or StandInPool()) as session:
            made = Taking(
                session, ASKED, 2, lambda r: records.append(json.loads(json.dumps(r, allow_nan=False))), **more
            )
            made.run(load_cases(tmp_path), targets)
        return records

    return taking


def losses(records):
    return {(r["target"], r["precision"]): r for r in records if r["kind"] == "loss"}


def test_records_of_every_kind(tmp_path, take):
    write_case(tmp_path, "a", DEEP)
    records = take()
    assert sorted(r["kind"] for r in records) == ["case"] + ["cell"] * 4 + ["loss"] * 6 + ["sensitivity"] * 2
    cells = {r["target"]: r for r in records if r["kind"] == "cell"}
    assert set(cells) == {f"{t}:{p.name}" for t in (A, B) for p in ASKED}
    found = losses(records)
    assert {t for t, _ in found} == set(cells) | {f"{EMULATION}:{p.name}" for p in ASKED}
    for loss in found.values():
        assert loss["case"] == "a"
        assert loss["network"] == records[0]["network"]
        assert loss["bytes"] == {"before": 4 * 835, "after": 2 * 835}
        assert [o["tensor"] for o in loss["outputs"]] == ["picture"]
    drawn = {t.partition(":")[0] for (t, _), loss in found.items() if loss.get("pictures")}
    assert drawn == {"emulation@cpu", "chainer@cpu"}  # and not once more for each other engine
    emulated = found["emulation@cpu:float16", "float16"]
    assert emulated["outputs"][0]["parts"]["arithmetic"] is None
    assert emulated["computed"]["seen"] is None


def test_bytes_are_those_that_the_engine_holds(tmp_path, take, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ASKED", [PRECISIONS["mixed_float16"]])
    write_case(tmp_path, "a", DEEP)
    found = {t: loss for (t, _), loss in losses(take(targets=(A, Target("keras-jax")))).items()}
    kept = 4 * 8  # of the normalisation
    assert found["chainer@cpu:mixed_float16"]["bytes"] == {"before": 4 * 835, "after": 2 * 835 + 2 * kept}
    assert found["emulation@cpu:mixed_float16"]["bytes"]["after"] == 2 * 835 + 2 * kept
    assert found["keras-jax@cpu:mixed_float16"]["bytes"] == {"before": 4 * 835, "after": 4 * 835}
    assert all(r["bytes"][0] == r["bytes"][1] for r in found["keras-jax@cpu:mixed_float16"]["layers"])


def test_what_rounds_inside_of_layers_is_not_emulated(tmp_path, take, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ASKED", [PRECISIONS["tf32"]])
    write_case(tmp_path, "a", DEEP)
    found = losses(take(targets=()))["emulation@cpu:tf32", "tf32"]
    assert "not emulated" in found["message"]
    assert "outputs" not in found


def test_an_engine_that_computes_in_float32_is_reported(tmp_path, take):
    def rounds_outside(target, header, arrays):
        """float16 in and out, float32 between, and every weight rounded."""
        less = {k: v.astype(np.float16).astype(np.float32) if v.dtype.kind == "f" else v for k, v in arrays.items()}
        reply, out = answer(header, less)
        return reply, {k: v.astype(np.float16) for k, v in out.items()}

    write_case(tmp_path, "a", DEEP)
    found = losses(take(StandInPool(rounds_outside), targets=(A,)))
    assert found["chainer@cpu:float16", "float16"]["computed"]["seen"] == "float32"


def test_arithmetic_of_an_engine_is_a_part_of_its_own(tmp_path, take):
    def worse(target, header, arrays):
        reply, out = answer(header, arrays)
        return reply, {k: (v * np.float32(1.01)).astype(v.dtype) for k, v in out.items()}

    write_case(tmp_path, "a", DEEP)
    found = losses(take(StandInPool(worse), targets=(A,)))["chainer@cpu:storage_float16", "storage_float16"]
    parts = found["outputs"][0]["parts"]
    assert parts["arithmetic"] == pytest.approx(0.01, rel=0.2)
    assert parts["weights"] < 2e-3
    row = next(r for r in found["layers"] if r["node"] == "dc")
    assert row["parts"]["arithmetic"] == pytest.approx(0.01, rel=0.2)


def test_what_does_not_run_says_why(tmp_path, take):
    def dies(*_):
        raise WorkerDied("it fell over")

    write_case(tmp_path, "a", DEEP)
    found = losses(take(StandInPool(dies), targets=(A,)))["chainer@cpu:float16", "float16"]
    assert found["message"] == "it fell over"
    assert "outputs" not in found


@pytest.mark.parametrize(
    ("change", "words"), [(lambda _: None, "picture is missing"), (lambda a: a[:1], "of shape [1, 3, 4, 4]")]
)
def test_an_output_that_cannot_be_compared_has_no_loss(tmp_path, take, change, words):
    def odd(_, *request):
        reply, out = answer(*request)
        new = change(out.pop("y:picture"))
        return reply, out | ({} if new is None else {"y:picture": new})

    write_case(tmp_path, "a", DEEP)
    found = losses(take(StandInPool(odd), targets=(A,)))["chainer@cpu:float16", "float16"]
    assert words in found["message"]


def test_a_wrong_file_costs_its_own_case(tmp_path, take):
    write_case(tmp_path, "a", DEEP)
    (tmp_path / "cases" / "x.npy").write_bytes(b"no array")
    write_case(
        tmp_path,
        "b",
        "description: It has no array.\ninputs: {x: {file: x.npy, shape: [2, 3]}}\nlayers: [{layer: ReLU, name: r}]\n",
    )
    bad = []
    found = losses(take(on_bad=lambda case, error: bad.append((case.id, error))))
    assert {case for case, _ in bad} == {"b"}
    assert isinstance(bad[0][1], BadInput)
    assert len(found) == 6


def test_a_case_that_is_known_is_not_described_again(tmp_path, take):
    write_case(tmp_path, "a", DEEP)
    (first,) = [r for r in take(targets=()) if r["kind"] == "case"]
    assert [r["kind"] for r in take(targets=(), known={"a": first})].count("case") == 0
    other = first | {"network": "another"}
    assert [r["kind"] for r in take(targets=(), known={"a": other})].count("case") == 1


def test_emulation_has_all_cases_and_targets_theirs(tmp_path):
    write_case(tmp_path, "a", DEEP)
    write_case(tmp_path, "b", DEEP, more="targets: [chainer]\n")
    plan = planned(load_cases(tmp_path), (A, B))
    assert {str(t): [c.id for c in cs] for t, cs in plan.items()} == {
        "emulation@cpu": ["a", "b"],
        "chainer@cpu": ["a", "b"],
        "onnx-reference@cpu": ["a"],
    }


def test_a_sensitivity_names_its_case(tmp_path):
    write_case(tmp_path, "a", DEEP)
    (case,) = load_cases(tmp_path)
    ledger = Ledger(prepare(case, tmp_path))
    found = ledger.sensitivity(PRECISIONS["bfloat16"])
    assert (found["kind"], found["case"], found["precision"]) == ("sensitivity", "a", "bfloat16")
    assert "target" not in found
    json.dumps(found, allow_nan=False)


def test_a_mistaken_tap_does_not_stop_the_ledger(tmp_path):
    write_case(tmp_path, "a", DEEP)
    (case,) = load_cases(tmp_path)
    ledger = Ledger(prepare(case, tmp_path))
    exact = {k: t.value.astype(np.float32) for k, t in ledger.prepared.reference.tensors.items()}
    out = {"picture": exact["picture"]}
    found = ledger.loss(replace(A, precision="float16"), ASKED[0], exact | {"dc": exact["dc"][:1]}, out)
    rows = {r["node"]: r["parts"]["arithmetic"] for r in found["layers"]}
    assert rows["dc"] is None
    assert rows["fc"] is not None
    assert found["outputs"][0]["rel_l2"] < 1e-6


@pytest.mark.parametrize("text", ["float17", "float16,", " , ", ""])
def test_precisions_are_checked(text):
    if text == "float16,":
        assert chosen_precisions(text, ()) == (PRECISIONS["float16"],)
        return
    with pytest.raises(BadInput, match=r"accepted: .*float16"):
        chosen_precisions(text, ("float16",))


def test_precisions_have_a_default():
    assert [p.name for p in chosen_precisions(None, ("float16", "bfloat16"))] == ["float16", "bfloat16"]
    assert [p.name for p in chosen_precisions("tf32, float64,tf32", ())] == ["tf32", "float64"]


def test_emulation_is_no_target_to_name():
    with pytest.raises(BadInput, match="emulation"):
        Target.parse("emulation")
