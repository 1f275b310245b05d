"""One worker for each engine, shared by all tests of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.case.case import find, load
from parity.session import Session
from parity.workers.pool import Pool


@pytest.fixture(scope="session")
def session():
    """Runs cases in real engines."""
    with Session(Pool()) as made:
        yield made


@pytest.fixture(scope="session")
def of_every_layer():
    """Layer name → layers with the specs of their inputs, as the shipped cases have them."""
    found = {}
    for file, base in find([Path(__file__).parents[2] / "cases" / "layers"]):
        for case in load(file, base):
            for node in case.graph.nodes:
                found.setdefault(type(node.layer).__name__, set()).add((node.layer, case.graph.input_specs(node)))
    return found
