"""The story of a verdict, from records alone: what it says first, where it is wrong, and at the end."""

import pytest

from parity.judge.verdict import ORDER
from parity.story import AGAIN, about_cell, story
from tests.report.telling import MISSING, cause, diagnosis

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
