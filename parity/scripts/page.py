"""What a script is written from, and its frame."""

from __future__ import annotations

import base64
import functools
import io
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jinja2
import numpy as np

from parity.dialects.text import Piece, bracketed, layout
from parity.engines import REQUIRES
from parity.engines.base import Copies
from parity.graph import Graph
from parity.targets import Target

USED = ("np", "Path", "arrays", "file", "compare", "name", "outputs", "feed", "base64", "io", "ARRAYS")
"""Names that every script uses."""
WIDTH = 96
"""Letters a line of embedded arrays."""


@dataclass
class Page:
    """One script in the making.

    Args:
        case: its id.
        graph: the network.
        target: where it runs.
        copies: node → target name → array in the target's layout.
        npz: name of the file with the arrays.
        arrays: what goes there; writers add ``weights/…`` and ``constants/…``.
        embed: whether the arrays stand in the script instead of a file.
    """

    case: str
    graph: Graph
    target: Target
    copies: Copies
    npz: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    embed: bool = False

    def render(self, template: str, framework: str, **values: Any) -> str:
        """The script's text.

        Args:
            template: name of the dialect's template.
            framework: its name, for people.
            values: what the template asks for.
        """
        modules = dict.fromkeys((*REQUIRES[self.target.engine], "numpy"))
        versions = ", ".join(f"{m} {_version(m)}" for m in modules) + f", Python {platform.python_version()}"
        text = (
            _environment()
            .get_template(f"{template}.py.jinja")
            .render(
                case=_quiet(self.case),
                target=str(self.target),
                versions=versions,
                npz=_quiet(self.npz),
                framework=framework,
                device=self.target.device,
                embedded=_letters(self.arrays) if self.embed else None,
                **values,
            )
        )
        return text.rstrip() + "\n"


def _letters(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """A compressed .npz in lines of base64."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    letters = base64.b64encode(file.getvalue()).decode("ascii")
    return [letters[i : i + WIDTH] for i in range(0, len(letters), WIDTH)]


def _quiet(text: str) -> str:
    """For a docstring; halves of letters, which a name of a file may have and no file of text, as question marks."""
    return text.encode("utf-8", "replace").decode().replace("\\", "/").replace('"', "'")


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701  Python is written here, not HTML
        loader=jinja2.PackageLoader("parity.scripts"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _version(module: str) -> str:
    """Of the package that brings a module, here; frameworks are not imported for it."""
    for package in (module, f"{module}-cpu"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "(not installed here)"


def listed(name: str, open_: str, items: Iterable[Sequence[Piece]], close: str, indent: int = 0) -> str:
    """``name = [item, …]``, over several lines where one is too short.

    Args:
        items: pieces of text.
        indent: columns before it, which are part of the result.
    """
    return " " * indent + layout((name, bracketed(open_, items, close)), indent)
