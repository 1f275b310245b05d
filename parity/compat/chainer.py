"""Chainer 7.8.1, the last release (2022), on a current Python, NumPy, SciPy and onnx.

`import_chainer` imports it under stand-ins for what is gone, takes them away again and mends the functions that fail
later. Outside the chainer and onnx_chainer packages nothing stays changed. Checked with Python 3.11 to 3.13 and NumPy
1.26 to 2.5; the line numbers are those of Chainer 7.8.1.

Not mended: ``Deconvolution2D``'s backward raises "expected 4, got 3" if its input requires no gradient, as it
always did; feed the link a ``chainer.Variable``. The Caffe loader fails on protobuf >= 5.
"""

from __future__ import annotations

import functools
import importlib
import sys
from types import ModuleType
from typing import Any

import numpy as np

from parity.compat import requirements
from parity.compat.stand_ins import Overlay, forget, lent, module, rebind

# What `np.sctypes` held until NumPy 2.0; the order within a kind is by size.
SCTYPES = {
    "int": [np.int8, np.int16, np.int32, np.int64],
    "float": [np.float16, np.float32, np.float64, np.longdouble],
}


def import_chainer(*, testing: bool = False) -> ModuleType:
    """Import Chainer and mend it; every later call returns the same module.

    A later ``import chainer`` anywhere in the process gets this one. Call it before any other thread imports.

    Args:
        testing: import ``chainer.testing`` and ``chainer.gradient_check`` too, which need the stand-ins as well. They
            are left out otherwise: they import pytest, and use marks of their own, an error where marks are strict.

    Returns:
        The module ``chainer``.

    Raises:
        ModuleNotFoundError: if Chainer is not installed.
    """
    if "chainer" not in sys.modules:
        forget("chainer")
    with lent(import_stand_ins(), np, sctypes=SCTYPES):
        chainer = importlib.import_module("chainer")
        if testing:
            importlib.import_module("chainer.gradient_check")
    if not hasattr(chainer, "mended_by_parity"):
        for mend in MENDS:
            mend()
        vars(chainer)["mended_by_parity"] = True
    return chainer


def import_stand_ins() -> dict[str, ModuleType]:
    """The modules that ``import chainer`` asks for and that are gone, by name."""
    # _environment_check.py:29 asks, on macOS, which BLAS NumPy was built with; nothing is known.
    system_info = module("numpy.distutils.system_info", get_info=lambda name: {})
    return {
        "numpy.distutils": module("numpy.distutils", system_info=system_info, __path__=[]),
        "numpy.distutils.system_info": system_info,
        "pkg_resources": requirements,
    }


def _mend_as_strided() -> None:
    """NumPy 2.0 removed ``np.sctypes`` (as_strided.py:252: the gradient's check for floats)."""
    as_strided = sys.modules["chainer.functions.array.as_strided"]
    rebind(as_strided.AsStridedGrad, "forward", np=Overlay(np, sctypes=SCTYPES))


def _mend_resize_images() -> None:
    """NumPy 1.24 removed ``numpy.float`` (resize_images.py:179-196)."""
    resize_images = sys.modules["chainer.functions.array.resize_images"]
    rebind(resize_images, "compute_indices_and_weights", numpy=Overlay(np, float=float))


def _mend_categorical() -> None:
    """NumPy 2.0's ``meshgrid`` returns a tuple, to which log_prob adds a list (categorical.py:70-76)."""
    categorical = sys.modules["chainer.distributions.categorical"]
    meshgrid = Overlay(np, meshgrid=lambda *axes, **options: list(np.meshgrid(*axes, **options)))
    rebind(categorical.Categorical, "log_prob", numpy=meshgrid)


def _mend_pad_sequence() -> None:
    """NumPy 2.0 (NEP 50) no longer wraps a Python integer that an array's type cannot hold (pad_sequence.py:55).

    So padding unsigned integers with -1 raised OverflowError; it is to give the greatest value of the type, as before.
    """
    node = sys.modules["chainer.functions.array.pad_sequence"].PadSequence
    original = node.forward

    @functools.wraps(original)
    def forward(self: Any, xs: Any) -> Any:
        if isinstance(self.padding, int) and xs[0].dtype.kind in "iu":
            self.padding = np.asarray(self.padding).astype(xs[0].dtype)[()]
        return original(self, xs)

    node.forward = forward


def _mend_sparse_matmul() -> None:
    """SciPy 1.15 refuses float16 in sparse matrices (sparse_matmul.py:68,75); before, it computed in float32."""
    sparse_matmul: Any = sys.modules["chainer.functions.math.sparse_matmul"]
    original = sparse_matmul._coo_matmul_cpu

    @functools.wraps(original)
    def coo_matmul_cpu(A_data: Any, A_row: Any, A_col: Any, A_shape: Any, B: Any, dtype: Any) -> Any:
        A_data, B = (a.astype(np.float32) if a.dtype == np.float16 else a for a in (A_data, B))
        return original(A_data, A_row, A_col, A_shape, B, dtype)

    sparse_matmul._coo_matmul_cpu = coo_matmul_cpu


MENDS = (_mend_as_strided, _mend_resize_images, _mend_categorical, _mend_pad_sequence, _mend_sparse_matmul)


def enable_onnx_chainer(ir_version: int = 8) -> ModuleType:
    """Import onnx_chainer, Chainer's exporter, which came in Chainer's wheel, beside a current onnx.

    Good for opset 7 to 11; up to 17 it warns. It has no recurrent links, writes ``count_include_pad=1`` for every
    average pooling, and loses the dilation of ConvolutionND.

    Args:
        ir_version: the version of the file format that exported models are stamped with. The exporter would take the
            newest that onnx knows, which onnxruntime may not read yet; 8 is what came with opset 15.

    Returns:
        The module ``onnx_chainer``; call again to change `ir_version`.

    Raises:
        ModuleNotFoundError: if Chainer or onnx is not installed.
    """
    import_chainer()
    onnx = importlib.import_module("onnx")
    mapping = onnx_mapping()
    # Imported without this module, it takes onnx for absent (export.py:12-23), until it is imported anew.
    if not getattr(sys.modules.get("onnx_chainer.export"), "_available", False):
        forget("onnx_chainer")
    with lent({"onnx.mapping": mapping}, onnx):
        exporter = importlib.import_module("onnx_chainer")
    vars(sys.modules["onnx_chainer.context"])["onnx"] = Overlay(onnx, mapping=mapping)  # context.py:13
    vars(sys.modules["onnx_chainer.export"])["onnx"] = Overlay(onnx, IR_VERSION=ir_version)  # export.py:466
    return exporter


def onnx_mapping() -> ModuleType:
    """``onnx.mapping``, which onnx 1.19 removed, as far as onnx_chainer reads it: two of its tables."""
    helper = importlib.import_module("onnx.helper")
    tensor = importlib.import_module("onnx").TensorProto
    numpy_types = (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128 object"
    )
    # The narrow types are absent on purpose: their tensors keep raw_data (context.py:15).
    storage = "FLOAT INT32 INT64 UINT16 DOUBLE COMPLEX64 COMPLEX128 UINT32 UINT64 STRING BOOL"
    return module(
        "onnx.mapping",
        NP_TYPE_TO_TENSOR_TYPE={
            dtype: int(helper.np_dtype_to_tensor_dtype(dtype)) for dtype in map(np.dtype, numpy_types.split())
        },
        STORAGE_TENSOR_TYPE_TO_FIELD={
            number: helper.tensor_dtype_to_field(number) for number in map(tensor.DataType.Value, storage.split())
        },
    )
