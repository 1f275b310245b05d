import base64
import gzip
import hashlib
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import parity.report
from parity.report import page
from parity.report.compact import expanded
from parity.report.data import natural
from parity.report.page import render, write
from parity.results import Results

FOLDER = Path(parity.report.__file__).parent
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{ 7*7 }}"


class Parsed(HTMLParser):
    """Elements with their attributes, and the texts of scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self._in_script = [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self._in_script = True
            self.scripts.append((dict(attrs), []))

    def handle_endtag(self, tag):
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data):
        if self._in_script:
            self.scripts[-1][1].append(data)

    def loads(self):
        """Addresses that a browser would fetch."""
        keys = ("src", "srcset", "data", "poster", "action", "background")
        found = [a[k] for _, a in self.elements for k in keys if k in a]
        found += [a["href"] for tag, a in self.elements if "href" in a and tag in ("link", "base", "use", "image")]
        return [f for f in found if not f.startswith("data:")]


def policy(parsed):
    return next(a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a)


def style_loads(css):
    return re.findall(r"@import[^;]*|url\(\s*['\"]?(?!data:|#)[^)]*\)", css)


def embedded(text):
    """Index and pieces, as strict JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    def opened(packed):
        return json.loads(gzip.decompress(base64.b64decode(packed, validate=True)), parse_constant=refuse)

    scripts = {a["id"]: "".join(content) for a, content in Parsed(text).scripts if "id" in a}
    pieces = {}
    for name, content in scripts.items():
        if name.startswith("piece-"):
            pieces |= expanded(opened(content))
    return opened(scripts["index"]), pieces


def test_nothing_is_loaded(make):
    parsed = Parsed(render(make.fill(["a", "b[1]"])))
    assert parsed.loads() == []
    assert [a for tag, a in parsed.elements if tag == "link"] == [{"rel": "icon", "href": "data:,"}]
    assert all(not style_loads(css.read_text("utf-8")) for css in FOLDER.glob("style/*.css"))
    for script in FOLDER.glob("script/*.js"):
        assert not re.search(
            r"\bfetch\(|XMLHttpRequest|\bimport\b|https?:|innerHTML|\beval\(", script.read_text("utf-8")
        )
    assert policy(parsed).startswith("default-src 'none'")
    assert not re.search(r"https?:|\*|unsafe-eval|connect-src", policy(parsed))


@pytest.mark.parametrize(
    "tag", ['<img src="http://a.b/c">', '<script src="//a.b/c.js"></script>', '<link href="a.css">']
)
def test_a_load_would_be_seen(tag):
    assert Parsed(tag).loads()


@pytest.mark.parametrize("css", ["@import 'a.css';", "a { background: url(http://a.b/c) }", "a { src: url('c.woff') }"])
def test_a_load_from_a_style_would_be_seen(css):
    assert style_loads(css)


def test_policy_allows_these_scripts_only(make):
    parsed = Parsed(render(make.fill(["a"])))
    allowed = set(re.findall(r"'sha256-([^']+)'", policy(parsed)))
    run = ["".join(content) for a, content in parsed.scripts if a.get("type") != "text/plain"]
    libraries = [FOLDER.joinpath("vendor", name).read_text("utf-8") for name in page.LIBRARIES]
    assert len(run) == 1
    assert {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in [*run, *libraries]} == allowed


def test_embedded_libraries_are_the_vendored_files(make):
    packed = ["".join(c) for a, c in Parsed(render(make.fill(["a"]))).scripts if a.get("class") == "library"]
    files = [FOLDER.joinpath("vendor", name).read_bytes() for name in page.LIBRARIES]
    assert [gzip.decompress(base64.b64decode(p)) for p in packed] == files
    stated = FOLDER.joinpath("vendor/README.md").read_text("utf-8")
    assert all(hashlib.sha256(f).hexdigest() in stated for f in files)


def test_licence_is_in_the_page(make):
    text = render(make.fill(["a"]))
    assert "Copyright 2010-2026 Mike Bostock" in text
    assert "Copyright 2020-2025 Observable, Inc." in text
    assert "Copyright (c) 2012-2014 Chris Pettitt" in text


def test_hostile_names_are_inert(make):
    plain = Parsed(render(_named(type(make)(), "name")))
    parsed = Parsed(render(_named(make, HOSTILE)))
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(a) for _, a in parsed.elements] == [sorted(a) for _, a in plain.elements]
    index, pieces = embedded(render(make.results))
    assert [c["id"] for c in index["cases"]] == [HOSTILE]
    assert pieces[HOSTILE]["case"]["description"] == HOSTILE


def _named(make, name):
    make.run(name)
    make.target(f"{name}@cpu", name)
    make.target(f"{name}@gpu", name, reason=name)
    make.case(name, description=name)
    make.cell(name, f"{name}@cpu", "differs", name, ratio=3.0, message=name)
    return make.results


def test_a_lone_surrogate_does_not_stop_the_page(make, tmp_path):
    index, pieces = embedded(write(_named(make, "a\ud800b"), tmp_path).read_text("utf-8"))
    assert [c["id"] for c in index["cases"]] == list(pieces) == ["a\ufffdb"]


def test_embedded_data_is_the_results(make):
    results = make.fill(["layers/a[x-1]", "layers/a[x-2]", "b"])
    bad = make.cell("b", "chainer@cpu", "nonfinite", ratio="inf", message="NaN at [0]")
    index, pieces = embedded(render(results))
    assert [c["target"] for c in index["columns"]] == ["chainer@cpu", "keras-jax@cpu", "onnxruntime@cpu"]
    for entry in index["cases"]:
        for column, short in zip(index["columns"], entry["cells"], strict=True):
            cell = results.cells[column["environment"], entry["id"], column["target"]]
            assert index["verdicts"][short[0]] == cell["verdict"]
            assert bool(short[2]) is cell["ok"]
            ratio = max(float(f["metrics"]["bound_ratio"]) for f in (*cell["layers"], *cell["final"]))
            assert float(short[1]) == float(f"{ratio:.3g}")
            kept = pieces[entry["id"]]["cells"][str(index["columns"].index(column))]
            for mine, theirs in zip(kept["final"], cell["final"], strict=True):
                for key, value in theirs["metrics"].items():
                    same = float(value) if isinstance(value, float) or value == "inf" else value
                    assert mine["metrics"][key] == (pytest.approx(same, rel=5e-4) if value != "inf" else "inf")
            assert kept["certificate"] == cell["certificate"]
    column = str([c["target"] for c in index["columns"]].index(bad["target"]))
    assert pieces["b"]["cells"][column]["message"] == "NaN at [0]"


def test_a_bare_nan_would_be_refused(make):
    results = make.fill(["a"])
    results.cases["a"]["inputs"] = {"x": [[float("nan")], "float32"]}
    _, pieces = embedded(render(results))  # written as a string, as results.jsonl does
    assert pieces["a"]["case"]["inputs"] == {"x": [["nan"], "float32"]}
    with pytest.raises(ValueError, match="JSON"):
        page.text(float("nan"))


def test_page_is_a_function_of_the_results(make):
    results = make.fill([f"layers/{n}[{i}]" for n in "ab" for i in range(3)])
    cells = list(results.cells.items())
    random.Random(1).shuffle(cells)
    other = Results(
        results.runs, dict(reversed(results.targets.items())), dict(reversed(results.cases.items())), dict(cells)
    )
    assert render(results) == render(other)
    make.cell("layers/a[0]", "chainer@cpu", "differs", ratio=2.0)
    assert render(results) != render(other)


def test_nothing_is_said_of_loosenings_and_exams_where_there_are_none(make):
    text = render(make.fill(["a"]))
    assert "Loosened bounds" not in text
    assert "Can this suite be trusted?" not in text
    assert "exam-data" not in text.partition("<script>")[0]


def test_empty_results(tmp_path):
    text = write(Results(), tmp_path / "new" / "folder").read_text("utf-8")
    assert "Nothing was compared: there are no results." in text
    assert embedded(text) == (
        {
            "verdicts": list(page.collect(Results()).index["verdicts"]),
            "rules": [],
            "families": {},
            "columns": [],
            "cases": [],
        },
        {},
    )


def test_answer_and_targets_need_no_script(make):
    results = make.fill(["a"])
    make.target("onnx-reference@cpu", reason="package onnx is not installed")
    text = re.sub(r"<script.*?</script>", "", render(results), flags=re.DOTALL)
    assert "1 case × 3 engines agrees within rounding" in text
    assert "package onnx is not installed" in text
    assert "<noscript>" in text


def test_every_module_is_used_and_small():
    for folder, suffix, names in (("script", "js", page.SCRIPTS), ("style", "css", page.STYLES)):
        assert sorted(p.stem for p in FOLDER.glob(f"{folder}/*")) == sorted(names)
        assert all(len(p.read_text("utf-8").splitlines()) <= 250 for p in FOLDER.glob(f"{folder}/*.{suffix}"))


def test_numbers_in_names_sort_by_size_however_many_digits_they_have():
    names = ["b01", "a" + "9" * 5000, "a10b", "b", "a10", "a", "a2"]
    assert sorted(names, key=natural) == ["a", "a2", "a10", "a10b", names[1], "b", "b01"]
    assert natural("a07") == natural("a7")
