"""Makes ``pytest cases/`` work from a checkout, whether parity is installed or not."""

from __future__ import annotations

import os
from pathlib import Path

pytest_plugins = ["parity.plugin"]

# Workers, and the tests that start Python, import parity from here too, whatever folder they run in.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
