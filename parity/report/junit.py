"""``junit.xml``: a test case for each cell, for systems that collect tests.

There is no standard; what is written here is what Jenkins' schema (junit-10.xsd) has and GitLab, Azure and the
actions on GitHub read: ``testsuites`` / ``testsuite`` with counts / ``properties`` / ``testcase`` with at most one of
``failure``, ``error``, ``skipped``. The standard library's writer is enough for that and escapes markup; what XML
cannot hold at all, most control characters and halves of letters, which neither it nor junitparser minds, is replaced
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from parity.changes.versions import versions
from parity.judge.verdict import BROKEN, NEUTRAL
from parity.report.data import natural
from parity.report.failures import kind
from parity.results import Record, Results
from parity.story import about_cell
from parity.story.words import cut

FILE = "junit.xml"
MESSAGE = 300
"""Characters of the attribute; the text below it has all."""
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0."""


def junit(results: Results, absent: Iterable[tuple[str, str]] = ()) -> str:
    """The document.

    Args:
        absent: (environment, why) of those that compared nothing, each an error of its own.
    """
    suites: dict[tuple[str, str], list[Record]] = {}
    for (environment, _, target), cell in results.cells.items():
        suites.setdefault((environment, target), []).append(cell)
    root = ET.Element("testsuites", name="parity")
    for (environment, target), cells in sorted(suites.items()):
        cells.sort(key=lambda c: natural(c["case"]))
        root.append(_suite(results, environment, target, cells))
    for environment, why in absent:
        root.append(_absent(environment, why))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(results: Results, environment: str, target: str, cells: list[Record]) -> ET.Element:
    run = results.runs.get(environment, {})
    made = [_case(results, cell) for cell in cells]
    suite = _element(
        "testsuite",
        name=f"{environment} {target}",
        tests=str(len(made)),
        failures=_count(made, "failure"),
        errors=_count(made, "error"),
        skipped=_count(made, "skipped"),
        time=_seconds(sum(c.get("seconds") or 0.0 for c in cells)),
        **({"timestamp": str(run["started"])[:19]} if "started" in run else {}),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in versions(results, environment, target).items():
        properties.append(_element("property", name=name, value=value))
    suite.extend(made)
    return suite


def _count(cases: list[ET.Element], tag: str) -> str:
    return str(sum(case.find(tag) is not None for case in cases))


def _case(results: Results, cell: Record) -> ET.Element:
    made = _element(
        "testcase",
        name=cell["case"],
        classname=f"{cell['environment']}.{cell['target']}",
        time=_seconds(cell.get("seconds") or 0.0),
    )
    for tag, message, text in _outcome(results, cell):
        made.append(_element(tag, text, message=cut(message, MESSAGE), **({} if tag == "skipped" else _type(cell))))
    return made


def _type(cell: Record) -> dict[str, str]:
    return {"type": cell["verdict"]}


def _outcome(results: Results, cell: Record) -> Iterator[tuple[str, str, str]]:
    """Tag, message and text of what is not simply passed."""
    if not cell["ok"]:
        sections = about_cell(results.cases.get(cell["case"], {}), cell)
        told = ["\n".join([*([f"{s.title}:"] if s.title else []), *s.paragraphs]) for s in sections]
        yield "error" if cell["verdict"] in BROKEN else "failure", sections[0].paragraphs[0], "\n\n".join(told)
    elif kind(cell) == "known":
        yield "skipped", f"known failure: {cell['verdict']}: {cell['expected'].get('reason', '')}", ""
    elif cell["verdict"] in NEUTRAL:
        yield "skipped", f"{cell['verdict']}: {cell.get('message', '')}", ""


def _absent(environment: str, why: str) -> ET.Element:
    suite = _element("testsuite", name=environment, tests="1", failures="0", errors="1", skipped="0", time="0.000")
    case = _element("testcase", name="something was compared", classname=environment, time="0.000")
    case.append(_element("error", why, message=cut(why, MESSAGE), type="empty"))
    suite.append(case)
    return suite


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _element(tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.Element(tag, {name: allowed(value) for name, value in attributes.items()})
    if text:
        element.text = allowed(text)
    return element


def allowed(text: str) -> str:
    """With U+FFFD for what XML cannot hold."""
    return NO_XML.sub("\ufffd", text)
