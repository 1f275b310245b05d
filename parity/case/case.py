"""Cases: what a case file says, checked, with its arrays."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from parity.case import model
from parity.case.build import build_graph, layer_names
from parity.case.inputs import FileInput, load_array
from parity.case.sweep import combinations, override
from parity.case.validation import validated
from parity.case.weights import drawn, from_file
from parity.case.yamlfile import Document, read
from parity.draw import draw
from parity.errors import BadInput
from parity.graph import Graph
from parity.layers import Spec
from parity.targets import ALL, Target, matches, select


@dataclass(frozen=True)
class Case:
    """One network with its data: a case file, or one variant of a sweep.

    Args:
        id: ``layers/conv2d[stride-2x1]``; the file's place under the cases folder, and the sweep's values.
        file: as the user named it.
        spec: the validated file, this variant's values put in.
        graph: the network.
    """

    id: str
    file: Path
    spec: model.CaseFile
    graph: Graph

    @property
    def variant(self) -> str:
        """The part of the id in brackets, empty without a sweep."""
        return self.id.partition("[")[2].rstrip("]")

    @property
    def targets(self) -> tuple[Target, ...]:
        """Targets it is meant for."""
        return select(self.spec.targets) if self.spec.targets else ALL

    def expected(self, target: Target) -> model.Expect | None:
        """The known failure on this target."""
        for e in self.spec.expect:
            if matches(target, e.target) and fnmatch.fnmatchcase(self.variant, e.case):
                return e
        return None

    def inputs(self) -> dict[str, np.ndarray]:
        """Input name → array.

        Raises:
            BadInput: a file is not what the case says.
        """
        out = {}
        for name, spec in self.spec.inputs.items():
            out[name] = _input(spec, self.file.parent, self.spec.seed, name)
        return out

    def weights(self) -> dict[str, np.ndarray]:
        """Network weight name → float32 array.

        Raises:
            BadInput: the file is not what the network needs.
        """
        spec = self.spec.weights
        try:
            if spec and spec.file:
                return from_file(self.graph, spec, self.file.parent)
            return drawn(self.graph, spec, self.spec.seed)
        except BadInput as error:
            raise error.within(file=str(self.file)) from None


def _input(spec: model.RandomInput | FileInput, base: Path, seed: int, name: str) -> np.ndarray:
    if isinstance(spec, FileInput):
        try:
            return load_array(spec, base)
        except BadInput as error:
            raise error.within(path=f"inputs.{name}") from None
    return draw(spec.as_distribution(), spec.shape, spec.dtype, "input", seed, name)


@functools.cache
def _adapter() -> TypeAdapter:
    return TypeAdapter(model.CaseFile)


def load(path: Path, root: Path | None = None) -> tuple[Case, ...]:
    """All cases of a file.

    Args:
        path: a case file.
        root: folder the ids are relative to; the file's own by default.

    Raises:
        BadInput: file, line, path in it, what was found, what would be accepted.
    """
    document = read(path)
    stem = path.relative_to(root).with_suffix("").as_posix() if root and path.is_relative_to(root) else path.stem
    try:
        return tuple(_cases(document, path, stem))
    except BadInput as error:
        keys = _keys(document.data, error.path)
        raise error.within(file=str(path), line=document.line(keys)) from None


def _cases(document: Document, path: Path, stem: str) -> Iterator[Case]:
    data = document.data
    if not isinstance(data, dict):
        raise BadInput("expected a mapping with the keys " + ", ".join(model.CaseFile.model_fields))
    whole = _validated(data)
    if whole.sweep is None:
        yield _case(stem, path, data, whole)
        return
    for name, values in combinations(whole.sweep):
        changed = override(data, values)
        try:
            yield _case(f"{stem}[{name}]", path, changed, _validated(changed))
        except BadInput as error:
            raise BadInput(
                f"{error.message} (in the case [{name}])", path=error.path, file=error.file, line=error.line
            ) from None


def _validated(data: dict[str, Any]) -> model.CaseFile:
    return validated(_adapter(), data, ", ".join(model.CaseFile.model_fields), "a case")


def _case(id_: str, path: Path, data: dict[str, Any], spec: model.CaseFile) -> Case:
    specs = {}
    for name, given in spec.inputs.items():
        if isinstance(given, FileInput) and given.shape is None:
            array = _input(given, path.parent, spec.seed, name)
            specs[name] = Spec(array.shape, array.dtype.name)
        else:
            specs[name] = Spec(tuple(given.shape or ()), given.dtype)
        if specs[name].dtype not in ("float32", "int32"):
            raise BadInput(f"found {specs[name].dtype}, a network reads float32 or int32", path=f"inputs.{name}.dtype")
    graph = build_graph(data["layers"], specs, spec.outputs)
    case = Case(id_, path, spec, graph)
    try:
        _ = case.targets
    except BadInput as error:
        raise error.within(path="targets") from None
    for i, expect in enumerate(spec.expect):
        if not any(matches(t, expect.target) for t in ALL):
            raise BadInput(
                f"no target matches {expect.target!r}; there are {', '.join(map(str, ALL))}", path=f"expect.{i}.target"
            )
    return case


def _keys(data: Any, path: str) -> tuple[str | int, ...]:
    """A path as people read it, ``layers.conv1.kernel``, as keys of the document."""
    keys: list[str | int] = []
    here = data
    for i, step in enumerate(path.split(".") if path else ()):
        if isinstance(here, list):
            try:
                names = layer_names(here) if keys == ["layers"] else []
            except BadInput:
                names = []
            index = names.index(step) if step in names else int(step) if step.isdigit() else -1
            if not 0 <= index < len(here):
                break
            keys.append(index)
            here = here[index]
        elif isinstance(here, dict):
            rest = ".".join(path.split(".")[i:])
            key = rest if rest in here else step
            keys.append(key)
            here = here.get(key)
        else:
            break
    return tuple(keys)


def find(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """(case file, folder its id is relative to) for files and folders of them.

    Raises:
        BadInput: a path that is not there, or a folder without case files.
    """
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*.yaml") if p.is_file())
            if not files:
                raise BadInput(f"no *.yaml in the folder {path}")
            yield from ((f, _root(f)) for f in files)
        elif path.exists():
            yield path, _root(path)
        else:
            raise BadInput(f"there is no file or folder {path}")


def _root(path: Path) -> Path:
    """The nearest folder called cases above a file, else the file's own: ids stay the same however it is named."""
    for parent in path.parents:
        if parent.name == "cases" or parent.resolve().name == "cases":
            return parent
    return path.parent
