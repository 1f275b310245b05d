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


OVERFLOW = "something inside of it leaves float16's numbers, which end at 65,504 and at 6e-8, where float64's go on"
"""Of results in float16 that are infinite, NaN, or 0 for 1 / ∞: what half precision loses, whoever computes."""
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
    *(
        Defect(
            layer,
            "keras-torch@*",
            "Keras 3.15 on PyTorch (backend/torch/nn.py, moments) takes mean(x²) − mean(x)² for the variance",
        )
        for layer in ("GroupNorm", "InstanceNorm", "LayerNorm")
    ),
    Defect(
        "EinsumDense",
        "keras-tensorflow:*float16",
        "TensorFlow 2.21 with oneDNN: a product of batches of 16-bit numbers, fused with a bias, is wrong "
        "(not with TF_ENABLE_ONEDNN_OPTS=0)",
    ),
    Defect("SoftmaxCrossEntropy", "keras-jax:*float16", "Keras 3.15 on JAX gives it in float32 in any precision"),
    *(
        Defect(layer, "*:float16", OVERFLOW, ("wide",))
        for layer in ("GroupNorm", "InstanceNorm", "LayerNorm", "LocalResponseNorm", "LpNormalization", "RMSNorm")
    ),
    Defect("LpNormalization", "onnx-torch@*", "onnx2pytorch 0.6 divides 0 by 0: a vector is all zeros", ("ties",)),
)


def reason(layer: str, variant: Variant, target: str, verdict: str = "differs") -> str | None:
    """Why an error beyond the bound is the engine's, or its precision's; None where nothing of the kind is known."""
    if verdict == "nonfinite" and Target.parse(target).computes.tensors == "float16":
        return OVERFLOW
    for defect in DEFECTS:
        if (
            defect.layer == layer
            and (not defect.regimes or variant.regime in defect.regimes)
            and matches(Target.parse(target), defect.target)
        ):
            return defect.reason
    return None


_CONSTANT = "its only error is that of a stated constant in float32, at most u of it; those of the cases round to less"
_LONG = (
    "stands on longer sums than its cases have: onnxruntime's ReduceL2 of 21,624 numbers, a large one first, is 333 u "
    "off, which the bound allows twice"
)
_PARTS = "the bounds of its parts add up, their errors partly cancel"
TIGHT_ENOUGH: dict[str, str] = {
    "Clip": _CONSTANT,
    "ClippedReLU": _CONSTANT,
    "Threshold": _CONSTANT + "; at the threshold itself the whole jump is allowed",
    "ThresholdedReLU": "exact but at a threshold that is no float32 number: there the whole jump is allowed",
    "ReduceL2": _LONG,
    "ReduceSumSquare": _LONG,
    "Highway": _PARTS,
}
"""Layer → why its bound stays although the largest error ÷ bound of the record is far below 1."""
