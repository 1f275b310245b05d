"""Where in a case file a message points: from a path as people read it to keys of the document, and their line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.case.build import layer_names
from parity.case.yamlfile import Document
from parity.errors import BadInput


@dataclass(frozen=True)
class Places:
    """The places of one case.

    Args:
        document: the file.
        swept: path that a sweep writes to → path of the value it writes; ``layers.conv.stride`` →
            ``sweep.product.conv.stride.1``.
    """

    document: Document
    swept: Mapping[str, str] = field(default_factory=dict)

    def located(self, error: BadInput) -> BadInput:
        """The error with file and line; where the sweep wrote the value, its path is the sweep's."""
        path = error.path
        for target, origin in self.swept.items():
            if path == target or path.startswith(f"{target}."):
                path = origin
        line = error.line or self.document.line(keys(self.document.data, path))
        return BadInput(error.message, path=path, file=error.file or self.document.file, line=line)


def keys(data: Any, path: str) -> tuple[str | int, ...]:
    """A path as people read it, ``layers.conv1.kernel``, as keys of the document; as far as they are there."""
    found: list[str | int] = []
    here, steps = data, path.split(".") if path else []
    while steps:
        if isinstance(here, list):
            names = _names(here) if found == ["layers"] else []
            index = names.index(steps[0]) if steps[0] in names else int(steps[0]) if steps[0].isdecimal() else -1
            if not 0 <= index < len(here):
                break
            found.append(index)
            here, steps = here[index], steps[1:]
        elif isinstance(here, dict):  # keys may hold dots, as those of a sweep do: the longest that is there is meant
            counts = (n for n in range(len(steps), 0, -1) if ".".join(steps[:n]) in here)
            if (count := next(counts, 0)) == 0:
                break
            found.append(".".join(steps[:count]))
            here, steps = here[found[-1]], steps[count:]
        else:
            break
    return tuple(found)


def _names(items: list[Any]) -> list[str]:
    try:
        return layer_names(items)
    except BadInput:
        return []
