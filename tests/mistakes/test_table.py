"""Every mistake of the table, committed in a real engine, is found and called by its name, before all others."""

from __future__ import annotations

import pytest

from parity.targets import missing
from tests.mistakes.committed import run, table
from tests.mistakes.rows import ROWS

TABLE = table()


@pytest.mark.parametrize("committed", TABLE, ids=lambda c: c.id)
def test_it_is_named(session, committed, tmp_path):
    if why := missing(committed.target):
        pytest.skip(why)
    expected = committed.expected
    cell = run(session, committed, tmp_path)
    assert cell["verdict"] == expected.get("verdict", "differs"), cell["message"]
    assert "it" in cell["blame"]
    assert cell["committed"][0]["mistake"] == committed.name
    (diagnosis,) = cell["diagnosis"]
    assert diagnosis["complete"]
    first = diagnosis["causes"][0]
    if first["name"] != committed.name:  # another one is the same on these inputs, and the table says why
        assert first["name"] in expected["alternatives"]
        assert expected["why"]
        first = next(c for c in diagnosis["causes"] if c["name"] == committed.name)
    assert first["node"] == "it"
    assert str(expected.get("words", "")) in first["words"]
    assert expected.get("advice", "") in first["advice"]
    assert first["ratio"] <= 1 < float(diagnosis["ratio"])


def test_every_row_of_the_reference_tables_is_committed():
    assert {c.expected["row"] for c in TABLE if "row" in c.expected} == set(ROWS)
