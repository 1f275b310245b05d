"""Layers that move, repeat and cut elements, against NumPy, Chainer and an index at a time; all are exact."""

import numpy as np
import pytest

from parity.graph import Node
from parity.judge.bound import Judged, evaluate
from parity.layers import Layer
from parity.layers.cast import Cast
from parity.layers.cut import Flip, Slice
from parity.layers.join import Dstack, Hstack, Stack, TransposeSequence, Vstack
from parity.layers.pad import Cropping1D, Cropping2D, Cropping3D, Pad, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from parity.layers.repeat import Expand, Permutate, Repeat, RepeatVector, Tile
from parity.layers.space import DepthToSpace, SpaceToDepth
from parity.layers.split import Split, Unstack
from parity.layers.squeeze import Squeeze, Unsqueeze
from parity.layers.transpose import Moveaxis, Rollaxis, Swapaxes

X = np.arange(2.0 * 3 * 4 * 5).reshape(2, 3, 4, 5)


def array(x):
    return np.asarray(getattr(x, "array", x))


def same(made, *expected):
    made = made if isinstance(made, tuple) else (made,)
    assert len(made) == len(expected)
    for m, e in zip(made, expected, strict=True):
        np.testing.assert_array_equal(m, array(e))


ONE_TO_ONE = [
    *((Swapaxes(axis1=i, axis2=j), lambda F, x, i=i, j=j: F.swapaxes(x, i, j)) for i, j in [(0, 1), (1, -1), (2, 2)]),
    *(
        (Moveaxis(source=a, destination=b), lambda F, x, a=a, b=b: F.moveaxis(x, a, b))
        for a, b in [(1, -1), ((0, 2), (2, 1)), ((3, 1), (0, -1)), ((0, 1, 2), (1, 2, 0))]
    ),
    *(
        (Rollaxis(axis=a, start=s), lambda F, x, a=a, s=s: F.rollaxis(x, a, s))
        for a in (0, 1, 3, -2)
        for s in (0, 1, 2, 4, -1)
    ),
    *((Flip(axes=a), lambda F, x, a=a: F.flip(x, a)) for a in (0, 2, -1)),
    (Flip(axes=[0, 2]), lambda F, x: x[::-1, :, ::-1]),
    *((Tile(repeats=r), lambda F, x, r=r: F.tile(x, r)) for r in [(1, 2, 1, 3), (2, 1, 1, 1)]),
    *((Repeat(repeats=3, axis=a), lambda F, x, a=a: F.repeat(x, 3, a)) for a in (0, 1, -1)),
    (Repeat(repeats=[2, 0, 1], axis=1), lambda F, x: F.repeat(x, (2, 0, 1), 1)),
    (Expand(shape=[7, 2, 3, 4, 5]), lambda F, x: F.broadcast_to(x, (7, 2, 3, 4, 5))),
    (Permutate(order=[2, 0, 1], axis=1), lambda F, x: F.permutate(x, np.array([2, 0, 1]), axis=1)),
    (Permutate(order=[2, 0, 1], axis=-3, inv=True), lambda F, x: F.permutate(x, np.array([2, 0, 1]), 1, inv=True)),
    (Slice(starts=[1], ends=[2]), lambda F, x: F.get_item(x, slice(1, 2))),
    (Slice(starts=[0, -3], ends=[99, -1], axes=[3, 2]), lambda F, x: x[:, :, -3:-1]),
    (Slice(starts=[None, 3], ends=[None, -99], axes=[1, 2], steps=[2, -2]), lambda F, x: x[:, ::2, 3::-2]),
    (Slice(starts=[None], ends=[1], axes=[-1], steps=[-1]), lambda F, x: x[..., :1:-1]),
    *(
        (Pad(pad_width=[1, [0, 2], 0, [3, 1]], mode=m), lambda F, x, m=m: F.pad(x, [(1, 1), (0, 2), (0, 0), (3, 1)], m))
        for m in ("constant", "reflect", "symmetric", "edge", "wrap")
    ),
    (Pad(pad_width=[0, 0, 0, [0, 1]], constant_values=2.5), lambda F, x: np.append(x, np.full((2, 3, 4, 1), 2.5), 3)),
    (ZeroPadding2D(padding=[[1, 2], 3]), lambda F, x: F.pad(x, [(0, 0), (0, 0), (1, 2), (3, 3)], "constant")),
    (Cropping2D(cropping=[[1, 2], 2]), lambda F, x: x[:, :, 1:2, 2:3]),
    (Unsqueeze(axes=2), lambda F, x: F.expand_dims(x, 2)),
    (Unsqueeze(axes=[-1, 0]), lambda F, x: x[None, ..., None]),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "function"), ONE_TO_ONE)
def test_one_to_one(layer, function, rule, F):
    same(rule(layer, X), function(F, X))


@pytest.mark.parametrize("axes", [None, 1, (1, 3), -1])
def test_squeeze(axes, rule, F):
    x = X.reshape(24, 1, 5, 1)
    same(rule(Squeeze(axes=axes), x), F.squeeze(x, axes))


def test_spatial_axes_of_every_rank(rule):
    for rank, pad, crop in (
        (3, ZeroPadding1D, Cropping1D),
        (4, ZeroPadding2D, Cropping2D),
        (5, ZeroPadding3D, Cropping3D),
    ):
        x = np.arange(np.prod(range(2, 2 + rank)), dtype=float).reshape(range(2, 2 + rank))
        width = [[i, 2] for i in range(rank - 2)]
        y = rule(pad(padding=width), x)
        same(y, np.pad(x, [(0, 0), (0, 0), *map(tuple, width)]))
        same(rule(crop(cropping=width), y), x)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_split(axis, rule, F):
    x = np.arange(6.0**3).reshape(6, 6, 6)
    same(rule(Split(axis=axis, sections=3), x), *F.split_axis(x, 3, axis))
    same(rule(Split(axis=axis, sections=[1, 3, 2]), x), *F.split_axis(x, [1, 4], axis))
    same(rule(Split(axis=axis, sections=1), x), x)
    same(rule(Unstack(num=6, axis=axis), x), *F.separate(x, axis))
    assert Split(axis=0, sections=[1, 3, 2]).output_names == ("y", "y1", "y2")


def test_unstack_one(rule):
    same(rule(Unstack(num=1, axis=0), X[:1]), X[0])


@pytest.mark.parametrize("axis", [0, 2, -1])
def test_stack(axis, rule, F):
    same(rule(Stack(axis=axis), X, X + 1000, X - 7), F.stack([X, X + 1000, X - 7], axis))


@pytest.mark.parametrize(
    ("layer", "name", "axis"), [(Hstack(), "hstack", 1), (Vstack(), "vstack", 0), (Dstack(), "dstack", 2)]
)
@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_numpys_stacks(layer, name, axis, rank, rule, F):
    a = X.reshape(6, 20)[0] if rank == 1 else X[(0,) * (4 - rank)]
    longer = (axis < rank and (name, rank) != ("vstack", 1)) or name == "hstack"
    b = (np.take(a, [0, 1], min(axis, rank - 1)) if longer else a) + 1000
    same(rule(layer, a, b, a), getattr(F, name)([a, b, a]))


def test_transpose_sequence(rule, F):
    xs = [X[0] + 1000 * i for i in range(4)]
    same(rule(TransposeSequence(length=3), *xs), *F.transpose_sequence(xs))


def test_repeat_vector(rule):
    x = np.arange(6.0).reshape(2, 3)
    y = rule(RepeatVector(n=4), x)
    assert y.shape == (2, 4, 3)
    assert all((y[:, i] == x).all() for i in range(4))


def test_depth_to_space(rule, F):
    x = np.arange(2.0 * 12 * 3 * 5).reshape(2, 12, 3, 5)
    dcr, crd = (rule(DepthToSpace(blocksize=2, mode=m), x) for m in ("DCR", "CRD"))
    same(dcr, F.depth2space(x, 2))
    for n, c, h, w, i, j in np.ndindex(2, 3, 3, 5, 2, 2):
        assert dcr[n, c, 2 * h + i, 2 * w + j] == x[n, (2 * i + j) * 3 + c, h, w]
        assert crd[n, c, 2 * h + i, 2 * w + j] == x[n, 4 * c + 2 * i + j, h, w]
    same(rule(SpaceToDepth(blocksize=2, mode="DCR"), dcr), F.space2depth(dcr, 2))
    for mode, y in (("DCR", dcr), ("CRD", crd)):
        same(rule(SpaceToDepth(blocksize=2, mode=mode), y), x)


def test_cast(rule, F):
    x = np.array([-2.7, -0.5, -0.0, 0.0, 1e-30, 0.99, 2.0, 3.999])
    made = rule(Cast(dtype="int32"), x)
    assert made.tolist() == [-2, 0, 0, 0, 0, 0, 2, 3]
    np.testing.assert_array_equal(made, F.cast(x, "int32").array)
    assert rule(Cast(dtype="bool"), x).tolist() == [True, True, False, False, True, True, True, True]
    assert rule(Cast(dtype="float32"), x).tolist() == x.tolist()
    assert rule(Cast(dtype="float32"), np.array([0, -3, 2**24 + 1], np.int32)).tolist() == [0, -3, 2**24]
    assert rule(Cast(dtype="int32"), np.array([False, True])).tolist() == [0, 1]


def test_a_cast_jumps_where_an_error_reaches_a_whole_number():
    x, e = np.array([0.98, 1.0, 1.5, -0.01]), np.full(4, 0.05)
    carry = Layer.registry["Cast"](dtype="int32").rule("carry").fn
    assert carry(Cast(dtype="int32"), None, None, e, x).tolist() == [1, 1, 0, 0]
    assert carry(Cast(dtype="bool"), None, None, e, x).tolist() == [0, 0, 0, 1]
    assert carry(Cast(dtype="float32"), None, None, e, x) is e


def test_floats_made_of_integers_are_computed_with_in_float64():
    made = evaluate(
        Node("n", Cast(dtype="float32"), ("x",), {}), [Judged(np.array([3, 2**24 + 1], np.int32), None)], {}
    )
    assert made[0].value.dtype == np.float64
    assert made[0].value.tolist() == [3, 2**24]  # as every engine rounds it
    assert made[0].bound is None
