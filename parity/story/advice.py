"""What to change, for each cause: what the layer declares, the argument that carries it, or what a copy needs."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from parity.story.causes import CHANGED, first_value
from parity.story.reading import Record
from parity.story.words import listing, sentence

DIALECTS = {"chainer": "Chainer", "keras": "Keras", "onnx": "ONNX"}
"""First letters of an engine → its framework's name for people; onnxruntime runs ONNX."""
BY_NAME = {
    "weight transposed": "Transpose this weight when it is copied.",
    "weight axes exchanged": "Put the axes of this weight in the order that the framework asks for: transpose.",
    "weight reshaped": "Transpose this weight when it is copied: a reshape gets the shape right and the numbers wrong.",
    "kernel flipped": "Do not flip the kernel: all of these frameworks compute cross-correlation.",
    "bias dropped": "Copy the bias as well, and see that the layer has one.",
    "half precision": "Keep the weights in float32 on their way, or accept the difference on purpose.",
    "gate order": "Put the gates in the order that the framework asks for when the weights are copied.",
    "weights exchanged": "Copy the weights by name, not by position: two of the same shape changed places.",
    "initial values": "Copy these too: they are what the framework begins with. Statistics are not trainable weights.",
    "inputs exchanged": "Give the layer its inputs in the right order.",
    "layer left out": "Add the layer.",
    "channels reversed": "Bring the channels into one order, RGB or BGR, for both sides.",
    "flatten order": "Permute the rows of the weight, or transpose to N C H W before flattening.",
    "missing rescale": "Give both sides the same numbers: check the preprocessing.",
    "reads another tensor": "Connect the layer to the right tensor.",
    "weights of another layer": "Copy the weights by the name of the layer, not by position.",
    "precision": "Ask the runtime for the precision that you mean: it took a smaller one by itself, for speed.",
    "one wrong element": "One element of the weight is wrong; the rest of it is right. Copy the weight anew.",
}
"""What helps against mistakes that no layer declares."""


@functools.cache
def table() -> dict[str, Any]:
    """Layer → parameter → dialect → [operation, argument, default] each; ``parity docs`` writes it."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("arguments.json").read_text("utf-8"))
    return found


def dialect(target: str) -> str:
    """The language that a target runs; empty where it is none of those known."""
    return next((d for d in DIALECTS if target.startswith(d)), "")


def advice(cause: Record, target: str, parameters: Record) -> Iterator[str]:
    """Sentences on one cause.

    Args:
        cause: of a diagnosis.
        target: that made the mistake.
        parameters: of the layer, as the case has them.
    """
    said = str(cause.get("advice") or BY_NAME.get(cause["name"], ""))
    if said:
        yield sentence(said)
    parameter = cause["name"]
    if parameter in parameters:
        if not said:
            yield f"Give both sides the same {parameter}; the case has {_text(parameters[parameter])}."
        yield from _arguments(cause, target, parameter, parameters[parameter])


def _arguments(cause: Record, target: str, parameter: str, right: Any) -> Iterator[str]:
    places = table().get(cause["kind"], {}).get(parameter, {})
    mine = [p for p in places.get(dialect(target), ()) if p[0]]
    if mine:
        name = DIALECTS[dialect(target)]
        calls = [f"{operation}({argument}={_inside(p, right)})" for p in mine for operation, argument, _ in [p]]
        yield f"In {name} that is {listing(calls, 'or')}."
        usual = [f"{p[2]} in {p[0]}" if len(mine) > 1 else str(p[2]) for p in mine if p[2] is not None]
        if usual:
            yield f"Where nothing is said, {name} takes {listing(usual)}."
    wrong = CHANGED.fullmatch(first_value(cause))
    if wrong and (takers := _default_of(places, wrong[2])):
        verb = "takes" if len(takers) == 1 else "take"
        yield f"{wrong[2]} is what {listing(takers)} {verb} where nothing is said: was the argument left out?"


def _inside(place: list[Any], right: Any) -> str:
    """The value as an argument, where it is a plain number that the framework means as we do."""
    return _text(right) if isinstance(right, float) and _is_number(place[2], none=True) else "…"


def _is_number(text: str | None, none: bool = False) -> bool:
    if text is None:
        return none
    try:
        float(text)
    except ValueError:
        return False
    return True


def _default_of(places: dict[str, Any], value: str) -> list[str]:
    """Operations whose default is this number."""
    if not _is_number(value):
        return []
    found = [p[0] for d in DIALECTS for p in places.get(d, ()) if _is_number(p[2]) and float(p[2]) == float(value)]
    return list(dict.fromkeys(found))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
