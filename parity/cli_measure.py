"""Commands that measure: time, precision, how near engines come to the bound, what is caught."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli_options import Expression, Files, Jobs, Out, Resume, Seconds, Targets, ended

app = typer.Typer()
"""Its commands are those of :mod:`parity.cli` too."""


@app.command()
def exam(
    files: Files = None,
    k: Expression = None,
    targets: Targets = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Cells at a time. Default: the cores.")] = None,
    most: Annotated[int | None, typer.Option("--most", min=1, help="Questions a case. Default: all.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File for the record, JSON.")] = None,
    page: Annotated[Path | None, typer.Option("--page", help="File for the page made of it, Markdown.")] = None,
) -> None:
    """Commit mistakes in the engines and count how many are caught and named. Exit 1 if one is missed."""
    from parity.commands.exam import exam as sit

    raise typer.Exit(sit(files, k, targets, jobs, most, out, page))


@app.command()
def gpu(
    folders: Annotated[list[Path], typer.Argument(help="Folders with results.jsonl of a run on a CUDA device.")],
    out: Annotated[Path, typer.Option("--out", help="The page, Markdown.")] = Path("docs/gpu/page.md"),
) -> None:
    """Write the page about a run on a CUDA device: hardware, versions, what ran, what failed, what does not repeat."""
    from parity.commands.report import write_device_page

    print(write_device_page(folders, out))


@app.command()
def calibrate(
    files: Files = None,
    k: Expression = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Draws of inputs and weights.")] = 1,
    regimes: Annotated[str | None, typer.Option("--regimes", help="Regimes of inputs. Default: all.")] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="Regimes of weights. Default: all.")] = None,
    targets: Targets = None,
    jobs: Jobs = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The record. Default: reports/calibration/calibration.json.")
    ] = None,
    resume: Resume = False,
    page: Annotated[bool, typer.Option("--page", help="Measure nothing; write docs/calibration.md.")] = False,
    seconds: Seconds = None,
) -> None:
    """Measure error ÷ bound of every layer on every engine. Exit 1 if one is beyond for no known reason."""
    from parity.commands.calibrate import calibrate, write_page

    if page:
        print(write_page())
        return
    raise ended(lambda: calibrate(files, k, seeds, regimes, weights, targets, jobs, out, resume, seconds))


@app.command()
def time(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Case files or folders. Default: cases/networks, cases/seeds and cases/models."),
    ] = None,
    k: Expression = None,
    targets: Annotated[
        str | None,
        typer.Option("--targets", help="Targets or wildcards, separated by commas. Default: all but onnx-reference."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", help="The target others are compared with. Default: chainer, or the first."),
    ] = None,
    interval: Annotated[
        float, typer.Option("--interval", min=0.001, max=1.0, help="Half-width of a ratio's interval that is enough.")
    ] = 0.02,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Most rounds; each has fresh processes.")] = 30,
    seconds: Annotated[float, typer.Option("--seconds", min=1.0, help="About as long a network may take.")] = 120.0,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="N,N,…", help="Batch sizes. Default: the case's own.")
    ] = None,
    threads: Annotated[str, typer.Option("--threads", metavar="N,N,…", help="Threads of each framework.")] = "1",
    out: Annotated[Path, typer.Option("--out", help="Folder whose results.jsonl is added to.")] = Path("reports"),
) -> None:
    """Time networks on targets, in turns, and compare them with a baseline. Exit 1 if nothing could be timed."""
    from parity.commands.time import time_cases

    raise ended(
        lambda: time_cases(files, k, targets, baseline, interval, rounds, seconds, batch, threads, out),
        "stopped; what was timed to the end is kept",
    )


@app.command()
def precision(
    files: Files = None,
    k: Expression = None,
    targets: Annotated[
        str | None, typer.Option("--targets", help='Engines, no precision; "none" emulates alone. Default: all here.')
    ] = None,
    precisions: Annotated[
        str | None, typer.Option("--precisions", help="Precisions. Default: float16,storage_float16.")
    ] = None,
    jobs: Jobs = None,
    out: Out = Path("reports"),
    page: Annotated[Path | None, typer.Option("--page", help="A page whose tables are written, Markdown.")] = None,
) -> None:
    """Measure what precisions cost: loss by cause and layer, what to keep in float32. Exit 1 if a verdict fails."""
    from parity.commands.precision import measure

    raise ended(lambda: measure(files, k, targets, precisions, jobs, out, page), "stopped; what was finished is kept")
