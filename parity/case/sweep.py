"""One case file, many cases: combinations of values, their ids, and where the values go."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

from parity.case.build import layer_names
from parity.case.model import Sweep
from parity.errors import BadInput

LIMIT = 1000
"""Cases one sweep may make."""


def label(value: Any) -> str:
    """A value in an id: ``2x1``, ``1_2x0_1``, ``true``. No "=", no "::", no spaces: pytest's -k must take it."""
    if isinstance(value, list):
        return "x".join("_".join(map(label, v)) if isinstance(v, list) else label(v) for v in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "".join(c if c.isalnum() or c in ".-+" else "_" for c in str(value))


def combinations(sweep: Sweep) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every (id, key → value) of a sweep.

    Raises:
        BadInput: lists of a zip differ in length, an exclusion matches nothing, too many cases, an id twice.
    """
    axes: list[list[dict[str, Any]]] = []
    if sweep.zip:
        lengths = {k: len(v) for k, v in sweep.zip.items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{k} has {n}" for k, n in lengths.items())
            raise BadInput(f"the lists must have one length: {found}", path="sweep.zip")
        axes.append([dict(zip(sweep.zip, values, strict=True)) for values in zip(*sweep.zip.values(), strict=True)])
    axes += [[{k: v} for v in values] for k, values in (sweep.product or {}).items()]
    if not axes:
        raise BadInput("give product or zip", path="sweep")
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > LIMIT:
        raise BadInput(f"makes {count} cases, {LIMIT} are accepted", path="sweep")
    used, ids = [False] * len(sweep.exclude), set()
    for parts in itertools.product(*axes):
        chosen = {k: v for part in parts for k, v in part.items()}
        hits = [all(k in chosen and chosen[k] == v for k, v in ex.items()) for ex in sweep.exclude]
        used = [u or h for u, h in zip(used, hits, strict=True)]
        if any(hits):
            continue
        name = ",".join(_labels(parts))
        if name in ids:
            raise BadInput(f"two cases have the id {name!r}", path="sweep")
        ids.add(name)
        yield name, {k: v for k, v in chosen.items() if k != "id"}
    for i, hit in enumerate(used):
        if not hit:
            raise BadInput(f"matches no case: {sweep.exclude[i]}", path=f"sweep.exclude.{i}")
    if not ids:
        raise BadInput("no case is left", path="sweep.exclude")


def _labels(parts: tuple[dict[str, Any], ...]) -> Iterator[str]:
    """The pieces of an id: a zip's own id where it has one, else ``parameter-value``."""
    last = [k.split(".")[-1] for part in parts for k in part]
    for part in parts:
        if "id" in part:
            yield label(part["id"])
            continue
        for key, value in part.items():
            short = key.split(".")[-1]
            yield f"{short if last.count(short) == 1 else key.replace('.', '_')}-{label(value)}"


def override(data: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The case file's data with the values put where their keys point.

    Raises:
        BadInput: a key that points nowhere.
    """
    data = copy.deepcopy(data)
    data.pop("sweep", None)
    names = layer_names(data["layers"])
    for key, value in values.items():
        first, *rest = key.split(".")
        if first in names and len(rest) == 1:
            data["layers"][names.index(first)][rest[0]] = value
            continue
        owner: Any = data
        for step in (first, *rest)[:-1]:
            owner = owner.get(step) if isinstance(owner, dict) else None
        if not isinstance(owner, dict) or first not in ("inputs", "seed", "weights", "outputs"):
            raise BadInput(
                f"points nowhere; keys are <layer>.<parameter> with a layer of {', '.join(names)}, "
                "inputs.<name>.<key>, outputs, weights.<key> or seed",
                path=f"sweep.{key}",
            )
        owner[key.split(".")[-1]] = value
    return data
