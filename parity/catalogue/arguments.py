"""What each framework calls a parameter and takes it to be where nothing is said: a small table for advice."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from parity.catalogue.defaults import defaults
from parity.catalogue.live import Facts
from parity.catalogue.survey import Survey


def arguments(surveys: dict[str, Survey], facts: Facts) -> dict[str, Any]:
    """Layer → parameter → dialect → ``[operation, argument, default]`` each; the default None where it is stated."""
    found: dict[str, Any] = {}
    for name, survey in sorted(surveys.items()):
        for f in fields(survey.cls):
            for d in defaults(survey, f.name, facts):
                if d.callable and d.argument and d.text != "":
                    places = found.setdefault(name, {}).setdefault(f.name, {}).setdefault(d.dialect, [])
                    places.append([d.callable, d.argument, d.text])
    return found


def dump(table: dict[str, Any]) -> str:
    """Strict JSON, a layer a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(rest, sort_keys=True)}" for name, rest in sorted(table.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"
