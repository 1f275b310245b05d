"""What Chainer asks of CuPy, read from its sources: names, and kernels written in CUDA."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PARTS = ("functions", "links", "initializers", "backends", "utils", "optimizers")
"""Of Chainer: what runs a network on a GPU."""
PREFIXES = ("cuda.cupy.", "chainer.backends.cuda.cupy.", "cupy.", "xp.", "self.xp.")
"""What CuPy is called there; ``xp`` is NumPy or CuPy."""


def used(source: str) -> set[str]:
    """Dotted names of CuPy in a source, e.g. ``lib.stride_tricks.as_strided``."""
    tree, inner, found = ast.parse(source), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node not in inner:
            inner |= set(_chain(node)) - {node}
            name = _dotted(node)
            found |= {name[len(p) :] for p in PREFIXES if name.startswith(p)}
    return found


def sources(root: Path) -> dict[str, str]:
    """File → text, of the parts of Chainer that run a network."""
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for part in PARTS
        for path in sorted((root / part).rglob("*.py"))
    }


def _chain(node: ast.AST) -> Iterator[ast.AST]:
    while isinstance(node, ast.Attribute):
        yield node
        node = node.value


def _dotted(node: ast.AST) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def kernels(root: Path) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """Label, arguments and keywords of each ``cuda.elementwise`` of literals and of a module's constants."""
    for file, text in sources(root).items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "elementwise":
                module = importlib.import_module("chainer." + file.removesuffix(".py").replace("/", "."))
                try:
                    arguments = [_value(a, module) for a in node.args]
                    keywords = {k.arg or "": _value(k.value, module) for k in node.keywords}
                except ValueError:
                    continue  # made when it runs; the n-dimensional ones are asked of their generators
                yield f"{file}:{node.lineno}", arguments, keywords


def _value(node: ast.expr, module: Any) -> Any:
    if isinstance(node, ast.Name) and isinstance(getattr(module, node.id, None), str):
        return getattr(module, node.id)
    return ast.literal_eval(node)
