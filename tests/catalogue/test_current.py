"""The pages are what would be written now, and the frameworks say what the pages say that they say."""

import copy
import math
import re
from pathlib import Path

import pytest

from parity.catalogue import introspect, snapshot
from parity.catalogue.pages import stale
from parity.catalogue.recording import DIALECTS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_pages_are_current(made):
    assert stale(DOCS, made) == [], "parity docs writes them anew"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_frameworks_say_the_same(kept, live, dialect):
    facts, missing = live
    if dialect in missing:
        pytest.skip(missing[dialect])
    if snapshot.release(facts, dialect) < snapshot.release(kept, dialect):
        pytest.skip("an older release than the pages are about")
    assert snapshot.changes(kept, {dialect: facts[dialect]}) == [], "look at the changes, then run parity docs"


def test_an_old_page_is_seen(made, tmp_path):
    for name, text in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert stale(tmp_path, made) == []
    page = tmp_path / "layers" / "normalisation.md"
    page.write_text(made["layers/normalisation.md"].replace("`eps=2e-05`", "`eps=1e-05`", 1), "utf-8")
    (tmp_path / "traps.md").unlink()
    (tmp_path / "layers" / "gone.md").write_text("# Gone\n", "utf-8")
    found = stale(tmp_path, made)
    assert [re.match(r"\S*/([a-z_]+)\.md", f)[1] for f in found] == ["traps", "normalisation", "gone"]
    assert "eps=1e-05" in found[1]


def test_links_lead_somewhere(made):
    """Every link to a heading of ours has its heading."""
    anchors = {}
    for name, text in made.items():
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        anchors[name] = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
    for name, text in made.items():
        for path, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", text):
            target = (Path(name).parent / path).as_posix() if path else name
            assert anchor in anchors[target], f"{name}: {path}#{anchor}"


# A release that changes something.


def test_a_changed_default_is_named(kept):
    new = copy.deepcopy(kept)
    new["chainer"]["callables"]["L.BatchNormalization"]["eps"] = "0.001"
    new["keras"]["callables"]["keras.layers.LeakyReLU"]["negative_slope"] = "0.01"
    new["onnx"]["callables"]["LRN"]["bias"] = None
    found = snapshot.changes(kept, new)
    assert [re.sub(r"^(\w+) [\d.]+", r"\1", f) for f in found] == [
        "chainer: L.BatchNormalization: default of eps was 2e-05, is 0.001",
        "keras: keras.layers.LeakyReLU: default of negative_slope was 0.3, is 0.01",
        "onnx: LRN: default of bias was 1.0, is required",
    ]


def test_changed_parameters_are_named(kept):
    new = copy.deepcopy(kept)
    dense = new["keras"]["callables"]["keras.layers.Dense"]
    del dense["lora_rank"]
    dense["rank"] = "None"
    del new["chainer"]["callables"]["F.elu"]
    found = " ".join(snapshot.changes(kept, new))
    for text in ("Dense: parameter lora_rank is gone", "Dense: parameter rank is new", "F.elu is gone"):
        assert text in found


def test_what_is_done_unasked_is_compared(kept):
    new = copy.deepcopy(kept)
    answers = new["onnx"]["unasked"]["MaxPool2D"]["stride"]
    answers[0]["value"] = [2, 2]
    assert "MaxPool: stride of MaxPool2D unasked was [1, 1], is [2, 2]" in " ".join(snapshot.changes(kept, new))


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("kind", "HeNormal(scale=1)", "initial W was LeCunNormal(scale=1), is HeNormal(scale=1)"),
        ("variance", 0.5, "initial W had variance"),
    ],
)
def test_initial_values_are_compared(kept, key, value, text):
    new = copy.deepcopy(kept)
    new["chainer"]["initial"]["Linear"]["L.Linear"]["W"][key] = value
    assert text in " ".join(snapshot.changes(kept, new))


def test_chance_is_no_change(kept):
    new = copy.deepcopy(kept)
    new["chainer"]["initial"]["Linear"]["L.Linear"]["W"]["variance"] *= 1.01
    assert snapshot.changes(kept, new) == []


def test_an_older_release_is_asked_about_what_it_has(kept):
    old = copy.deepcopy(kept)
    old["keras"]["versions"]["keras"] = "3.12.0"
    del old["keras"]["callables"]["keras.layers.Dense"]["lora_rank"]
    del old["keras"]["callables"]["keras.layers.ELU"]
    assert snapshot.changes(kept, old) == []
    old["keras"]["callables"]["keras.layers.LeakyReLU"]["negative_slope"] = "0.2"
    assert len(snapshot.changes(kept, old)) == 1


def test_the_file_is_read_as_it_was_written(kept, tmp_path):
    file = tmp_path / "frameworks.json"
    file.write_text(snapshot.dump(kept), "utf-8")
    assert snapshot.load(file) == kept
    assert '\n   "L.BatchNormalization": {"size": "None"' in file.read_text("utf-8")


# Initial values.


def fans(dialect, shape):
    """As Chainer (o i …) and Keras (… i o) count them."""
    if len(shape) < 2:
        return tuple((shape or [1]) * 2)
    if dialect == "chainer":
        return math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
    return math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]


def theory(dialect, kind, shape):
    name, settings = kind.partition("(")[0], dict(re.findall(r"(\w+)=([\d.e-]+)", kind))
    scale = float(settings.get("scale", 1))
    fan_in, fan_out = fans(dialect, shape)
    return {
        "LeCunNormal": scale**2 / fan_in,
        "HeNormal": 2 * scale**2 / fan_in,
        "GlorotUniform": 2 * scale**2 / (fan_in + fan_out),
        "Normal": scale**2,
        "RandomUniform": (float(settings.get("maxval", 0)) - float(settings.get("minval", 0))) ** 2 / 12,
        "Orthogonal": 1 / max(math.prod(shape[:-1]), *shape[-1:]) if shape else None,
    }.get(name)


def test_measured_variances_fit_the_formulas(kept):
    seen = set()
    for dialect in ("chainer", "keras"):
        for layer, operations in kept[dialect]["initial"].items():
            for operation, begun in operations.items():
                for weight, one in begun.items():
                    if "kind" in one and (expected := theory(dialect, one["kind"], one["stored"])):
                        seen.add(one["kind"].partition("(")[0])
                        assert one["variance"] == pytest.approx(expected, rel=0.03), (layer, operation, weight)
    assert {"LeCunNormal", "HeNormal", "GlorotUniform", "Normal", "RandomUniform", "Orthogonal"} <= seen


def test_what_a_release_lacks_is_left_out(monkeypatch):
    """As Keras 3.14 has no erfc: the rest is asked all the same."""

    class Framework:
        def parameters(self, name):
            if name == "new":
                raise AttributeError(name)
            return {"x": None}

        def aliases(self, name):
            return []

    monkeypatch.setattr(introspect, "start", lambda dialect: (Framework(), {"framework": "1.0"}))
    asked = {"callables": ["old", "new"], "initial": {},
             "unasked": {"Layer": {"p": [{"callable": c, "slot": "x"} for c in ("old", "new")]}}}  # fmt: skip
    found = introspect.answers("keras", asked)
    assert found["callables"] == {"old": {"x": None}}
    assert found["unasked"]["Layer"]["p"] == [{"callable": "old", "argument": "x", "default": None}]
