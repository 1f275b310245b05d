"""The script for a CUDA machine without a network: what it carries, and what it says when nothing works."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts/gpu"
CARRIED = (SCRIPTS / "wheels.txt").read_text()


def load():
    spec = importlib.util.spec_from_file_location("fit", SCRIPTS / "fit.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


fit = load()
newer = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="tomllib is new in Python 3.11, and the script is for 3.12"
)


def names():
    lines = [x for x in CARRIED.splitlines() if x and not x.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines)
    return {line.partition("==")[0]: line.partition("==")[2] for line in lines}


@newer
def test_all_that_parity_depends_on_is_carried_in_a_version_that_will_do():
    carried = names()
    for line in fit.requirements():
        name = fit.canonical(re.split(r"[^\w.-]", line, maxsplit=1)[0])
        if name == "numpy":
            assert name not in carried, "it would stand in front of the one that the machine's packages were built for"
        else:
            assert fit.fits(line, carried[name]), line


def test_the_frameworks_that_are_carried_come_whatever_is_there():
    others = fit.spare(CARRIED)
    assert {"keras", "onnx2pytorch", "pydantic", "pydantic-core"} <= set(names()) - others
    assert {"ml-dtypes", "pyyaml", "typing-extensions", "rich"} <= others


def test_what_is_there_is_not_installed_again(tmp_path, monkeypatch):
    files = (
        "pydantic-2.14.4-py3-none-any.whl",
        "ml_dtypes-0.6.0-cp312.whl",
        "rich-15.0.0-py3.whl",
        "chainer-7.8.1.whl",
    )
    for name in files:
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(fit, "version", lambda name: None if name == "rich" else "1.0")
    assert [Path(p).name[:4] for p in fit.wheels(tmp_path)] == ["chai", "pyda", "rich"]


def test_what_is_lacking_is_said(monkeypatch):
    monkeypatch.setattr(fit, "version", {"numpy": "1.20", "PyYAML": "6.0.4"}.get)
    assert fit.lacking(["numpy>=1.24", "PyYAML>=6.0.1,<7", "einops>=0.7,<1"]) == [
        "numpy>=1.24, and there is 1.20",
        "einops>=0.7,<1, and there is none",
    ]


@newer
def test_here_is_all_of_it():
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "fit.py"), "lacking"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
class TestScript:
    @staticmethod
    def run(*arguments, **environment):
        command = ["bash", str(SCRIPTS / "run.sh"), *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=os.environ | environment, check=False, timeout=100
        )

    @pytest.fixture
    def python(self, tmp_path):
        """Makes a Python that installs nothing, lacks what it is told, and runs a line of bash in place of parity."""

        def make(lacking="", parity="exit 1"):
            path = tmp_path / "python"
            path.write_text(
                "#!/usr/bin/env bash\n"
                'case "$*" in\n  *"fit.py wheels"*) echo a.whl ;;\n'
                f'  *"fit.py lacking") echo "{lacking}"; [[ -z "{lacking}" ]] ;;\n'
                f"  *'-m parity'*) shift 2; {parity} ;;\nesac\n"
            )
            path.chmod(0o755)
            (tmp_path / "wheels").mkdir()
            return str(path)

        return make

    def test_it_reads(self):
        for script in SCRIPTS.glob("*.sh"):
            subprocess.run(["bash", "-n", str(script)], check=True)

    def test_wheels_that_do_not_fit_are_bad_input(self, tmp_path):
        (tmp_path / "wheels").mkdir()
        (tmp_path / "wheels/broken-1.0-py3-none-any.whl").write_bytes(b"no archive")
        done = self.run(tmp_path / "wheels", tmp_path / "out", 20, PYTHON=sys.executable)
        assert done.returncode == 2
        assert "do not fit" in done.stderr or "No module named pip" in done.stderr

    def test_no_wheels_are_bad_input(self, tmp_path):
        (tmp_path / "wheels").mkdir()
        done = self.run(tmp_path / "wheels", tmp_path / "out", 20, PYTHON=sys.executable)
        assert done.returncode == 2
        assert "no wheels in" in done.stderr

    def test_without_arguments_it_says_what_it_needs(self):
        done = self.run()
        assert done.returncode != 0
        assert "the folder of wheels" in done.stderr

    def test_a_machine_that_lacks_something_is_told(self, tmp_path, python):
        done = self.run(
            tmp_path / "wheels", tmp_path / "out", 20, PYTHON=python(lacking="einops>=0.7, and there is none")
        )
        assert done.returncode == 2
        assert "einops>=0.7, and there is none" in done.stderr

    def test_where_parity_does_not_start_nothing_is_tried(self, tmp_path, python):
        done = self.run(tmp_path / "wheels", tmp_path / "out", 20, PYTHON=python(parity="echo No module; exit 1"))
        assert done.returncode == 2
        assert "parity targets ended with exit status 1" in done.stderr
        assert not (tmp_path / "out/log.txt").exists()

    def test_a_run_in_which_nothing_is_compared_is_no_success(self, tmp_path, python):
        made = python(parity="[[ $1 == targets ]]")
        done = self.run(tmp_path / "wheels", tmp_path / "out", 60, PYTHON=made)
        assert "exit status 1 after 0 s" in done.stdout
        assert done.returncode == 2
        assert "nothing was compared" in done.stderr

    def test_cells_make_it_one(self, tmp_path, python):
        made = python(parity='[[ $1 == targets ]] || echo \'{"kind":"cell"}\' >>"${PYTHON%/*}/out/results.jsonl"')
        assert self.run(tmp_path / "wheels", tmp_path / "out", 60, PYTHON=made).returncode == 0
