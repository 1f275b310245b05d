"""Cases: what a case file says, checked, with its arrays."""

from __future__ import annotations

import fnmatch
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from parity.case import model
from parity.case.build import build_graph, check_layers
from parity.case.inputs import FileInput, load_array
from parity.case.places import Places
from parity.case.sweep import check_wildcards, override, variants
from parity.case.validation import validated
from parity.case.weights import check_names, drawn, from_file
from parity.case.yamlfile import Document, read
from parity.draw import draw
from parity.errors import BadInput, listed, near, shown
from parity.graph import Graph
from parity.layers import Spec
from parity.targets import Target, matches, select


@dataclass(frozen=True)
class Case:
    """One network with its data: a case file, or one variant of a sweep.

    Args:
        id: ``layers/conv2d[stride-2x1]``; the file's place under the cases folder, and the sweep's values.
        file: as the user named it.
        spec: the validated file, this variant's values put in.
        graph: the network.
        places: for messages about files that the case reads.
    """

    id: str
    file: Path
    spec: model.CaseFile
    graph: Graph
    places: Places = field(repr=False, compare=False)

    @property
    def variant(self) -> str:
        """The part of the id in brackets, empty without a sweep."""
        return self.id.partition("[")[2].rstrip("]")

    def runs_on(self, target: Target) -> bool:
        """Whether it is meant for the target's engine."""
        return self.spec.targets is None or any(t.engine == target.engine for t in select(self.spec.targets))

    def expected(self, target: Target, versions: Mapping[str, str] | None = None) -> model.Expect | None:
        """The known failure on this target.

        Args:
            versions: package → version of the target; without them, failures of some versions are not meant.
        """
        for e in self.spec.expect:
            fits = matches(target, e.target) and fnmatch.fnmatchcase(self.variant, e.case)
            if fits and e.concerns(versions or {}):
                return e
        return None

    def loosened(self, target: Target | None = None) -> tuple[model.Loosen, ...]:
        """The bounds that are loosened, on one target or at all."""
        return tuple(
            e
            for e in self.spec.loosen
            if (target is None or matches(target, e.target)) and fnmatch.fnmatchcase(self.variant, e.case)
        )

    def inputs(self) -> dict[str, np.ndarray]:
        """Input name → array.

        Raises:
            BadInput: a file is not what the case says.
        """
        try:
            return {k: _input(spec, self.file.parent, self.spec.seed, k) for k, spec in self.spec.inputs.items()}
        except BadInput as error:
            raise self.places.located(error) from None

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
            raise self.places.located(error) from None


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
    whole, above = (Path(os.path.abspath(p)) for p in (path, root or path.parent))
    stem = whole.relative_to(above).with_suffix("").as_posix() if whole.is_relative_to(above) else path.stem
    try:
        return tuple(_cases(document, path, stem))
    except BadInput as error:
        raise Places(document).located(error) from None


def _cases(document: Document, path: Path, stem: str) -> Iterator[Case]:
    data = document.data
    if not isinstance(data, dict):
        raise BadInput(f"found {shown(data)}, accepted: a mapping with {', '.join(model.CaseFile.model_fields)}")
    whole: model.CaseFile = validated(_adapter(), data, "a case")
    if whole.sweep is None:
        check_wildcards(whole, [""])
        yield _case(stem, path, data, whole, Places(document))
        return
    check_layers(whole.layers)
    ids = []
    for variant in variants(whole.sweep):
        changed, written = override(data, variant)
        places = Places(document, written)
        try:
            yield _case(f"{stem}[{variant.id}]", path, changed, validated(_adapter(), changed, "a case"), places)
        except BadInput as error:
            found = places.located(error)
            raise BadInput(f"{found.message} (in the case [{variant.id}])", path=found.path, line=found.line) from None
        ids.append(variant.id)
    check_wildcards(whole, ids)


def _case(id_: str, path: Path, data: dict[str, Any], spec: model.CaseFile, places: Places) -> Case:
    specs = {}
    for name, given in spec.inputs.items():
        if isinstance(given, FileInput) and given.shape is None:
            array = _input(given, path.parent, spec.seed, name)
            specs[name] = Spec(array.shape, array.dtype.name)
        else:
            specs[name] = Spec(tuple(given.shape or ()), given.dtype)
        if specs[name].dtype not in ("float32", "int32"):
            raise BadInput(f"found {specs[name].dtype}, accepted: float32, int32", path=f"inputs.{name}.dtype")
    graph = build_graph(data["layers"], specs, spec.outputs)
    check_names(graph, spec.weights)
    for i, pattern in enumerate(spec.targets or ()):
        _check_target(pattern, f"targets.{i}")
    for i, expect in enumerate(spec.expect):
        _check_target(expect.target, f"expect.{i}.target")
    for i, loosen in enumerate(spec.loosen):
        _check_target(loosen.target, f"loosen.{i}.target")
        names = [n.name for n in graph.nodes]
        if not fnmatch.filter(names, loosen.layer):
            text = f"no layer fits {loosen.layer!r}{near(loosen.layer, names)}; there are {listed(names)}"
            raise BadInput(text, path=f"loosen.{i}.layer")
    return Case(id_, path, spec, graph, places)


def _check_target(pattern: str, path: str) -> None:
    try:
        select([pattern])
    except BadInput as error:
        raise error.within(path=path) from None


def find(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """(case file, folder its id is relative to) for files and folders of them.

    Raises:
        BadInput: a folder without case files.
    """
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*.yaml") if p.is_file())
            if not files:
                raise BadInput("no *.yaml in this folder", file=str(path))
            yield from ((f, _root(f)) for f in files)
        else:
            yield path, _root(path)  # read() says what is wrong with one that is not there


def _root(path: Path) -> Path:
    """The nearest folder called cases above a file, else the file's own: ids stay the same however it is named."""
    return next((parent for parent in Path(os.path.abspath(path)).parents if parent.name == "cases"), path.parent)
