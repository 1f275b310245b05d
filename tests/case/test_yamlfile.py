"""Located YAML: the core schema, the lines, and every way in which a file can be bad."""

import contextlib
import math
import time

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.case import yamlfile
from parity.errors import BadInput

LOADERS = [yaml.SafeLoader] + ([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def read(request, monkeypatch, tmp_path):
    """Reads a text or bytes, with PyYAML's own parser and with libyaml."""
    monkeypatch.setattr(yamlfile, "LOADER", request.param)
    file = tmp_path / "case.yaml"

    def read_content(content, **limits):
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return yamlfile.read(file, **limits)

    return read_content


def refused(read, content, **limits) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(content, **limits)
    assert caught.value.file.endswith("case.yaml")
    return caught.value


CASE = """\
# a comment
inputs:
  x: {shape: [2, 3],
      dtype: float32}
layers:
  - &conv
    type: Conv2D
    kernel: 3

  - *conv
note: |
  two
  lines
"""


def test_data_and_lines(read):
    document = read(CASE)
    conv = {"type": "Conv2D", "kernel": 3}
    shape = {"shape": [2, 3], "dtype": "float32"}
    assert document.data == {"inputs": {"x": shape}, "layers": [conv, conv], "note": "two\nlines\n"}
    assert document.data["layers"][0] is not document.data["layers"][1]  # writing to one leaves the other alone
    lines = {
        (): 2,
        ("inputs",): 2,
        ("inputs", "x"): 3,
        ("inputs", "x", "shape", 1): 3,
        ("inputs", "x", "dtype"): 4,
        ("layers",): 5,
        ("layers", 0, "kernel"): 8,
        ("layers", 1): 10,
        ("layers", 1, "kernel"): 8,  # where it is written
        ("note",): 11,
    }
    assert {path: document.line(path) for path in lines} == lines


def test_line_of_what_is_not_there_is_that_of_the_nearest_above(read):
    document = read(CASE)
    assert document.line(("layers", 0, "kernle")) == 6
    assert document.line(("layers", 7)) == document.line(("layers", -1)) == document.line(("layers", "0")) == 5
    assert document.line(("layers", 0, "kernel", "deeper", 1)) == 8
    assert document.line(("nothing",)) == 2


def test_scalars(read):
    text = "[on, 1e-5, 0o17, '12', ! 12, !!str 12, !!float 12, !!int '12', ~, '~', true, .nan]"
    *values, nan = read(text).data
    assert repr(values) == repr(["on", 1e-5, 15, "12", "12", "12", 12.0, 12, None, "~", True])
    assert math.isnan(nan)


def test_keys_that_yaml_1_1_takes_for_booleans_stay_strings(read):
    document = read("{y: 1, n: 2, on: 3, no: 4, '<<': 5, '1': 6}")
    assert document.data == {"y": 1, "n": 2, "on": 3, "no": 4, "<<": 5, "1": 6}


def test_byte_order_mark_is_skipped(read):
    assert read(b"\xef\xbb\xbfa: 1").data == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "path", "words"),
    [
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "a.b", "given twice, first on line 2"),
        ("{a: 1,\n 'a': 2}", 2, "a", "given twice, first on line 1"),
        ("a:\n  - 1\n  - 2: x\n", 3, "a.1", "key 2 is an integer; keys are strings"),
        ("true: x", 1, "", "key true is a boolean"),
        ("? \n: x", 1, "", "key null is null"),
        (".5: x", 1, "", "key .5 is a float"),
        ("a: 1\n[1, 2]: x", 2, "", "a list or a mapping stands as a key"),
        ("? {a: 1}\n: x", 1, "", "a list or a mapping stands as a key"),
        ("a: &m {b: 1}\n*m : x", 2, "", "key *m is a mapping"),
        ("a: &m [1]\n*m : x", 2, "", "key *m is a list"),
        ("a: &m {b: 1}\nc:\n  <<: *m", 3, "c", "merge keys (<<) are not read"),
        ("a: !!python/object:os.system {}", 1, "a", "tag !!python/object:os.system is not read"),
        ("a: !!python/name:os.system", 1, "a", "tag !!python/name:os.system is not read"),
        ("a: 1\nb: !mine 1", 2, "b", "tag !mine is not read"),
        ("a: !<x> 1", 1, "a", "tag !<x> is not read"),
        ("a: !<int> 1", 1, "a", "tag !<int> is not read"),
        ("!!set {a, b}", 1, "", "tag !!set is not read"),
        ("a: !!binary aGk=", 1, "a", "tag !!binary is not read"),
        ("a: !!map 1", 1, "a", "tag !!map is not read"),
        ("a: !!str [1]", 1, "a", "tag !!str is not read"),
        ("a: !!int x", 1, "a", "'x' is tagged !!int but has not the form of one"),
        ("a: 1e999", 1, "a", "1e999 is beyond float64"),
        ("a: " + "9" * 5000, 1, "a", "has 5,000 digits"),
        ("a: *b", 1, "a", "alias *b has no anchor above it; there: none"),
        ("a: &x 1\nb: *y", 2, "b", "there: &x"),
        ("a: &x\n  - *x", 2, "a.0", "alias *x stands inside what it repeats"),
        ("a: &x 1\nb: &x 2", 2, "b", "anchor &x is set a second time"),
        ("a: 1\n---\nb: 2", 2, "", "a second document starts here"),
        ("", None, "", "is empty"),
        ("# nothing\n", None, "", "is empty"),
        ("a: 1\nb: [1, 2\nc: 3", 3, "", "is not YAML"),
        ("a: 1\n\tb: 2", 2, "", "is not YAML"),
        ("a: 1\nb: \x07", 2, "", "U+0007 is not allowed"),
        ("a:\n\n  - \ufffe", 3, "", "U+FFFE is not allowed"),
        ('a: "\\UFFFFFFFF"', None, "", ""),
        ('a: "\\ud800"', 1, "", ""),
        ("%YAML 2.0\n---\na: 1", 1, "", "is not YAML"),
        ("%YAML 1." + "9" * 5000 + "\n---\na: 1", None, "", "is not YAML"),
        ("[" * 51 + "]" * 51, 1, "", "nested more than 50 deep"),
        ("[" * 500_000, 1, "", "nested more than 50 deep"),
        ("{a: " * 100_000, 1, "", "nested more than 50 deep"),
        ("- " * 400_000, 1, "", "nested more than 50 deep"),
        ("? " * 400_000, 1, "", "stands as a key"),
        ("%TAG !a! x\n" * 90_000, None, "", "more than 10 directives"),
    ],
)
def test_refused_text(read, text, line, path, words):
    error = refused(read, text)
    assert words in error.message
    assert error.path.startswith(path)
    assert line is None or error.line == line
    assert len(str(error)) < 400 + len(error.file)


def test_fifty_levels_are_read(read):
    assert read("[" * 50 + "]" * 50).data


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 100)
)
CHAIN = "a0: &a0 " + "[" * 40 + "]" * 40 + "\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 12))


def test_alias_bomb_is_counted_before_it_goes_off(read):
    start = time.perf_counter()
    error = refused(read, BOMB)
    assert time.perf_counter() - start < 0.5
    assert "more than 100,000 values" in error.message
    assert error.line == 6  # 9 + 9^2 + ... passes 100,000 with the row of 9^6; each row before is counted once more


def test_aliases_count_towards_the_depth(read):
    assert "nested more than 50 deep" in refused(read, CHAIN).message


def test_aliases_in_moderation_are_copies(read):
    data = read("a: &a [1, 2]\nb: [*a, *a]\n").data
    assert data == {"a": [1, 2], "b": [[1, 2], [1, 2]]}
    data["b"][0].append(3)
    assert data["b"][1] == data["a"] == [1, 2]


def test_limit_of_nodes_is_exact(read):
    assert read("[1, {a: 2}]", limit_nodes=5).data == [1, {"a": 2}]
    assert "more than 4 values" in refused(read, "[1, {a: 2}]", limit_nodes=4).message
    assert read("[&a [1], *a]", limit_nodes=5).data == [[1], [1]]
    assert "more than 4 values" in refused(read, "[&a [1], *a]", limit_nodes=4).message
    assert read("[&a {k: 1}, *a]", limit_nodes=7).data == [{"k": 1}] * 2
    assert "more than 6 values" in refused(read, "[&a {k: 1}, *a]", limit_nodes=6).message


def test_limit_of_bytes_is_exact(read):
    assert read("a: 12", limit_bytes=5).data == {"a": 12}
    assert "larger than the 4 bytes" in refused(read, "a: 12", limit_bytes=4).message


def test_not_utf8(read):
    error = refused(read, b"a: 1\nb: \xff")
    assert (error.line, error.message) == (2, "byte 0xff at offset 8 is not UTF-8; save the file as UTF-8")
    assert "UTF-8" in refused(read, "a: 1".encode("utf-16")).message


def test_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="there is no such file") as caught:
        yamlfile.read(tmp_path / "none.yaml")
    assert caught.value.file == str(tmp_path / "none.yaml")


def test_file_that_cannot_be_opened_after_all(tmp_path, monkeypatch):
    monkeypatch.setattr(yamlfile, "obstacle", lambda path: None)
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        yamlfile.read(tmp_path / "none.yaml")


PIECES = st.sampled_from(
    [*"[]{}:,-?&*!|>%@`'\"#~\\ \n\t", "a", "&a ", "*a ", "!!", "<<: ", "---\n", ": ", "- ", "? ", "1e5", "\\x", "é"]
)
ALMOST_YAML = st.lists(PIECES, max_size=60).map("".join)


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
    | ALMOST_YAML.map(str.encode)
)
def test_whatever_the_bytes_only_bad_input_is_raised(read, content):
    with contextlib.suppress(BadInput):
        assert read(content).line(()) >= 1
