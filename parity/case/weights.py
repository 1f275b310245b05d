"""The weights of a case: drawn, or read from a file that must hold exactly what the network needs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import safe_open

from parity.case import model
from parity.case.arrayfile import read_npz_all
from parity.case.files import decoding, obstacle
from parity.draw import WEIGHTS, Distribution, draw, kernel_distribution
from parity.errors import BadInput, listed, near
from parity.graph import LIMIT, Graph
from parity.layers import Weight


def check_names(graph: Graph, spec: model.Weights | None) -> None:
    """Refuse distributions for what the network does not have.

    Raises:
        BadInput: a name that is neither a role nor a weight of the network.
    """
    known = sorted({w.role for w in graph.weights.values()}) + list(graph.weights)
    for name in (spec.random if spec else None) or ():
        if name not in known:
            text = f"this network has no weight or role {name!r}{near(name, known)}; there are {listed(known)}"
            raise BadInput(text, path=f"weights.random.{name}")


def drawn(graph: Graph, spec: model.Weights | None, seed: int) -> dict[str, np.ndarray]:
    """Network weight name → float32 array, drawn."""
    chosen = dict(spec.random or {}) if spec else {}
    out = {}
    for name, weight in graph.weights.items():
        how = _distribution(weight, chosen.get(name) or chosen.get(weight.role))
        out[name] = draw(how, weight.shape, "float32", "weight", seed, name)
        _check_variance(weight, out[name], name, "weights.random")
    return out


def _check_variance(weight: Weight, array: np.ndarray, name: str, path: str) -> None:
    """Below zero its root is NaN, on every side alike, and two NaNs prove nothing."""
    if weight.role == "variance" and (low := array.min()) < 0:
        raise BadInput(f"{name} has the variance {low:.6g}; variances are not negative", path=path)


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
        arrays = _read(path, spec.sha256)
    except BadInput as error:
        how = "; parity train makes it" if spec.trained and not path.exists() else ""
        raise BadInput(error.message + how, path=error.path or "weights.file") from None
    wanted = {name: weight.shape for name, weight in graph.weights.items()}
    compare_names(wanted, arrays, spec.file)
    out = {}
    for name, shape in wanted.items():
        array = arrays[name]
        if array.shape != shape:
            text = f"{spec.file}: {name} has shape {list(array.shape)}, the network needs {list(shape)}"
            raise BadInput(text, path="weights.file")
        with np.errstate(over="ignore"):  # what overflows is refused below
            out[name] = np.ascontiguousarray(array, np.float32)
        if array.dtype.kind != "f" or not np.isfinite(out[name]).all():
            text = f"{spec.file}: {name} ({array.dtype}) must hold floats that are finite in float32"
            raise BadInput(text, path="weights.file")
        _check_variance(graph.weights[name], out[name], name, "weights.file")
    return out


def compare_names(wanted: Mapping[str, object], found: Mapping[str, object], file: str) -> None:
    """Both must have the same names.

    Raises:
        BadInput: those that are missing and those that are too many.
    """
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or extra:
        parts = [f"misses {listed(missing)}"] * bool(missing)
        parts += [f"has {listed(extra)}, which the network has not"] * bool(extra)
        raise BadInput(f"{file} {' and '.join(parts)}", path="weights.file")


def _read(path: Path, sha256: str | None) -> dict[str, np.ndarray]:
    if path.suffix not in (".npz", ".safetensors"):
        raise BadInput(f"found {path.name!r}, accepted: a .safetensors or .npz file")
    if problem := obstacle(path):
        raise BadInput(f"{path}: {problem}")
    if sha256:
        with decoding(path), path.open("rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != sha256:
            raise BadInput(f"{path} has SHA-256 {found}, the case states {sha256}", path="weights.sha256")
    if path.suffix == ".npz":
        return read_npz_all(path, limit=LIMIT)
    with decoding(path), safe_open(path, framework="np") as tensors:
        return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118  not a dict
