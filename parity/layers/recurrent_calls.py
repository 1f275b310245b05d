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


def nstep_call(c, link, v, shape, states, lengths, back=False):
    """Last states and y of an NStep link, which takes sequences of any lengths in any order.

    Args:
        shape: (N, T, F) of v.
        states: to start from (layers, N, units), or Nones.
        lengths: of the sequences; None where all have T steps.
        back: from a sequence's end to its beginning.
    """
    batch = range(shape[0])
    xs = c.F.separate(v, axis=0) if lengths is None else [v[i, : lengths.array[i].item()] for i in batch]
    if back:
        xs = [c.F.flip(xs[i], axis=0) for i in batch]
    *last, ys = c.parts(link(*states, xs), len(states) + 1)
    if back:
        ys = [c.F.flip(ys[i], axis=0) for i in batch]
    return last, c.F.stack(ys, axis=0) if lengths is None else c.F.pad_sequence(ys, length=shape[1])


def nstep(p, c, link, x):
    """A call of one of Chainer's NStep links that has one layer."""

    def call(v, *rest):
        first, lengths = p.split(rest)
        states = [c.F.expand_dims(s, 0) for s in first] or [None] * len(p.states)
        last, y = nstep_call(c, link, v, x.shape, states, lengths, p.direction == "reverse")
        return (y, *(c.F.squeeze(s, axis=0) for s in last))

    return call


def stepped(p, c, step, x):
    """A sequence of calls for one step each.

    Args:
        step: (states or Nones, x of a step) → new states, h first.
    """

    def call(v, *rest):
        first, lengths = p.split(rest)
        zeros = c.np.zeros((x.shape[0], p.units), c.floats)
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
        return (y, before, c.after(link.c, before)) if "c" in p.states else (y, before)

    return call


def keras_layer(p, layer, **parameters):
    """One of Keras's recurrent layers."""
    bias, back = p.bias or p.recurrent_bias, p.direction == "reverse"
    return layer(p.units, use_bias=bias, return_sequences=True, return_state=True, go_backwards=back, **parameters)


def keras_call(k, layer, x, states, lengths, count, back=False):
    """y and the last states.

    Args:
        states: to start from, may be empty.
        lengths: of the sequences; None where all have all steps.
        count: how many states come out.
        back: the layer goes backwards: Keras gives what it finds in that order.
    """
    call = {"initial_state": list(states)} if states else {}
    if lengths is not None:
        call["mask"] = k.ops.less(k.np.arange(k.shape(x)[1], dtype="int32"), k.ops.expand_dims(lengths, 1))
    found = layer(x, **call)
    y = k.ops.flip(found[0], axis=1) if back else found[0]
    if lengths is not None:  # Keras repeats the last output, and hands the mask on to the next layer
        y = k.ops.where(k.ops.expand_dims(call["mask"], 2), y, 0.0)
    return (y, *(found[1 + i] for i in range(count)))


def keras_recurrent(p, k, layer, x, rest):
    """A call of one of Keras's recurrent layers."""
    states, lengths = p.split(rest)
    return keras_call(k, k.weighted(layer), x, states, lengths, len(p.states), p.direction == "reverse")


def onnx_recurrent(p, o, op, x, states, lengths, W, R, b="", rb="", P="", directions=1, **attributes):
    """ONNX wants T N F and gives T D N U; its bias input holds both biases.

    Args:
        states: to start from (D, N, U), may be empty.
        lengths: of the sequences, or None.

    Returns:
        y (T, D, N, U), and the last states (D, N, U).
    """
    x = o.node("Transpose", x, perm=[1, 0, 2])
    inputs = [x, W, R, b or rb, lengths or "", *(states or [""] * len(p.states)), P]
    while not inputs[-1]:
        inputs.pop()
    return o.node(
        op,
        *inputs,
        outputs=1 + len(p.states),
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


def onnx_single(p, o, fn, x, rest, weights):
    """y (N, T, U) and the last states (N, U) of one direction.

    Args:
        fn: :func:`onnx_recurrent` for a kind of layer.
    """
    first, lengths = p.split(rest)
    one, zero = o.const(np.array([1], np.int64)), o.const(np.array([0], np.int64))
    y, *last = fn(p, o, x, [o.node("Unsqueeze", s, zero) for s in first], lengths, **weights)
    y = o.node("Transpose", o.node("Squeeze", y, one), perm=[1, 0, 2])
    return (y, *(o.node("Squeeze", s, zero) for s in last))
