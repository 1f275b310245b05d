"""Writes the page."""

from __future__ import annotations

from pathlib import Path

from parity.results import Results


def write(results: Results, out: Path) -> Path:
    """Write ``index.html``; its path."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "index.html"
    path.write_text("<p>soon</p>")
    return path
