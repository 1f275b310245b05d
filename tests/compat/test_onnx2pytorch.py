"""onnx2pytorch imports where torchvision does not, and what it would have borrowed says so."""

import sys

import pytest

from parity.compat import onnx2pytorch as compat
from parity.compat.stand_ins import module


@pytest.fixture
def converter(tmp_path, monkeypatch):
    """A package that imports what onnx2pytorch does, in a world of its own."""
    package = tmp_path / "onnx2pytorch"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import torchvision\nfrom torchvision.io import ImageReadMode, decode_image\n"
        "from torchvision.ops import deform_conv2d, roi_align, roi_pool\n"
        "nms = torchvision.ops.nms\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [n for n in sys.modules if n.partition(".")[0] in ("onnx2pytorch", "torchvision")]:
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path
    compat.forget("onnx2pytorch")
    compat.forget("torchvision")


def broken_torchvision(folder):
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")


def test_a_torchvision_that_does_not_fit_is_stood_in_for(converter):
    broken_torchvision(converter)
    found = compat.import_onnx2pytorch()
    assert "torchvision" not in sys.modules, "nobody else gets the stand-in"
    with pytest.raises(NotImplementedError, match=r"roi_pool is torchvision's, .* torchvision::nms does not exist"):
        found.roi_pool(1, 2)
    with pytest.raises(compat.WithoutTorchvision, match="nms"):
        found.nms()


def test_torchvision_itself_where_it_is_well(converter):
    package = converter / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from torchvision import io, ops\n")
    (package / "io.py").write_text("ImageReadMode, decode_image = 1, 2\n")
    (package / "ops.py").write_text("deform_conv2d = roi_align = roi_pool = nms = print\n")
    found = compat.import_onnx2pytorch()
    assert found.roi_pool is print
    assert "torchvision" in sys.modules


def test_without_the_converter_nothing_is_left_behind(converter, monkeypatch):
    broken_torchvision(converter)
    (converter / "onnx2pytorch" / "__init__.py").write_text("import a_module_that_is_not_here")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_here"):
        compat.import_onnx2pytorch()
    assert "torchvision" not in sys.modules


def test_what_was_there_stays(converter, monkeypatch):
    mine = module("torchvision")
    broken_torchvision(converter)
    monkeypatch.setitem(sys.modules, "torchvision", mine)
    (converter / "onnx2pytorch" / "__init__.py").write_text("import torchvision as seen")
    assert compat.import_onnx2pytorch().seen is mine
