"""The table of mistakes as cases, and what a diagnosis said about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parity.case.case import Case, load
from parity.results import Record
from parity.session import Session
from parity.targets import Target

TABLE = Path(__file__).with_name("table.yaml")


@dataclass(frozen=True)
class Committed:
    """One mistake in one network.

    Args:
        name: of the mistake.
        target: where it is made.
        network: of the case file: inputs, layers, weights.
        expected: what else the table says: value, words, advice, verdict, alternatives.
    """

    name: str
    target: Target
    network: dict[str, Any]
    expected: dict[str, Any]

    @property
    def id(self) -> str:
        """For pytest."""
        layer = next(one["layer"] for one in self.network["layers"] if one["name"] == "it")
        value = self.expected.get("value")
        return f"{layer}-{self.name}" + (f"-{value:g}" if value is not None else "")

    def case(self, folder: Path) -> Case:
        """A case file that commits it."""
        made = {"target": self.target.engine, "layer": "it", "mistake": self.name}
        made |= {k: self.expected[w] for k, w in (("value", "value"), ("words", "pick")) if w in self.expected}
        text = self.network | {"description": self.id, "mistakes": [made]}
        file = folder / f"{len(list(folder.iterdir()))}.yaml"
        file.write_text(yaml.safe_dump(text), "utf-8")
        (case,) = load(file, folder)
        return case


def table() -> list[Committed]:
    """Everything in the file."""
    found = []
    for entry in yaml.safe_load(TABLE.read_text("utf-8")):
        network = {"inputs": {"x": entry["x"], **entry.get("more", {})}, "layers": entry["layers"]}
        if "random" in entry:
            network["weights"] = {"random": entry["random"]}
        for one in entry["mistakes"]:
            rest = {k: v for k, v in one.items() if k != "mistake"}
            found.append(Committed(one["mistake"], Target(entry.get("target", "chainer")), network, rest))
    return found


def run(session: Session, committed: Committed, folder: Path) -> Record:
    """The cell."""
    return session.cell(session.prepare(committed.case(folder)), committed.target)
