"""How the chosen layer of a case errs, and where, in a browser; skipped where there is none."""

import re

HOSTILE = "<script>document.title='broken'</script>"


def test_how_errors_are_spread_is_said_and_drawn(branched, make, browse):
    chainer, other = (branched.cells["py311", "a", f"{t}@cpu"] for t in ("chainer", "onnxruntime"))
    finding = make.errors(chainer["layers"][0], zero=10, counts=[80, 6, 1, 3], start=-2)
    finding["verdict"], finding["metrics"]["bound_ratio"] = "differs", 2.5
    make.errors(other["layers"][0], zero=100)
    make.errors(other["final"][0], zero=90, counts=[10], start=-1)
    opened = browse(branched, "#case=a&target=chainer@cpu&layer=conv")
    assert opened.console == []
    said = opened.layer()[2]
    assert "4 of 100 elements (4 %) are at the bound or beyond it. 10 are exact." in said
    assert "At least half of all stay below 1/2 of the bound." in said
    assert opened.layer()[1].count('aria-label="rect"') >= 3
    assert "the other target" in said
    assert opened.count('aria-label="elements by error ÷ bound"') == 3  # the layer, the other target, the outputs


def test_an_error_of_just_the_bound_is_not_beyond_it(branched, make, browse):
    finding = make.errors(branched.cells["py311", "a", "chainer@cpu"]["layers"][0], counts=[3, 1], start=-1)
    finding["metrics"]["bound_ratio"] = 1.0
    said = browse(branched, "#case=a&target=chainer@cpu&layer=conv").layer()[2]
    assert "None of 4 elements is beyond the bound." in said


# Rows of levels, e just inside the bound and f just outside; sizes of the axes; what is said.
MAPS = {
    "column": (["eeef"] * 3, (3, 4), "All elements beyond the bound are at W = 3 (the last)."),
    "row": (["ffff", "eeee", "eeee"], (3, 4), "All elements beyond the bound are at H = 0 (the first)."),
    "spot": (["eeee", "eefe", "eeee"], (3, 4), "beyond the bound are at H = 1 and W = 2 (counted from 0)."),
    "blocks": (["eeef"] * 3, (3, 10), "All elements beyond the bound are at W = 7 to 9 (counted from 0)."),
    "border": (["fffff", "feeef", "feeef", "feeef", "fffff"], (5, 5), "are at the border."),
    "rim": (["fffff", "feeef", "feeef", "feeef", "fffff"], (9, 9), "are at the border, in the outermost blocks."),
    "everywhere": (["ff", "ff"], (2, 2), "There are elements beyond the bound in every part of the map."),
    "scattered": (["feee", "eeee", "eeef"], (3, 4), "beyond the bound in 2 of the 12 blocks of the map."),
    "comb": (["efefef", "eeefef", "eeeeee"], (3, 6), "All elements beyond the bound are at odd W (counted from 0)."),
    "nowhere": (["eeee"] * 3, (3, 4), ""),
}  # fmt: skip
ALONG = {"column": "eeefeeee", "row": "ffffffff", "spot": "eeffeeee", "blocks": "feefeeff", "border": "eeffffff"}


def test_where_errors_sit_is_said_where_it_is_clear_cut(make, browse):
    make.fill(["a"], ["chainer@cpu"])
    make.case("a", layers=("conv",))
    make.results.cases["a"]["layers"][0]["shapes"] = {name: [2, 8, *of] for name, (_, of, _) in MAPS.items()}
    cell = make.cell("a", "chainer@cpu", "differs", ratio=4.0)
    cell["layers"] = []
    for name, (rows, of, _) in MAPS.items():
        finding = make.finding(name, "differs", 4.0, ["conv"])
        along = ALONG.get(name, "")
        shape = (len(rows), len(rows[0]))
        cell["layers"].append(make.errors(finding, counts=[9], levels="".join(rows), shape=shape, of=of, along=along))
    opened = browse(make.results, "#case=a&target=chainer@cpu")
    assert opened.console == []
    parts = re.split(r'data-part="where"', opened.layer()[1])[1:]
    assert len(parts) == len(MAPS)
    for (name, (_, _, said)), part in zip(MAPS.items(), parts, strict=True):
        assert said in opened.words(part), name
        assert ("bound are at" in opened.words(part)) is ("are at" in said), name
        assert part.count("<svg") >= 1
    for name, said in zip(MAPS, (
        "Of the 8 channels, only channel 3 (counted from 0) has elements beyond the bound.",
        "Each of the 8 channels has elements beyond the bound.",
        "Of the 8 channels, only channels 2 to 3 (counted from 0) have elements beyond the bound.",
        "Of the 8 channels, 4 have elements beyond the bound.",
        "Of the 8 channels, channels 0 to 1 (counted from 0) have no element beyond the bound; all others have.",
    ), strict=False):  # fmt: skip
        assert said in opened.words(parts[list(MAPS).index(name)]), name
    assert "H (3)" in parts[0]
    assert "W (4)" in parts[0]


def test_axes_have_names_only_where_the_network_is_about_images(make, browse):
    make.fill(["a"], ["chainer@cpu"])
    make.case("a", layers=("relu",))
    make.results.cases["a"]["layers"][0]["shapes"] = {"relu": [2, 5, 3, 4]}
    finding = make.cell("a", "chainer@cpu")["layers"][0]
    make.errors(finding, counts=[9], levels="f" + "e" * 11, shape=(3, 4), along="eefee")
    said = browse(make.results, "#case=a&target=chainer@cpu&layer=relu").layer()[2]
    assert "axis 2 (3)" in said
    assert "All elements beyond the bound are at axis 2 = 0 (the first) and axis 3 = 0 (the first)." in said
    assert "Of the 5 places along axis 1, only 2 (counted from 0) has elements beyond the bound." in said


def test_what_the_page_does_not_keep_is_said(branched, make, browse):
    finding = branched.cells["py311", "a", "chainer@cpu"]["layers"][0]
    lead = "#case=a&target=chainer@cpu&layer=conv"
    said = browse(branched, lead).layer()[2]
    assert "The distribution is not kept in this page" in said
    assert "The map is not kept in this page" in said
    make.errors(finding, counts=[6], start=-3, levels="eeee", shape=(2, 3))  # six blocks, and four of them there
    opened = browse(branched, lead)
    assert opened.console == []
    assert "The map is not kept in this page" in opened.layer()[2]
    assert "The distribution" not in opened.layer()[2]


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
