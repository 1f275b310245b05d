import csv
import io
import re
import time
from xml.etree import ElementTree as ET

import pytest

from parity.changes.environments import splits
from parity.errors import BadInput
from parity.report import junit, summary, verdicts
from parity.report.files import write_summaries
from parity.report.page import write
from parity.results import Results

JAX, CHAINER = "keras-jax@cpu", "chainer@cpu"
HOSTILE = [
    "<script>alert(1)</script>", "a|b`c`", "]]>", "one\ntwo\r\nthree", "\x00\x1b[31m\x07\ufffe", "=cmd()|' /C calc'!A0",
    "\ud800half", "@everyone", "&lt;&#0;", '"quoted", and so on', "[click](javascript:x)", "\u202egnp.exe",
]  # fmt: skip


def told(results):
    return summary.summary(results, splits(results))


def rows(results):
    return list(csv.DictReader(io.StringIO(verdicts.verdicts(results), newline="")))


def tree(results, absent=()):
    return ET.fromstring(junit.junit(results, absent).encode())


def test_beside_the_page(make, tmp_path):
    write(make.fill(["a"]), tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"index.html", "summary.md", "junit.xml", "verdicts.csv"}
    assert b"\r\n" in (tmp_path / "verdicts.csv").read_bytes()
    assert b"\r" not in (tmp_path / "summary.md").read_bytes() + (tmp_path / "junit.xml").read_bytes()


def test_that_cannot_be_written(make, tmp_path):
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(BadInput, match=r"junit\.xml: the summary cannot be written"):
        write_summaries(make.fill(["a"]), tmp_path, [])


class TestSummary:
    def test_all_is_well(self, make):
        text = told(make.fill(["a", "b"]))
        assert text.startswith("**✅ 2 cases × 3 engines agree within rounding.**\n")
        assert "| chainer@cpu | 2 |  |  | 0." in text
        assert "Cells: 6 rounding." in text
        assert "Failed" not in text

    def test_what_failed_and_what_to_change(self, make):
        make.fill(["a", "b"])
        make.cell("a", JAX, "timeout", message="60 s")
        text = told(make.results)
        assert text.startswith("**❌ 1 case × 3 engines")
        assert "### Failed: 1 cell of 1 file\n\n- **a**: timeout on keras-jax\n" in text
        assert "  - keras-jax took too long, and was stopped: 60 s." in text
        assert "  - *What to change:* Give the case more seconds" in text

    def test_environments_that_found_different_things(self, make):
        for environment in ("py311", "py312"):
            make.fill(["a", "b"], environment=environment)
        make.results.runs["py312"]["python"] = "3.12.1"
        for case in ("a", "b"):
            make.cell(case, JAX, "crashed", environment="py312")
        text = told(make.results)
        assert "In 2 cases, environments found different things; what tells them apart: Python in 2." in text
        assert "crashed with Python 3.12.1 (py312). (2 cases: a and b)" in text
        assert "| chainer@cpu | 2 |  |  |" in text.replace("| py311 and py312 |", "")

    def test_an_environment_that_compared_nothing(self, make):
        make.fill(["a"])
        make.run("py313")
        text = told(make.results)
        assert text.startswith("**❌")
        assert "- Environment py313 compared nothing" in text

    def test_nothing_at_all(self, make):
        assert told(make.results) == "**❌ Nothing was compared: there are no results.**\n"

    def test_a_long_one_is_cut(self, make):
        make.fill([f"layers/{i}" + "x" * 300 for i in range(600)], targets=[CHAINER])
        for _, case, target in list(make.results.cells):
            make.cell(case, target, "crashed", message="y" * 900)
        for i in range(200):
            make.target("t" * 300 + f"{i}@cpu", reason="z" * 400)
        text = told(make.results)
        assert 10_000 < len(text) <= summary.MOST
        assert text.endswith(summary.CUT + "\n")

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_names(self, make, name):
        make.fill([name])
        make.cell(name, JAX, "crashed", message=name)
        make.target(name, reason=name)
        text = told(make.results)
        text.encode()
        assert "<script" not in text
        assert "@everyone" not in text
        assert not set(text) & set("\x00\x1b\x07\r")
        assert not re.search(r"(?<!\\)\]\(", text)
        table = [line for line in text.splitlines() if line.startswith("|")]
        assert {line.replace("\\|", "").count("|") for line in table} == {7}


class TestJUnit:
    def test_counts_and_outcomes(self, make):
        make.fill(["a", "b", "c", "d"], targets=[CHAINER, JAX])
        make.cell("a", JAX, "differs", message="off")
        make.cell("b", JAX, "crashed", message="no memory")
        make.cell("c", JAX, "unsupported", message="no such layer")
        make.cell("d", JAX, "differs", ok=True, expected={"verdict": "differs", "reason": "a defect of theirs"})
        root = tree(make.results)
        assert root.attrib == {"name": "parity", "tests": "8", "failures": "1", "errors": "1"}
        good, bad = root
        assert bad.get("skipped") == "2"
        assert (good.get("name"), good.get("tests"), good.get("failures")) == ("py311 chainer@cpu", "4", "0")
        assert good.get("timestamp") == "2026-11-21T12:12:00"
        found = {c.get("name"): c[0] for c in bad.iter("testcase")}
        assert [found[n].tag for n in "abcd"] == ["failure", "error", "skipped", "skipped"]
        assert found["a"].get("type") == "differs"
        assert found["a"].get("message").startswith("keras-jax differs")
        assert "Run it again" not in found["a"].text
        assert "What to change:" in found["a"].text
        assert found["c"].get("message") == "unsupported: no such layer"
        assert found["d"].get("message") == "known failure: differs: a defect of theirs"

    def test_properties_are_versions(self, make):
        (suite,) = tree(make.fill(["a"], targets=[CHAINER]))
        found = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert found["chainer"] == "7.8.1"
        assert found["Python"] == "3.11.7"

    def test_names_are_stable_and_apart(self, make):
        make.fill(["a", "b"])
        make.fill(["a", "b"], environment="py312")
        names = [(c.get("classname"), c.get("name")) for c in tree(make.results).iter("testcase")]
        assert len(set(names)) == len(names) == 12
        assert ("py311.chainer@cpu", "a") in names

    def test_shape_of_the_schema(self, make):
        """Order and attributes as in Jenkins' junit-10.xsd."""
        make.fill(["a"])
        make.cell("a", JAX, "differs")
        root = tree(make.results)
        assert root.tag == "testsuites"
        for suite in root:
            assert suite.tag == "testsuite"
            assert [e.tag for e in suite] == ["properties", "testcase"]
            assert set(suite.attrib) == {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}
            for case in suite.iter("testcase"):
                assert set(case.attrib) == {"name", "classname", "time"}
                assert len(case) <= 1
                assert float(case.get("time")) >= 0

    def test_an_environment_that_compared_nothing_is_an_error(self, make, tmp_path):
        make.fill(["a"])
        make.run("py313")
        write_summaries(make.results, tmp_path, [])
        root = ET.parse(tmp_path / "junit.xml").getroot()
        suite = root[-1]
        assert (root.get("errors"), suite.get("name"), suite.get("errors")) == ("1", "py313", "1")
        assert "compared nothing" in suite.find("testcase/error").get("message")

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_names(self, make, name):
        make.fill([name])
        make.cell(name, JAX, "crashed", message=name)
        make.cell(name, CHAINER, "unsupported", message=name)
        root = tree(make.results)
        assert len(list(root.iter("testcase"))) == 3
        assert {e.tag for e in root.iter()} <= {
            "testsuites", "testsuite", "properties", "property", "testcase", "error", "skipped",
        }  # fmt: skip
        (found,) = {c.get("name") for c in root.iter("testcase")}
        assert found == junit.allowed(name).replace("\r\n", "\n") or "\n" in name


class TestVerdicts:
    def test_a_row_for_each_cell(self, make):
        make.fill(["a10", "a2"], targets=[CHAINER, "keras-jax@gpu:float16"])
        make.cell("a2", CHAINER, "crashed", message='no, "really"\nno')
        found = rows(make.results)
        assert [(r["case"], r["target"]) for r in found] == [
            ("a2", CHAINER), ("a2", "keras-jax@gpu:float16"), ("a10", CHAINER), ("a10", "keras-jax@gpu:float16"),
        ]  # fmt: skip
        assert tuple(found[0]) == verdicts.COLUMNS
        assert (found[1]["engine"], found[1]["device"], found[1]["precision"]) == ("keras-jax", "gpu", "float16")
        assert (found[0]["ok"], found[1]["ok"]) == ("false", "true")
        assert found[0]["message"] == 'no, "really" no'
        assert (found[0]["error_over_bound"], found[0]["max_abs"], found[0]["worst_layer"]) == ("", "", "")
        assert 0 < float(found[1]["error_over_bound"]) < 1
        assert found[1]["worst_layer"] in ("conv", "relu")
        assert found[1]["versions"] == "chainer 7.8.1"

    def test_the_cause(self, make):
        make.fill(["a"])
        cause = {"kind": "BatchNorm", "node": "bn", "name": "epsilon", "words": "epsilon 0 instead of 2e-05, or 1e-9"}
        make.cell("a", JAX, "differs", diagnosis=[{"causes": [cause], "tried": 3}])
        (row,) = (r for r in rows(make.results) if r["target"] == JAX)
        assert row["cause"] == "BatchNorm bn: epsilon 0 instead of 2e-05"

    def test_a_known_failure(self, make):
        make.fill(["a"])
        make.cell("a", JAX, "differs", ok=True, expected={"verdict": "differs", "reason": "x"})
        (row,) = (r for r in rows(make.results) if r["target"] == JAX)
        assert (row["verdict"], row["kind"], row["ok"]) == ("differs", "known", "true")

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
    def test_formulas_are_none(self, make, text):
        make.fill([text])
        assert {r["case"][0] for r in rows(make.results)} == {"'"}

    def test_numbers_are_numbers(self):
        assert verdicts.field(-0.5) == "-0.5"
        assert verdicts.field(float("inf")) == "inf"
        assert verdicts.field(None) == ""
        assert verdicts.field("-0.5") == "'-0.5"

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_names(self, make, name):
        make.fill([name])
        make.cell(name, JAX, "crashed", message=name)
        text = verdicts.verdicts(make.results)
        text.encode()
        found = rows(make.results)
        assert len(found) == 3
        assert len(text.split("\r\n")) == 5  # the heads, three rows, and nothing behind the last
        assert not set(text) & set("\x00\x1b\x07")


def test_records_that_say_no_more_than_they_must(tmp_path):
    results = Results()
    hashes = {"inputs": "1", "weights": "2"}
    for verdict, ok in (("equal", True), ("differs", False), ("crashed", False), ("unsupported", True)):
        record = {"environment": "e", "case": verdict, "target": CHAINER, "verdict": verdict, "ok": ok, "hash": hashes}
        results.cells["e", verdict, CHAINER] = {"kind": "cell", **record}
    assert [p.stat().st_size > 100 for p in write_summaries(results, tmp_path, splits(results))] == [True] * 3
    assert tree(results).get("tests") == "4"


def test_15000_cells_in_a_second_or_two(make, tmp_path):
    for environment in ("a", "b", "c", "d", "e"):
        make.fill([f"layers/l{i}" for i in range(1000)], environment=environment)
    start = time.process_time()
    write_summaries(make.results, tmp_path, [])
    assert time.process_time() - start < 6  # 1.5 s where it was measured; the rest is for busy machines
