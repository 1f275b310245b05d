"""A measurement of small cases on workers that answer with the numpy rules, rounded."""

from __future__ import annotations

import pytest

from parity import session as session_module
from parity.calibrate.measure import measure
from parity.calibrate.record import record
from parity.calibrate.variants import variants
from parity.session import Session
from tests.stand_in import A, B, StandInPool, load_cases


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Measures the cases under ``tmp_path``; the record."""
    monkeypatch.setattr(session_module, "missing", lambda _: None)

    def run(pool=None, **which):
        plan = list(variants(load_cases(tmp_path), **which))
        with Session(pool or StandInPool()) as session:
            return record(measure(plan, [A, B], tmp_path / "work", session), plan, {"targets": [str(A), str(B)]})

    return run
