"""What cells are counted by, what failed by case file, and the sentences on both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from parity.judge.verdict import NEUTRAL, ORDER
from parity.results import Record, Results
from parity.story import about_cell
from parity.story.loss import order
from parity.story.words import USUAL, engine, listing, parts, plural, precise

NAMED = 3
"""Files with failing cases that the sentence names."""
PRECISIONS = 3
"""Precisions that a sentence names; it counts more of them."""
GOOD = frozenset({"equal", "rounding"})
EXCUSED = ("loosened", "known")
"""Kinds of cells that pass for a reason that their case gives."""
KINDS = (*ORDER[:2], *EXCUSED, *ORDER[2:])
"""What cells are counted by: the verdicts, from best to worst, and what is excused."""
TOLD = 20
"""Failing cells of a file that are looked at for what is said of them."""
EXCUSES = (("known", "known failure"), ("loosened", "loosened bound"))
"""Those kinds, and what a sentence calls them."""


@dataclass(frozen=True)
class Failure:
    """What went wrong in one case file.

    Args:
        file: the case id without the part in brackets.
        cells: its failing cells, in order of case, target and environment.
        answers: what is said of them in a sentence, each once.
    """

    file: str
    cells: tuple[Record, ...]
    answers: tuple[str, ...]

    @property
    def cases(self) -> tuple[Record, ...]:
        """The first failing cell of each case."""
        first: dict[str, Record] = {}
        for cell in self.cells:
            first.setdefault(cell["case"], cell)
        return tuple(first.values())

    @property
    def name(self) -> str:
        """The case, or how many of the file."""
        return self.cases[0]["case"] if len(self.cases) == 1 else f"{len(self.cases)} of {self.file}"

    @property
    def where(self) -> str:
        """``differs on onnxruntime and chainer, crashed on keras-jax``."""
        found: dict[str, set[str]] = {}
        for cell in self.cells:
            found.setdefault(cell["verdict"], set()).add(engine(cell["target"]))
        return ", ".join(f"{verdict} on {listing(sorted(engines))}" for verdict, engines in found.items())


def kind(cell: Record) -> str:
    """The cell's verdict; ``known`` for a failure that its case expects, ``loosened`` where it loosens a bound."""
    excuse = "known" if "expected" in cell else "loosened" if cell.get("loosened") else ""
    return excuse if cell["ok"] and excuse else cell["verdict"]


def usual(target: str) -> bool:
    """Whether a target computes in the precision that everything is compared in unless another is asked for."""
    return parts(target)[2] == USUAL


def failures_of(cells: Sequence[Record], results: Results) -> tuple[Failure, ...]:
    """Of cells, by case file, in their order."""
    files: dict[str, list[Record]] = {}
    for cell in cells:
        if not cell["ok"]:
            files.setdefault(cell["case"].partition("[")[0], []).append(cell)
    return tuple(Failure(file, tuple(found), _answers(found, results)) for file, found in files.items())


def _answers(cells: Sequence[Record], results: Results) -> tuple[str, ...]:
    """Of the first few: nobody reads more of them there."""
    told = []
    for c in cells[:TOLD]:
        first, *known = about_cell(results.cases.get(c["case"], {}), c)[0].paragraphs
        told.append(" ".join([first, *known]) if "expected" in c else first)
    return tuple(dict.fromkeys(told))


def failing(failures: Sequence[Failure]) -> str:
    """``3 differ: layers/elu on onnxruntime and 2 of layers/gru on chainer``."""
    only_differ = all(c["verdict"] == "differs" for f in failures for c in f.cells)
    number = sum(len(f.cases) for f in failures)
    verb = ("differs" if number == 1 else "differ") if only_differ else ("fails" if number == 1 else "fail")
    named = [f"{f.name} on {listing(sorted({engine(c['target']) for c in f.cells}))}" for f in failures[:NAMED]]
    more = sum(len(f.cases) for f in failures[NAMED:])
    return f"{number} {verb}: {listing([*named, *([f'{more} more'] if more else [])])}"


def in_others(cells: Sequence[Record], failures: Sequence[Failure]) -> str:
    """A sentence on cells in other precisions than usual, of which some failed; empty where there are none.

    ``In float16: 5 of 6 cells agree within the rounding of what computes them; 1 differs: a on chainer@cpu:float16.``
    """
    if not cells:
        return ""
    compared = [c for c in cells if c["verdict"] not in NEUTRAL]
    names = sorted({parts(c["target"])[2] for c in cells}, key=order)
    where = listing([precise(n) for n in names]) if len(names) <= PRECISIONS else f"{len(names)} other precisions"
    good = sum(kind(c) in GOOD for c in compared)
    of = f"{good:,} of {plural(len(compared), 'cell')}" if good < len(compared) else plural(good, "cell")
    said = f"In {where}: {of} {'agrees' if good == 1 else 'agree'} within the rounding of what computes them"
    counts = Counter(map(kind, cells))
    notes = [plural(counts[k], word) for k, word in EXCUSES if counts[k]]
    if neutral := len(cells) - len(compared):
        notes.append(f"{neutral:,} that {'says' if neutral == 1 else 'say'} nothing")
    said += f", with {listing(notes)}" if notes else ""
    return f"{said}; {failing(failures)}." if failures else f"{said}."
