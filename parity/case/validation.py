"""pydantic's findings in the words of a case file: where, what was found, what would be accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from parity.errors import BadInput, listed, near, shown

Schema = dict[str, Any]
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")


def validated(adapter: TypeAdapter, data: Any, what: str, also: Sequence[str] = ()) -> Any:
    """Validate, or say what is wrong with the first thing that is.

    Types are taken at their word: ``"3"``, ``3.0`` and ``true`` are no integers. Going through JSON makes tuples of
    lists, which strict validation of Python objects would not.

    Args:
        what: what the data is, e.g. ``Conv2D``.
        also: keys that are accepted beside those of the adapter's type, for the messages.

    Raises:
        BadInput: path, what was found, what would be accepted.
    """
    try:
        return adapter.validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise explain(error, adapter.json_schema(), data, what, also) from None


def explain(error: ValidationError, schema: Schema, data: Any, what: str, also: Sequence[str] = ()) -> BadInput:
    """The most telling of the findings: an unknown key comes before what may follow from it."""
    findings = error.errors(include_url=False, include_context=False)
    first = min(findings, key=lambda f: f["type"] not in UNKNOWN)
    about_key = first["type"] in (*UNKNOWN, *MISSING)
    path, here, value = _walk(schema, data, first["loc"][:-1] if about_key else first["loc"])
    owner = ".".join(path[-2:] if path[-1].isdecimal() else path[-1:]) if path else what
    key = str(first["loc"][-1]) if about_key else ""
    if first["type"] in MISSING:
        found = f"; found {listed(value)}" if value else ""
        return BadInput(f"{owner} needs {key}: {_words(_below(here, key, schema), schema)}{found}", path=".".join(path))
    if first["type"] in UNKNOWN:
        known = [*_keys(here, schema), *also]
        text = f"{owner} has no {key!r}{near(key, known)}; it takes {listed(known)}"
        return BadInput(text, path=".".join([*path, key]))
    if first["type"] == "value_error":
        return BadInput(first["msg"].removeprefix("Value error, "), path=".".join(path))
    return BadInput(f"found {shown(value)}, accepted: {_words(here, schema)}", path=".".join(path))


def _options(node: Schema, schema: Schema) -> Iterator[Schema]:
    """A schema's alternatives, references followed."""
    if "$ref" in node:
        yield from _options(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    elif "anyOf" in node or "oneOf" in node:
        for option in node.get("anyOf") or node["oneOf"]:
            yield from _options(option, schema)
    else:
        yield node


def _below(nodes: Sequence[Schema], step: str | int, schema: Schema) -> list[Schema]:
    """What a key or an index leads to."""
    found: list[Schema] = []
    for node in (option for n in nodes for option in _options(n, schema)):
        if isinstance(step, int):
            prefix = node.get("prefixItems", [])
            inside = prefix[step] if step < len(prefix) else node.get("items")
        else:
            inside = node.get("properties", {}).get(step) or node.get("additionalProperties")
        if isinstance(inside, dict):
            found.append(inside)
    return found


def _keys(nodes: Sequence[Schema], schema: Schema) -> list[str]:
    return list(dict.fromkeys(k for n in nodes for option in _options(n, schema) for k in option.get("properties", ())))


def _walk(schema: Schema, data: Any, loc: Sequence[str | int]) -> tuple[list[str], list[Schema], Any]:
    """The steps of `loc` that the reader of the file knows, what may stand there, and what does.

    The other steps are pydantic's names for the members of unions. A list that might also be something else is one
    item: its message says all that may stand there.
    """
    path: list[str] = []
    here, value = [schema], data
    for step in loc:
        options = [option for node in here for option in _options(node, schema)]
        if isinstance(step, str) and not (isinstance(value, dict) and step in value):
            here = [o for o in options if o.get("title") == step] or here
            continue
        inside = _below(here, step, schema)
        if not inside or (isinstance(step, int) and len(options) > 1):
            break
        path.append(str(step))
        here, value = inside, value[step]
    return path, here, value


def _words(nodes: Sequence[Schema], schema: Schema) -> str:
    """What schemas accept, in few words: ``integer ≥ 1 or [integer ≥ 1, …]``."""
    options = (_one(option, schema) for node in nodes for option in _options(node, schema))
    return " or ".join(dict.fromkeys(options))


def _one(node: Schema, schema: Schema) -> str:
    if "const" in node:
        return str(node["const"])
    if "enum" in node:
        return ", ".join(map(str, node["enum"]))
    empty = " (not empty)" if "minLength" in node else ""
    match node.get("type"):
        case "array":
            if "prefixItems" in node:
                return f"[{', '.join(_words([n], schema) for n in node['prefixItems'])}]"
            text = f"[{_words([node.get('items', {})], schema)}, …]"
            limits = ["not empty"] * ("minItems" in node)
            limits += [f"at most {node['maxItems']:,}"] if "maxItems" in node else []
            return text + (f" ({', '.join(limits)})" if limits else "")
        case "object":
            keys = ", ".join(node.get("properties", {}))
            return f"a mapping with {keys}" if keys else "a mapping"
        case "null":
            return "nothing"
        case "boolean":
            return "true or false"
        case "string":
            return f"a string like {node['pattern']}" if "pattern" in node else "a string" + empty
        case "integer" | "number" as kind:
            return f"{kind} {' and '.join(_limits(node, kind))}".strip()
    return "anything"


def _limits(node: Schema, kind: str) -> Iterator[str]:
    if kind == "integer" and "exclusiveMinimum" in node:
        yield f"≥ {node['exclusiveMinimum'] + 1}"
    for name, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<")):
        if name in node and (kind, name) != ("integer", "exclusiveMinimum"):
            yield f"{sign} {node[name]:,}"
