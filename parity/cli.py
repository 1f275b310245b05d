"""The command line. Each command is a thin call; what it prints is all that is here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from parity.cli_measure import app as measuring
from parity.cli_options import Expression, Files, Jobs, Out, Resume, Seconds, Targets, ended
from parity.errors import BadInput

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Proves that a network moved between Chainer, Keras and ONNX is still the same network.",
)


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

    raise ended(lambda: run_cases(files, k, targets, jobs, out, resume, allclose, repeat, seconds))


@app.command()
def report(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders with results, or with folders of results. Default: reports.", show_default=False),
    ] = None,
    out: Out = Path("reports"),
    expect: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Environments that must be there, with commas: py311,py312.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit 1 if a verdict failed, an environment compared nothing, or is missing."),
    ] = False,
) -> None:
    """Write the page from results, merged if there are several: of each case, what the latest run of it found."""
    from parity.commands.report import report as merged

    raise typer.Exit(merged(folders or [Path("reports")], out, expect, check))


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A folder with results.jsonl, or such a file: what was.")],
    new: Annotated[Path, typer.Argument(help="The same: what is.")],
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Also write it there, for a comment.")] = None,
    allow_fewer: Annotated[
        bool, typer.Option("--allow-fewer", help="NEW was limited on purpose: what is not in it is no regression.")
    ] = False,
) -> None:
    """List what changed between two results: verdicts, errors beyond noise, times. Exit 1 if something is worse."""
    from parity.commands.diff import show_diff

    raise typer.Exit(show_diff(old, new, markdown, allow_fewer))


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
    embed: Annotated[bool, typer.Option("--embed", help="Put the arrays into the script, which then is all.")] = False,
) -> None:
    """Write a stand-alone script in the framework's own words that builds the net and prints the difference."""
    from parity.commands.reproduce import write_script

    print(write_script(case, target, out, embed=embed))


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

    show_layers(name)


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
def train(file: Annotated[Path, typer.Argument(help="A case file with trained weights.")]) -> None:
    """Train a case's weights in Chainer as it says, and keep them beside it."""
    from parity.commands.train import train_case

    print(train_case(file))


app.add_typer(measuring)


def main() -> None:
    """Entry point: bad input is a message and exit status 2, never a traceback."""
    try:
        app()
    except BadInput as error:
        print(error, file=sys.stderr)
        sys.exit(2)
