from pathlib import Path

import pytest

from parity.case.case import find, load
from parity.catalogue import snapshot
from parity.catalogue.live import ask
from parity.catalogue.pages import pages
from parity.catalogue.survey import survey

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def surveys():
    cases = (c for file, root in find([ROOT / "cases"]) for c in load(file, root))
    return survey(c for c in cases if c.id.startswith(("layers/", "networks/")))


@pytest.fixture(scope="session")
def kept():
    """What the frameworks said when the pages were made."""
    return snapshot.load(ROOT / "docs" / snapshot.FILE)


@pytest.fixture(scope="session")
def made(surveys, kept):
    """The pages as they would be written from that."""
    return pages(surveys, kept)


@pytest.fixture(scope="session")
def live(surveys):
    """What they say now, and why some say nothing."""
    return ask(surveys)
