"""The command line. Each command is a thin call; what it prints is all that is here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from parity.errors import BadInput

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Proves that a network moved between Chainer, Keras and ONNX is still the same network.",
)
Files = Annotated[list[Path] | None, typer.Argument(help="Case files or folders of them. Default: cases/.")]
Expression = Annotated[str | None, typer.Option("-k", help="Only cases whose id fits: words joined by and, or, not.")]
Targets = Annotated[str | None, typer.Option("--targets", help="Targets or wildcards, separated by commas.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for results.jsonl and index.html.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Cells at a time. Default: the cores.")]
Seconds = Annotated[
    float | None, typer.Option("--seconds", min=0, help="Begin nothing after so many; what is done is kept.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Keep finished cells and go on.")]

STOPPED = "stopped; finished cells are kept, --resume goes on"
INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it."""


@app.command()
def run(
    files: Files = None,
    k: Expression = None,
    targets: Targets = None,
    jobs: Jobs = None,
    out: Out = Path("reports"),
    resume: Resume = False,
    allclose: Annotated[
        str | None, typer.Option(metavar="RTOL,ATOL", help="Also record what np.allclose says with these tolerances.")
    ] = None,
    repeat: Annotated[
        int | None,
        typer.Option("--repeat", min=0, help="Runs more, compared bit for bit. Default: 3 on a GPU."),
    ] = None,
    seconds: Seconds = None,
) -> None:
    """Run cases on targets, judge them, and write the report. Exit 1 if a verdict failed, 2 for bad input."""
    from parity.commands.run import run_cases

    try:
        status = run_cases(files, k, targets, jobs, out, resume, allclose, repeat, seconds)
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        status = INTERRUPTED
    raise typer.Exit(status)


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
def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders with results.jsonl; several are merged.")],
    out: Out = Path("reports"),
) -> None:
    """Write the page from results, merged if there are several."""
    from parity.commands.run import write_report

    print(write_report(folders, out))


@app.command()
def gpu(
    folders: Annotated[list[Path], typer.Argument(help="Folders with results.jsonl of a run on a CUDA device.")],
    out: Annotated[Path, typer.Option("--out", help="The page, Markdown.")] = Path("docs/gpu/page.md"),
) -> None:
    """Write the page about a run on a CUDA device: hardware, versions, what ran, what failed, what does not repeat."""
    from parity.commands.run import write_device_page

    print(write_device_page(folders, out))


@app.command()
def check(files: Files = None) -> None:
    """Validate case files without running any framework. Exit 2 if one is wrong."""
    from parity.commands.inspect import check_cases

    raise typer.Exit(check_cases(files))


@app.command("list")
def list_(files: Files = None, k: Expression = None) -> None:
    """List the cases."""
    from parity.commands.inspect import list_cases

    raise typer.Exit(list_cases(files, k))


@app.command()
def targets(targets: Targets = None) -> None:
    """Show the targets: what is here, versions, devices, and why not."""
    from parity.commands.inspect import show_targets

    show_targets(targets)


@app.command()
def show(case: Annotated[str, typer.Argument(help="A case's id or file.")]) -> None:
    """Show a network: layers, shapes, parameters."""
    from parity.commands.inspect import show_case

    show_case(case)


@app.command()
def schema() -> None:
    """Print the JSON Schema of case files."""
    from parity.case.schema import schema_text

    print(schema_text())


@app.command()
def reproduce(
    case: Annotated[str, typer.Argument(help="A case's id.")],
    target: Annotated[str, typer.Argument(help="A target.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the script and its arrays.")] = Path("reproduce"),
) -> None:
    """Write a stand-alone script in the framework's own words that builds the net and prints the difference."""
    from parity.commands.reproduce import write_script

    print(write_script(case, target, out))


@app.command()
def explain(
    case: Annotated[str, typer.Argument(help="A case's id, or its file.")],
    target: Annotated[str, typer.Argument(help="A target.")],
    source: Annotated[Path | None, typer.Option("--from", help="Read results there in place of running it.")] = None,
) -> None:
    """Say in plain words what a verdict means: where, how large, why, what to change. Exit status as of run."""
    from parity.commands.explain import explain as explained

    raise typer.Exit(explained(case, target, source))


@app.command()
def layers(name: Annotated[str | None, typer.Argument(help="A layer. Default: all of them.")] = None) -> None:
    """Show a layer: how each framework says it, parameters, defaults, weights, traps."""
    from parity.commands.docs import show_layers

    show_layers(name, Path("docs"))


@app.command()
def mistakes(name: Annotated[str | None, typer.Argument(help="A layer. Default: all of them.")] = None) -> None:
    """List what may be wrong with a layer: names that a case commits and a diagnosis gives."""
    from parity.commands.docs import show_mistakes

    show_mistakes(name)


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if something is not current.")] = False,
    ask: Annotated[bool, typer.Option(help="Ask the frameworks, or keep what they said last time.")] = True,
    out: Annotated[Path, typer.Option("--out", help="Folder of the pages.")] = Path("docs"),
) -> None:
    """Write the pages about layers from the rules, the cases and the frameworks that are here."""
    from parity.commands.docs import check_docs, write_docs

    raise typer.Exit(check_docs(out) if check else write_docs(out, ask))


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
    try:
        status = calibrate(files, k, seeds, regimes, weights, targets, jobs, out, resume, seconds)
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        status = INTERRUPTED
    raise typer.Exit(status)


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

    try:
        status = time_cases(files, k, targets, baseline, interval, rounds, seconds, batch, threads, out)
    except KeyboardInterrupt:
        print("stopped; what was timed to the end is kept", file=sys.stderr)
        status = INTERRUPTED
    raise typer.Exit(status)


@app.command()
def precision(
    files: Files = None,
    k: Expression = None,
    targets: Annotated[
        str | None, typer.Option("--targets", help='Engines, or "none" to emulate alone. Default: all that are here.')
    ] = None,
    precisions: Annotated[
        str | None, typer.Option("--precisions", help="Precisions. Default: float16,bfloat16,storage_float16.")
    ] = None,
    jobs: Jobs = None,
    out: Out = Path("reports"),
    page: Annotated[Path | None, typer.Option("--page", help="A page whose tables are written, Markdown.")] = None,
) -> None:
    """Measure what precisions cost: loss by cause and layer, and which layers to keep in float32."""
    from parity.commands.precision import measure

    try:
        status = measure(files, k, targets, precisions, jobs, out, page)
    except KeyboardInterrupt:
        print("stopped; what was finished is kept", file=sys.stderr)
        status = INTERRUPTED
    raise typer.Exit(status)


@app.command()
def train(file: Annotated[Path, typer.Argument(help="A case file with trained weights.")]) -> None:
    """Train a case's weights in Chainer as it says, and keep them beside it."""
    from parity.commands.train import train_case

    print(train_case(file))


def main() -> None:
    """Entry point: bad input is a message and exit status 2, never a traceback."""
    try:
        app()
    except BadInput as error:
        print(error, file=sys.stderr)
        sys.exit(2)
