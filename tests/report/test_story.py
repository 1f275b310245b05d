"""The story of a verdict, from records alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.judge.verdict import ORDER
from parity.story import AGAIN, about_case, about_cell, story, weak
from parity.story.advice import advice
from parity.story.causes import phrase
from parity.story.trust import lets_through
from parity.story.words import exactly, figure, percent, plural, sentence, some, times


def cause(words="epsilon 0 instead of 2e-05", name="epsilon", node="bn", kind="BatchNorm", **more):
    known = {"node": node, "kind": kind, "name": name, "words": words, "ratio": 0.13, "advice": "", "value": None}
    return known | {"source": "parameter"} | more


def diagnosis(*causes, closest=None, tried=44, ratio=1523.9, nodes=("conv", "bn"), complete=True):
    return {
        "nodes": list(nodes), "tensor": nodes[-1], "causes": list(causes), "closest": closest, "ratio": ratio,
        "tried": tried, "complete": complete,
    }  # fmt: skip


@pytest.fixture
def told(make):
    """The story of one cell, title → text; ``told(verdict, **keys)``."""
    make.run()
    make.case("a", layers=("conv", "bn", "act"))
    record = make.results.cases["a"]
    for layer, kind in zip(record["layers"], ("Conv2D", "BatchNorm", "LeakyReLU"), strict=True):
        layer["layer"] = kind
    record["layers"][1]["parameters"] = {"epsilon": 2e-5, "scale": True}
    record["layers"][2]["parameters"] = {"alpha": 0.2}

    def tell(verdict="rounding", ratio=0.25, target="chainer@cpu", case=None, bad=(), **more):
        cell = make.cell("a", target, verdict, ratio=ratio, **more)
        for f in cell.get("layers", ()):
            if bad and f["tensor"] not in bad:
                f.update(verdict="rounding", metrics=make.metrics(0.1))
        return {s.title: "\n".join(s.paragraphs) for s in story(record | (case or {}), cell)}

    return tell


MISSING = "BatchNorm bn adds no epsilon (0 instead of 2e-05): on one side the epsilon is missing"
LEFT_OUT = "0.001 is what keras.layers.BatchNormalization takes where nothing is said: was the argument left out?"
ANSWERS = {
    "equal": ({}, "chainer agrees with the reference bit for bit: every element is the float64 result, rounded."),
    "rounding": ({}, "chainer agrees with the reference within rounding: the largest error is 0.25 of what rounding "
                     "allows, at the layer conv."),
    "differs": ({"ratio": 1523.9, "bad": ("bn",), "diagnosis": [diagnosis(cause())]},
                f"chainer differs: {MISSING}."),
    "nonfinite": ({"message": "act: 3 of 6 elements are finite on one side only"},
                  "chainer has NaN or infinity where the reference has numbers, or the other way round: act: 3 of 6 "
                  "elements are finite on one side only."),
    "shape": ({"message": "conv has shape [1], expected [2]"},
              "chainer gives a result of another shape: conv has shape [1], expected [2]."),
    "missing": ({"message": "act was not returned"}, "chainer gave too little to compare: act was not returned."),
    "timeout": ({"message": "no answer within 60 s"}, "chainer took too long, and was stopped: no answer within 60 s."),
    "crashed": ({"message": "killed by SIGSEGV"}, "chainer failed to run this network: killed by SIGSEGV."),
    "unsupported": ({"message": "conv (Conv2D): no such thing"},
                    "chainer has no way to say this network, so nothing was compared: conv (Conv2D): no such thing."),
    "skipped": ({"message": "package chainer is not installed"},
                "chainer did not run here, so nothing was compared: package chainer is not installed."),
}  # fmt: skip


def test_every_verdict_has_an_answer():
    assert set(ANSWERS) == set(ORDER)


@pytest.mark.parametrize("verdict", ORDER)
def test_answers(told, verdict):
    more, expected = ANSWERS[verdict]
    assert told(verdict, **more)[""] == expected


@pytest.mark.parametrize("verdict", ORDER)
def test_every_paragraph_is_a_sentence_and_the_commands_are_there(told, verdict):
    found = told(verdict, **ANSWERS[verdict][0])
    commands = found.pop(AGAIN)
    assert commands.splitlines() == [
        "parity run cases/a.yaml -k a --targets chainer@cpu",
        "parity reproduce a chainer@cpu",
    ]
    for text in found.values():
        for line in text.splitlines():
            assert line[-1] in ".:", line
            assert not {"None", "nan", "[]", "  "} & {line, *line.split(" ")}, line


@pytest.mark.parametrize("verdict", ORDER)
def test_records_with_next_to_nothing_in_them(verdict):
    cell = {"case": "a", "target": "chainer@cpu", "verdict": verdict, "ok": False}
    found = story({}, cell)
    assert found[0].paragraphs[0].startswith("chainer ")
    assert [s.title for s in found if not s.paragraphs] == []


def test_other_devices_are_named(told):
    assert told("equal", target="keras-jax@gpu")[""].startswith("keras-jax@gpu agrees")
    assert told("equal", target="onnxruntime@cpu:float16")[""].startswith("onnxruntime@cpu:float16 agrees")


def test_where(told):
    found = told("differs", ratio=40.0, bad=("bn", "act"))["Where"].splitlines()
    assert found[0].startswith(
        "BatchNorm bn: the error is 40 times what rounding allows. Of 6 elements, the worst is [1, 2]: "
    )
    assert found[1].startswith("LeakyReLU act: the error is 40 times")
    assert found[2].startswith("The other tensor is fine: each layer is judged on what the framework itself gave it")


def test_where_layers_are_judged_together(told, make):
    text = told("differs", ratio=40.0)["Where"]
    assert "judged together" not in text
    cell = make.cell("a", "chainer@cpu", "differs", ratio=40.0)
    cell["layers"][0]["nodes"] = ["conv", "bn"]
    cell["layers"][0]["metrics"]["worst_bound"] = 1.92e-6
    [where] = [s for s in about_cell(make.results.cases["a"], cell) if s.title == "Where"]
    assert where.paragraphs[0].startswith(
        "Conv2D conv and BatchNorm bn, judged together since runtimes make one step of them:"
    )
    assert "where rounding explains a difference of 1.92e-6." in where.paragraphs[0]


def test_an_exact_layer_may_make_no_error(make, told):
    told()
    cell = make.cell("a", "chainer@cpu", "differs", ratio="inf")
    for f in cell["layers"]:
        f["metrics"]["worst_bound"] = 0.0
    text = " ".join(about_cell(make.results.cases["a"], cell)[1].paragraphs)
    assert "it only moves numbers, so no error is allowed, and there is one" in text


def test_a_layer_that_could_not_be_judged_is_not_blamed(told, make):
    told()
    cell = make.cell("a", "chainer@cpu", "differs", ratio=40.0)
    cell["layers"][2].update(verdict="missing", metrics=None, message="act: its inputs are not there")
    text = " ".join(about_cell(make.results.cases["a"], cell)[1].paragraphs)
    assert "LeakyReLU act" not in text
    assert "Act could not be judged: what it reads was not returned." in text


def test_one_cause(told):
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(cause())])
    assert found["Why"] == (
        "44 known mistakes were made in float64 on the numbers chainer had there, and one explains every element: "
        f"{MISSING}. What is left is 0.13 of what "
        "rounding allows in place of 1,520 times what rounding allows."
    )
    assert found["What to change"] == (
        "Give both sides the same epsilon; the case has 2e-05. In Chainer that is L.BatchNormalization(eps=2e-05). "
        "Where nothing is said, Chainer takes 2e-05."
    )


def test_values_of_one_number_are_one_cause(told):
    more = [
        cause(value=0.0),
        cause("epsilon 1e-07 instead of 2e-05", value=1e-7),
        cause("epsilon 1e-08 instead of 2e-05", value=1e-8),
    ]
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(*more)])
    assert "cannot tell" not in found[""]
    assert "one explains every element" in found["Why"]
    assert "1e-07 and 1e-08 would look the same here." in found["Why"]


def test_values_of_one_number_in_one_cause(told):
    made = cause("epsilon 0 instead of 2e-05, or 1e-07, or 1e-08", value=0.0)
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(made)])
    assert found[""] == f"chainer differs: {MISSING}."
    assert found["Why"].endswith("1e-07 and 1e-08 would look the same here.")


def test_several_causes_cannot_be_told_apart(told):
    two = [
        cause("gamma and beta exchanged", "weights exchanged", value=None),
        cause("left out", "layer left out", ratio=0.2),
    ]
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(*two)])
    assert found[""].endswith(", or BatchNorm bn is left out. These inputs cannot tell the two apart.")
    assert "2 explain every element, and these inputs cannot tell them apart." in found["Why"]
    assert "(2) BatchNorm bn is left out." in found["Why"]
    assert found["What to change"].splitlines()[1] == "If BatchNorm bn is left out: Add the layer."


def test_the_same_numbers_are_the_same_mistake(told):
    two = [cause("gamma and beta exchanged", "weights exchanged"), cause("left out", "layer left out")]
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(*two)])
    assert "They make the same numbers to the last digit" in found["Why"]
    assert len(found["What to change"].splitlines()) == 1


def test_no_cause(told):
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(tried=1, nodes=("bn",), complete=False)])
    assert found[""] == "chainer differs at BatchNorm bn: the error is 1,520 times what rounding allows."
    assert found["Why"] == (
        "1 known mistake was made in float64 on the numbers chainer had there, and it does not come near. Time ran "
        "out before all were tried."
    )
    found = told("differs", ratio=1523.9, bad=("bn", "act"), diagnosis=[diagnosis(), diagnosis(tried=0)])
    assert found[""].endswith("; 1 other tensor too. None of the 44 known mistakes that were tried explains it.")
    assert found["Why"].splitlines()[0].endswith(", and none of them comes near.")
    assert found["Why"].splitlines()[1].endswith("No known mistake could be tried.")


def test_what_comes_closest(told):
    near = cause("scale false instead of true", "scale", ratio=30.0)
    found = told("differs", ratio=1523.9, bad=("bn",), diagnosis=[diagnosis(closest=near)])
    assert "Closest comes this: in BatchNorm bn, scale is false instead of true; it leaves 30 times" in found["Why"]


def test_two_places(told):
    other = cause("alpha 0.25 instead of 0.2", "alpha", "act", "LeakyReLU")
    found = told(
        "differs", ratio=99.0, bad=("bn", "act"), diagnosis=[diagnosis(cause()), diagnosis(other, nodes=("act",))]
    )
    assert found[""].endswith("; and in LeakyReLU act, alpha is 0.25 instead of 0.2.")
    assert found["Why"].splitlines()[1].startswith("At LeakyReLU act: 44 known mistakes")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (cause(), "BatchNorm bn adds no epsilon (0 instead of 2e-05): on one side the epsilon is missing"),
        (cause("epsilon 0.003 instead of 2e-05"), "in BatchNorm bn, epsilon is 0.003 instead of 2e-05"),
        (cause("left out", "layer left out"), "BatchNorm bn is left out"),
        (cause("padded with 0 instead of −inf", "padded with 0"), "in BatchNorm bn: padded with 0 instead of −inf"),
        (cause("reads BGR instead of RGB", "channels reversed"), "BatchNorm bn reads BGR instead of RGB"),
        (cause("has the weights of fc3", "weights of another layer"), "BatchNorm bn has the weights of fc3"),
        (cause("W with its axes h and w exchanged", "weight axes exchanged"),
         "the weight W of BatchNorm bn has its height and width axes exchanged"),
        (cause("W with its axes g and q exchanged", "weight axes exchanged"),
         "the weight W of BatchNorm bn has its axes g and q exchanged"),
        (cause("W stored in float16", "half precision"), "the weight W of BatchNorm bn is stored in float16"),
        (cause("b dropped", "bias dropped"), "the weight b of BatchNorm bn is left out"),
        (cause("W[3, 1] is 0.5 instead of 0.25, +100 %", "one wrong element", source="element"),
         "one element of a weight of BatchNorm bn is wrong: W[3, 1] is 0.5 instead of 0.25, +100 %"),
        (cause("stride [1, 1] instead of [2, 2] and pad 0 instead of 1", "stride"),
         "in BatchNorm bn: stride [1, 1] instead of [2, 2] and pad 0 instead of 1"),
    ],
)  # fmt: skip
def test_causes_in_words(made, words):
    assert phrase(made) == words


@pytest.mark.parametrize(
    ("target", "call", "usual"),
    [
        ("chainer@cpu", "In Chainer that is L.BatchNormalization(eps=2e-05).", "Chainer takes 2e-05."),
        ("keras-jax@gpu", "In Keras that is keras.layers.BatchNormalization(epsilon=2e-05).", "Keras takes 0.001."),
        ("onnxruntime@cpu", "In ONNX that is BatchNormalization(epsilon=2e-05).", "ONNX takes 1e-05."),
    ],
)
def test_advice_in_the_framework_s_own_words(target, call, usual):
    text = " ".join(advice(cause("epsilon 0.001 instead of 2e-05"), target, {"epsilon": 2e-5}))
    assert call in text
    assert usual in text
    assert text.endswith(LEFT_OUT)


def test_advice_that_a_layer_declares_comes_first():
    made = cause(advice="Chainer up to 1.19 adds none: use a later one")
    assert next(advice(made, "chainer@cpu", {"epsilon": 2e-5})) == "Chainer up to 1.19 adds none: use a later one."


def test_advice_for_an_unknown_framework_is_plain():
    assert list(advice(cause(), "numpy@cpu", {"epsilon": 2e-5})) == [
        "Give both sides the same epsilon; the case has 2e-05."
    ]
    assert list(advice(cause("x", "never heard of"), "chainer@cpu", {})) == []


def test_copy_and_fusion(told):
    found = told("differs", blame=["copy"], message="conv/W reads back otherwise")
    assert found[""] == "chainer differs, since its weights are not those that were sent: conv/W reads back otherwise."
    assert "read back, and are not those that were sent" in found["Why"]
    found = told("differs", ratio=3.0, blame=["fusion"], bad=("none",))
    assert found[""].startswith("chainer differs by 3 times what rounding allows, but every layer passes by itself")
    assert "the runtime joins layers" in found["Why"]
    assert found["Where"].startswith("The output act: the error is 3 times")


def test_a_crash_has_last_words(told):
    found = told("crashed", message="it ended", trace="Traceback\n  line 1\nMemoryError: too much\n")
    assert found["Why"] == "Its last words: MemoryError: too much"
    assert "parity reproduce a chainer@cpu" in found[AGAIN]


EXPECTED = {"target": "chainer", "case": "*", "verdict": "differs", "reason": "a defect of it", "cause": None}


def test_known_failures(told):
    found = told("differs", ok=True, expected=EXPECTED)
    assert "The case expects this, so it counts as known and not as a failure: a defect of it." in found[""]
    found = told("rounding", ok=False, expected=EXPECTED)
    assert "The case expects the verdict differs, which no longer holds" in found[""]
    found = told("differs", ok=False, expected=EXPECTED | {"cause": "alpha"}, diagnosis=[diagnosis(cause())])
    assert "The case expects the cause alpha, and the diagnosis gives epsilon." in found[""]


def test_mistakes_on_purpose(told):
    made = {"layer": "bn", "mistake": "epsilon", "words": "epsilon 0 instead of 2e-05"}
    text = told("differs", committed=[made])[""]
    assert "The case makes chainer do something wrong on purpose, in layer bn: epsilon 0 instead of 2e-05." in text


RULES = [{"rule": "np.allclose(0.001, 0.001)", "ok": True, "failing": 0, "count": 6},
         {"rule": "Polygraphy, default: 1e-5 and 1e-5", "ok": False, "failing": 4, "count": 6},
         {"rule": "article: Σ|d|, no threshold", "ok": None, "failing": None, "count": 6, "sum": 0.000326}]  # fmt: skip


def test_what_others_would_have_said(told):
    found = told("differs", customary=RULES)["What others would have said"].splitlines()
    assert found[0] == "1 of 2 customary tolerances would have passed it: np.allclose(0.001, 0.001)."
    assert found[1] == "It would have been caught by: Polygraphy, default: 1e-5 and 1e-5."
    assert found[2].endswith("prints, is 0.000326.")
    found = told("rounding", customary=RULES)["What others would have said"]
    assert "would have called it wrong, although every difference is within its bound" in found
    assert "the strictest in 4 of 6 elements" in found
    found = told("rounding", customary=[RULES[0]])["What others would have said"]
    assert found == "All 1 customary tolerances would have passed it too."


POWER = {"0.001": 0.6, "0.01": 0.99, "0.1": 1.0, "weights": 1403, "exact": True, "looked_at": 1403,
         "interval": [0.99, 0.99], "each": {}, "dead": {}}  # fmt: skip


def test_power(told):
    found = told(case={"power": POWER})["How far this can be trusted"]
    assert found == "99% of the 1,403 weights would be noticed if changed by 1%; 60% if by 0.1% and all if by 10%."
    feeble = POWER | {"0.01": 0.7, "exact": False, "looked_at": 500, "interval": [0.66, 0.74],
                      "dead": {"conv/W": {"count": 7, "of": 135, "first": [[0, 0]]}}}  # fmt: skip
    found = told(case={"power": feeble})["How far this can be trusted"]
    assert "estimated from 500 weights drawn at random; the true share at 1% is between 66% and 74%" in found
    assert "Some could even be 0 without notice: conv/W (7 of 135)." in found
    assert "So this case is weak" in found


@pytest.mark.parametrize(
    ("shares", "text"),
    [((1, 1, 1), "Each of the 9 weights would be noticed if changed by 0.1%."),
     ((0.6, 1, 1), "Each of the 9 weights would be noticed if changed by 1%, 60% if by 0.1%."),
     ((0.5, 0.6, 0.7), "60% of the 9 weights would be noticed if changed by 1%; 50% if by 0.1% and 70% if by 10%."),
     ((0.5, 0.99999, 1), "More than 99.9% of the 9 weights would be noticed if changed by 1%; 50% if by 0.1% and all "
                         "if by 10%.")],
)  # fmt: skip
def test_shares_that_are_all(shares, text):
    found = POWER | {"weights": 9} | dict(zip(("0.001", "0.01", "0.1"), shares, strict=True))
    assert about_case({"power": found})[0].paragraphs[0] == text


def test_power_of_a_probe_and_a_reason_for_being_weak(told):
    feeble = POWER | {"0.01": 0.9, "probe": True, "alone": 0.5}
    found = told(case={"power": feeble, "weak": True, "weak_reason": "a lookup reads few rows"})
    assert "The network's own inputs would show 50%; its layers" in found["How far this can be trusted"]
    assert found["How far this can be trusted"].endswith("The case says why: a lookup reads few rows.")


@pytest.mark.parametrize(
    ("case", "cell", "expected"),
    [({}, None, False), ({"power": POWER}, None, False), ({"power": POWER | {"0.01": 0.94}}, None, True),
     ({"power": POWER}, {"weak": True}, True), ({"power": POWER | {"0.01": 0.1}}, {"weak": False}, False),
     ({"power": {"weights": 0, "0.01": 0.0}}, None, False)],
)  # fmt: skip
def test_weak(case, cell, expected):
    assert weak(case, cell) is expected
    assert any("weak" in p for s in about_case(case, cell) for p in s.paragraphs) is expected


def test_spots(told):
    words = "the variance of 3 of 5 in bn is far below epsilon, which alone decides their scale."
    assert told(case={"spots": [{"words": words}]})["Where little can be said"] == f"T{words[1:]}"


LOOSE = {"layer": "bn", "factor": 100.0, "absolute": None, "reason": "it takes a shortcut"}


def test_loosened(told):
    through = [{"nodes": ["conv", "bn"], "weights": [{"change": 0.01, "passes": 0.5, "before": 0.1, "elements": 9}]}]
    case = {"loosen": [LOOSE | {"target": "*", "case": "*", "lets_through": through}]}
    found = told(case=case, loosened=[LOOSE | {"needed": 40.2, "stale": False}])["What was loosened"].splitlines()
    assert found == [
        "The bound of bn is loosened 100 times: it takes a shortcut.",
        "Without it the error is 40.2 times what rounding allows.",
        "Of the weights of conv and bn, 50% could be wrong by 1% unseen (10% without it).",
    ]
    assert told(loosened=[LOOSE | {"needed": 40.2}])[""].startswith(
        "chainer agrees with the reference, but within bounds that the case loosens for bn: the largest error is 0.25 "
        "of what is allowed"
    )
    assert "rounding" not in told(loosened=[LOOSE | {"needed": 40.2}])["Where"]
    same = {"nodes": ["bn"], "weights": [{"change": 0.01, "passes": 0.5, "before": 0.5}], "mistakes": list("abcde")}
    assert list(lets_through({"lets_through": [same]})) == [
        "No weight of bn goes unseen by it.",
        "By the loosening alone these mistakes pass: a; b; c; d; and 1 more.",
    ]
    none = same | {"weights": [{"change": 0.01, "passes": 1.0, "before": 1.0, "elements": 0}], "mistakes": []}
    assert list(lets_through({"lets_through": [none]})) == []
    found = list(lets_through({"lets_through": [none | {"tried": 11}]}))
    assert found == ["Of 11 known mistakes in bn, it lets none pass."]
    stale = told(loosened=[LOOSE | {"factor": None, "absolute": 1e-3, "needed": None, "stale": True}])[
        "What was loosened"
    ]
    assert "loosened to an error of 0.001: it takes a shortcut." in stale
    answer = told(ok=False, loosened=[LOOSE | {"stale": True}])[""]
    assert answer.endswith("The case fails all the same, since it loosens the bound of bn, which is no longer needed.")
    assert "Take the entry out of the case." in stale


def test_probes(told, make):
    layers = [make.finding("conv", "rounding", 0.2, ["conv"])]
    fine = told(probe={"layers": layers, "verdict": "rounding", "blame": [], "message": ""})["Each layer alone"]
    assert fine == (
        "1 layer with weights also ran alone on chainer, on inputs that reach every weight: it passes, so nothing "
        "hides behind the network's inputs."
    )
    bad = told(
        "differs", probe={"layers": layers * 2, "verdict": "differs", "blame": ["conv"], "message": "conv: 40 times"}
    )
    assert bad["Each layer alone"].endswith("and there conv fails: conv: 40 times.")


def test_a_failure_that_the_probe_alone_sees(told, make):
    told()
    cell = make.cell("a", "chainer@cpu", "differs", ratio=0.2, blame=["conv"], message="probe: conv: 40 times")
    for f in (*cell["layers"], *cell["final"]):
        f["verdict"] = "rounding"
    layers = [make.finding("conv", "differs", 40.0, ["conv"])]
    cell["probe"] = {"verdict": "differs", "blame": ["conv"], "message": "conv: 40 times", "layers": layers}
    found = {s.title: s.paragraphs for s in about_cell(make.results.cases["a"], cell)}
    assert found["Where"][0].startswith(
        "Alone, on inputs that reach all of its weights: Conv2D conv: the error is 40 times what rounding allows."
    )
    assert "there conv fails: conv: 40 times." in found["Each layer alone"][0]


def test_what_is_carried_to_the_end(told, make):
    told()
    cell = make.cell("a", "chainer@cpu", ratio=0.2, tapping_changes=True)
    cell["final"][0]["carried"] = {"allowed": 1.2e-5, "measured": 3.4e-6, "at_worst": {"allowed": 1, "measured": 1}}
    cell["shares"] = [
        {"nodes": ["act"], "output": "act", "part": 0.0},
        {"nodes": ["conv", "bn"], "output": "act", "part": 0.25},
    ]
    [end] = [s for s in about_cell(make.results.cases["a"], cell) if s.title == "At the end"]
    assert end.paragraphs[0] == (
        "Rounding in all layers may add up to 1.2e-5 at the output act; the errors that they were seen to make come to "
        "3.4e-6 there."
    )
    assert end.paragraphs[1] == "What conv and bn do wrong changes the output act by up to 0.25."
    assert end.paragraphs[2] == "What act does wrong changes no output."
    assert end.paragraphs[3].startswith("Reading the layers changes the last bits")


def test_errors_that_were_not_carried_are_not_spoken_of(told, make):
    told()
    cell = make.cell("a", "chainer@cpu", ratio=0.2)
    cell["final"][0]["carried"] = {"allowed": 1.2e-5, "measured": None, "why": "the network has many products"}
    assert "At the end" not in [s.title for s in about_cell(make.results.cases["a"], cell)]
    cell["final"][0]["carried"] = {"allowed": 0.0, "measured": 0.0}
    assert "At the end" not in [s.title for s in about_cell(make.results.cases["a"], cell)]


def test_the_copy(told, make):
    assert told()["The copy of the weights"] == "1 copy of weights was read back, equal to what was sent."
    cell = make.cell("a", certificate={"ok": False, "problems": ["conv/W reads back otherwise"], "rows": []})
    [copy] = [s for s in about_cell({}, cell) if s.title == "The copy of the weights"]
    assert copy.paragraphs == ("Not proved: conv/W reads back otherwise.",)


def test_a_terminal_is_not_driven_by_names(told):
    names = {"case": "\x1b]0;x\x07", "target": "\x1b[2J@cpu", "message": "\x1b[8m", "trace": "\x9b1m"}
    found = story({"file": "\x1b[31m"}, names | {"verdict": "crashed", "ok": False})
    assert not {"\x1b", "\x07", "\x9b"} & set("".join(p for s in found for p in (s.title, *s.paragraphs)))


@given(st.floats(min_value=0, allow_nan=False))
def test_a_ratio_never_crosses_the_bound_in_words(ratio):
    text = times(ratio)
    if 0 < ratio <= 1:
        assert text.endswith(" of what rounding allows")
        assert float(text.split()[0]) <= 1
    elif ratio > 1 and math.isfinite(ratio):
        assert text.endswith("times what rounding allows")
        assert float(text.split()[0].replace(",", "")) >= 1


@given(st.floats(0, 1))
def test_all_and_none_are_said_only_where_it_is_so(share):
    text = percent(share)
    assert (text == "100%") == (share == 1)
    assert (text == "0%") == (share == 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00033, "0.00033"), (-1.9e-6, "−1.9e-6"), (12345.6, "12,300"), ("inf", "∞"), ("nan", "no number"),
     (None, "no number"),     (0.0, "0"), (-0.5, "−0.5"), (1e30, "1e30"), (1.0, "1")],
)  # fmt: skip
def test_figures(value, text):
    assert figure(value) == text


def test_words():
    assert (plural(1, "case"), plural(2000, "case")) == ("1 case", "2,000 cases")
    assert some(list("abcdefgh"), most=3) == "a, b, c and 5 more"
    assert (sentence("a"), sentence("a."), sentence("")) == ("a.", "a.", "")
    assert (exactly("nan"), exactly(1.70549262), exactly("-inf")) == ("NaN", "1.70549262", "−∞")
    assert (times(1.0), times(1.0001), times(1e6), times(1520.4), times("inf")) == (
        "1 of what rounding allows", "1.01 times what rounding allows", "1 million times what rounding allows",
        "1,520 times what rounding allows", "more than any rounding allows")  # fmt: skip


def test_results_that_do_not_repeat_are_told(told):
    text = told(repeats={"runs": 4, "distinct": 3, "max_abs": 2e-6})["The same again"]
    assert text.startswith(
        "Chainer does not give the same result again: 4 runs on the same inputs gave 3 different ones"
    )
    assert "up to 2e-6 apart" in text


def test_results_that_repeat_are_not_worth_a_word(told):
    assert "The same again" not in told(repeats={"runs": 4, "distinct": 1, "max_abs": 0.0})


def test_a_provisional_verdict_says_why(told):
    why = "the bounds of Conv2D were not measured for chainer@gpu on NVIDIA Invented, so the verdict is provisional"
    text = told(target="chainer@gpu", calibrated=False, provisional=why)["Bounds on this device"]
    assert f"This verdict is provisional: {why}." in text
    assert "Bounds on this device" not in told(target="chainer@gpu", calibrated=True)
