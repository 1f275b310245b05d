"""The network as a graph in a browser, and the layer that is chosen; skipped where there is none."""

import re

import pytest

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=document.title='broken'>"


def tag(opened, name):
    """The start tag of a node of the graph."""
    return re.search(rf'<a class="[^"]*"[^>]*data-node="{re.escape(name)}"[^>]*>', opened.dom).group()


def panel(opened):
    """The name of the layer that is shown beside the graph, and the HTML of that place."""
    return re.search(
        r'<div class="chosen-layer"[^>]*data-layer="([^"]*)"[^>]*>(.*?)</section>', opened.dom, re.S
    ).groups()


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@pytest.fixture
def branched(make):
    """conv is read by two layers, which a third one reads."""
    results = make.fill(["a"], ["chainer@cpu", "onnxruntime@cpu"])
    make.case("a", layers=("conv", "left", "right", "add"))
    left, right, add = results.cases["a"]["layers"][1:]
    left["from"] = right["from"] = ["conv"]
    add["from"] = ["left", "right"]
    for target in ("chainer@cpu", "onnxruntime@cpu"):
        make.cell("a", target)
    return results


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
    assert panel(opened)[0] == "left"
    assert [n for n in ("conv", "left", "right", "add") if " bad" in tag(opened, n)] == ["conv", "left", "right"]
    assert 'aria-current="true"' in tag(opened, "left")
    assert "error ÷ bound 40" in tag(opened, "left")
    for line in ("1", "2"), ("2", "4"):
        assert re.search(rf'class="edge chosen"[^>]*data-from="{line[0]}" data-to="{line[1]}"', opened.dom)


def test_else_the_layer_with_the_largest_error(branched, browse):
    for finding, ratio in zip(branched.cells["py311", "a", "chainer@cpu"]["layers"], (0.1, 0.2, 0.7, 0.3), strict=True):
        finding["metrics"]["bound_ratio"] = ratio
    assert panel(browse(branched, "#case=a&target=chainer@cpu"))[0] == "right"


@pytest.mark.parametrize("asked", ["conv", "x", "output:add"])
def test_the_address_names_what_is_shown(branched, browse, asked):
    opened = browse(branched, f"#case=a&target=chainer@cpu&layer={asked}")
    assert opened.console == []
    shown, html = panel(opened)
    assert shown == asked
    assert opened.count(r'<a class="node[^>]*aria-current="true"') == 1
    assert ("nothing to compare" in html) is (asked == "x")
    assert (f"#case=a&amp;target=onnxruntime@cpu&amp;layer={asked}" in html) is (asked != "x")


def test_what_is_not_there_is_not_shown(branched, make, browse):
    make.cell("a", "chainer@cpu", "crashed")
    opened = browse(branched, "#case=a&target=chainer@cpu&layer=gone")
    assert opened.console == []
    assert panel(opened)[0] == "conv"
    assert "Nothing was compared on this target." in panel(opened)[1]
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
    said = words(panel(opened)[1])
    assert "A runtime makes one step of conv and left; they are judged together at left" in said
    assert "shares weights with right" in said


def test_how_errors_are_spread_is_said_and_drawn(branched, make, browse):
    chainer, other = (branched.cells["py311", "a", f"{t}@cpu"] for t in ("chainer", "onnxruntime"))
    finding = make.errors(chainer["layers"][0], zero=10, counts=[80, 6, 0, 4], start=-2)
    finding["verdict"], finding["metrics"]["bound_ratio"] = "differs", 2.5
    make.errors(other["layers"][0], zero=100)
    make.errors(other["final"][0], zero=90, counts=[10], start=-1)
    opened = browse(branched, "#case=a&target=chainer@cpu&layer=conv")
    assert opened.console == []
    said = words(panel(opened)[1])
    assert "4 of 100 elements (4 %) are at the bound or beyond it. 10 are exact." in said
    assert "At least half of all stay below 1/2 of the bound." in said
    assert panel(opened)[1].count('aria-label="rect"') >= 3
    assert "the other target" in said
    assert opened.count('aria-label="elements by error ÷ bound"') == 3  # the layer, the other target, the outputs


def test_an_error_of_just_the_bound_is_not_beyond_it(branched, make, browse):
    finding = make.errors(branched.cells["py311", "a", "chainer@cpu"]["layers"][0], counts=[3, 1], start=-1)
    finding["metrics"]["bound_ratio"] = 1.0
    said = words(panel(browse(branched, "#case=a&target=chainer@cpu&layer=conv"))[1])
    assert "None of 4 elements is beyond the bound." in said


# Rows of levels, a inside the bound and k outside; sizes of the axes; what is said, not clear-cut no more than a count.
MAPS = {
    "column": (["aaak"] * 3, (3, 4), "All elements beyond the bound are at W = 3 (the last)."),
    "row": (["kkkk", "aaaa", "aaaa"], (3, 4), "All elements beyond the bound are at H = 0 (the first)."),
    "spot": (["aaaa", "aaka", "aaaa"], (3, 4), "beyond the bound are at H = 1 and W = 2 (counted from 0)."),
    "blocks": (["aaak"] * 3, (3, 10), "All elements beyond the bound are at W = 7 to 9 (counted from 0)."),
    "border": (["kkkkk", "kaaak", "kaaak", "kaaak", "kkkkk"], (5, 5), "are at the border."),
    "rim": (["kkkkk", "kaaak", "kaaak", "kaaak", "kkkkk"], (9, 9), "are at the border, in the outermost blocks."),
    "everywhere": (["kk", "kk"], (2, 2), "There are elements beyond the bound in every part of the map."),
    "scattered": (["kaaa", "aaaa", "aaak"], (3, 4), "beyond the bound in 2 of the 12 blocks of the map."),
    "nowhere": (["aaaa"] * 3, (3, 4), ""),
}  # fmt: skip


def test_where_errors_sit_is_said_where_it_is_clear_cut(make, browse):
    make.fill(["a"], ["chainer@cpu"])
    make.case("a", layers=("conv",))
    make.results.cases["a"]["layers"][0]["shapes"] = {name: [2, 8, *of] for name, (_, of, _) in MAPS.items()}
    cell = make.cell("a", "chainer@cpu", "differs", ratio=4.0)
    cell["layers"] = []
    for name, (rows, of, _) in MAPS.items():
        finding = make.finding(name, "differs", 4.0, ["conv"])
        along = {"column": "aaakaaaa", "row": "kkkkkkkk", "spot": "aakkaaaa", "blocks": "kaakaakk"}.get(name, "")
        shape = (len(rows), len(rows[0]))
        cell["layers"].append(make.errors(finding, counts=[9], levels="".join(rows), shape=shape, of=of, along=along))
    opened = browse(make.results, "#case=a&target=chainer@cpu")
    assert opened.console == []
    parts = re.split(r'data-part="where"', panel(opened)[1])[1:]
    assert len(parts) == len(MAPS)
    for (name, (_, _, said)), part in zip(MAPS.items(), parts, strict=True):
        assert said in words(part), name
        assert ("bound are at" in words(part)) is ("are at" in said), name
        assert part.count("<svg") >= 1
    for name, said in zip(MAPS, (
        "Of the 8 channels, only channel 3 (counted from 0) has elements beyond the bound.",
        "Each of the 8 channels has elements beyond the bound.",
        "Of the 8 channels, only channels 2 to 3 (counted from 0) have elements beyond the bound.",
        "Of the 8 channels, 4 have elements beyond the bound.",
    ), strict=False):  # fmt: skip
        assert said in words(parts[list(MAPS).index(name)]), name
    assert "H (3)" in parts[0]
    assert "W (4)" in parts[0]


def test_axes_have_names_only_where_the_network_is_about_images(make, browse):
    make.fill(["a"], ["chainer@cpu"])
    make.case("a", layers=("relu",))
    make.results.cases["a"]["layers"][0]["shapes"] = {"relu": [2, 5, 3, 4]}
    finding = make.cell("a", "chainer@cpu")["layers"][0]
    make.errors(finding, counts=[9], levels="k" + "a" * 11, shape=(3, 4), along="aakaa")
    said = words(panel(browse(make.results, "#case=a&target=chainer@cpu&layer=relu"))[1])
    assert "axis 2 (3)" in said
    assert "All elements beyond the bound are at axis 2 = 0 (the first) and axis 3 = 0 (the first)." in said
    assert "Of the 5 places along axis 1, only 2 (counted from 0) has elements beyond the bound." in said


def test_what_the_page_does_not_keep_is_said(branched, make, browse):
    finding = branched.cells["py311", "a", "chainer@cpu"]["layers"][0]
    lead = "#case=a&target=chainer@cpu&layer=conv"
    said = words(panel(browse(branched, lead))[1])
    assert "The distribution is not kept in this page" in said
    assert "The map is not kept in this page" in said
    make.errors(finding, counts=[6], start=-3, levels="aaaa", shape=(2, 3))  # six blocks, and four of them there
    opened = browse(branched, lead)
    assert opened.console == []
    assert "The map is not kept in this page" in words(panel(opened)[1])
    assert "The distribution" not in words(panel(opened)[1])


def test_a_script_in_the_results_is_shown_and_can_be_copied(branched, make, browse):
    make.cell("a", "chainer@cpu", "differs", ratio=2.0, script=f"print(1)\n# {HOSTILE}\n")
    opened = browse(branched, "#case=a&target=chainer@cpu")
    assert opened.console == []
    assert "copy the script" in opened.dom
    assert "the script, 2 lines" in opened.dom
    assert "print(1)\n# &lt;script&gt;" in opened.dom
    assert "parity reproduce a chainer@cpu" not in opened.dom
    opened = browse(branched, "#case=a&target=onnxruntime@cpu")
    assert "the script, 2 lines" not in opened.dom
    assert "parity reproduce a onnxruntime@cpu" in opened.dom


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
