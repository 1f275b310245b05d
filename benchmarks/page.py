"""How large the page is and how soon it can be used: ``python -m benchmarks.page [FOLDER …]``.

Without folders, of 5,000 made-up verdicts with random figures, which compress worse than real ones. Each time is the
median of several openings in a Chromium that runs already, and is set against opening an empty file in the same turn,
since a busy machine makes both slower. Needs an installed Chromium and the package playwright.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from parity import merge
from parity.report.page import write
from tests.report.browser import FLAGS, NAMES, READY
from tests.report.conftest import Maker
from tests.report.synthetic import suite

LIMIT_BYTES, LIMIT_SECONDS = 2_000_000, 1.0


def timed(do: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def opened(browser: Browser, file: Path, address: str = "") -> tuple[Page, float, float]:
    """A page in a fresh profile, and the seconds to open an empty file and this one."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    empty = timed(lambda: page.goto((file.parent / "empty.html").as_uri()))

    def load() -> None:
        page.goto(file.as_uri() + address, wait_until="commit")
        page.wait_for_selector(READY, state="attached")

    return page, empty, timed(load)


def steps(browser: Browser, file: Path, case: str) -> dict[str, float]:
    """What a person does → seconds; each from a fresh opening or right after the step before."""
    page, empty, ready = opened(browser, file)
    found = {"an empty file": empty, "ready": ready}
    search = page.get_by_label("search cases")
    found["search"] = timed(lambda: (search.fill("9]"), page.locator(".found").inner_text()))
    search.fill("")
    everything = page.get_by_role("button", name="unfold all")
    found["unfold all"] = timed(lambda: (everything.click(), page.locator(".found").inner_text()))
    page.context.close()
    page, _, found["a case by its address"] = opened(browser, file, f"#case={case}")
    page.context.close()
    return found


def main() -> None:
    """Print size and times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, help="results; default: 5,000 made-up verdicts")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    program = next(found for name in NAMES if (found := shutil.which(name)))
    found = merge.read(chosen.folders) if chosen.folders else suite(Maker(), 800, ["py312"])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        seconds = timed(lambda: write(found, Path(folder)))
        file = Path(folder) / "index.html"
        (Path(folder) / "empty.html").write_text("<!doctype html><title>empty</title>", "utf-8")
        size = file.stat().st_size
        share = size / LIMIT_BYTES
        print(f"{len(found.cells):,} verdicts: {size:,} bytes, {share:.2f} of 2 MB; written in {seconds:.1f} s")
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        rounds = [steps(browser, file, sorted(found.cases)[-1]) for _ in range(chosen.rounds)]
        browser.close()
    base = statistics.median(r["an empty file"] for r in rounds)
    for name in rounds[0]:
        values = sorted(r[name] for r in rounds)
        middle, span = statistics.median(values), f"{values[0] * 1e3:.0f} … {values[-1] * 1e3:.0f}"
        print(f"{name:>22}: {middle * 1e3:6.0f} ms ({span}), {middle / base:.1f} times an empty file")
    ready = statistics.median(r["ready"] for r in rounds)
    print(f"usable within {LIMIT_SECONDS:.0f} s: {'yes' if ready <= LIMIT_SECONDS else 'no'}")


if __name__ == "__main__":
    main()
