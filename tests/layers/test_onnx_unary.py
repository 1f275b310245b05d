"""The numpy rules of one input element against the examples that ONNX gives with its operators."""

import numpy as np
import pytest

from parity.layers import Layer


def plain(name):
    return lambda a, *_: Layer.registry[name]()


MAKE = {
    **{n: plain(n) for n in ("Abs", "Acos", "Asin", "Atan", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "Identity")},
    **{n: plain(n) for n in ("Log", "Mish", "Neg", "Reciprocal", "Sign", "Sin", "Sinh", "Softsign", "Sqrt", "Tan")},
    "HardSwish": plain("HardSiLU"),
    "Clip": lambda a, low, high: Layer.registry["Clip"](min=float(low), max=float(high)),
    "Gelu": lambda a: Layer.registry["GELU"](approximate=a.get("approximate") == b"tanh"),
    "HardSigmoid": lambda a: Layer.registry["HardSigmoid"](alpha=a.get("alpha", 0.2), beta=a.get("beta", 0.5)),
    "Selu": lambda a: Layer.registry["SELU"](**a),
    "ThresholdedRelu": lambda a: Layer.registry["ThresholdedReLU"](alpha=a.get("alpha", 1.0)),
}
EXAMPLES = """
abs acos acos_example asin asin_example atan atan_example ceil ceil_example cos cos_example cosh cosh_example erf exp
exp_example floor floor_example hardswish log log_example mish neg neg_example reciprocal reciprocal_example
sign sin sin_example sinh sinh_example softsign softsign_example sqrt sqrt_example tan tan_example
clip clip_example clip_inbounds clip_outbounds clip_splitbounds
gelu_default_1 gelu_default_2 gelu_tanh_1 gelu_tanh_2 hardsigmoid hardsigmoid_default hardsigmoid_example
selu selu_default selu_example thresholdedrelu thresholdedrelu_default thresholdedrelu_example
"""


@pytest.mark.parametrize("name", EXAMPLES.split())
def test_example(name, examples, rule):
    op, attributes, inputs, outputs = examples(name.partition("_")[0])[name]
    layer = MAKE[op](attributes, *inputs[1:])
    y = rule(layer, inputs[0].astype(np.float64))
    np.testing.assert_allclose(y, outputs[0], rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["prelu_example", "prelu_broadcast"])
def test_prelu(name, examples, rule):
    _, _, (x, slope), (y,) = examples("prelu")[name]
    if slope.shape == x.shape:  # ours is shared by the batch
        rows = [rule(Layer.registry["PReLU"](shared_axes=()), x[i : i + 1], slope=slope[i]) for i in range(len(x))]
        made = np.concatenate(rows)
    else:
        made = rule(Layer.registry["PReLU"](shared_axes=(1, 2)), x[None], slope=slope[None].reshape(1, 1, -1))[0]
    np.testing.assert_array_equal(made, y)
