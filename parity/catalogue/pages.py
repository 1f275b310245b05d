"""The pages, as Markdown: a function of the registry, the shipped cases and what the frameworks said."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from parity.catalogue import words
from parity.catalogue.cards import Card, by_family, card
from parity.catalogue.families import ORDER
from parity.catalogue.live import Facts
from parity.catalogue.mistakes import tables
from parity.catalogue.other_names import FUNCTION_NODES, LEFT_OUT, SAID
from parity.catalogue.recording import DIALECTS
from parity.catalogue.survey import Survey
from parity.catalogue.traps import NOTHING, Apart, Trap, traps

TOLERANCE = 1e-3
"""What people often take as good enough; smaller differences than that pass without a word."""


def pages(surveys: Mapping[str, Survey], facts: Facts) -> dict[str, str]:
    """Path under the folder of pages → text."""
    found = traps(dict(surveys), facts)
    cards = [card(s, facts, found) for s in surveys.values()]
    families = by_family(cards)
    cells = {(c.name, row["name"]): row for c in cards for row in c.parameters}
    shared = {
        "families": families,
        "dialects": DIALECTS,
        "frameworks": words.FRAMEWORK,
        "versions": {d: _versions(facts, d) for d in DIALECTS},
    }
    out = {
        "layers.md": _render("layers.md", **shared, count=len(cards), index=index(cards, facts)),
        "traps.md": _render(
            "traps.md",
            **shared,
            silent=[_row(t, cells[t.survey.name, t.parameter]) for t in found if t.silent],
            loud=[_row(t, cells[t.survey.name, t.parameter]) for t in found if t.shapes and not t.silent],
            initial=[row for c in cards for row in _initial(c)],
        ),
    }
    homes = {c.name: c.family for c in cards}
    out["mistakes.md"] = _render("mistakes.md", made=tables(surveys), order=ORDER, homes=homes)
    out["names.md"] = _render("names.md", **shared, homes=homes, said=SAID, left_out=LEFT_OUT, nodes=FUNCTION_NODES)
    for family, members in families.items():
        out[f"layers/{family}.md"] = _render("family.md", **shared, family=family, cards=members)
    return out


def _versions(facts: Facts, dialect: str) -> str:
    return ", ".join(f"{k} {v}" for k, v in facts.get(dialect, {}).get("versions", {}).items() if k != "numpy")


def index(cards: Iterable[Card], facts: Facts) -> dict[str, dict[str, list[Card]]]:
    """Dialect → a framework's name → layers that are said with it; for composed ones, not their single steps."""
    found: dict[str, dict[str, list[Card]]] = {d: {} for d in DIALECTS}
    for one in cards:
        for dialect, status in one.status.items():
            aliases = facts.get(dialect, {}).get("aliases", {})
            for name in status.main if status.word == "native" else ():
                for other, part in ((name, ""), *aliases.get(name, ())):
                    if other[0].isalpha() and part in one.name and one not in found[dialect].get(other, ()):
                        found[dialect].setdefault(other, []).append(one)
    return {d: dict(sorted(names.items(), key=lambda item: item[0].lower())) for d, names in found.items()}


def _row(trap: Trap, cells: Mapping[str, str]) -> dict[str, Any]:
    """One trap for a table: what each framework takes, and how far apart that is."""
    return {
        "layer": trap.survey.name,
        "family": trap.survey.family,
        "parameter": trap.parameter,
        "pairs": _both_ways(trap),
        **{d: cells[d] for d in DIALECTS},
    }


def _both_ways(trap: Trap) -> list[dict[str, str]]:
    """Two frameworks a line: there and back; with the operation where a framework's differ among themselves."""
    pairs = [p for p in trap.pairs if p.shapes or (p.distance or 0) > NOTHING]
    said: dict[str, set[str]] = {}
    for default in trap.defaults:
        said.setdefault(default.dialect, set()).add(words.said(default, trap.parameter))
    found: dict[tuple[tuple[str, str], ...], list[Apart]] = {}
    for pair in pairs:
        ends = sorted((d.dialect, d.callable) for d in (pair.source, pair.target))
        found.setdefault(tuple(ends), []).append(pair)
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for both in found.values():
        first, *back = sorted(both, key=lambda p: DIALECTS.index(p.source.dialect))
        names = [
            words.FRAMEWORK[d.dialect] + (f" {words.operation(d.callable)}" if len(said[d.dialect]) > 1 else "")
            for d in (first.source, first.target)
        ]
        distances = [p.distance for p in (first, *back) if p.distance]
        apart = " / ".join(map(words.figure, distances))
        row = {
            "quiet": "⚠ " if distances and max(distances) < TOLERANCE else "",
            "ends": " ↔ ".join(names),
            "apart": apart,
            "case": first.case if apart else first.shape_case,
            "shapes": " or ".join(str(list(s)) for s in first.shapes) if first.shapes else "",
        }
        if apart or row["shapes"]:
            rows.setdefault((row["ends"], apart or row["shapes"]), row)
    return list(rows.values())


def _initial(one: Card) -> Iterable[dict[str, Any]]:
    """A row for each weight that two frameworks begin, and that is not the same constant in all."""
    for weight in one.weights:
        begun = weight["initial"]
        said = {d: _begin(made) for d, made in begun.items()}
        constants = {b.get("constant", "") for made in begun.values() for b in made}
        if len(constants) == 1 and "" not in constants:
            continue
        if len(begun) > 1:
            yield {
                "layer": one.name,
                "family": one.family,
                "weight": weight["name"],
                **{d: said.get(d, "") for d in ("chainer", "keras")},
                "ratio": _ratio(begun),
            }


def _begin(made: Iterable[Mapping[str, Any]]) -> str:
    """How a weight begins; which operation does that where they differ."""
    found: dict[str, list[str]] = {}
    for one in made:
        formula = f": {one['formula']}" if one["formula"] else ""
        text = one.get("constant") or f"{words.code(one['kind'])}{formula}"
        found.setdefault(text, []).append(words.operation(one["operation"]))
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in found.items())


def _ratio(begun: Mapping[str, list[Mapping[str, Any]]]) -> str:
    """Chainer's variance over Keras's, of weights of one shape."""
    ratios = []
    for a in begun.get("chainer", ()):
        for b in begun.get("keras", ()):
            if a.get("shape") and a.get("shape") == b.get("shape"):
                ratios.append(f"{words.figure(a['variance'] / b['variance'])} {words.code(b['shape'])}")
    return words.together(ratios)


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(  # noqa: S701  Markdown is written here, not HTML
        loader=jinja2.PackageLoader("parity.catalogue"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": words.code, "operation": words.operation, "anchor": words.anchor, "prose": words.prose}
    return made


def _render(template: str, **values: Any) -> str:
    text = _environment().get_template(f"{template}.jinja").render(**values)
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for i, line in enumerate(lines) if line or lines[i - 1]]  # no two empty lines
    return "\n".join(kept) + "\n"


def stale(folder: Path, made: Mapping[str, str]) -> list[str]:
    """Which pages in a folder are not as they would be made, and the first line that differs."""
    out = []
    for name, text in made.items():
        file = folder / name
        if not file.is_file():
            out.append(f"{file} is not there")
            continue
        old, new = file.read_text("utf-8").splitlines(), text.splitlines()
        if old != new:
            line = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
            has, would = (lines[line] if line < len(lines) else "nothing" for lines in (old, new))
            out.append(f"{file}:{line + 1} has {_cut(has)!r}, would have {_cut(would)!r}")
    return out + [f"{file} belongs to no family of layers" for file in strangers(folder, made)]


def strangers(folder: Path, made: Mapping[str, str]) -> list[Path]:
    """Pages of families that there are no more."""
    return [f for f in sorted((folder / "layers").glob("*.md")) if f.relative_to(folder).as_posix() not in made]


def _cut(text: str) -> str:
    return text if len(text) <= 100 else text[:97] + "…"
