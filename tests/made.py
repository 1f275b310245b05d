"""Records and files of results, made without running anything."""

from __future__ import annotations

from parity.results import Writer, run_record

HASH = {"inputs": "1", "weights": "2", "graph": "3"}


def run(environment="here", started="2026-11-26T12:00:00+00:00"):
    return run_record() | {"environment": environment, "started": started}


def target(environment="here", name="chainer@cpu", **versions):
    facts = {"versions": {"chainer": "7.8.1"} | versions, "mode": ""}
    return {"kind": "target", "target": name, "environment": environment, "status": "ready", "facts": facts}


def case(name="a", **hashes):
    return {"kind": "case", "case": name, "hash": HASH | hashes, "network": "n"}


def cell(name="a", target="chainer@cpu", environment="here", verdict="equal", **hashes):
    return {
        "kind": "cell", "case": name, "target": target, "environment": environment, "verdict": verdict, "ok": True,
        "hash": HASH | hashes, "network": "n", "note": "Grüße",
    }  # fmt: skip


def write(folder, *found, resume=False):
    with Writer(folder, resume=resume) as writer:
        for record in found:
            writer.add(record)


def timing(target="chainer@cpu", batch=None, threads=2, **more):
    return {"kind": "timing", "case": "a", "target": target, "environment": "here", "network": "n", "batch": batch,
            "threads": threads, **more}  # fmt: skip


def loss(target="chainer@cpu:float16", **more):
    return {"kind": "loss", "case": "a", "target": target, "environment": "here", "network": "n", **more}
