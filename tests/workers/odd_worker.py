"""A worker whose engine does what the name of the network's first layer says. Run as a script, in place of parity's."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading

import numpy as np

from parity.engines import ENGINES
from parity.engines.base import Unavailable
from parity.workers import worker

hoard = []


class OddModel:
    def __init__(self, what: str):
        self.what = what

    def read(self):
        return {}

    def run(self, inputs):
        what = self.what
        if what == "raises":
            raise RuntimeError("deliberate\nand a second line")
        if what == "picky" and inputs["x"].dtype != np.float32:
            raise TypeError(f"no kernel for {inputs['x'].dtype.name}")
        if what == "hungry":
            raise MemoryError
        if what == "exits":
            sys.exit(3)  # as an exception that no framework should raise
        if what == "aborts":
            os.write(2, b"terminate called after throwing an instance of 'odd'\n")
            os._exit(134)
        if what == "segfaults":
            ctypes.string_at(0)
        if what == "hangs":
            threading.Event().wait()
        if what == "prints":
            print("to stdout")
            print("to stderr", file=sys.stderr)
            for fd in (1, 2):
                os.write(fd, b"x" * 1_000_000)
        if what == "grows":
            hoard.append(np.ones(64 << 20, np.uint8))
        if what == "garbles":
            os.write(int(sys.argv[-1]), b"\x05" + b"\0" * 7 + b"\0" * 8 + b"what?")
        y = np.maximum(inputs["x"], 0)
        if what == "restless":
            hoard.append(np.zeros(0, np.uint8))
            y = y + np.float32(len(hoard) - 1)
        return {what: y.astype(np.longdouble) if what == "longdouble" else y}

    tap = run


class OddEngine:
    dialect = "onnx"
    has_initial_values = False
    full_taps = True
    unrounded: frozenset[str] = frozenset()

    def __init__(self, device: str):
        how = os.environ.get("ODD", "")
        if how == "unavailable":
            raise Unavailable("there is no such card")
        if how == "no-module":
            raise ImportError("No module named 'odd'")
        if how == "raises":
            raise RuntimeError("broken installation")
        if how == "hangs":
            threading.Event().wait()
        self.device = "gpu" if how == "gpu" else device

    def facts(self):
        return {"device": self.device, "full_taps": self.full_taps, "pid": os.getpid(), "files": open_pipes()}

    def build(self, graph, weights, precision="float32"):
        return OddModel(graph.nodes[0].name)


def open_pipes() -> list[str]:
    """The pipes this process holds, as the system names them."""
    found = []
    for fd in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
    return sorted(f for f in found if f.startswith("pipe:"))


if __name__ == "__main__":
    ENGINES["onnx-reference"] = "__main__:OddEngine"
    worker.main(sys.argv[1:])
