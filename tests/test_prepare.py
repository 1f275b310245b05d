from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from parity import session as session_module
from parity.case.case import load
from parity.errors import BadInput
from parity.precision import FLOAT32, PRECISIONS
from parity.prepare import Prepared, prepare
from parity.session import Session
from tests.stand_in import LINEAR, A, B, StandInPool, answer, cells, load_cases, run_fixture, write_case  # noqa: F401


def test_each_case_is_prepared_once(tmp_path, run, monkeypatch):
    write_case(tmp_path, "a")
    made = []
    original = session_module.prepare
    monkeypatch.setattr(session_module, "prepare", lambda case, folder: made.append(case.id) or original(case, folder))
    run()
    assert made == ["a"]


def test_a_case_whose_files_are_wrong_does_not_stop_the_others(tmp_path, run):
    write_case(tmp_path, "a")
    write_case(tmp_path, "b", more="weights: {file: nowhere.npz}\n")
    write_case(tmp_path, "c")
    bad = []
    found = cells(run(on_bad=lambda case, error: bad.append((case.id, str(error)))))
    assert {case for case, _ in found} == {"a", "c"}
    [(case, message)] = bad
    assert case == "b"
    assert "b.yaml" in message
    assert "nowhere.npz" in message


def test_indices_beyond_the_table_are_bad_input(tmp_path, run):
    write_case(tmp_path, "a", """
        description: Twelve rows, indices up to 98.
        inputs: {x: {shape: [3, 40], dtype: int32, distribution: integers, high: 99}}
        layers: [{layer: Embedding, name: table, vocabulary: 12, units: 5}]
    """)  # fmt: skip
    bad = []
    run(on_bad=lambda _, error: bad.append(str(error)))
    assert len(bad) == 1
    assert "table has 0 … 11 to choose from" in bad[0]


def test_a_case_that_does_not_fit_into_memory_does_not_stop_the_others(tmp_path, run, monkeypatch):
    original = session_module.prepare

    def prepare(case, folder):
        if case.id == "a":
            raise MemoryError("Unable to allocate 2. TiB")
        return original(case, folder)

    for name in "ab":
        write_case(tmp_path, name)
    monkeypatch.setattr(session_module, "prepare", prepare)
    bad = []
    found = cells(run(on_bad=lambda _, error: bad.append(str(error))))
    assert {case for case, _ in found} == {"b"}
    assert "needs more memory than there is: Unable to allocate 2. TiB" in bad[0]


LARGE = """
description: More than a megabyte of weights.
inputs: {x: {shape: [2, 1024]}}
layers: [{layer: Linear, name: fc, units: 1024}]
"""


def test_large_weights_go_through_a_file_that_is_removed(tmp_path, run):
    """Two cases with the same weights: each has a file of its own."""
    files = []

    def look(_, header, arrays):
        files.append(header["weights_file"])
        assert Path(header["weights_file"]).exists()
        assert not any(k.startswith("w:") for k in arrays)
        return answer(header, arrays)

    for name in "ab":
        write_case(tmp_path, name, LARGE)
    found = cells(run(StandInPool(look)))
    assert all(c["ok"] for c in found.values())
    assert len(set(files)) == 2
    assert not any(Path(f).exists() for f in files)


def test_a_prepared_case_can_be_asked_again(tmp_path):
    write_case(tmp_path, "a")
    [case] = load_cases(tmp_path)
    with Session(StandInPool()) as session:
        prepared = session.prepare(case)
        assert isinstance(prepared, Prepared)
        assert session.cell(prepared, A)["ok"]
        assert session.cell(prepared, B)["ok"]


def test_bad_input_says_where(tmp_path):
    write_case(tmp_path, "a", more="weights: {file: nowhere.npz}\n")
    [case] = load_cases(tmp_path)
    with Session(StandInPool()) as session, pytest.raises(BadInput, match=r"a\.yaml.*nowhere\.npz"):
        session.prepare(case)


@pytest.mark.parametrize("value", [".inf", ".nan"])
def test_parameters_are_finite_since_json_has_nothing_else(tmp_path, value):
    write_case(tmp_path, "a", f"""
        description: A layer with a parameter that is no number.
        inputs: {{x: {{shape: [2, 3]}}}}
        layers: [{{layer: BatchNorm, name: bn, epsilon: {value}}}]
    """)  # fmt: skip
    with pytest.raises(BadInput, match=r"a\.yaml:4: layers\.bn\.epsilon"):
        load_cases(tmp_path)


def test_references_of_other_precisions_are_made_once_and_not_all_kept(tmp_path):
    (tmp_path / "a.yaml").write_text(LINEAR.lstrip())
    prepared = prepare(load(tmp_path / "a.yaml")[0], tmp_path)
    names = ("float16", "bfloat16", "float64", "storage_float16")
    made = {name: prepared.at(PRECISIONS[name]) for name in names}
    assert prepared.at(PRECISIONS["storage_float16"]) is made["storage_float16"]
    assert prepared.at(PRECISIONS["float16"]) is not made["float16"], "three are kept"
    assert prepared.at(FLOAT32) is prepared
    for name, other in made.items():
        assert other.reference.precision is PRECISIONS[name]
        assert other.graph.floats == PRECISIONS[name].tensors
        assert other.inputs is prepared.inputs, "arrays are sent in float32"
    half = made["float16"].reference
    assert half.inputs["x"].dtype == np.float16
    np.testing.assert_array_equal(half.weights["fc/W"], prepared.weights["fc/W"].astype(np.float16))
