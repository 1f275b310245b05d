"""What is known of single engines and layers: defects that some regime brings out, and constants that stay loose."""

from __future__ import annotations

from dataclasses import dataclass

from parity.calibrate.variants import Variant
from parity.targets import Target, matches


@dataclass(frozen=True)
class Defect:
    """An error beyond the bound that is an engine's, where no case can expect it: the case's own inputs do not show it.

    Args:
        layer: whose result is wrong.
        target: target or wildcard.
        reason: what the engine does.
        regimes: of inputs that show it; of none stated, any.
    """

    layer: str
    target: str
    reason: str
    regimes: tuple[str, ...] = ()


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "MaxRoiPool",
        "chainer",
        "Chainer rounds corners of regions that are exact halves to even (numpy.around), all others away from zero",
        ("ties",),
    ),
    Defect(
        "SoftmaxCrossEntropy",
        "onnx-reference",
        "onnx.reference (op_softmax_cross_entropy_loss.py, 1.23) takes the logarithm of a float32 softmax too",
    ),
    Defect(
        "LogSoftmax",
        "onnx-reference",
        "onnx.reference (op_log_softmax.py, 1.23) takes the logarithm of a float32 softmax, which underflows",
    ),
)


def reason(layer: str, variant: Variant, target: str) -> str | None:
    """Why an error beyond the bound is the engine's; None where nothing of the kind is known."""
    for defect in DEFECTS:
        if (
            defect.layer == layer
            and (not defect.regimes or variant.regime in defect.regimes)
            and matches(Target.parse(target), defect.target)
        ):
            return defect.reason
    return None


TIGHT_ENOUGH: dict[str, str] = {}
"""Layer → why its constant stays although the largest error ÷ bound of the record is far below 1."""
