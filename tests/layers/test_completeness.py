"""Every layer says everything: a rule or a gap in every dialect, and what each parameter does.

The checks are functions of a registry, so that a layer that lacks something shows that they see it.
"""

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from parity.case.case import find, load
from parity.engines import DIALECTS
from parity.layers import Composite, Layer
from parity.lower import lowered

OWN = ("numpy", "magnitude", "carry")
ALSO = ("effect", "probe", "operations", "half")
"""Rules that a layer may do without."""
FRAMEWORKS = ("chainer", "keras", "onnx")
CASES = Path(__file__).resolve().parents[2] / "cases"
Registry = Mapping[str, type[Layer]]


def without_rule(registry: Registry, dialects: Iterable[str] = (*OWN, *FRAMEWORKS)) -> Iterator[str]:
    """Layers that can neither be said in a dialect nor say why not, whatever their parameters."""
    for name, cls in registry.items():
        for dialect in dialects:
            rules, gaps = (cls._lookup(table, dialect) for table in ("rules", "gaps"))
            says = any(r.when is None for r in rules) or issubclass(cls, Composite)  # else by its parts
            if not says and not any(g.when is None for g in gaps):
                yield f"{name}: no {dialect} rule for all parameters, and no gap"
            unconditional = [i for i, r in enumerate(rules) if r.when is None]
            own = cls.rules.get(dialect, [])
            if unconditional and len(own) > unconditional[0] + 1:
                yield f"{name}: {_a(dialect)} rule stands behind one that always holds"


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def strange_dialects(registry: Registry) -> Iterator[str]:
    """Rules and gaps under names that nobody asks for."""
    for name, cls in registry.items():
        for dialect in set(cls.rules) - {*OWN, *ALSO, *FRAMEWORKS}:
            yield f"{name}: rules for the unknown dialect {dialect}"
        for dialect in set(cls.gaps) - {*FRAMEWORKS, *DIALECTS}:
            yield f"{name}: a gap of the unknown dialect {dialect}"


def gaps_without_reason(registry: Registry) -> Iterator[str]:
    """Every gap tells a person why."""
    for name, cls in registry.items():
        for dialect, gaps in cls.gaps.items():
            for gap in gaps:
                if len(gap.why.split()) < 3:
                    yield f"{name}: the gap of {dialect} gives no reason"


def undocumented(registry: Registry) -> Iterator[str]:
    """Parameters that the docstring does not explain under "Args:"."""
    for name, cls in registry.items():
        text = inspect.getdoc(cls) if "__doc__" in vars(cls) else ""
        if not text or text.startswith(f"{name}("):  # what a dataclass writes of itself
            yield f"{name}: no docstring"
            continue
        explained = text.partition("Args:")[2]
        for f in fields(cls):
            if f"\n    {f.name}: " not in explained:
                yield f"{name}: {f.name} is not under Args"


@pytest.mark.parametrize("check", [without_rule, strange_dialects, gaps_without_reason, undocumented])
def test_every_layer_is_complete(check):
    assert len(Layer.registry) > 30
    assert list(check(Layer.registry)) == []


def test_every_layer_of_a_case_has_its_rules():
    cases = [case for file, root in find([CASES]) for case in load(file, root)]
    assert len(cases) > 100
    for graph in (case.graph for case in cases):
        assert all(node.layer.rule(dialect) for dialect in OWN for node in graph.nodes)
        for dialect in FRAMEWORKS:
            assert all(n.layer.gap(dialect) or n.layer.rule(dialect) for n in lowered(graph, dialect).nodes)


def test_rules_import_no_framework():
    """A layer file needs NumPy alone; frameworks are handed in."""
    for file in Path(inspect.getfile(Layer)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in {"parity", "numpy", "annotated_types"} | set(STANDARD), f"{file}: {name}"


STANDARD = (
    *(
        "__future__",
        "collections",
        "dataclasses",
        "functools",
        "importlib",
        "inspect",
        "itertools",
        "math",
        "os",
        "pkgutil",
    ),
    *("statistics", "typing"),
)


# Layers that lack something; abstract, so that they stay out of the registry.


@dataclass(frozen=True)
class Bare(Layer, abstract=True):
    size: int
    slope: float = 0.5


@dataclass(frozen=True)
class Half(Layer, abstract=True):
    """Half a layer.

    Args:
        size: explained.
    """

    size: int
    slope: float = 0.5


for _dialect in (*OWN, "chainer"):
    Half.on(_dialect)(lambda *_: None)
Half.on("keras", when=lambda p: p.size == 1)(lambda *_: None)
Half.on("onnx")(lambda *_: None)
Half.on("onnx", when=lambda p: p.size == 1)(lambda *_: None)
Half.on("kears")(lambda *_: None)
Half.unsupported("keras", when=lambda p: p.size > 2, why="no")
Half.unsupported("onyx", why="a name with a typing error")


def test_a_layer_without_anything_is_seen():
    registry = {"Bare": Bare}
    assert list(without_rule(registry)) == [
        f"Bare: no {d} rule for all parameters, and no gap" for d in (*OWN, *FRAMEWORKS)
    ]
    assert list(undocumented(registry)) == ["Bare: no docstring"]


def test_half_a_layer_is_seen():
    registry = {"Half": Half}
    assert list(without_rule(registry)) == [
        "Half: no keras rule for all parameters, and no gap",
        "Half: an onnx rule stands behind one that always holds",
    ]
    assert sorted(strange_dialects(registry)) == [
        "Half: a gap of the unknown dialect onyx",
        "Half: rules for the unknown dialect kears",
    ]
    assert list(gaps_without_reason(registry)) == ["Half: the gap of keras gives no reason"]
    assert list(undocumented(registry)) == ["Half: slope is not under Args"]


def test_a_rule_that_is_not_there():
    with pytest.raises(LookupError, match=r"Bare has no keras rule for \{'size': 2, 'slope': 0.5\}"):
        Bare(2).rule("keras")


def test_gap_says_when_and_why():
    assert Half(3).gap("keras", "keras-jax") == "no"
    assert Half(2).gap("keras", "keras-jax") is None
    assert Half(2).gap("chainer", "onyx") == "a name with a typing error"
