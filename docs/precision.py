"""Make docs/precision.png, what half precision does to a picture: ``python docs/precision.py reports``.

Draws the pictures in a folder's results.jsonl, which ``parity precision`` wrote.
"""

import base64
import io
import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CASES = ("seeds/dcgan_generator", "seeds/dcgan_70mb")
PRECISIONS = ("storage_float16", "float16", "bfloat16")
SIZE, GAP, HEAD = 192, 12, 40
ORDER = ("chainer@cpu", "onnxruntime@cpu", "keras-tensorflow@cpu", "keras-jax@cpu", "emulation@cpu")
"""Whose pictures are shown: the first that are there."""


def rank(record: dict) -> int:
    """Place in that order."""
    return next((i for i, name in enumerate(ORDER) if record["target"].startswith(name)), len(ORDER))


def losses(folder: Path) -> dict[tuple[str, str], dict]:
    """(case, precision) → record with pictures: an engine's if it is there."""
    found: dict[tuple[str, str], dict] = {}
    for line in (folder / "results.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if record["kind"] == "loss" and record.get("pictures"):
            key = (record["case"], record["precision"])
            if key not in found or rank(record) < rank(found[key]):
                found[key] = record
    return found


def opened(text: str) -> Image.Image:
    """A picture of a record, enlarged without smoothing."""
    image = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")
    return image.resize((SIZE, SIZE), Image.Resampling.NEAREST)


def draw(found: dict[tuple[str, str], dict]) -> Image.Image:
    """A line for each case: the exact picture, then each precision's and what differs, amplified."""
    font = ImageFont.load_default(14)
    columns = 1 + 2 * len(PRECISIONS)
    sheet = Image.new("RGB", (GAP + columns * (SIZE + GAP), len(CASES) * (SIZE + GAP + HEAD) + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for i, case in enumerate(CASES):
        top = GAP + i * (SIZE + GAP + HEAD)
        cells = []
        for precision in PRECISIONS:
            record = found[case, precision]
            picture, output = record["pictures"][0], record["outputs"][0]
            if not cells:
                cells.append((f"{case}\nfloat64", picture["reference"]))
            engine = record["target"].partition("@")[0]
            cells.append((f"{precision}\n{engine}, PSNR {float(output['psnr_db']):.1f} dB", picture["actual"]))
            cells.append((f"difference\ntimes {float(picture['scale']):,.0f}", picture["difference"]))
        for j, (label, data) in enumerate(cells):
            left = GAP + j * (SIZE + GAP)
            pen.text((left, top), label, fill="black", font=font)
            sheet.paste(opened(data), (left, top + HEAD))
    return sheet


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    draw(losses(Path(sys.argv[1]))).save(Path(__file__).with_name("precision.png"), optimize=True)
