from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from parity.targets import Target
from parity.workers.pool import TargetUnavailable, Worker
from tests.workers.asking import ask

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("what", ["echo", "hangs"])
def test_a_worker_ends_with_its_parent_however_that_dies(odd_python, what):
    code = f"""
        import sys, threading
        sys.path.insert(0, {str(ROOT)!r})
        from tests.workers.asking import ask
        from parity.targets import Target
        from parity.workers import protocol
        from parity.workers.pool import Worker

        worker = Worker(Target("onnx-reference"), python={odd_python!r})
        ask(worker, "echo")
        original = protocol.send

        def send(*args):
            original(*args)
            print(worker.pid, flush=True)

        protocol.send = send
        ask(worker, {what!r})
        threading.Event().wait()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    try:
        worker.wait(30)
    finally:
        if worker.is_running():
            worker.kill()


def test_a_package_that_is_not_installed_is_the_reason(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['onnx'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    worker = Worker(Target("onnx-reference"))
    with pytest.raises(TargetUnavailable, match="onnx"):
        worker.start()
    worker.stop()


def test_the_worker_runs_this_parity_wherever_it_is_started(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert ask(make(), "echo")[0]["status"] == "done"
