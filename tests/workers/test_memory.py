"""Memory of this process and its peak."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from parity.workers import memory


@pytest.mark.skipif(not memory.forget_peak(), reason="the system does not let a peak begin anew")
def test_the_peak_is_of_what_came_since():
    gc.collect()  # what earlier tests left would be given back meanwhile
    memory.forget_peak()
    before = memory.resident()
    big = np.ones(1 << 23)
    assert memory.peak() >= before + (big.nbytes >> 1)
    del big
    memory.forget_peak()
    assert memory.peak() < before + (1 << 25)


def test_where_the_system_tells_nothing_the_most_there_ever_was_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "none")
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "none" / "none")
    assert not memory.forget_peak()
    assert memory.peak() == memory.resident() > 1 << 20
