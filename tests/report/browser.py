"""The page in an installed Chromium, driven by Playwright; skipped, with the reason, where one of them is missing."""

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parity.report.page import write

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu"]
READY = "html[data-ready]"
PATIENCE = 30_000
"""Milliseconds that a busy machine may need for what takes a tenth of a second."""


@dataclass
class Opened:
    """A page as the browser has it after its scripts ran.

    Args:
        dom: as HTML.
        console: what the browser complained of: errors, warnings, refused scripts, uncaught exceptions.
    """

    dom: str
    console: list[str]

    def count(self, pattern):
        return len(re.findall(pattern, self.dom))

    def layer(self):
        """Name, HTML and words of the layer that the view of a case shows beside the graph."""
        place = r'<div class="chosen-layer"[^>]*data-layer="([^"]*)"[^>]*>(.*?)</section>'
        name, html = re.search(place, self.dom, re.DOTALL).groups()
        return name, html, self.words(html)

    @staticmethod
    def words(html):
        """What a reader sees of HTML."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@dataclass
class Visit:
    """A page that is open.

    Args:
        page: Playwright's.
        console: as of :class:`Opened`, growing.
        loaded: addresses of everything that was asked for, the page's own file too.
    """

    page: object
    console: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def ready(self):
        self.page.wait_for_selector(READY, state="attached")
        return self


def until(page, expression, wanted):
    """Wait until an expression has a value; the page's policy forbids Playwright's own way of waiting for one."""
    end = time.monotonic() + PATIENCE / 1000
    while (found := page.evaluate(expression)) != wanted:
        assert time.monotonic() < end, f"{expression} is {found!r}, not {wanted!r}"
        page.wait_for_timeout(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One browser for all tests."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="no package playwright, which drives the browser")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, tmp_path: Path):
    """Opens results: ``visit(results, "#case=…")``; each in a window and a profile of its own, without a network."""
    contexts = []

    def open_(results, address="", edit=lambda page: page, **options):
        file = results if isinstance(results, Path) else write(results, tmp_path)
        if not isinstance(results, Path):
            file.write_text(edit(file.read_text(encoding="utf-8")), encoding="utf-8")
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        found = Visit(context.new_page())
        found.page.on("console", lambda m: m.type in ("error", "warning") and found.console.append(m.text))
        found.page.on("pageerror", lambda e: found.console.append(str(e)))
        found.page.on("request", lambda r: found.loaded.append(r.url))
        found.page.goto(file.as_uri() + address)
        return found

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def browse(visit):
    """Opens results and gives what became of them: ``browse(results, "#case=…")``."""

    def open_(results, address="", edit=lambda page: page, ready=True):
        found = visit(results, address, edit)
        if ready:
            found.ready()
        return Opened(found.page.content(), found.console)

    return open_
