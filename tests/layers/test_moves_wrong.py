"""Wrong orders, axes and parameters of exact layers are seen, and what does not fit is said to."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import KIT, Judged, evaluate
from parity.judge.verdict import judge_tensor
from parity.layers import Layer, Spec
from parity.layers.cast import Cast
from parity.layers.cut import Flip, Slice
from parity.layers.join import Hstack, Stack
from parity.layers.pad import Cropping1D, Pad, ZeroPadding1D
from parity.layers.repeat import Permutate, Repeat, Tile
from parity.layers.shape import Reshape
from parity.layers.space import DepthToSpace, SpaceToDepth
from parity.layers.split import Split, Unstack
from parity.layers.transpose import Moveaxis, Rollaxis, Swapaxes, Transpose

SQUARE = (6, 6, 6)
WRONG = [
    (Transpose(axes=[0, 2, 1]), Transpose(axes=[0, 1, 2])),
    (Swapaxes(axis1=0, axis2=1), Swapaxes(axis1=0, axis2=2)),
    (Moveaxis(source=0, destination=2), Moveaxis(source=2, destination=0)),
    (Rollaxis(axis=2), Rollaxis(axis=2, start=1)),
    (Reshape(shape=[36]), Flip(axes=1)),
    (Slice(starts=[1], ends=[4], axes=[1]), Slice(starts=[2], ends=[5], axes=[1])),
    (Slice(starts=[0], ends=[3], axes=[1]), Slice(starts=[2], ends=[-99], axes=[1], steps=[-1])),
    (Flip(axes=1), Flip(axes=2)),
    (Split(axis=0, sections=2), Slice(starts=[3], ends=[6])),
    (Unstack(num=6, axis=0), Unstack(num=6, axis=1)),
    (Stack(axis=0), Stack(axis=1)),
    (Hstack(), Hstack()),
    (Tile(repeats=[1, 2, 1]), Repeat(repeats=2, axis=1)),
    (Repeat(repeats=[0, 2, 1, 1, 1, 1], axis=1), Repeat(repeats=[1, 1, 2, 0, 1, 1], axis=1)),
    (Permutate(order=[1, 2, 0, 3, 4, 5]), Permutate(order=[1, 2, 0, 3, 4, 5], inv=True)),
    (Permutate(order=[1, 0, 2, 3, 4, 5]), Permutate(order=[1, 0, 2, 3, 4, 5], axis=1)),
    (Pad(pad_width=[0, 1, 0], mode="reflect"), Pad(pad_width=[0, 1, 0], mode="symmetric")),
    (Pad(pad_width=[0, 1, 0], mode="edge"), Pad(pad_width=[0, 1, 0], mode="wrap")),
    (Pad(pad_width=[0, [0, 2], 0]), Pad(pad_width=[0, [1, 1], 0])),
    (Pad(pad_width=[0, 1, 0]), Pad(pad_width=[0, 1, 0], constant_values=1e-3)),
    (ZeroPadding1D(padding=[[1, 2]]), ZeroPadding1D(padding=[[2, 1]])),
    (Cropping1D(cropping=[[1, 2]]), Cropping1D(cropping=[[2, 1]])),
]


def judged(layer, made, *xs):
    given = [Judged(x.astype(np.float64) if x.dtype.kind == "f" else x, None) for x in xs]
    expected = evaluate(Node("n", layer, ("x",) * len(xs), {}), given, {})
    assert all(j.bound is None for j in expected)
    dtype = layer.infer(*(Spec(x.shape, x.dtype.name) for x in xs))[0].dtype
    return judge_tensor("n", ("n",), made, expected[0], dtype).verdict


def first(layer, *xs):

    made = layer.rule("numpy").fn(layer, KIT, *xs)
    return made[0] if isinstance(made, tuple) else made


@pytest.mark.parametrize(("right", "wrong"), WRONG)
def test_a_wrong_order_differs(right, wrong):
    x = np.random.default_rng(3).standard_normal(SQUARE).astype(np.float32)
    xs = [x, x + 9] if right.inputs[-1] == "*" else [x]
    bad = first(wrong, *(xs[::-1] if right == wrong else xs))
    assert judged(right, first(right, *xs), *xs) == "equal"
    assert judged(right, bad.reshape(first(right, *xs).shape), *xs) == "differs"


@pytest.mark.parametrize(("right", "wrong"), [("DCR", "CRD"), ("CRD", "DCR")])
@pytest.mark.parametrize("layer", [DepthToSpace, SpaceToDepth])
def test_the_other_shuffle_differs(layer, right, wrong):
    x = np.random.default_rng(3).standard_normal((2, 8, 4, 6)).astype(np.float32)
    right, wrong = layer(blocksize=2, mode=right), layer(blocksize=2, mode=wrong)
    assert judged(right, first(right, x), x) == "equal"
    assert judged(right, first(wrong, x), x) == "differs"


def test_rounding_to_the_nearest_differs():
    x = np.array([[0.2, 0.7, 1.5, -0.6]], np.float32)
    assert judged(Cast(dtype="int32"), np.rint(x).astype(np.int32), x) == "differs"
    assert judged(Cast(dtype="bool"), np.array([[False, True, True, True]]), x) == "differs"


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        ("Squeeze", {"axes": 1}, [(2, 3)], r"expected axes of size 1 of \[2, 3\]"),
        ("Unsqueeze", {"axes": [0, 0]}, [(2, 3)], "which is one axis twice"),
        ("Unsqueeze", {"axes": 3}, [(2, 3)], "found 3, the input has 3 axes"),
        ("Swapaxes", {"axis1": 0, "axis2": 2}, [(2, 3)], "axis2: found 2"),
        ("Moveaxis", {"source": [0, 1], "destination": 1}, [(2, 3)], "expected as many axes as in source"),
        ("Rollaxis", {"axis": 0, "start": 3}, [(2, 3)], "start: found 3"),
        ("Slice", {"starts": [0], "ends": [1, 2]}, [(2, 3)], "expected as many as starts has, 1"),
        ("Slice", {"starts": [0], "ends": [1], "steps": [0]}, [(2, 3)], "expected steps other than 0"),
        ("Slice", {"starts": [2], "ends": [1]}, [(2, 3)], "nothing is left of axis 0"),
        ("Slice", {"starts": [0, 0, 0], "ends": [1, 1, 1]}, [(2, 3)], "found 3 slices, the input has 2 axes"),
        ("Split", {"axis": 1, "sections": []}, [(2, 3)], "expected a number of pieces or the size of each"),
        ("Split", {"axis": 1, "sections": 2}, [(2, 3)], "the axis has size 3, which it must divide"),
        ("Split", {"axis": 1, "sections": [1, 1]}, [(2, 3)], r"\[1, 1\] make 2, the axis has 3"),
        ("Unstack", {"num": 2, "axis": 1}, [(2, 3)], "found 2, axis 1 has size 3"),
        ("Stack", {}, [(2, 3), (3, 2)], "expected inputs of one shape"),
        ("Hstack", {}, [(2, 3), (3, 2)], "differ along axis 1 alone"),
        ("TransposeSequence", {"length": 3}, [(2, 3), (2, 3)], "the sequences have 2 steps"),
        ("Tile", {"repeats": [2]}, [(2, 3)], r"expected one for each axis of \[2, 3\]"),
        ("Repeat", {"repeats": [2], "axis": 1}, [(2, 3)], "expected one number or 3, not all 0"),
        ("Expand", {"shape": [2, 4]}, [(2, 3)], r"to which \[2, 3\] does not broadcast"),
        ("Expand", {"shape": [3]}, [(2, 3)], r"to which \[2, 3\] does not broadcast"),
        ("Permutate", {"order": [0, 0]}, [(2, 3)], "expected each of 0 … 1 once"),
        ("RepeatVector", {"n": 2}, [(2, 3, 4)], "expected N F"),
        ("Pad", {"pad_width": [1]}, [(2, 3)], "expected a pair for each axis"),
        ("Pad", {"pad_width": [0, 3], "mode": "reflect"}, [(2, 3)], "mode reflect can put 2 there at most"),
        ("ZeroPadding2D", {"padding": 1}, [(2, 3, 4)], "expected N C and 2 spatial axes"),
        ("Cropping1D", {"cropping": 2}, [(2, 3, 4)], "which leaves nothing of"),
        (
            "DepthToSpace",
            {"blocksize": 2, "mode": "DCR"},
            [(2, 3, 4, 5)],
            "which are no multiple of 2²",
        ),
        ("SpaceToDepth", {"blocksize": 2, "mode": "DCR"}, [(2, 3, 4, 5)], "has 4×5 pixels"),
    ],
)
def test_what_does_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))


def test_whole_numbers_are_padded_with_such():
    Pad(pad_width=[1], constant_values=2.0).infer(Spec((3,), "int32"))
    with pytest.raises(BadInput, match=r"found 2.5, the input has whole numbers"):
        Pad(pad_width=[1], constant_values=2.5).infer(Spec((3,), "int32"))
