"""One case file, many cases: combinations of values, their ids, and where the values go."""

from __future__ import annotations

import copy
import fnmatch
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parity.case.build import layer_names
from parity.case.model import CaseFile, Sweep
from parity.errors import BadInput, listed, near, shown

LIMIT = 1000
"""Cases one sweep may make."""
LIMIT_ID = 150
"""Characters of an id."""
OUTSIDE_LAYERS = ("inputs", "outputs", "seed", "weights")
"""What keys of a sweep may begin with, beside the names of layers."""


@dataclass(frozen=True)
class Variant:
    """One case of a sweep.

    Args:
        id: ``stride-2x1,groups-2``.
        values: key → value.
        origins: key → path of that value in the file, ``sweep.product.conv.stride.1``.
    """

    id: str
    values: dict[str, Any]
    origins: dict[str, str]


def label(value: Any) -> str:
    """A value in an id: ``2x1``, ``1_2x0_1``, ``true``. No "=", no "::", no spaces: pytest's -k must take it."""
    if isinstance(value, list):
        return "x".join("_".join(map(label, v)) if isinstance(v, list) else label(v) for v in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "".join(c if c.isalnum() or c in ".-+" else "_" for c in str(value))


def variants(sweep: Sweep) -> Iterator[Variant]:
    """Every case of a sweep.

    Raises:
        BadInput: lists of a zip differ in length, an exclusion matches nothing, too many cases, an id twice.
    """
    axes = list(_axes(sweep))
    if (count := math.prod(map(len, axes))) > LIMIT:
        raise BadInput(f"makes {count:,} cases, at most {LIMIT:,} are accepted", path="sweep")
    unused, ids = set(range(len(sweep.exclude))), set[str]()
    for parts in itertools.product(*axes):
        chosen = {k: v for part in parts for k, (v, _) in part.items()}
        hits = {i for i, ex in enumerate(sweep.exclude) if all(k in chosen and chosen[k] == v for k, v in ex.items())}
        unused -= hits
        if hits:
            continue
        name = ",".join(_labels([{k: v for k, (v, _) in part.items()} for part in parts]))
        if name in ids:
            raise BadInput(f"two cases have the id {name!r}; a zip may name its cases with the key id", path="sweep")
        if not 0 < len(name) <= LIMIT_ID:
            text = f"the id {shown(name)} has {len(name)} characters, 1 to {LIMIT_ID} are accepted"
            raise BadInput(f"{text}; a zip may name its cases with the key id", path="sweep")
        ids.add(name)
        origins = {k: origin for part in parts for k, (_, origin) in part.items()}
        yield Variant(name, {k: v for k, v in chosen.items() if k != "id"}, origins)
    for i in sorted(unused):
        known = {k for axis in axes for k in axis[0]}
        strange = [k for k in sweep.exclude[i] if k not in known]
        hint = f"; {strange[0]} is not swept{near(strange[0], known)}" if strange else ""
        raise BadInput(f"{shown(sweep.exclude[i])} matches none of the {count} cases{hint}", path=f"sweep.exclude.{i}")
    if not ids:
        raise BadInput(f"leaves none of the {count} cases", path="sweep.exclude")


def _axes(sweep: Sweep) -> Iterator[list[dict[str, tuple[Any, str]]]]:
    """What varies independently: the steps of the zip, and each list of the product. Key → (value, its path)."""
    zipped, product = sweep.zip or {}, sweep.product or {}
    if not zipped and not product:
        raise BadInput("found neither product nor zip; one of them is needed", path="sweep")
    for key in product:
        if key in zipped or key == "id":
            why = "id names the cases of a zip" if key == "id" else "stands in zip too"
            raise BadInput(f"{why}; a key is swept once", path=f"sweep.product.{key}")
    if len({len(v) for v in zipped.values()}) > 1:
        found = listed(f"{k} has {len(v)}" for k, v in zipped.items())
        raise BadInput(f"the lists must have the same length; found: {found}", path="sweep.zip")
    if zipped:
        steps = range(len(next(iter(zipped.values()))))
        yield [{k: (v[i], f"sweep.zip.{k}.{i}") for k, v in zipped.items()} for i in steps]
    for key, values in product.items():
        yield [{key: (v, f"sweep.product.{key}.{i}")} for i, v in enumerate(values)]


def _labels(parts: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The pieces of an id: a zip's own id where it has one, else ``parameter-value``."""
    last = [k.split(".")[-1] for part in parts for k in part]
    for part in parts:
        if "id" in part:
            yield label(part["id"])
            continue
        for key, value in part.items():
            short = key.split(".")[-1]
            yield f"{label(short if last.count(short) == 1 else key.replace('.', '_'))}-{label(value)}"


def override(data: dict[str, Any], variant: Variant) -> tuple[dict[str, Any], dict[str, str]]:
    """The case file's data with the values put where their keys point.

    Returns:
        The data, and path written to → path of the sweep's value.

    Raises:
        BadInput: a key that points nowhere.
    """
    data = copy.deepcopy(data)
    data.pop("sweep", None)
    names = layer_names(data["layers"])
    written = {}
    for key, value in variant.values.items():
        first, *rest = key.split(".")
        if first in names and len(rest) == 1:
            data["layers"][names.index(first)][rest[0]] = value
            written[f"layers.{key}"] = variant.origins[key]
            continue
        owner: Any = data
        for step in (first, *rest)[:-1]:
            owner = owner.get(step) if isinstance(owner, dict) else None
        if not isinstance(owner, dict) or first not in OUTSIDE_LAYERS:
            hint = near(first, [*names, *OUTSIDE_LAYERS]) if first not in OUTSIDE_LAYERS else ""
            raise BadInput(
                f"the key {key!r} points nowhere{hint}; keys are LAYER.PARAMETER with a layer of {listed(names)}, "
                "inputs.NAME.KEY, outputs, seed or weights.KEY",
                path=variant.origins[key].rpartition(".")[0],
            )
        owner[key.split(".")[-1]] = value
        written[key] = variant.origins[key]
    return data, written


def check_wildcards(case: CaseFile, ids: Sequence[str]) -> None:
    """Refuse a known failure, or a loosened bound, of a case that there is not.

    Args:
        ids: of the sweep's cases; one empty id without a sweep.

    Raises:
        BadInput: a wildcard that fits none of them.
    """
    wildcards = [(f"expect.{i}.case", e.case) for i, e in enumerate(case.expect)]
    wildcards += [(f"loosen.{i}.case", e.case) for i, e in enumerate(case.loosen)]
    for path, wildcard in wildcards:
        if not any(fnmatch.fnmatchcase(name, wildcard) for name in ids):
            known = "without a sweep, leave it out" if ids == [""] else f"there are {listed(ids, 8)}"
            raise BadInput(f"no case fits {wildcard!r}; {known}", path=path)
