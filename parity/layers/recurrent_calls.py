"""How recurrent layers are called in each framework."""

from __future__ import annotations

from typing import Any

import numpy as np


def split_gates(target, gates, first, link=0):
    """NStep links keep each gate in an array of its own."""
    return tuple(f"{link}/{target}{first + j}: u {axis} @{g}" for axis, order in gates for j, g in enumerate(order))


def nstep_layouts(order: str, link: int = 0) -> Any:
    """Where weights go in an NStep link, gates in that order."""
    half = len(order)
    return {
        "W": split_gates("w", [("i", order)], 0, link),
        "R": split_gates("w", [("k", order)], half, link),
        "b": split_gates("b", [("", order)], 0, link),
        "rb": split_gates("b", [("", order)], half, link),
    }


def nstep(p, c, link, x):
    """A call of one of Chainer's NStep links, which take sequences of any lengths in any order."""

    def call(v, *rest):
        first, lengths = p.split(rest)
        batch = range(x.shape[0])
        xs = c.F.separate(v, axis=0) if lengths is None else [v[i, : lengths.array[i]] for i in batch]
        if p.direction == "reverse":
            xs = [c.F.flip(xs[i], axis=0) for i in batch]
        states = [c.F.expand_dims(s, 0) for s in first] or [None] * len(p.states)
        *last, ys = c.parts(link(*states, xs), len(p.states) + 1)
        if p.direction == "reverse":
            ys = [c.F.flip(ys[i], axis=0) for i in batch]
        y = c.F.stack(ys, axis=0) if lengths is None else c.F.pad_sequence(ys, length=x.shape[1])
        return (y, *(c.F.squeeze(s, axis=0) for s in last))

    return call


def stepped(p, c, step, x):
    """A sequence of calls for one step each.

    Args:
        step: (states or Nones, x of a step) → new states, h first.
    """

    def call(v, *rest):
        first, lengths = p.split(rest)
        zeros = c.np.zeros((x.shape[0], p.units), "float32")
        states = first or (None if lengths is None else zeros,) * len(p.states)
        ys = []
        for t in range(x.shape[1])[:: -1 if p.direction == "reverse" else 1]:
            new = step(states, v[:, t])
            if lengths is None:
                states = new
                ys.append(new[0])
            else:
                on = c.np.less(t, lengths.array)[:, None]
                states = tuple(c.F.where(on, a, b) for a, b in zip(new, states, strict=True))
                ys.append(c.F.where(on, new[0], zeros))
        return (c.F.stack(ys[::-1] if p.direction == "reverse" else ys, axis=1), *states)

    return call


def stateful(p, c, link, reset, x):
    """Calls of a link that keeps its state.

    Args:
        reset: makes the first state, from those given.
    """

    def call(v, *rest):
        before = reset(rest)
        ys = []
        for t in range(x.shape[1])[:: -1 if p.direction == "reverse" else 1]:
            before = c.after(link(v[:, t]), before)
            ys.append(before)
        y = c.F.stack(ys[::-1] if p.direction == "reverse" else ys, axis=1)
        return (y, before, link.c) if "c" in p.states else (y, before)

    return call


def keras_recurrent(p, k, layer, x, *rest, **parameters):
    """A call of one of Keras's recurrent layers. It gives what it finds from the end on in that order."""
    first, lengths = p.split(rest)
    bias, back = p.bias or p.recurrent_bias, p.direction == "reverse"
    made = k.weighted(
        layer(p.units, use_bias=bias, return_sequences=True, return_state=True, go_backwards=back, **parameters)
    )
    call = {"initial_state": list(first)} if first else {}
    if lengths is not None:
        call["mask"] = k.ops.less(k.np.arange(k.shape(x)[1], dtype="int32"), k.ops.expand_dims(lengths, 1))
    found = made(x, **call)
    y = k.ops.flip(found[0], axis=1) if back else found[0]
    if lengths is not None:  # Keras repeats the last output, and hands the mask on to the next layer
        y = k.ops.where(k.ops.expand_dims(call["mask"], 2), y, 0.0)
    return (y, *(found[1 + i] for i in range(len(p.states))))


def onnx_recurrent(p, o, op, x, *rest, W, R, b="", rb="", P="", directions=1, **attributes):
    """The last part of an ONNX rule: it wants T N F and gives T D N U; its bias input holds both biases.

    Returns:
        y (T, D, N, U), and the last states (D, N, U).
    """
    first, lengths = p.split(rest)
    zero = o.const(np.array([0], np.int64))
    given = [o.node("Unsqueeze", s, zero) for s in first] or [""] * (len(p.states) if P else 0)
    inputs = [o.node("Transpose", x, perm=[1, 0, 2]), W, R, b or rb, lengths or "", *given, P]
    while not inputs[-1]:
        inputs.pop()
    return o.node(
        op,
        *inputs,
        outputs=len(p.output_names),
        hidden_size=p.units,
        direction="bidirectional" if directions == 2 else p.direction,
        **attributes,
    )


def onnx_gates(p, after, directions):
    """ONNX's attributes for the functions of the gates and of what comes after them, in each direction."""
    if p.recurrent_activation == "sigmoid":
        return {"activations": ["Sigmoid", *after] * directions}
    stated = {"activation_alpha": [1 / 6] * directions, "activation_beta": [0.5] * directions}
    return {"activations": ["HardSigmoid", *after] * directions, **stated}


def onnx_single(p, o, found):
    """y (N, T, U) and the last states (N, U) of one direction."""
    y, *last = found
    one, zero = o.const(np.array([1], np.int64)), o.const(np.array([0], np.int64))
    y = o.node("Transpose", o.node("Squeeze", y, one), perm=[1, 0, 2])
    return (y, *(o.node("Squeeze", s, zero) for s in last))
