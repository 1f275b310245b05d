"""The network as a graph in a browser, and the layer that is chosen; skipped where there is none."""

import re

import pytest

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=document.title='broken'>"


def tag(opened, name):
    """The start tag of a node of the graph."""
    return re.search(rf'<a class="[^"]*"[^>]*data-node="{re.escape(name)}"[^>]*>', opened.dom).group()


def test_nodes_and_lines_are_those_of_the_network(branched, browse):
    opened = browse(branched, "#case=a&target=chainer@cpu")
    assert opened.console == []
    assert re.findall(r'data-node="([^"]*)"', opened.dom) == ["x", "conv", "left", "right", "add", "output:add"]
    lines = re.findall(r'data-from="(\d)" data-to="(\d)"', opened.dom)
    assert lines == [("0", "1"), ("1", "2"), ("1", "3"), ("2", "4"), ("3", "4"), ("4", "5")]
    tops = {n: float(re.search(r"--top: ([\d.]+)", tag(opened, n)).group(1)) for n in ("conv", "left", "right", "add")}
    assert tops["conv"] < tops["left"] == tops["right"] < tops["add"]
    assert 'class="node input"' in tag(opened, "x")
    assert "output" in tag(opened, "output:add")


def test_the_worst_failing_layer_is_shown_first(branched, make, browse):
    cell = make.cell("a", "chainer@cpu", "differs", ratio=3.0)
    for finding, ratio in zip(cell["layers"], (2.0, 40.0, 9.0, 0.5), strict=True):
        finding["metrics"]["bound_ratio"] = ratio
        finding["verdict"] = "differs" if ratio > 1 else "rounding"
    opened = browse(branched, "#case=a&target=chainer@cpu")
    assert opened.layer()[0] == "left"
    assert [n for n in ("conv", "left", "right", "add") if " bad" in tag(opened, n)] == ["conv", "left", "right"]
    assert 'aria-current="true"' in tag(opened, "left")
    assert "error ÷ bound 40" in tag(opened, "left")
    for line in ("1", "2"), ("2", "4"):
        assert re.search(rf'class="edge chosen"[^>]*data-from="{line[0]}" data-to="{line[1]}"', opened.dom)


def test_else_the_layer_with_the_largest_error(branched, browse):
    for finding, ratio in zip(branched.cells["py311", "a", "chainer@cpu"]["layers"], (0.1, 0.2, 0.7, 0.3), strict=True):
        finding["metrics"]["bound_ratio"] = ratio
    assert browse(branched, "#case=a&target=chainer@cpu").layer()[0] == "right"


def test_an_output_that_fails_alone_comes_before_layers_that_pass(branched, browse):
    cell = branched.cells["py311", "a", "chainer@cpu"] | {"verdict": "differs", "ok": False}
    branched.cells["py311", "a", "chainer@cpu"] = cell
    cell["final"][0]["verdict"], cell["final"][0]["metrics"]["bound_ratio"] = "differs", 2.0
    assert browse(branched, "#case=a&target=chainer@cpu").layer()[0] == "output:add"


@pytest.mark.parametrize("asked", ["conv", "x", "output:add"])
def test_the_address_names_what_is_shown(branched, browse, asked):
    opened = browse(branched, f"#case=a&target=chainer@cpu&layer={asked}")
    assert opened.console == []
    shown, html, _ = opened.layer()
    assert shown == asked
    assert opened.count(r'<a class="node[^>]*aria-current="true"') == 1
    assert ("nothing to compare" in html) is (asked == "x")
    assert (f"#case=a&amp;target=onnxruntime@cpu&amp;layer={asked}" in html) is (asked != "x")


def test_what_is_not_there_is_not_shown(branched, make, browse):
    make.cell("a", "chainer@cpu", "crashed")
    opened = browse(branched, "#case=a&target=chainer@cpu&layer=gone")
    assert opened.console == []
    assert opened.layer()[0] == "conv"
    assert "Nothing was compared on this target." in opened.layer()[1]
    assert "uncompared" in tag(opened, "conv")


def test_a_network_of_one_layer_and_one_of_none(make, browse):
    make.fill(["a"], ["chainer@cpu"])
    make.case("a", layers=("relu",))
    make.cell("a", "chainer@cpu")
    assert re.findall(r'data-node="([^"]*)"', browse(make.results, "#case=a").dom) == ["x", "relu", "output:relu"]
    make.results.cases["a"] |= {"layers": [], "inputs": {}, "outputs": []}
    make.cell("a", "chainer@cpu", "crashed")
    opened = browse(make.results, "#case=a")
    assert opened.console == []
    assert 'data-case="a"' in opened.dom
    assert "data-node" not in opened.dom.partition("<script")[0]


def test_layers_judged_together_and_weights_shared(branched, browse):
    layers = branched.cases["a"]["layers"]
    layers[2]["weights"] = layers[0]["weights"]
    cell = branched.cells["py311", "a", "chainer@cpu"]
    del cell["layers"][0]
    cell["layers"][0]["nodes"] = ["conv", "left"]
    opened = browse(branched, "#case=a&target=chainer@cpu&layer=conv")
    assert opened.console == []
    assert "fused" in tag(opened, "conv")
    assert "fused" in tag(opened, "left")
    assert "fused" not in tag(opened, "add")
    assert re.findall(r'class="edge fused[^>]*data-from="(\d)" data-to="(\d)"', opened.dom) == [("1", "2")]
    assert "shares weights with right" in tag(opened, "conv")
    assert opened.count('class="tied"') == 2
    said = opened.layer()[2]
    assert "A runtime makes one step of conv and left; they are judged together at left" in said
    assert "shares weights with right" in said


def test_hostile_names_in_the_graph_do_nothing(make, browse):
    names = ("conv", HOSTILE, "__proto__", "constructor")
    make.fill(["a"], ["chainer@cpu"])
    make.case("a", layers=names)
    record = make.results.cases["a"]
    record["layers"][1]["weights"] = {"W": record["layers"][0]["weights"]["W"] | {"axes": HOSTILE}}
    record["layers"][3]["from"] = ["__proto__", "gone"]
    cell = make.cell("a", "chainer@cpu", "differs", ratio=2.0)
    make.errors(cell["layers"][1], counts=[6], levels="k", shape=(1, 1), axes=(0, 1))
    cell["layers"][2]["nodes"] = [HOSTILE, "__proto__"]
    opened = browse(make.results, "#case=a&target=chainer@cpu")
    assert opened.console == []
    assert opened.count("data-node=") == 6
    assert "<img" not in opened.dom
    assert "<title>broken" not in opened.dom


def test_libraries_are_opened_when_a_case_is_shown(branched, browse):
    start, case = browse(branched), browse(branched, "#case=a")
    for source in ("var dagre=", "Plot=t.Plot"):
        assert source not in start.dom
        assert source in case.dom
