"""One worker for each engine, shared by all tests of mistakes."""

from __future__ import annotations

import pytest

from parity.session import Session
from parity.workers.pool import Pool


@pytest.fixture(scope="session")
def session():
    """Runs cases in real engines."""
    with Session(Pool()) as made:
        yield made
