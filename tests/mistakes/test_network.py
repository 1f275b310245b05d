"""Mistakes around a layer: what it reads, in which order, and whose weights it has."""

from __future__ import annotations

import numpy as np

from tests.mistakes.test_wrong import Net, node


def words(net, layer):
    return {name: [w.words for w in made] for name, made in net.all_names(layer).items()}


def chain():
    return Net(
        (2, 3, 6, 6),
        node("c1", "Conv2D", "x", filters=3, kernel=3, pad=1),
        node("act", "ReLU", "c1"),
        node("c2", "Conv2D", "act", filters=3, kernel=3, pad=1),
        node("sum", "Sub", "c2", "x"),
        node("flat", "Flatten", "sum"),
        node("fc", "Linear", "flat", units=4),
    )


def test_what_is_around_each_layer():
    net = chain()
    first, second = words(net, "c1"), words(net, "c2")
    assert first["channels reversed"] == ["reads BGR instead of RGB"]  # colours, at the network's entry
    assert second["channels reversed"] == ["reads its channels in reversed order"]
    assert "missing rescale" in first
    assert "missing rescale" not in second
    assert len(first["another preprocessing"]) == 12
    assert second["reads another tensor"] == ["reads x instead of act", "reads c1 instead of act"]
    assert second["weights of another layer"] == ["has the weights of c1"]
    assert words(net, "act")["layer left out"] == ["left out"]
    assert words(net, "sum")["inputs exchanged"] == ["reads x, c2 in this order"]
    assert "layer left out" not in words(net, "fc")  # another shape


def test_the_numbers_of_another_preprocessing():
    net = chain()
    x = net.inputs["x"]
    wrong = net.named("c1", "another preprocessing", words="Caffe's means of ImageNet subtracted, B G R")
    found = net.run(wrong)["c1/before0"].value
    np.testing.assert_allclose(found, x - np.reshape([103.939, 116.779, 123.68], (1, 3, 1, 1)), rtol=1e-6)
    wrong = net.named("c1", "another preprocessing", words="deviations, R G B")
    found = net.run(wrong)["c1/before0"].value
    mean, deviation = (np.reshape(v, (1, 3, 1, 1)) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    np.testing.assert_allclose(found, (x - mean) / deviation, rtol=1e-5, atol=1e-5)


def test_features_in_the_other_order():
    net = chain()
    found = net.run(net.named("fc", "flatten order"))["fc"].value
    before = net.reference.tensors["sum"].value.transpose(0, 2, 3, 1).reshape(2, -1)
    np.testing.assert_allclose(found, before @ net.weights["fc/W"].T + net.weights["fc/b"], rtol=1e-5)
    assert "flatten order" not in words(net, "c2")


def test_the_weights_of_another_layer():
    net = chain()
    graph_weights = net.named("c2", "weights of another layer").weights
    for name, array in graph_weights.items():
        np.testing.assert_array_equal(array, net.weights[name.replace("c2/wrong", "c1")])
