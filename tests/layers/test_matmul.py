"""Products of two inputs, sum by sum, against Chainer, and ONNX's examples."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Layer, Spec
from parity.layers.matmul import Dot, MatMul


@pytest.mark.parametrize("ta", [False, True])
@pytest.mark.parametrize("tb", [False, True])
@pytest.mark.parametrize("batch", [((), ()), ((2,), (2,)), ((2, 1), (3,)), ((), (2, 3))])
def test_matmul(ta, tb, batch, numbers, rule, close, F):
    layer = MatMul(transpose_a=ta, transpose_b=tb)
    a = numbers(*batch[0], *((5, 4) if ta else (4, 5)))
    b = numbers(*batch[1], *((6, 5) if tb else (5, 6)))
    y = rule(layer, a, b)
    close(y, F.matmul(a, b, transa=ta, transb=tb))
    left = np.broadcast_to(a.swapaxes(-1, -2) if ta else a, (*y.shape[:-2], 4, 5))
    right = np.broadcast_to(b.swapaxes(-1, -2) if tb else b, (*y.shape[:-2], 5, 6))
    for *n, i, k in np.ndindex(y.shape):
        total = math.fsum(left[(*n, i)] * right[(*n, slice(None), k)])
        assert y[(*n, i, k)] == pytest.approx(total, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", ["matmul_2d", "matmul_3d", "matmul_4d", "matmul_bcast"])
def test_onnx_example(name, examples, rule):
    _, _, inputs, outputs = examples("matmul")[name]
    np.testing.assert_allclose(rule(MatMul(), *(x.astype(np.float64) for x in inputs)), outputs[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("axes", "shapes", "equation"),
    [
        ((1, 1), [(2, 5), (2, 5)], "ni,ni->n"),
        ((1, 2), [(2, 5, 3), (2, 4, 5)], "nia,nbi->nab"),
        ((-1, 1), [(2, 3, 5), (2, 5)], "nai,ni->na"),
        ((1, -2), [(2, 5), (2, 5, 4)], "ni,nib->nb"),
    ],
)
def test_dot(axes, shapes, equation, numbers, rule, close):
    a, b = (numbers(*s) for s in shapes)
    expected = np.einsum(equation, a, b)
    close(rule(Dot(axes=axes), a, b), expected[:, None] if expected.ndim == 1 else expected)


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        ("MatMul", {}, [(2, 3), (4, 5)], r"found \[2, 3\] and \[4, 5\]: rows have 3 elements and columns have 4"),
        (
            "MatMul",
            {"transpose_b": True},
            [(2, 3), (3, 5)],
            "with transpose_b: rows have 3 elements and",
        ),
        ("MatMul", {}, [(3,), (3, 5)], r"found \[3\] and \[3, 5\], expected two axes or more"),
        ("MatMul", {}, [(2, 3, 4), (5, 4, 6)], "axes before the last two must have equal sizes, or 1"),
        ("Dot", {"axes": (0, 1)}, [(2, 5), (2, 5)], "axis 0 is the batch's"),
        ("Dot", {"axes": (1, 1)}, [(2, 5), (2, 4)], r"must have one size, found 5 and 4 in \[2, 5\] and \[2, 4\]"),
        ("Dot", {"axes": (1, 1)}, [(2, 5), (3, 5)], "expected one batch size"),
        ("Dot", {"axes": (1, 3)}, [(2, 5), (2, 5)], "axes: found 3, the input has 2 axes"),
    ],
)
def test_shapes_that_do_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))
