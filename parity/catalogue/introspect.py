"""Asks one framework, in a process of its own: ``python -m parity.catalogue.introspect DIALECT < questions > answers``.

The questions (JSON) name callables, arguments to leave out, and layers whose initial values are wanted; what a
framework does unasked is found by leaving an argument out and seeing which of our parameters' values that is.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from parity.catalogue.arrays import apart, case_of, meaning, sample_arrays
from parity.catalogue.asking import Initial, text
from parity.catalogue.carrier import RELATIONS, Carrier, Pair, is_number, spread
from parity.catalogue.frameworks import start
from parity.graph import Graph
from parity.layers import Layer
from parity.layout import split_order

SAME = 3e-5
"""Relative distance up to which float32 and float64 say the same."""
CLEAR = 10
"""How many times nearer one value must be than all others to be recognised."""
DRAWN = 200_000
"""Elements of which a variance is measured."""
TIMES = 64
"""An axis grows so many times for it, at most."""


def tuples(value: Any) -> Any:
    """JSON's lists as the tuples that they were."""
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def unasked(framework: Any, question: dict[str, Any], known: dict[str, str | None]) -> dict[str, Any]:
    """What happens without an argument.

    Args:
        question: ``parameter``, ``callable``, ``slot``, ``pairs``, ``samples``, ``plain``, ``candidates``.
        known: the callable's parameters and defaults.

    Returns:
        ``argument``, ``default`` (text; None: it has to be stated), and ``value`` (in our terms), ``as`` (the parameter
        that it is taken from; itself where the weights or the input say it), ``error`` or nothing; ``case`` where it
        was run to see, and ``sure``, whether that told one value from all others.
    """
    slot = question["slot"]
    argument = list(known)[slot] if isinstance(slot, int) else slot
    default = known.get(argument, "")
    out: dict[str, Any] = {"callable": question["callable"], "argument": argument, "default": default}
    if default is None:
        return out
    pairs = [Pair(sample, tuples(ours), tuples(theirs)) for sample, ours, theirs in question["pairs"]]
    carrier = Carrier(question["parameter"], question["callable"], slot, pairs)
    if carrier.relation in RELATIONS:
        with contextlib.suppress(ValueError, SyntaxError):
            return out | {"value": carrier.read(ast.literal_eval(default), pairs[0].sample, pairs[0].ours)}
    best: dict[str, Any] = {}
    for number, (file, id_, node) in question["samples"]:
        graph, inputs, weights = sample_arrays(case_of(Path(file), id_), node)
        layer, example = graph.nodes[0].layer, getattr(graph.nodes[0].layer, carrier.parameter)
        if any(text(spread_to(default, p.theirs)) == text(p.theirs) for p in pairs if p[:2] == (number, example)):
            continue  # what is said here is the default: leaving it out tells nothing
        candidates: list[dict[str, Any]] = []
        with contextlib.suppress(ValueError, SyntaxError):
            candidates.append({"value": carrier.read(ast.literal_eval(default), number, example)})
        candidates += [{"value": tuples(c)} for c in question["plain"] if _like(tuples(c), example)]
        for name, value in sorted(layer.parameters().items(), key=lambda item: item[0] == carrier.parameter):
            if name == carrier.parameter or (isinstance(value, tuple) and _like(value, example)):
                candidates.append({"as": name})
        candidates += [{"value": tuples(c)} for c in question["candidates"] if _like(tuples(c), example)]
        try:
            live = framework.run(graph, inputs, weights, carrier.callable, slot)
        except Exception as error:  # noqa: BLE001  whatever a framework raises is what happens unasked
            best = best or {"error": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"}
            continue
        found = recognised(graph, layer, carrier.parameter, candidates, live, inputs, weights)
        if found and (found["sure"] or not best.get("case")):
            best = found | {"case": id_}
        if found and found["sure"]:
            break
    if not best.get("case") and isinstance(pairs[0].ours, tuple) and default.isdigit():
        return out | {"value": spread(int(default), pairs[0].ours)}  # one number for all axes
    return out | best


def spread_to(default: str, example: Any) -> Any:
    """A default's value, for as many axes as an example has."""
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return default
    return spread(value, example) if is_number(value) else value


def _like(a: Any, b: Any) -> bool:
    """Of one type, tuples down to their items."""
    if is_number(a) and is_number(b):
        return isinstance(b, float) or isinstance(a, int)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_like, a, b))
    return type(a) is type(b)


def recognised(
    graph: Graph, layer: Layer, parameter: str, candidates: list[dict[str, Any]], live: Any, inputs: Any, weights: Any
) -> dict[str, Any]:
    """The candidate that gives a framework's output; ``sure`` if it alone does."""
    errors: list[tuple[float, Any, dict[str, Any]]] = []
    for candidate in candidates:
        value = getattr(layer, candidate["as"]) if "as" in candidate else candidate["value"]
        if all(value != v for _, v, _ in errors):
            with contextlib.suppress(Exception):  # a value that does not fit is not it
                made = meaning(graph, dataclasses.replace(layer, **{parameter: value}), inputs, weights)
                errors.append((apart(made, np.asarray(live, made.dtype)), value, candidate))
    fits = [e for e in errors if e[0] <= SAME]
    if not fits:
        return {}
    least = min(e[0] for e in fits)
    near = [e for e in errors if e[0] <= CLEAR * least + 1e-12]
    first = near[0]
    equal = [c for c in candidates if "as" in c and getattr(layer, c["as"]) == first[1]]
    return first[2] | {"sure": len(near) == 1 and not ("as" in first[2] and len(equal) > 1)}


def initial(framework: Any, question: list[str], dialect: str) -> dict[str, Any]:
    """Canonical weight → initializer, or constant, and its variance on a large weight of this kind."""
    graph, _, _ = sample_arrays(case_of(Path(question[0]), question[1]), question[2])
    node = graph.nodes[0]
    declared = graph.node_weights(node)
    layouts = node.layer.layout_map(dialect, declared)
    made = {i.name: i for i in framework.initial(graph)}
    shapes = {name: w.shape for name, w in declared.items()}
    held = {t: i.made for t, i in made.items() if t in layouts.targets}
    back = layouts.inverse(held, shapes) if set(layouts.targets) <= set(held) else {}
    out: dict[str, Any] = {}
    for name, array in back.items():
        axes = split_order(declared[name].axes)
        targets = [p.target for p in layouts.places if p.source == name]
        if constant := _constant(array, axes):
            out[name] = {"targets": targets, "constant": constant}
            continue
        rules = {made[t].kind for t in targets}
        large = _enlarged(declared[name].axes, array.shape)
        places = [p for p in layouts.places if p.source == name]
        sent = {p.target: p.put(np.zeros(large, np.float32)).shape for p in places}
        drawn = [_draw(made[t], shape) for t, shape in sent.items()]
        variance = float(np.mean([d.var(dtype=np.float64) for d in drawn]))
        out[name] = {
            "targets": targets,
            "kind": " and ".join(sorted(rules)),
            "shape": list(large),
            "stored": list(next(iter(sent.values()))),
            "variance": float(f"{variance:.3g}"),
        }
    return out


def _draw(weight: Initial, shape: tuple[int, ...]) -> np.ndarray:
    return weight.draw(shape) if weight.draw else weight.made


def _constant(array: np.ndarray, axes: tuple[str, tuple[tuple[str, int], ...]]) -> str:
    """``0``, or ``0, f: 1`` where a gate has another; empty where values differ."""
    array = array + 0.0  # no −0
    if array.size < 2:
        return ""
    if (array == array.flat[0]).all():
        return f"{float(array.flat[0]):g}"
    pattern, gates = axes
    if not gates or "g" not in pattern.split():
        return ""
    rows = np.moveaxis(array, pattern.split().index("g"), 0).reshape(len(gates), -1)
    if not (rows == rows[:, :1]).all():
        return ""
    common = float(np.median(rows[:, 0]))
    others = [f"gate {g}: {v:g}" for (g, _), v in zip(gates, rows[:, 0].tolist(), strict=True) if v != common]
    return ", ".join([f"{common:g}", *others])


def _enlarged(axes: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with its feature axes longer: what a variance says is clearer of many elements, and fans differ."""
    names = split_order(axes)[0].split()
    grow = [n not in ("g", "d", "h", "w") for n in names]
    times = int(min(TIMES, max(1.0, (DRAWN / math.prod(shape)) ** (1 / max(1, sum(grow))))))
    return tuple(s * times if g else s for s, g in zip(shape, grow, strict=True))


def answers(dialect: str, questions: dict[str, Any]) -> dict[str, Any]:
    """All of them, but for what this release does not have.

    Raises:
        ImportError: the framework is not here.
    """
    framework, versions = start(dialect)
    known: dict[str, dict[str, str | None]] = {}
    for name in questions["callables"]:
        with contextlib.suppress(AttributeError):
            known[name] = framework.parameters(name)
    aliases = {name: found for name in known if (found := framework.aliases(name))}
    told = {
        layer: {
            p: [unasked(framework, q, known[q["callable"]]) for q in asked if q["callable"] in known]
            for p, asked in parameters.items()
        }
        for layer, parameters in questions["unasked"].items()
    }
    begun = {
        layer: {form: initial(framework, q, dialect) for form, q in forms.items()}
        for layer, forms in questions["initial"].items()
    }
    return {"versions": versions, "callables": known, "aliases": aliases, "unasked": told, "initial": begun}


def main() -> None:
    """Answers go to the descriptor that stdout was; what a framework prints does not."""
    sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        found = answers(sys.argv[1], json.load(sys.stdin))
    except ImportError as error:
        found = {"missing": str(error)}
    json.dump(found, sink)
    sink.close()


if __name__ == "__main__":
    main()
