"""What was measured once and is held on to: strict JSON beside this file, part of the package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from parity.errors import BadInput


def there(name: str) -> bool:
    """Whether the package has a record of this name."""
    return resources.files(__name__).joinpath(f"{name}.json").is_file()


def names(prefix: str) -> list[str]:
    """Names of all records that begin so, sorted."""
    found = (file.name.removesuffix(".json") for file in resources.files(__name__).iterdir() if file.is_file())
    return sorted(name for name in found if name.startswith(prefix) and there(name))


def load(name: str) -> dict[str, Any]:
    """The record of this name, e.g. ``calibration``.

    Raises:
        BadInput: there is none, or it is no strict JSON.
    """
    file = resources.files(__name__).joinpath(f"{name}.json")
    try:
        return json.loads(file.read_text("utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        raise BadInput(f"no record {name!r} here: {error}", file=str(file)) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def dump(record: dict[str, Any]) -> str:
    """Strict JSON with sorted keys, an item of a list or a table a line: two records can be compared line by line."""
    parts = []
    for key in sorted(record):
        value = record[key]
        if isinstance(value, list) and value:
            body = "[\n" + ",\n".join(_line(item) for item in value) + "\n]"
        elif isinstance(value, dict) and value:
            body = "{\n" + ",\n".join(f"{json.dumps(k)}: {_line(value[k])}" for k in sorted(value)) + "\n}"
        else:
            body = _line(value)
        parts.append(f"{json.dumps(key)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
