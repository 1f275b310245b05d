"""YAML read with the line of every item, and nothing in it that could surprise.

One document of UTF-8 text: mappings whose keys are strings, sequences, and the scalars of the core schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias, Union

import yaml

from parity.case.files import obstacle, reason
from parity.case.scalars import CORE, KINDS, Scalar, kind_of, short, value_of
from parity.errors import BadInput

Data: TypeAlias = Union[Scalar, "list[Data]", "dict[str, Data]"]
Keys: TypeAlias = "tuple[str | int, ...]"

NAMES = {type(None): "null", bool: "a boolean", int: "an integer", float: "a float", list: "a list", dict: "a mapping"}

LIMIT_DEPTH = 50
"""Mappings and sequences inside each other, aliases followed; a case needs about six."""
TOO_DEEP = f"is nested more than {LIMIT_DEPTH} deep (aliases followed), the most that is read"

LIMIT_DIRECTIVES = 10
"""libyaml compares each %TAG with all before it: 1 MB of them takes it 8 s."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both give the same events, this one ten times as fast


@dataclass(frozen=True)
class Document:
    """One YAML document.

    Args:
        data: dicts with string keys, lists, None, bool, int, float (NaN and infinities too) and str; what aliases
            repeat is repeated as copies.
        file: the file, as the user named it.
    """

    data: Data
    file: str
    root: _Node

    def line(self, path: Keys) -> int:
        """The 1-based line of the item at `path`, or of the nearest item above it that is there."""
        line, node = self.root.line, self.root
        for step in path:
            match node.value, step:
                case dict() as items, str() if step in items:
                    line, node = items[step]
                case list() as items, int() if 0 <= step < len(items):
                    line, node = items[step]
                case _:
                    break
        return line


def read(path: Path, *, limit_bytes: int = 1_000_000, limit_nodes: int = 100_000) -> Document:
    """Read the one YAML document of a file.

    Args:
        path: the file.
        limit_bytes: the largest file.
        limit_nodes: the most keys, scalars, sequences and mappings, with aliases followed. They are counted before
            anything is repeated, so that a document whose aliases multiply costs no more than its text.

    Raises:
        BadInput: whatever is wrong with the file, with the line and the path in it where there is one.
    """
    file = str(path)
    root = _Builder(_text(path, limit_bytes), file, limit_nodes).document()
    return Document(_plain(root), file, root)


def _text(path: Path, limit: int) -> str:
    """The characters of a file, each of which YAML allows."""
    file = str(path)
    if problem := obstacle(path):
        raise BadInput(problem, file=file)
    try:
        with path.open("rb") as stream:
            raw = stream.read(limit + 1)
    except OSError as error:
        raise BadInput(f"cannot be read: {reason(error)}", file=file) from error
    if len(raw) > limit:
        raise BadInput(f"is larger than the {limit:,} bytes that are read; put arrays into npz files", file=file)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{raw[error.start]:02x} at offset {error.start} is not UTF-8"
        raise BadInput(f"{found}; save the file as UTF-8", file=file, line=line) from error
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise BadInput(f"character U+{ord(odd[0]):04X} is not allowed in YAML", file=file, line=line)
    if text.count("\n%") > LIMIT_DIRECTIVES:
        raise BadInput(f"has more than {LIMIT_DIRECTIVES} directives, lines that start with %", file=file)
    return text


@dataclass(frozen=True, slots=True)
class _Node:
    """A value with its line. `size` counts it and all below, `height` the levels below; an alias shares the node."""

    line: int
    value: Scalar | list[tuple[int, _Node]] | dict[str, tuple[int, _Node]]
    size: int = 1
    height: int = 0


def _plain(node: _Node) -> Data:
    if isinstance(node.value, dict):
        return {key: _plain(item) for key, (_, item) in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(item) for _, item in node.value]
    return node.value


class _Builder:
    """Nodes from parser events. Not yaml.compose(): it recurses as deep as the text says, in C without any check."""

    def __init__(self, text: str, file: str, limit: int):
        self.file, self.limit, self.count = file, limit, 0
        self.events = self._events(text)
        self.anchors: dict[str, _Node | None] = {}  # None: the node is not complete yet

    def _events(self, text: str) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(text, Loader=LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            words = ", ".join(part for part in (error.context, error.problem) if part)
            if "nesting depth" in words:  # libyaml has a limit of its own from 0.2.6, and reads ahead
                self._bad(TOO_DEEP, (), mark.line + 1 if mark else None)
            self._bad(f"is not YAML: {words}", (), mark.line + 1 if mark else None)
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # SafeLoader lets chr() fail on "\UFFFFFFFF"
            self._bad(f"is not YAML: {reason(error)}", (), None)

    def _bad(self, message: str, path: Keys, line: int | None) -> NoReturn:
        raise BadInput(message, path=".".join(map(str, path)), file=self.file, line=line)

    def document(self) -> _Node:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            self._bad("is empty; one YAML document is expected", (), None)
        root = self._node(next(self.events), ())
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._bad("a second document starts here; a file holds one", (), _line(event))
        return root

    def _node(self, event: yaml.Event, path: Keys) -> _Node:
        line, anchor = _line(event), getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(anchor), path, line)
        if anchor in self.anchors:
            self._bad(f"anchor &{short(anchor)} is set a second time; each has a name of its own", path, line)
        if anchor:
            self.anchors[anchor] = None
        self._grow(1, len(path) + isinstance(event, yaml.CollectionStartEvent), path, line)
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(line, self._scalar(event, path, line))
        else:
            assert isinstance(event, yaml.CollectionStartEvent)
            node = self._collection(event, path, line)
        if anchor:
            self.anchors[anchor] = node
        return node

    def _grow(self, nodes: int, depth: int, path: Keys, line: int) -> None:
        self.count += nodes
        if self.count > self.limit:
            self._bad(f"holds more than {self.limit:,} values (aliases followed), the most that is read", path, line)
        if depth > LIMIT_DEPTH:
            self._bad(TOO_DEEP, (), line)

    def _alias(self, name: str, path: Keys, line: int) -> _Node:
        if name not in self.anchors:
            known = ", ".join(f"&{short(a)}" for a in list(self.anchors)[:20]) or "none"
            self._bad(f"alias *{short(name)} has no anchor above it; there: {known}", path, line)
        node = self.anchors[name]
        if node is None:
            self._bad(f"alias *{short(name)} stands inside what it repeats", path, line)
        self._grow(node.size, len(path) + node.height, path, line)
        return node

    def _collection(self, event: yaml.CollectionStartEvent, path: Keys, line: int) -> _Node:
        sequence = isinstance(event, yaml.SequenceStartEvent)
        if event.tag not in (None, "!", CORE + ("seq" if sequence else "map")):
            self._bad(f"tag {_tag(event.tag)} is not read here; leave it out", path, line)
        return self._sequence(path, line) if sequence else self._mapping(path, line)

    def _sequence(self, path: Keys, line: int) -> _Node:
        items: list[tuple[int, _Node]] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append((_line(event), self._node(event, (*path, len(items)))))
        return _parent(line, items, [item for _, item in items])

    def _mapping(self, path: Keys, line: int) -> _Node:
        items: dict[str, tuple[int, _Node]] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            here, key = _line(event), self._key(event, path)
            if key in items:
                self._bad(f"key {short(key)!r} is given twice, first on line {items[key][0]}", (*path, key), here)
            items[key] = here, self._node(next(self.events), (*path, key))
        return _parent(line, items, [item for _, item in items.values()], keys=len(items))

    def _key(self, event: yaml.Event, path: Keys) -> str:
        line = _line(event)
        if isinstance(event, yaml.CollectionStartEvent):  # before it is entered: keys inside keys add no depth
            self._bad("a list or a mapping stands as a key; keys are strings", path, line)
        key = self._node(event, path).value
        if not isinstance(key, str):
            written = (
                f"*{event.anchor}" if isinstance(event, yaml.AliasEvent) else getattr(event, "value", "") or "null"
            )
            self._bad(f"key {short(written)} is {NAMES[type(key)]}; keys are strings, e.g. in quotes", path, line)
        if key == "<<" and getattr(event, "implicit", (False,))[0]:
            self._bad("merge keys (<<) are not read; write the items out, or alias the whole mapping", path, line)
        return key

    def _scalar(self, event: yaml.ScalarEvent, path: Keys, line: int) -> Scalar:
        text, tag = event.value, event.tag
        if tag in (None, "!"):
            kind = kind_of(text) if tag is None and event.implicit[0] else "str"
        else:
            kind = tag.removeprefix(CORE)
            if kind not in KINDS or kind == tag:
                self._bad(f"tag {_tag(tag)} is not read; !!{', !!'.join(KINDS)} are, or none", path, line)
        try:
            return value_of(kind, text)
        except ValueError as error:
            self._bad(str(error), path, line)


def _parent(line: int, items: list | dict, below: list[_Node], keys: int = 0) -> _Node:
    return _Node(line, items, 1 + keys + sum(n.size for n in below), 1 + max((n.height for n in below), default=0))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _tag(tag: str) -> str:
    return short(tag.replace(CORE, "!!") if tag.startswith((CORE, "!")) else f"!<{tag}>")
