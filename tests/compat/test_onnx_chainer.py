"""onnx_chainer beside a current onnx: what is mended, and that it fails without."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from parity.compat import chainer as compat

onnx = pytest.importorskip("onnx", reason="onnx is not installed")


X = np.linspace(-3, 3, 6, dtype=np.float32).reshape(2, 3, 1)


@pytest.fixture
def model(chainer):
    linear = chainer.links.Linear(3, 2)
    return chainer.Sequential(lambda x: chainer.functions.reshape(x, (2, 3)), linear)  # the shape becomes a constant


@pytest.fixture
def export(model):
    exporter = compat.enable_onnx_chainer()
    yield lambda: exporter.export(model, X, opset_version=11)
    compat.enable_onnx_chainer()


def test_onnx_mapping(export):
    made = export()
    onnx.checker.check_model(made)
    assert {i.type.tensor_type.elem_type for i in made.graph.input} == {onnx.TensorProto.FLOAT}
    constants = [a.t for node in made.graph.node if node.op_type == "Constant" for a in node.attribute]
    assert [2, 3] in [list(c.int64_data) for c in constants]  # put there by the table of storage fields
    assert not any(c.raw_data for c in constants)


def test_onnx_itself_is_left_alone(export):
    export()
    assert onnx.IR_VERSION > 8
    assert "onnx.mapping" not in sys.modules or sys.modules["onnx.mapping"].__spec__ is not None
    assert hasattr(onnx, "mapping") is (find_spec("onnx.mapping") is not None)


def test_onnx_mapping_agrees_with_the_last_one_there_was():
    """The numbers of onnx 1.18's onnx/mapping.py, less uint8, whose tensors keep raw_data here."""
    mapping = compat.onnx_mapping()
    assert mapping.NP_TYPE_TO_TENSOR_TYPE[np.dtype("float32")] == 1
    assert mapping.NP_TYPE_TO_TENSOR_TYPE[np.dtype("float16")] == 10
    fields = {1: "float", 6: "int32", 7: "int64", 4: "int32", 11: "double", 14: "float", 15: "double"}
    fields |= {12: "uint64", 13: "uint64", 8: "string", 9: "int32"}
    expected = {number: f"{name}_data" for number, name in fields.items()}
    assert expected == mapping.STORAGE_TENSOR_TYPE_TO_FIELD


def test_onnx_mapping_missing(run):
    if find_spec("onnx.mapping") is not None:
        pytest.skip("this onnx still has onnx.mapping")
    done = run("""
        import sys
        compat.import_chainer()
        import onnx_chainer
        assert not sys.modules["onnx_chainer.export"]._available, "onnx.mapping needs no stand-in any more"
        assert compat.enable_onnx_chainer() is sys.modules["onnx_chainer"] is not onnx_chainer
        assert sys.modules["onnx_chainer.export"]._available
    """)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ir_version", [7, 8, 10])
def test_ir_version(export, ir_version):
    compat.enable_onnx_chainer(ir_version)
    assert export().ir_version == ir_version


def test_ir_version_unmended(export, monkeypatch):
    monkeypatch.setattr(sys.modules["onnx_chainer.export"], "onnx", onnx)
    assert export().ir_version == onnx.IR_VERSION > 8


def test_an_exported_model_computes_the_same(export, model):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = runtime.InferenceSession(export().SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: X})
    np.testing.assert_allclose(y, model(X).array, rtol=1e-5, atol=1e-6)
