import pytest
from typer.testing import CliRunner

from parity import session as session_module
from parity.cli import app
from parity.commands import run as run_module
from tests.stand_in import StandInPool

TWO = "chainer,onnx-reference"


@pytest.fixture
def pool(monkeypatch):
    """Stands in for every pool that is made."""
    made = StandInPool()
    monkeypatch.setattr(run_module, "Pool", lambda: made)
    monkeypatch.setattr(session_module, "missing", lambda _: None)
    return made


@pytest.fixture
def run(tmp_path, pool, monkeypatch):
    """``parity run`` in a folder of its own; the result of the command."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str):
        pool.stopped = False
        return CliRunner().invoke(app, ["run", "--targets", TWO, *arguments], catch_exceptions=False)

    return invoke
