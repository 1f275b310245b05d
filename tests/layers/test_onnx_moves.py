"""Reductions and shape operations against all examples that ONNX gives with its operators, but for those listed."""

import re

import numpy as np
import pytest

from parity.layers import Layer

MODULES = (
    *("reducesum", "reducemean", "reducemax", "reducemin", "reduceprod", "reducel2", "reducesumsquare"),
    *("reduce_log_sum_exp", "cumsum", "argmax", "argmin", "slice", "split", "pad", "tile", "expand", "shape"),
    *("depthtospace", "spacetodepth", "squeeze", "unsqueeze", "transpose", "reshape", "concat", "flatten"),
)
NOT_OURS = re.compile(
    "empty|bool_inputs|zero_size|zero_and|zero_dim|allowzero|select_last|uneven|int32|expand_dim_changed|"
    "shape_(start|end|clip)|cumsum_1d.*int32|flatten_(axis[023]|neg)|pad_axes|pad_negative_axes|out_of_bounds$"
)
"""Empty tensors, booleans and integers where layers take floats; the last of equals; sizes that 0 stands for; pieces
that are not equal; axes that ONNX's Expand keeps though the shape has 1; parts of a shape; other axes of Flatten; pads
of some axes."""


def ints(a):
    return tuple(int(i) for i in np.atleast_1d(a))


def reduced(name):
    def make(a, x, axes=None):
        axes = None if axes is None or not axes.size else ints(axes)
        return Layer.registry[name](keepdims=bool(a.get("keepdims", 1)), axes=axes), [x]

    return make


def arg(name):
    return lambda a, x: (Layer.registry[name](axis=a.get("axis", 0), keepdims=bool(a.get("keepdims", 1))), [x])


def cum_sum(a, x, axis):
    flags = {k: bool(a.get(k, 0)) for k in ("exclusive", "reverse")}
    return Layer.registry["CumSum"](axis=int(axis), **flags), [x]


def slice_(a, x, starts, ends, axes=None, steps=None):
    given = {"axes": axes, "steps": steps}
    more = {k: ints(v) for k, v in given.items() if v is not None}
    return Layer.registry["Slice"](starts=ints(starts), ends=ints(ends), **more), [x]


def split(a, x, sizes=None):
    count = a.get("num_outputs") or {6: 3 if x.ndim == 1 else 2}[x.shape[a.get("axis", 0)]]
    sections = count if sizes is None else ints(sizes)
    return Layer.registry["Split"](axis=a.get("axis", 0), sections=sections), [x]


def pad(a, x, pads, value=0.0):
    flat = ints(pads)
    width = tuple(zip(flat[: x.ndim], flat[x.ndim :], strict=True))
    return Layer.registry["Pad"](pad_width=width, mode=a["mode"].decode(), constant_values=float(value)), [x]


def shuffle(name):
    def make(a, x):
        return Layer.registry[name](blocksize=a["blocksize"], mode=a.get("mode", b"DCR").decode()), [x]

    return make


CONVERT = {
    **{n: reduced(n) for n in Layer.registry if n.startswith("Reduce")},
    **{n: arg(n) for n in ("ArgMax", "ArgMin")},
    "CumSum": cum_sum,
    "Slice": slice_,
    "Split": split,
    "Pad": pad,
    **{n: shuffle(n) for n in ("DepthToSpace", "SpaceToDepth")},
    "Tile": lambda a, x, repeats: (Layer.registry["Tile"](repeats=ints(repeats)), [x]),
    "Expand": lambda a, x, shape: (Layer.registry["Expand"](shape=ints(shape)), [x]),
    "Squeeze": lambda a, x, axes: (Layer.registry["Squeeze"](axes=ints(axes)), [x]),
    "Unsqueeze": lambda a, x, axes: (Layer.registry["Unsqueeze"](axes=ints(axes)), [x]),
    "Transpose": lambda a, x: (Layer.registry["Transpose"](axes=a.get("perm", tuple(range(x.ndim))[::-1])), [x]),
    "Reshape": lambda a, x, shape: (Layer.registry["Reshape"](shape=ints(shape), whole=True), [x]),
    "Concat": lambda a, *xs: (Layer.registry["Concat"](axis=a["axis"]), list(xs)),
    "Flatten": lambda a, x: (Layer.registry["Flatten"](), [x]),
    "Shape": lambda a, x: (Layer.registry["Shape"](), [x]),
}


@pytest.mark.parametrize("module", MODULES)
def test_examples(module, examples, rule):
    with np.errstate(all="ignore"):  # some examples are made by dividing by zero
        every = examples(module)
    ours = {name: example for name, example in every.items() if not NOT_OURS.search(name)}
    assert ours
    for name, (op, attributes, inputs, outputs) in ours.items():
        layer, xs = CONVERT[op](attributes, *inputs)
        xs = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in xs]
        made = rule(layer, *xs)
        made = made if isinstance(made, tuple) else (made,)
        assert len(made) == len(outputs), name
        for actual, expected in zip(made, outputs, strict=True):
            assert actual.shape == expected.shape, name
            scale = np.abs(expected).max()
            np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-6 * scale, err_msg=name)
