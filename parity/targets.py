"""Targets: engine, device, precision, written ``engine@device:precision``."""

from __future__ import annotations

import fnmatch
import importlib.util
import itertools
from dataclasses import dataclass

from parity import cuda
from parity.engines import DIALECTS, ENGINES, GPU, ON_GPU, REQUIRES
from parity.errors import BadInput, near
from parity.precision import PRECISIONS, Precision

DEVICES = ("cpu", "gpu")
DEFAULT = ("chainer", "keras-tensorflow", "keras-jax", "onnxruntime", "onnx-reference")
"""Engines that run where no target is named."""


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

    @property
    def exists(self) -> bool:
        """Whether the engine can be on the device at all; some are on a CPU by what they are."""
        return self.device == "cpu" or self.engine in GPU

    @property
    def computes(self) -> Precision:
        """What its precision means."""
        return PRECISIONS[self.precision]

    @property
    def machine(self) -> Target:
        """Engine and device alone: one process serves all precisions."""
        return Target(self.engine, self.device)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``engine[@device][:precision]``.

        Raises:
            BadInput: an unknown part; the known ones are listed.
        """
        target = cls(*_parts(text))
        for part, known in zip((target.engine, target.device, target.precision), KNOWN, strict=True):
            if part not in known:
                raise BadInput(
                    f"unknown target {text!r}: found {part!r}{near(part, known)}, accepted are {', '.join(known)}"
                )
        if not target.exists:
            raise BadInput(f"unknown target {text!r}: on a GPU run {', '.join(GPU)}")
        return target


KNOWN = (tuple(ENGINES), DEVICES, tuple(PRECISIONS))
"""Engines, devices, precisions."""
ALL = tuple(Target(engine) for engine in DEFAULT)
"""Where no target is named."""


def _parts(text: str) -> tuple[str, str, str]:
    rest, _, precision = text.partition(":")
    engine, _, device = rest.partition("@")
    return engine, device or "cpu", precision or "float32"


def select(patterns: list[str] | tuple[str, ...]) -> tuple[Target, ...]:
    """Targets that patterns name, each part by itself: ``keras-*``, ``chainer@gpu``, ``*@cpu:*float16``.

    A part that is left out is the CPU, and float32. Wildcards name the default engines, and others if they are here.

    Raises:
        BadInput: a pattern matches nothing.
    """
    found: dict[Target, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(_named(pattern)))
    return tuple(found)


def _named(pattern: str) -> tuple[Target, ...]:
    parts = _parts(pattern)
    engines = [e for e in KNOWN[0] if e == parts[0] or e in DEFAULT or not missing(Target(e))]
    choices = [fnmatch.filter(k, p) for k, p in zip((engines, *KNOWN[1:]), parts, strict=True)]
    for part, known, hits in zip(parts, KNOWN, choices, strict=True):
        if not hits:
            raise BadInput(
                f"no target matches {pattern!r}: found {part!r}{near(part, known)}, accepted are {', '.join(known)}"
            )
    found = tuple(t for t in (Target(*parts) for parts in itertools.product(*choices)) if t.exists)
    if not found:
        raise BadInput(f"no target matches {pattern!r}: on a GPU run {', '.join(GPU)}")
    return found


def matches(target: Target, pattern: str) -> bool:
    """Whether a pattern names the target; one without device and precision names the CPU and float32 alone."""
    parts = zip((target.engine, target.device, target.precision), _parts(pattern), strict=True)
    return all(fnmatch.fnmatchcase(own, wanted) for own, wanted in parts)


def missing(target: Target) -> str | None:
    """Why the target cannot run here, from the driver and installed packages alone; None where it may."""
    if target.device == "gpu" and (why := cuda.missing()):
        return why
    needed = (*REQUIRES[target.engine], *(ON_GPU.get(target.engine, ()) if target.device == "gpu" else ()))
    absent = [m for m in needed if importlib.util.find_spec(m) is None]
    return f"package {' and '.join(absent)} is not installed" if absent else None
