"""Make docs/report.png, the README's picture of the page: ``python docs/screenshot.py reports/index.html``.

Needs Chromium, which it starts without network on a fresh profile, and nothing else.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
)


def take(page: str, picture: Path, width: int, height: int) -> None:
    """Photograph a page, address and fragment, at a window size in pixels."""
    browser = next((found for name in NAMES if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"no browser: expected one of {', '.join(NAMES)} on the PATH")
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        subprocess.run([*command, f"--screenshot={picture}", page], check=True, capture_output=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    take(Path(sys.argv[1]).resolve().as_uri(), Path(__file__).with_name("report.png"), 1280, 900)
