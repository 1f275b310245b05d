"""What is timed gives what run gives, on every engine that is here, and waits until it is there.

Frameworks are started in a process of their own, through readies.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.engines import ENGINES
from parity.targets import Target, missing


@pytest.fixture(scope="module", params=ENGINES)
def found(request):
    engine = request.param
    if why := missing(Target(engine)):
        pytest.skip(why)
    script = Path(__file__).with_name("readies.py")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), engine]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_ready_gives_what_run_gives(found):
    """Whatever becomes of the caller's arrays afterwards: the inputs are the framework's own."""
    assert len(found["same"]) >= 3
    assert all(found["same"].values()), found["same"]


def test_the_result_is_computed_when_the_call_returns(found):
    """By what the frameworks say of it: JAX of the array, PyTorch by being asked to wait, once a call."""
    assert found["computed"] == [True] * 5
    assert found["waits"] in (None, 1.0)
