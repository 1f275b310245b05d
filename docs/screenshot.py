"""Make the documentation's pictures of the page: ``python docs/screenshot.py reports/index.html``.

Needs an installed Chromium and the package playwright, which drives it; opens that one file, without a network. Take
the page of several environments: ``tox run -m matrix`` and then ``tox run -e report``. With names behind the page, only
those pictures are made.
"""

import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FOLDER = Path(__file__).parent
COLOURS = 128
"""Of the palette; enough for what is mostly two inks on paper, and a third of the size."""
MARGIN = 16
"""Pixels around a part of the page."""


@dataclass(frozen=True)
class Shot:
    """One picture.

    Args:
        file: within this folder.
        address: what of the page is shown.
        height: of the window in pixels.
        part: what of that is photographed, as a CSS selector; the window where it is empty.
        width: of the window in pixels.
        scheme: ``light`` or ``dark``.
    """

    file: str
    address: str = ""
    height: int = 900
    part: str = ""
    width: int = 1280
    scheme: str = "light"


FAILING = "case=seeds/epsilon_missing&target=chainer@cpu"
BRANCHED = "case=networks/inception&target=onnx-reference@cpu&layer=norm1"
SHOTS = (
    Shot("report.png", height=1240),
    Shot("page/matrix.png", "family=normalisation", 700, "section:has(> #matrix)"),
    Shot("page/case.png", FAILING, 1000, scheme="dark"),
    Shot("page/network.png", BRANCHED, 1000, "#case section:has(.network)"),
    Shot("page/agreement.png", "agreement", 1250),
)


def take(page: Page, shot: Shot, address: str) -> bytes:
    """Photograph one; the PNG."""
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    page.emulate_media(color_scheme=shot.scheme)
    page.goto("about:blank")
    page.goto(f"{address}#{shot.address}")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.mouse.move(0, 0)
    if not shot.part:
        return page.screenshot()
    box = page.locator(shot.part).first.bounding_box()
    top = page.evaluate("scrollY")
    clip = {"x": box["x"] - MARGIN, "y": box["y"] + top - MARGIN}
    size = {"width": box["width"] + 2 * MARGIN, "height": box["height"] + 2 * MARGIN}
    return page.screenshot(full_page=True, clip=clip | size)


def save(png: bytes, file: Path) -> None:
    """With a palette of its own."""
    file.parent.mkdir(exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(file, optimize=True)


def main(file: Path, names: list[str]) -> None:
    """All pictures, or those named."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"no browser: expected one of {', '.join(BROWSERS)} on the PATH")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        window = opened.new_context(offline=True).new_page()
        for shot in SHOTS:
            if not names or shot.file in names:
                save(take(window, shot, file.resolve().as_uri()), FOLDER / shot.file)
                print(FOLDER / shot.file)
        opened.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
