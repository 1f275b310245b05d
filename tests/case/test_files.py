"""What stands in the way of reading a file."""

import os
from pathlib import Path

from parity.case.files import obstacle, reason


def test_a_file_is_no_obstacle():
    assert obstacle(Path(__file__)) is None


def test_no_such_file(tmp_path):
    (tmp_path / "lenet.yaml").write_text("a: 1")
    assert obstacle(tmp_path / "lenett.yaml") == "there is no such file; the folder has lenet.yaml"
    assert obstacle(tmp_path / "alexnet") == "there is no such file"
    assert obstacle(tmp_path / "none" / "lenet.yaml") == f"there is no such file, nor the folder {tmp_path / 'none'}"


def test_no_such_name(tmp_path):
    (tmp_path / "lenet.yaml").write_text("a: 1")
    for path in Path("a\0b"), tmp_path / ("x" * 5000), tmp_path / "lenet.yaml" / "x":
        assert obstacle(path).startswith("cannot be found: ")


def test_not_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert obstacle(tmp_path) == "is a folder; a file is expected"
    assert obstacle(tmp_path / "pipe") == "is a pipe or a device; a regular file is expected"
    assert obstacle(Path("/dev/zero")) == "is a pipe or a device; a regular file is expected"


def test_unreadable(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may read everything, so modes prove nothing
    assert obstacle(Path(__file__)) == "cannot be read: permission denied"


def test_reason_is_never_empty():
    assert reason(OSError(2, "No such file or directory", "secret")) == "No such file or directory"
    assert reason(EOFError()) == "EOFError"
