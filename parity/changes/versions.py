"""What a result was computed with, and how that changed."""

from __future__ import annotations

from collections.abc import Mapping

from parity.results import Results
from parity.story.words import listing

Step = tuple[str | None, str | None]
"""A version before and after; None where there is none."""
OWN = ("Python", "parity", "platform", "cores")
"""What is said of a run beside its packages."""


def versions(results: Results, environment: str, target: str) -> dict[str, str]:
    """Name → version of all that may change what a target computes: its packages, Python, parity and the machine.

    Args:
        target: whose packages; of one that the results say nothing of there are none.
    """
    run = results.runs.get(environment, {})
    facts = results.targets.get((environment, target), {}).get("facts") or {}
    found = {str(k): str(v) for k, v in (facts.get("versions") or {}).items()}
    if "numpy" in run:
        found.setdefault("numpy", str(run["numpy"]))
    gpu = facts.get("gpu") or {}
    found |= {k: str(gpu[k]) for k in ("name", "driver", "cuda") if gpu.get(k)}
    own = zip(OWN, (run.get(k) for k in ("python", "parity", "platform", "cpus")), strict=True)
    return found | {name: str(value) for name, value in own if value is not None}


def are_told(results: Results, environment: str, target: str) -> bool:
    """Whether results say which packages a target has; of one that is skipped or never started they say nothing."""
    facts = results.targets.get((environment, target), {}).get("facts") or {}
    return bool(facts.get("versions"))


def name_of(package: str, version: str | None) -> str:
    """``jax 0.6.0``, ``2 cores``, ``no jax``."""
    if version is None:
        return f"no {package}"
    if package == "platform":
        return version
    return f"{version} {package}" if package == "cores" else f"{package} {version}"


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, Step]:
    """Name → version before and after, of what is not the same; packages first."""
    names = [*sorted({*old, *new} - set(OWN)), *OWN]
    return {n: (old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)}


def between(old: Results, new: Results, pair: tuple[str, str], target: str) -> dict[str, Step]:
    """What changed for a target from one environment to another; of what only one of them tells, nothing is known.

    Args:
        pair: what the old and the new results call the environment.
    """
    one, other = versions(old, pair[0], target), versions(new, pair[1], target)
    if are_told(old, pair[0], target) != are_told(new, pair[1], target):
        one, other = ({n: v for n, v in a.items() if n in b} for a, b in ((one, other), (other, one)))
    return differences(one, other)


def packages(found: Mapping[str, Step]) -> dict[str, Step]:
    """Of differences, those that hold for a target and not for a whole run."""
    return {name: step for name, step in found.items() if name not in OWN}


def steps(found: Mapping[str, Step]) -> str:
    """``jax 0.6.0 → 0.10.0 and numpy 1.26.4 → 2.4.6``; empty where nothing changed."""
    return listing([f"{n} {old or 'none'} → {new or 'none'}" for n, (old, new) in found.items()])
