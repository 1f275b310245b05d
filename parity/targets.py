"""Targets: engine, device, precision, written ``engine@device:precision``."""

from __future__ import annotations

import fnmatch
import importlib.util
from dataclasses import dataclass

from parity import cuda
from parity.engines import DEFAULT, DIALECTS, ENGINES, GPU, ON_GPU, REQUIRES
from parity.errors import BadInput

DEVICES = ("cpu", "gpu")
PRECISIONS = ("float32",)


@dataclass(frozen=True)
class Target:
    """Where a case runs."""

    engine: str
    device: str = "cpu"
    precision: str = "float32"

    def __str__(self) -> str:
        return f"{self.engine}@{self.device}" + ("" if self.precision == "float32" else f":{self.precision}")

    @property
    def dialect(self) -> str:
        """The dialect its engine runs."""
        return DIALECTS[self.engine]

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``engine[@device][:precision]``.

        Raises:
            BadInput: an unknown part; the known ones are listed.
        """
        rest, _, precision = text.partition(":")
        engine, _, device = rest.partition("@")
        target = cls(engine, device or "cpu", precision or "float32")
        for part, known in ((engine, ENGINES), (target.device, DEVICES), (target.precision, PRECISIONS)):
            if part not in known:
                raise BadInput(f"unknown target {text!r}: found {part!r}, accepted are {', '.join(known)}")
        return target


ALL = tuple(Target(engine) for engine in DEFAULT)
KNOWN = (*(Target(e) for e in ENGINES), *(Target(e, "gpu") for e in GPU))


def select(patterns: list[str] | tuple[str, ...], among: tuple[Target, ...] = KNOWN) -> tuple[Target, ...]:
    """Targets whose name matches one of the patterns (``keras-*``, ``onnxruntime``, ``*@cpu``).

    Raises:
        BadInput: a pattern matches nothing.
    """
    found: dict[Target, None] = {}
    for pattern in patterns:
        hits = [t for t in among if matches(t, pattern)]
        if not hits:
            raise BadInput(f"no target matches {pattern!r}; there are {', '.join(map(str, among))}")
        found.update(dict.fromkeys(hits))
    return tuple(found)


def matches(target: Target, pattern: str) -> bool:
    """Whether the pattern is the target's name, its engine's, or a wildcard over either."""
    return fnmatch.fnmatchcase(str(target), pattern) or fnmatch.fnmatchcase(target.engine, pattern)


def missing(target: Target) -> str | None:
    """Why the target cannot run here, from installed packages alone; None where it may."""
    if target.device == "gpu" and (why := cuda.missing()):
        return why
    needed = (*REQUIRES[target.engine], *(ON_GPU.get(target.engine, ()) if target.device == "gpu" else ()))
    absent = [m for m in needed if importlib.util.find_spec(m) is None]
    return f"package {' and '.join(absent)} is not installed" if absent else None
