"""Stories of one cell, from records alone."""

import pytest

from parity.story import story


def cause(words="epsilon 0 instead of 2e-05", name="epsilon", node="bn", kind="BatchNorm", **more):
    known = {"node": node, "kind": kind, "name": name, "words": words, "ratio": 0.13, "advice": "", "value": None}
    return known | {"source": "parameter"} | more


def diagnosis(*causes, closest=None, tried=44, ratio=1523.9, nodes=("conv", "bn"), complete=True):
    return {
        "nodes": list(nodes), "tensor": nodes[-1], "causes": list(causes), "closest": closest, "ratio": ratio,
        "tried": tried, "complete": complete,
    }  # fmt: skip


@pytest.fixture
def told(make):
    """The story of one cell, title → text; ``told(verdict, **keys)``."""
    make.run()
    make.case("a", layers=("conv", "bn", "act"))
    record = make.results.cases["a"]
    for layer, kind in zip(record["layers"], ("Conv2D", "BatchNorm", "LeakyReLU"), strict=True):
        layer["layer"] = kind
    record["layers"][1]["parameters"] = {"epsilon": 2e-5, "scale": True}
    record["layers"][2]["parameters"] = {"alpha": 0.2}

    def tell(verdict="rounding", ratio=0.25, target="chainer@cpu", case=None, bad=(), **more):
        cell = make.cell("a", target, verdict, ratio=ratio, **more)
        for f in cell.get("layers", ()):
            if bad and f["tensor"] not in bad:
                f.update(verdict="rounding", metrics=make.metrics(0.1))
        return {s.title: "\n".join(s.paragraphs) for s in story(record | (case or {}), cell)}

    return tell


MISSING = "BatchNorm bn adds no epsilon (0 instead of 2e-05): on one side the epsilon is missing"
LEFT_OUT = "0.001 is what keras.layers.BatchNormalization takes where nothing is said: was the argument left out?"
