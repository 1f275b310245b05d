"""onnx2pytorch, which runs ONNX on PyTorch, also where torchvision is not there or does not fit the PyTorch that is.

It imports torchvision for five operators (regions, suppressed boxes, deformable convolutions, encoded images). A
torchvision built for another PyTorch fails at import with "operator torchvision::nms does not exist". Without it all
other operators run, and those five say what they lack.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any, NoReturn

from parity.compat.stand_ins import forget, lent, module

BORROWED = {
    "torchvision.ops": ("roi_align", "roi_pool", "nms", "box_convert", "deform_conv2d"),
    "torchvision.io": ("decode_image", "ImageReadMode"),
}
"""What onnx2pytorch 0.6 takes from torchvision."""


class WithoutTorchvision(NotImplementedError):
    """The operator is one of torchvision's."""


def import_onnx2pytorch() -> ModuleType:
    """Import it, with stand-ins where torchvision cannot be imported.

    Raises:
        ModuleNotFoundError: onnx2pytorch is not installed.
    """
    why = _why_no_torchvision()
    if why is None:
        return importlib.import_module("onnx2pytorch")
    stand_ins = _stand_ins(why)
    with lent(stand_ins, stand_ins["torchvision"]):
        return importlib.import_module("onnx2pytorch")


def _why_no_torchvision() -> str | None:
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # noqa: BLE001  its native part may fail in any way; what remains of it is dropped
        forget("torchvision")
        return f"{type(error).__name__}: {error}"
    return None


def _stand_ins(why: str) -> dict[str, ModuleType]:
    def missing(name: str) -> Any:
        def call(*_: object, **__: object) -> NoReturn:
            raise WithoutTorchvision(f"{name} is torchvision's, which cannot be imported ({why})")

        return call

    parts = {name: module(name, **{f: missing(f) for f in names}) for name, names in BORROWED.items()}
    whole = module("torchvision", __path__=[], ops=parts["torchvision.ops"], io=parts["torchvision.io"])
    return {"torchvision": whole, **parts}
