"""``parity docs`` and ``parity layers``: the pages about layers, and one layer's card."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from parity.case.case import Case
from parity.catalogue import snapshot, words
from parity.catalogue.arguments import arguments, dump
from parity.catalogue.cards import Card, card
from parity.catalogue.live import Facts, ask
from parity.catalogue.mistakes import KINDS, mistakes_of
from parity.catalogue.pages import pages, stale, strangers
from parity.catalogue.recording import DIALECTS
from parity.catalogue.survey import Survey, survey
from parity.catalogue.traps import traps
from parity.commands.select import DEFAULT, load_all
from parity.errors import BadInput, near
from parity.layers import Layer
from parity.shipped import CASES, FRAMEWORKS, shipped

TABLE = Path("parity", "story", "arguments.json")
"""Beside the folder of pages: what frameworks call a parameter, for advice on what to change."""
SHOWN = ("layers/", "networks/")
"""Cases that show how layers are said."""


def surveyed(folder: Path = DEFAULT) -> dict[str, Survey]:
    """Of the cases of a checkout.

    Raises:
        BadInput: one of them is wrong.
    """
    return survey(_showing(folder))


def known() -> dict[str, Survey]:
    """Of the cases that come with parity and of those here, which show layers from outside; wrong ones are left out."""
    folder = shipped(CASES)
    here = DEFAULT.is_dir() and DEFAULT.resolve() != folder.resolve()
    own, bad = load_all([DEFAULT]) if here else ([], [])
    for error in bad:
        print(f"left out: {error}", file=sys.stderr)
    return survey([*_showing(folder), *own])


def _showing(folder: Path) -> list[Case]:
    cases, bad = load_all([folder])
    if bad:
        raise bad[0]
    return [c for c in cases if c.id.startswith(SHOWN)]


def write_docs(out: Path, asking: bool = True) -> int:
    """Ask the frameworks and write all pages; what a framework that is not here said last time is kept.

    Args:
        out: folder of the pages.
        asking: otherwise all of it is kept, for another wording or another case.
    """
    surveys = surveyed()
    facts, missing = ask(surveys) if asking else ({}, dict.fromkeys(DIALECTS, "as was wanted"))
    file = out / snapshot.FILE
    if missing:
        facts = snapshot.load(file) | facts
    made = pages(surveys, facts)
    made[snapshot.FILE] = snapshot.dump(facts)
    for name, text in made.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    table = out.parent / TABLE
    if table.parent.is_dir():
        table.write_text(dump(arguments(surveys, facts)), encoding="utf-8")
    for old in strangers(out, made):
        old.unlink()
    for dialect, why in missing.items():
        print(f"{words.FRAMEWORK[dialect]} was not asked: {why}", file=sys.stderr)
    print(f"{len(surveys)} layers, {len(made)} files in {out}")
    return 0


def check_docs(out: Path) -> int:
    """Say what is not current: defaults that a framework changed, and pages that would be written otherwise."""
    surveys = surveyed()
    old = snapshot.load(out / snapshot.FILE)
    facts, missing = ask(surveys)
    found = snapshot.changes(old, facts) + stale(out, pages(surveys, old))
    table = out.parent / TABLE
    if table.is_file() and table.read_text(encoding="utf-8") != dump(arguments(surveys, old)):
        found.append(f"{table} would be written otherwise")
    for line in found:
        print(line)
    for dialect, why in missing.items():
        print(f"{words.FRAMEWORK[dialect]} was not asked: {why}", file=sys.stderr)
    print(
        f"{len(found)} differences; parity docs writes the pages anew" if found else f"the pages in {out} are current"
    )
    return 1 if found else 0


def show_layers(name: str | None) -> None:
    """All layers as a table, or one layer's card.

    Raises:
        BadInput: there is no such layer.
    """
    surveys = known()
    name = None if name is None else _found(name, surveys)
    facts: Facts = snapshot.load(shipped(FRAMEWORKS))
    if name is None:
        table = Table("layer", "family", *words.FRAMEWORK.values(), header_style="bold")
        for one in surveys.values():
            made = card(one, facts, ())
            table.add_row(one.name, one.family, *(_said(made, d) for d in DIALECTS))
        Console().print(table)
    else:
        one = surveys[name]
        _print(card(one, facts, traps({name: one}, facts)))


def _found(name: str, surveys: Mapping[str, Survey]) -> str:
    """A layer's name as it is written.

    Raises:
        BadInput: there is no such layer.
    """
    for known in surveys:
        if known.lower() == name.lower():
            return known
    raise BadInput(f"unknown layer {name!r}{near(name, Layer.registry)}; parity layers lists them")


def show_mistakes(name: str | None) -> None:
    """What may be wrong with one layer, or with all.

    Raises:
        BadInput: there is no such layer.
    """
    surveys = known()
    out = Console(highlight=False)
    if name is None:
        table = Table("layer", "mistakes", header_style="bold")
        for one in surveys.values():
            table.add_row(one.name, ", ".join(dict.fromkeys(e.name for e in mistakes_of(one))))
    else:
        table = Table("mistake", "of", "for example", "what to do", header_style="bold")
        for entry in mistakes_of(surveys[_found(name, surveys)]):
            row = (entry.name + (" …" if entry.free else ""), KINDS[entry.kind], entry.words, entry.advice)
            table.add_row(*map(_text, row))
    out.print(table)


def _said(made: Card, dialect: str) -> str:
    status = made.status[dialect]
    return f"{status.symbol} " + (", ".join(status.main) or status.word)


def _print(made: Card) -> None:
    out = Console(highlight=False)
    out.print(f"[bold]{made.name}[/bold]", _text(made.summary), sep="\n")
    if made.shapes:
        out.print(f"Shapes: {made.shapes}", markup=False)
    table = Table("", "said as", header_style="bold")
    for dialect in DIALECTS:
        status = made.status[dialect]
        notes = [*status.notes, *(f"{words.GAP} {where}: {why}" for where, why in status.gaps)]
        table.add_row(words.FRAMEWORK[dialect], "\n".join([_said(made, dialect), *map(_text, notes)]))
    out.print(table)
    if made.parameters:
        table = Table("parameter", "default", *words.FRAMEWORK.values(), header_style="bold")
        for row in made.parameters:
            table.add_row(row["name"], *(_text(row[key]) for key in ("ours", *DIALECTS)))
        out.print(table)
    if made.weights:
        table = Table("weight", "axes", *words.FRAMEWORK.values(), header_style="bold")
        for row in made.weights:
            table.add_row(row["name"], row["axes"], *("\n".join(row[d]) for d in DIALECTS))
        out.print(table)
    for trap in made.traps:
        for pair in trap.pairs:
            ends = " → ".join(words.FRAMEWORK[d.dialect] for d in (pair.source, pair.target))
            far = f"{words.figure(pair.distance)} apart on {pair.case}" if pair.distance else "another shape"
            out.print(f"trap: {trap.parameter}, {ends}: {far}", markup=False)


def _text(markdown: str) -> str:
    """Without Markdown, and safe from rich's markup."""
    return markdown.replace("`", "").replace("\\|", "|").replace("&lt;", "<").replace("[", "\\[")
