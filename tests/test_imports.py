"""Who may import whom, read from the sources; and that only engines need a framework."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from parity.engines import ENGINES, REQUIRES

ROOT = Path(__file__).parents[1]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
    for path in sorted((ROOT / "parity").rglob("*.py"))
}
FRAMEWORKS = ("chainer", "keras", "tensorflow", "jax", "onnx", "onnxruntime", "torch")

MAY_IMPORT = {
    # what a network is
    "errors": (),
    "layout": (),
    "draw": (),
    "layers": ("layout", "errors"),
    "precision": ("layers",),
    "node": ("layers", "errors"),
    "graph": ("node", "layers", "errors"),
    "lower": ("graph", "layers"),
    "case": ("graph", "layers", "draw", "targets", "errors"),
    "cuda": (),
    "calibrated": ("records", "graph", "targets"),
    "targets": ("cuda", "engines=", "precision", "errors"),  # the tables of names, and no engine
    # how it is said and run
    "dialects": ("graph", "layers", "layout", "precision"),
    "compat": (),
    "engines": ("dialects", "compat", "cuda", "graph", "layout", "draw", "precision"),
    "workers.protocol": ("precision",),
    "workers.repeats": (),
    "workers.memory": (),
    "workers.given": ("graph", "lower", "precision"),
    "workers.stopwatch": ("engines.base", "workers.given", "workers.memory"),
    "workers.worker": (
        *("cuda", "engines=", "engines.base", "graph", "lower", "precision"),
        *("workers.given", "workers.protocol", "workers.repeats", "workers.stopwatch"),
    ),
    "workers.process": ("workers.protocol", "parity="),
    "workers.pool": ("targets", "workers.process", "workers.protocol"),
    "scripts": ("dialects", "engines=", "engines.base", "graph", "targets"),
    # what is said about it
    "mistakes": ("graph", "node", "layers", "layout", "errors"),
    # the numpy rules are the meaning, not an engine
    "judge": ("graph", "node", "layers", "draw", "mistakes", "errors", "precision", "dialects.numpy"),
    # pages about layers; they read rules off and ask frameworks in processes of their own
    "catalogue": (
        "case",
        "dialects",
        "engines=",
        "graph",
        "layers",
        "layout",
        "lower",
        "judge.bound",
        "judge.trial",
        "mistakes",
        "errors",
        "parity=",
    ),
    **dict.fromkeys(
        ("catalogue.frameworks", "catalogue.ask_chainer", "catalogue.ask_keras", "catalogue.ask_onnx"),
        ("catalogue", "dialects.onnx", "engines=", "engines.base", "graph"),
    ),
    "catalogue.introspect": ("catalogue", "graph", "layers", "layout"),
    "kinds": (),
    "results": ("kinds", "errors", "parity="),
    # words about results alone
    "story": ("judge.verdict",),
    "report": ("results", "story", "judge.verdict", "errors"),
    # runs
    "probed": ("graph", "judge", "mistakes", "errors"),
    "loosened": ("case", "judge", "targets", "errors"),
    "prepare": (
        "loosened",
        *("case", "judge", "mistakes", "probed", "graph", "layers", "draw"),
        *("precision", "results", "targets", "errors"),
    ),
    "case_record": ("loosened", "prepare", "judge", "results"),
    "expectation": ("case", "judge.verdict", "results", "targets"),
    "slots": (),
    "lanes": ("case", "slots", "targets", "workers.pool"),
    "exam": (
        "lanes",
        "case",
        "draw",
        "errors",
        "judge",
        "layers",
        "mistakes",
        "node",
        "prepare",
        "results",
        "session",
        "slots",
        "targets",
        "workers.pool",
        "probed",
    ),
    "answer": (),
    "session": (
        "loosened",
        "answer",
        "calibrated",
        "lanes",
        "slots",
        "expectation",
        "prepare",
        "case_record",
        "probed",
        "case",
        "judge",
        "lower",
        "results",
        "targets",
        "workers.pool",
        "errors",
    ),
    "measure.precision": (
        *("graph", "judge.bound", "judge.metrics", "layers", "lower", "precision", "errors"),
        *("answer", "prepare", "case", "case_record", "results", "session", "lanes", "slots", "targets", "story"),
    ),
    "records": ("errors",),
    # how long it takes, and what a precision costs
    "measure": ("targets", "workers.pool", "errors"),
    "measure.batch": ("case", "graph", "layers", "errors"),
    "measure.operations": ("graph",),
    "measure.timing": ("loosened", "measure", "judge", "prepare", "results", "targets"),
    "calibrate": (
        *("case", "errors", "graph", "judge", "layers", "precision", "results", "session", "targets", "parity="),
    ),
    "commands": (
        *("case", "case_record", "graph", "judge", "lower", "prepare", "report", "results", "scripts", "session"),
        *("story", "targets", "workers.pool", "errors", "engines.base", "catalogue", "layers"),
        *("exam", "records", "calibrate", "measure"),
    ),
    "plugin": ("case", "case_record", "judge.verdict", "session", "story", "targets", "workers.pool", "errors"),
    "cli_options": (),
    "cli_measure": ("commands", "cli_options"),
    "cli": ("commands", "cli_options", "cli_measure", "case.schema", "errors"),
    "__main__": ("cli",),
}
"""Part → parts it may import beside itself; with = that module alone, not what is below it."""


def imported(source, names=frozenset(SOURCES)):
    """Modules that a source imports anywhere, functions included."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in names else str(node.module) for name in whole}
    return found


def part_of(name):
    """The longest part of the table that a module belongs to."""
    inside = name.removeprefix("parity.")
    return max((p for p in MAY_IMPORT if inside == p or inside.startswith(f"{p}.")), key=len, default="")


def allowed(name, other):
    """Whether module `name` may import module `other`, both ours."""
    own, target = part_of(name), other.removeprefix("parity.")
    if part_of(other) == own:
        return True
    return any(
        target == part.rstrip("=") or (not part.endswith("=") and target.startswith(f"{part}."))
        for part in MAY_IMPORT[own]
    )


def violations(sources):
    """Pairs of modules that the table forbids."""
    ours = {n: {i for i in imported(s) if i.partition(".")[0] == "parity"} for n, s in sources.items()}
    return [(name, other) for name, others in ours.items() for other in sorted(others) if not allowed(name, other)]


def test_every_module_has_a_part():
    packages = {"parity", "parity.workers"}
    assert [n for n in SOURCES if n not in packages and not part_of(n)] == []


def test_directions():
    assert violations(SOURCES) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("parity.layers.conv", "from parity.graph import Graph"),
        ("parity.layout", "import parity.layers.base"),
        ("parity.draw", "from parity import graph"),
        ("parity.judge.bound", "from parity.engines.base import Arrays"),
        ("parity.judge.bound", "from parity.dialects.onnx import OnnxKit"),
        ("parity.report.page", "def f():\n    from parity.workers.pool import Pool"),
        ("parity.report.page", "import parity.session"),
        ("parity.workers.worker", "from parity.engines.chainer import ChainerEngine"),
        ("parity.targets", "import parity.engines.keras"),
        ("parity.graph", "from parity.case.case import Case"),
        ("parity.catalogue.pages", "from parity.engines.keras import KerasModel"),
        ("parity.catalogue.live", "from parity.catalogue.frameworks import start"),
        ("parity.session", "import parity.catalogue.pages"),
        ("parity.measure.rounds", "from parity.session import Session"),
        ("parity.workers.stopwatch", "from parity.engines.chainer import ChainerEngine"),
    ],
)
def test_a_wrong_direction_is_seen(name, source):
    assert [found[0] for found in violations({name: source})] == [name]


def test_engines_do_not_import_each_other():
    engines = {cls.partition(":")[0] for cls in ENGINES.values()}
    for engine in engines:
        assert imported(SOURCES[engine]) & (engines - {engine}) == set()


def test_only_engines_name_a_framework_and_only_their_own():
    needed = {}
    for engine, cls in ENGINES.items():
        needed.setdefault(cls.partition(":")[0], set()).update(REQUIRES[engine])
    # what several engines share
    needed["parity.engines.keras"], needed["parity.engines.torch"] = {"keras"}, {"torch"}
    for name, source in SOURCES.items():
        named = {i.partition(".")[0] for i in imported(source)} & set(FRAMEWORKS)
        assert named <= needed.get(name, set()), name


def test_layers_need_numpy_alone():
    for name, source in SOURCES.items():
        if name.startswith("parity.layers"):
            others = {i.partition(".")[0] for i in imported(source)} - sys.stdlib_module_names
            assert others <= {"parity", "numpy", "annotated_types"}, name


def test_no_circles():
    graph = {name: imported(source) & set(SOURCES) for name, source in SOURCES.items()}
    while leaves := {name for name, others in graph.items() if not others}:
        graph = {name: others - leaves for name, others in graph.items() if name not in leaves}
    assert sorted(graph) == []


REFUSE = f"""
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FRAMEWORKS!r}:
            raise ImportError("no framework here: " + name)

sys.meta_path.insert(0, Refuse())
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted({{m.partition(".")[0] for m in sys.modules}} & set({FRAMEWORKS!r})), "done")
"""


def import_all(names):
    return subprocess.run([sys.executable, "-c", REFUSE, *names], capture_output=True, text=True, check=False)


def test_imports_without_any_framework():
    """All modules, engines too: they import their framework when they are built."""
    names = [n for n in SOURCES if n != "parity.__main__" and not n.startswith("parity.compat")]
    done = import_all(names)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["done"]


def test_a_framework_is_refused():
    done = import_all(["parity.layers", "onnx.helper"])
    assert "no framework here: onnx" in done.stderr


def test_bare_package_imports_next_to_nothing():
    code = "import sys, parity; print(*sorted({m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["__main__", "parity"]
