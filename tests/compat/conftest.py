from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap

import pytest

from parity.compat.chainer import import_chainer


@pytest.fixture
def chainer():
    if importlib.util.find_spec("chainer") is None:
        pytest.skip("Chainer is not installed")
    return import_chainer()


@pytest.fixture
def unmended(monkeypatch):
    """Puts the function that Chainer came with back in its place, until the test ends."""

    def put_back(owner: object, name: str) -> None:
        monkeypatch.setattr(owner, name, getattr(owner, name).__wrapped__)

    return put_back


@pytest.fixture
def run(chainer):
    """Runs code in a fresh interpreter, the compat module at hand, every warning shown."""

    def run_code(code: str) -> subprocess.CompletedProcess[str]:
        code = "from parity.compat import chainer as compat\n" + textwrap.dedent(code)
        return subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, timeout=120)

    return run_code
