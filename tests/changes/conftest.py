import copy

import pytest

from tests.report.conftest import Maker

CASES = ("layers/elu[wide]", "layers/elu[ties]", "networks/lenet")


@pytest.fixture
def make():
    """Three cases on three targets, all of them good."""
    made = Maker()
    made.fill(CASES)
    return made


@pytest.fixture
def other(make):
    """The same again, to be changed."""
    made = copy.deepcopy(make)
    made.results.runs["py311"]["started"] = "2026-11-25T12:12:00+00:00"
    return made
