"""pydantic's findings in the words of a case file."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import TypeAdapter, ValidationError

from parity.errors import BadInput


def validated(adapter: TypeAdapter, data: Any, accepted: str, what: str) -> Any:
    """Validate, or say what is wrong with the first thing that is.

    Args:
        accepted: names of the keys there are, separated by commas.
        what: what has these keys, e.g. ``Conv2D``.

    Raises:
        BadInput: path, what was found, what would be accepted.
    """
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise explain(error, accepted, what) from None


def explain(error: ValidationError, accepted: str, what: str) -> BadInput:
    """The most telling of the findings: an unknown key before what follows from it."""
    findings = error.errors(include_url=False, include_context=False)
    first = min(findings, key=lambda f: "extra" not in f["type"] and "unexpected" not in f["type"])
    path = [str(p) for p in first["loc"] if not _inner(str(p))]
    if "extra_forbidden" in first["type"] or "unexpected_keyword" in first["type"]:
        key = path.pop() if path else "?"
        known = _fields(error, first["loc"][:-1]) or accepted
        near = difflib.get_close_matches(key, known.split(", "), 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        owner = what if not path else path[-1]
        return BadInput(f"{owner} has no {key!r}{hint}; it takes {known}", path=".".join([*path, key]))
    if first["type"] in ("missing", "missing_argument"):
        return BadInput(f"{what} needs it and it is not there", path=".".join(path))
    found = repr(first["input"])
    text = first["msg"].removeprefix("Value error, ")
    return BadInput(
        f"found {found[:80]}{'…' if len(found) > 80 else ''}: {text[0].lower()}{text[1:]}", path=".".join(path)
    )


def _inner(step: str) -> bool:
    """Steps of pydantic's own (names of union members), which no reader of the file knows."""
    return step in ("RandomInput", "FileInput", "int", "float", "bool") or "[" in step or "(" in step


def _fields(error: ValidationError, loc: tuple) -> str:
    from parity.case import model

    owners = {
        "RandomInput": model.RandomInput,
        "FileInput": model.FileInput,
        "weights": model.Weights,
        "sweep": model.Sweep,
        "trained": model.Trained,
        "expect": model.Expect,
        "random": model.RandomWeight,
    }
    for step in reversed([str(p) for p in loc]):
        if step in owners:
            return ", ".join(owners[step].model_fields)
    return "" if error.title != "CaseFile" else ", ".join(model.CaseFile.model_fields)
