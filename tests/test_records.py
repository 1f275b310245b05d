"""Records: strict JSON, a line for each item, in the wheel."""

import json
import math
from pathlib import Path

import pytest

from parity import records
from parity.errors import BadInput


def test_an_item_a_line_and_keys_sorted():
    record = {"b": [{"y": 1, "x": "ä"}, {"x": 2}], "a": {"two": 2, "one": [1]}, "c": [], "d": None}
    text = records.dump(record)
    assert json.loads(text) == record
    assert text.splitlines() == [
        "{",
        '"a": {',
        '"one": [1],',
        '"two": 2',
        "},",
        '"b": [',
        '{"x": "ä", "y": 1},',
        '{"x": 2}',
        "],",
        '"c": [],',
        '"d": null',
        "}",
    ]


def test_no_nan():
    with pytest.raises(ValueError, match="JSON compliant"):
        records.dump({"a": [math.nan]})


@pytest.mark.parametrize(("text", "says"), [("[NaN]", "NaN is no JSON"), ("{", "Expecting"), (None, "No such file")])
def test_a_record_that_cannot_be_read(tmp_path, monkeypatch, text, says):
    if text is not None:
        (tmp_path / "odd.json").write_text(text)
    monkeypatch.setattr(records.resources, "files", lambda _: tmp_path)
    with pytest.raises(BadInput, match=says):
        records.load("odd")


def test_records_are_as_dump_writes_them():
    files = sorted(Path(records.__file__).parent.glob("*.json"))
    assert "calibration" in [f.stem for f in files]
    for file in files:
        assert file.read_text("utf-8") == records.dump(records.load(file.stem)), file.name
