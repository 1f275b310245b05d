"""The weights of a case: drawn, or read from a file that must hold exactly what the network needs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from parity.case import model
from parity.case.arrayfile import read_npz_all
from parity.draw import WEIGHTS, Distribution, draw, kernel_distribution
from parity.errors import BadInput
from parity.graph import LIMIT, Graph
from parity.layers import Weight


def drawn(graph: Graph, spec: model.Weights | None, seed: int) -> dict[str, np.ndarray]:
    """Network weight name → float32 array, drawn.

    Raises:
        BadInput: the case names a role or weight that the network does not have.
    """
    chosen = dict(spec.random or {}) if spec else {}
    known = {w.role for w in graph.weights.values()} | set(graph.weights)
    for name in chosen:
        if name not in known:
            raise BadInput(
                f"no weight or role {name!r} in this network; there are {', '.join(sorted(known))}",
                path="weights.random",
            )
    out = {}
    for name, weight in graph.weights.items():
        how = _distribution(weight, chosen.get(name) or chosen.get(weight.role))
        out[name] = draw(how, weight.shape, "float32", "weight", seed, name)
    return out


def _distribution(weight: Weight, stated: model.RandomWeight | None) -> Distribution:
    if stated is None:
        return WEIGHTS.get(weight.role) or kernel_distribution(weight.fan_in)
    scale = stated.scale or math.sqrt((6 if stated.distribution == "uniform" else 2) / max(weight.fan_in, 1))
    return Distribution(stated.distribution, stated.mean, scale)


def from_file(graph: Graph, spec: model.Weights, base: Path) -> dict[str, np.ndarray]:
    """Network weight name → float32 array, from a .safetensors or .npz file.

    Raises:
        BadInput: the file is not there, not readable, not the one whose hash is stated, or its tensors are not exactly
            those of the network.
    """
    assert spec.file is not None
    path = base / spec.file
    try:
        if spec.sha256 and (found := hashlib.sha256(path.read_bytes()).hexdigest()) != spec.sha256:
            raise BadInput(f"{spec.file} has SHA-256 {found}, the case states {spec.sha256}", path="weights.sha256")
        arrays = _read(path)
    except FileNotFoundError:
        how = "; run parity train to make it" if spec.trained else ""
        raise BadInput(f"there is no file {path}{how}", path="weights.file") from None
    except (OSError, SafetensorError) as error:
        raise BadInput(f"{path} cannot be read: {error}", path="weights.file") from None
    wanted = {name: weight.shape for name, weight in graph.weights.items()}
    compare_names(wanted, arrays, spec.file)
    for name, array in arrays.items():
        if array.shape != wanted[name]:
            raise BadInput(
                f"{spec.file}: {name} has shape {list(array.shape)}, the network needs {list(wanted[name])}",
                path="weights.file",
            )
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise BadInput(f"{spec.file}: {name} must hold finite floats, found {array.dtype}", path="weights.file")
    return {name: np.ascontiguousarray(arrays[name], np.float32) for name in wanted}


def compare_names(wanted: Mapping[str, object], found: Mapping[str, object], file: str) -> None:
    """Both must have the same names.

    Raises:
        BadInput: those that miss and those that are too many.
    """
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or extra:
        parts = [f"misses {', '.join(missing)}"] * bool(missing)
        parts += [f"has {', '.join(extra)}, which the network does not"] * bool(extra)
        raise BadInput(f"{file} {' and '.join(parts)}", path="weights.file")


def _read(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".npz":
        return read_npz_all(path, limit=LIMIT)
    if path.suffix != ".safetensors":
        raise BadInput(f"found {path.name!r}, expected a .safetensors or .npz file", path="weights.file")
    with safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dict
