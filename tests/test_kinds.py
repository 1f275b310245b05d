"""Records that lack what their kind must say are told as such; those that have it are enough for every page."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from parity.cli import app
from parity.errors import BadInput
from parity.kinds import MEASURED, REQUIRED, lacking
from parity.results import FILE, read, run_record

HASH = {"inputs": "1", "weights": "2"}
CARD = {"name": "Invented", "memory": 1 << 34, "capability": "9.0", "driver": "580", "cuda": "13.0"}
WHOLE = {
    "run": {k: v for k, v in run_record().items() if k != "cpus"},
    "target": {"kind": "target", "environment": "here", "target": "chainer@gpu", "status": "ready",
               "facts": {"versions": {"chainer": "7.8.1"}, "mode": "as it is", "gpu": CARD}},
    "case": {"kind": "case", "case": "a", "hash": HASH},
    "cell": {"kind": "cell", "environment": "here", "case": "a", "target": "chainer@gpu", "verdict": "crashed",
             "ok": False, "hash": HASH},
    "loss": {"kind": "loss", "case": "a", "target": "chainer@cpu:float16"},
    "sensitivity": {"kind": "sensitivity", "case": "a", "precision": "float16"},
    "timing": {"kind": "timing", "case": "a", "target": "chainer@cpu"},
}  # fmt: skip


def without(record, path):
    """A copy without one key, which may lie deeper."""
    made = json.loads(json.dumps(record))
    *outer, last = path.split(".")
    holder = made
    for key in outer:
        holder = holder[key]
    del holder[last]
    return made


def keys(record, before=""):
    for key, value in record.items():
        yield before + key
        if isinstance(value, dict) and key in ("facts", "gpu"):
            yield from keys(value, f"{before}{key}.")


def test_every_kind_has_its_keys():
    assert set(WHOLE) == set(REQUIRED)
    assert set(MEASURED) <= set(REQUIRED)


@pytest.mark.parametrize(("kind", "key"), [(k, key) for k, r in WHOLE.items() for key in keys(r)
                                           if key not in ("kind", "schema")])  # fmt: skip
def test_what_lacks_a_key_says_which(tmp_path, kind, key):
    assert lacking(WHOLE[kind]) == ""
    (tmp_path / FILE).write_text("\n".join(map(json.dumps, [WHOLE["case"], without(WHOLE[kind], key), WHOLE["case"]])))
    said = "reason" if key == "status" else key  # without it a target was not ready
    with pytest.raises(BadInput, match=f"a record of kind '{kind}' lacks ({said}|{key}), ") as caught:
        read(tmp_path)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / FILE), 2)


def test_a_key_of_another_type_is_told():
    assert lacking(WHOLE["case"] | {"hash": "1"}) == "hash, an object"
    assert lacking(WHOLE["cell"] | {"ok": "yes"}) == "ok, true or false"
    assert lacking(WHOLE["target"] | {"status": "skipped"}) == "reason, a string"


def test_a_kind_of_a_later_version_is_let_be():
    assert lacking({"kind": "energy"}) == ""


@pytest.mark.parametrize("kinds", [["run", "case", kind] for kind in WHOLE] + [list(WHOLE)])
def test_what_has_them_is_enough_for_the_page(tmp_path, kinds):
    """No key but the required ones, alone and all together; the GPU's page too, where there is a target of one."""
    (tmp_path / FILE).write_text("\n".join(json.dumps(WHOLE[kind]) for kind in kinds) + "\n")
    run = CliRunner().invoke
    made = run(app, ["report", str(tmp_path), "--out", str(tmp_path / "page")], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    if "target" in kinds:
        made = run(app, ["gpu", str(tmp_path), "--out", str(tmp_path / "page.md")], catch_exceptions=False)
        assert made.exit_code == 0, made.output


FINDING = {"tensor": "y", "verdict": "rounding", "nodes": ["y"], "metrics": None, "message": ""}
SPREAD = {"zero": 1, "from": 0, "counts": []}


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        ({"layers": [FINDING, {**FINDING, "tensor": None}]}, "layers.1.tensor, a string"),
        ({"final": [{k: v for k, v in FINDING.items() if k != "metrics"}]}, "final.0.metrics, an object or null"),
        ({"final": [{**FINDING, "metrics": [1]}]}, "final.0.metrics, an object or null"),
        ({"final": [{**FINDING, "nodes": "y"}]}, "final.0.nodes, a list"),
        ({"final": ["y"]}, "final.0.tensor, a string"),
        ({"final": {"y": FINDING}}, "final, a list"),
        ({"probe": {"layers": [{**FINDING, "verdict": 1}]}}, "probe.layers.0.verdict, a string"),
        ({"probe": [FINDING]}, "probe, an object"),
        ({"message": None}, "message, a string"),
        ({"final": [{**FINDING, "spread": {"zero": 1}}]}, "final.0.spread.from, a whole number"),
        ({"final": [{**FINDING, "spread": None}]}, "final.0.spread.zero, a whole number"),
    ],
)
def test_damaged_findings_are_told_with_their_place(damaged, said):
    assert lacking({**WHOLE["cell"], "final": [{**FINDING, "spread": SPREAD}]}) == ""
    assert lacking({**WHOLE["cell"], **damaged}) == said
