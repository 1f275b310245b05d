from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from parity.errors import BadInput
from parity.results import FILE, SCHEMA, Writer, environment, read, records, run_record
from tests.made import case, cell, loss, timing, write


def test_what_is_written_is_read(tmp_path):
    write(tmp_path / "new" / "folder", run_record(), case(), cell())
    found = read(tmp_path / "new" / "folder")
    assert found.cells == {("here", "a", "chainer@cpu"): cell()}
    assert found.cases == {"a": case()}
    [run] = found.runs.values()
    assert run["schema"] == SCHEMA
    assert read(tmp_path / "new" / "folder" / FILE).cells == found.cells


def test_an_old_file_is_replaced_unless_resumed(tmp_path):
    write(tmp_path, case(), cell())
    write(tmp_path, cell("b"), case("b"), resume=True)
    assert {name for _, name, _ in read(tmp_path).cells} == {"a", "b"}
    write(tmp_path, case("b"), cell("b"))
    assert {name for _, name, _ in read(tmp_path).cells} == {"b"}


def test_every_line_is_whole_and_strict(tmp_path):
    with Writer(tmp_path) as writer:
        with pytest.raises(ValueError, match="JSON"):
            writer.add({"kind": "cell", "figure": float("nan")})
        writer.add(case())
        threads = [threading.Thread(target=lambda i=i: writer.add(cell(str(i)))) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert found[0]["kind"] == "case"
    assert {r["case"] for r in found[1:]} == {str(i) for i in range(20)}


def test_a_record_is_on_disk_before_the_next_one_comes(tmp_path):
    with Writer(tmp_path) as writer:
        writer.add(cell())
        assert len(list(records(tmp_path))) == 1


def test_a_kill_at_any_byte_costs_the_last_line_at_most(tmp_path):
    write(tmp_path, case(), cell(), cell(target="onnxruntime@cpu"))
    whole = (tmp_path / FILE).read_bytes()
    start = len(whole[:-1][: whole[:-1].rindex(b"\n")]) + 1
    for cut in range(start, len(whole)):
        (tmp_path / FILE).write_bytes(whole[:cut])
        before = list(records(tmp_path))
        assert before[:2] == [case(), cell()]
        assert len(before) == 2 or (len(before) == 3 and cut == len(whole) - 1)
        write(tmp_path, cell(target="onnx-reference@cpu"), resume=True)
        assert [r.get("target") for r in records(tmp_path)] == [None, "chainer@cpu", "onnx-reference@cpu"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("what?", "not a record"),
        ("[1]", "not a record"),
        ('{"no": "kind"}', "not a record"),
        ('{"kind": ["cell"]}', "not a record"),
        ('{"kind": "cell"}', "a record of kind 'cell' lacks environment, a string"),
        ('{"kind": "loss"}', "a record of kind 'loss' lacks case, a string"),
        ('{"kind": "cell", "figure": NaN}', "not a record"),
        ('{"kind": "run", "schema": 99}', "found schema 99, this version reads 1"),
    ],
)
def test_a_line_that_is_no_record(tmp_path, line, message):
    (tmp_path / FILE).write_text(f"{json.dumps(case())}\n{line}\n{json.dumps(cell())}\n")
    with pytest.raises(BadInput, match=message) as caught:
        read(tmp_path)
    assert caught.value.line == 2


@pytest.mark.parametrize("content", [None, b"\xff\xfe\n"])
def test_a_folder_without_results(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BadInput, match="no results here"):
        read(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        Writer(tmp_path / "file")
    (tmp_path / FILE).mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        Writer(tmp_path, resume=True)
    if os.geteuid():  # nothing is forbidden to root
        tmp_path.chmod(0o500)
        with pytest.raises(BadInput, match="cannot be written"):
            Writer(tmp_path / "new")


def test_a_case_that_was_run_again_drops_its_old_cells(tmp_path):
    write(tmp_path, case(), cell(), cell(target="onnxruntime@cpu"), case("b"), cell("b"))
    write(tmp_path, case(weights="9"), cell(weights="9"), resume=True)
    assert set(read(tmp_path).cells) == {("here", "a", "chainer@cpu"), ("here", "b", "chainer@cpu")}


def test_of_two_cells_the_later_one_counts(tmp_path):
    write(tmp_path, case(), cell(verdict="crashed"))
    write(tmp_path, case(), cell(), resume=True)
    [found] = read(tmp_path).cells.values()
    assert found["verdict"] == "equal"


def test_of_two_measurements_the_later_one_counts(tmp_path):
    write(tmp_path, case(), timing(load=[1, 1]), timing(batch=8), timing(threads=1), timing("onnxruntime@cpu"))
    write(tmp_path, timing(load=[0, 0]), loss(), loss("chainer@cpu:bfloat16"), resume=True)
    more = loss(precision="float16"), {"kind": "sensitivity", "case": "a", "precision": "float16"}
    write(tmp_path, *more, resume=True)
    found = read(tmp_path).measured
    assert len(found["timing"]) == 4
    assert found["timing"]["here", "a", "chainer@cpu", None, 2]["load"] == [0, 0]
    assert len(found["loss"]) == 2
    assert found["loss"]["here", "a", "chainer@cpu:float16"]["precision"] == "float16"
    assert list(found["sensitivity"]) == [("", "a", "float16")]


def test_measurements_survive_another_run_of_the_same_network_alone(tmp_path):
    write(tmp_path, case(), cell(), timing(), loss())
    write(tmp_path, case(), cell(), resume=True)
    assert [len(found) for found in read(tmp_path).measured.values()] == [1, 0, 1]
    write(tmp_path, case() | {"network": "other"}, timing("onnxruntime@cpu"), resume=True)
    assert [list(found) for found in read(tmp_path).measured.values()] == [
        [], [], [("here", "a", "onnxruntime@cpu", None, 2)]
    ]  # fmt: skip


def test_a_run_that_starts_anew_keeps_the_latest_measurements(tmp_path):
    old = run_record() | {"environment": "idle"}
    write(tmp_path, old, run_record() | {"environment": "here"}, case(), cell(), timing(load=[1, 1]), timing(batch=8))
    write(tmp_path, timing(load=[0, 0]), loss(), resume=True)
    write(tmp_path, case(), cell("a", "onnxruntime@cpu"))
    kinds = [(r["kind"], r.get("environment")) for r in records(tmp_path)]
    assert kinds == [("run", "here"), *[(k, "here") for k in ("loss", "timing", "timing")], ("case", None),
                     ("cell", "here")]  # fmt: skip
    found = read(tmp_path)
    assert list(found.cells) == [("here", "a", "onnxruntime@cpu")]
    assert found.measured["timing"]["here", "a", "chainer@cpu", None, 2]["load"] == [0, 0]
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


def test_a_run_that_starts_anew_on_another_network_does_not_show_what_was_measured(tmp_path):
    write(tmp_path, case(), timing(), loss() | {"case": "b"})
    write(tmp_path, case() | {"network": "other"}, timing("onnxruntime@cpu") | {"network": "other"})
    found = read(tmp_path).measured
    assert list(found["timing"]) == [("here", "a", "onnxruntime@cpu", None, 2)]
    assert list(found["loss"]) == [("here", "b", "chainer@cpu:float16")], "nothing is known of that network"


def test_measurements_are_there_at_every_moment(tmp_path, monkeypatch):
    write(tmp_path, timing())

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        Writer(tmp_path)
    assert [r["kind"] for r in records(tmp_path)] == ["timing"]


def test_cells_that_are_not_whole_keep_nobody_from_starting_anew(tmp_path):
    write(tmp_path, {"kind": "cell", "case": "of another version"}, case(), timing())
    write(tmp_path, case())
    assert [r["kind"] for r in records(tmp_path)] == ["timing", "case"]


def test_what_cannot_be_read_is_not_thrown_away(tmp_path):
    (tmp_path / FILE).write_text("an hour\nof work\n")
    with pytest.raises(BadInput, match=r"not a record.*remove the file if it may go") as caught:
        Writer(tmp_path)
    assert caught.value.line == 1
    assert (tmp_path / FILE).read_text() == "an hour\nof work\n"


def test_an_environment_has_a_name(monkeypatch):
    monkeypatch.delenv("PARITY_ENVIRONMENT", raising=False)
    monkeypatch.setenv("TOX_ENV_NAME", "py312")
    assert environment() == "py312"
    monkeypatch.setenv("PARITY_ENVIRONMENT", "newest")
    assert environment() == run_record()["environment"] == "newest"
    monkeypatch.delenv("PARITY_ENVIRONMENT")
    monkeypatch.delenv("TOX_ENV_NAME")
    assert environment().startswith("python3.")


def test_when_a_case_was_stated_is_known(tmp_path):
    write(tmp_path, run_record() | {"started": "1"}, case(), case("b"), run_record() | {"started": "2"}, case())
    assert read(tmp_path).since == {"a": "2", "b": "1"}


def test_cells_of_a_case_that_nothing_states_do_not_vanish(tmp_path):
    (tmp_path / FILE).write_text("\n".join(json.dumps(cell(name)) for name in ("b", "a")), "utf-8")
    with pytest.raises(BadInput, match=r"cells of 'a' and no record of kind 'case' .*; the same goes for 1 more"):
        read(tmp_path)
