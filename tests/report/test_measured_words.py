"""What is said of losses and times."""

import pytest

from parity.report.precision import precision
from parity.report.timing import timing
from parity.story.loss import about_loss, about_losses, decisions
from parity.story.times import about_times, fastest, speed, times
from parity.story.words import parts, precise, size

HALF = "chainer@cpu:float16"
STORED = "chainer@cpu:storage_float16"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("chainer@cpu:float16", ("chainer", "cpu", "float16")),
        ("keras-jax@gpu", ("keras-jax", "gpu", "float32")),
        ("chainer", ("chainer", "cpu", "float32")),
        ("odd: name\n@cpu", ("odd: name\n", "cpu", "float32")),
        ("a@gpu:tf32", ("a", "gpu", "tf32")),
    ],
)
def test_parts_of_a_target(target, found):
    assert parts(target) == found


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (812, "812 bytes"), (999_600, "1.00 MB"), (35_050_000, "35.0 MB"),
     (140e6, "140 MB"), (2.5e9, "2.50 GB"), (None, "0 bytes")],
)  # fmt: skip
def test_sizes(count, text):
    assert size(count) == text


def test_precisions_in_words():
    names = ("storage_float16", "mixed_bfloat16", "tf32", "float16", "some_thing")
    assert [precise(p) for p in names] == [
        "float16 storage",
        "mixed bfloat16",
        "TensorFloat-32",
        "float16",
        "some thing",
    ]


def test_a_loss_in_a_sentence(make):
    assert about_loss(make.loss("dcgan", STORED, 2.14e-4)) == (
        "Float16 storage halves dcgan from 70.1 MB to 35.0 MB at a relative error of 2.1e-4 (SNR 73 dB) on chainer."
    )
    assert about_loss(make.loss("a", "keras-jax@gpu:mixed_float16", 0.0, (800, 800))) == (
        "Mixed float16 leaves a at 800 bytes without any loss on keras-jax@gpu."
    )
    assert "shrinks a from 800 bytes to 300 bytes" in about_loss(make.loss("a", sizes=(800, 300)))


def test_a_loss_that_is_no_number_is_said(make):
    record = make.loss("a", HALF, float("inf"))
    record["outputs"][0] |= {"rel_l2": "inf", "snr_db": "-inf", "nonfinite": 12, "argmax_changed": 2}
    record["computed"] = {"asked": "float16", "seen": "float32", "why": "its kernels cast"}
    assert about_loss(record) == (
        "Float16 halves a from 70.1 MB to 35.0 MB with an infinite error on chainer, and 12 numbers of its outputs are "
        "infinite or NaN, and the largest class changes at 2 of 6. It was computed in float32, not in float16: its "
        "kernels cast."
    )
    record["outputs"][0]["rel_l2"] = "nan"
    assert "an error that is no number" in about_loss(record)


def test_a_loss_with_next_to_nothing_in_its_record(make):
    bare = make.measure("loss", {"case": "a", "target": "onnxruntime@cpu:mixed_float16", "message": "not defined"})
    assert about_loss(bare) == "onnxruntime says nothing on a in mixed float16: not defined."
    odd = make.measure("loss", {"case": "b", "target": "x", "outputs": [{"tensor": "y"}]})
    assert about_loss(odd) == "In float32, b runs with an error that is no number on x."


def test_losses_over_all_cases(make):
    found = [make.loss("a", STORED, 1e-4), make.loss("b", STORED, 3e-4), make.loss("a", HALF), make.loss("b", HALF),
             make.loss("b", "emulation@cpu:storage_float16", 0.9)]  # fmt: skip
    found[3]["outputs"][0] |= {"rel_l2": "nan", "nonfinite": 1}
    assert about_losses(found) == [
        "Float16 storage halves 2 networks from 140 MB to 70.1 MB together at a relative error of at most 3.0e-4, that "
        "of b on chainer.",
        "Float16 halves 2 networks from 140 MB to 70.1 MB together at a relative error of at most 2.0e-4, that of a on "
        "chainer; outputs of b become infinite or NaN.",
    ]
    assert about_losses(found[-1:])[0].endswith(", as emulated.")


def test_the_largest_class_is_that_of_an_output_of_classes(make):
    record = make.loss("a", HALF)
    state = record["outputs"][0] | {"tensor": "h", "rel_l2": 0.5, "argmax_changed": None, "argmax_of": None}
    classes = record["outputs"][0] | {"tensor": "prob", "argmax_changed": 2, "argmax_of": 60}
    few = record["outputs"][0] | {"tensor": "more", "argmax_changed": 1, "argmax_of": 90}
    record["outputs"] = [state, few, classes]
    assert decisions(record) is classes
    assert "relative error of 0.5" in about_loss(record)
    assert "the largest class of prob changes at 2 of 60" in about_loss(record)
    make.case("a")
    (row,) = precision(make.results)["index"]["cases"][0]["rows"]
    assert (row["tensor"], row["argmax"], row["decided"]) == ("h", [2, 60], "prob")
    record["outputs"] = [state]
    assert decisions(record) == {}
    assert "largest class" not in about_loss(record)


def test_verdicts_that_fail_are_said(make):
    for case in "ab":
        make.case(case)
        make.loss(case, HALF)
    make.cell("a", HALF)
    assert len(precision(make.results)["said"]) == 1
    make.cell("b", HALF, "differs", ratio=9.0)
    found = precision(make.results)
    words = "The verdict fails for b on chainer@cpu:float16 (differs)."
    assert found["said"][1:] == [words]
    assert [c["said"][1:] for c in found["index"]["cases"]] == [[], [words]]


def test_engines_that_hold_other_weights_are_a_range(make):
    mixed = [
        make.loss(case, f"{engine}@cpu:mixed_float16", sizes=(80_000_000, after))
        for case in "ab"
        for engine, after in (("chainer", 40_000_000), ("keras-jax", 80_000_000))
    ]
    assert about_losses(mixed) == [
        "Mixed float16 brings 2 networks from 160 MB to 80.0 MB … 160 MB together, depending on the engine, at a "
        "relative error of at most 2.0e-4, that of a on chainer."
    ]
    assert about_losses(mixed[1::2])[0].startswith("Mixed float16 leaves 2 networks at 160 MB together")


def test_nothing_is_called_faster_unless_the_record_says_so(make):
    found = [
        make.timing("vgg", "chainer@cpu", 1.0, "baseline"),
        make.timing("vgg", "onnxruntime@cpu", 3.1),
        make.timing("vgg", "keras-jax@cpu", 0.45, "slower", verdict="differs"),
        make.timing("vgg", "keras-torch@cpu", 9.0, "undecided"),
    ]
    assert [text for *_, text in about_times(found)] == [
        "On 2 threads, onnxruntime is 3.1 times (2.9 … 3.3) as fast as chainer on vgg; keras-jax (which differs) is "
        "slower than chainer, 0.45 times (0.42 … 0.48) as fast; between chainer and keras-torch it is undecided."
    ]
    assert fastest(found) == "On 2 threads, onnxruntime is 3.1 times (2.9 … 3.3) as fast as chainer on vgg."
    assert fastest(found[:1] + found[2:]) == ""
    found[1]["verdict"] = "differs"
    assert fastest(found) == ""


def test_undecided_alone(make):
    base, other = make.timing("a", "chainer@cpu", 1.0, "baseline"), make.timing("a", speed=1.01, says="undecided")
    assert [t for *_, t in about_times([base, other])] == [
        "On 2 threads, between chainer and onnxruntime it is undecided on a."
    ]
    make.case("a")
    assert timing(make.results)["said"] == ["1 case was timed on chainer and onnxruntime; no difference is decided."]


def test_the_setting_with_most_targets_is_told_first(make):
    for threads in (1, 2):
        make.timing("a", batch=8, threads=threads)
        make.timing("a", batch=1, threads=threads)
    make.timing("b", speed=2.0, threads=1)
    make.timing("b", "keras-jax@gpu", speed=40.0, threads=1)
    found = timing(make.results)
    assert found["said"] == [
        "On 2 threads at batch 1, onnxruntime is 3.1 times (2.9 … 3.3) as fast as chainer on a; on 1 thread, "
        "onnxruntime is 2 times (1.9 … 2.1) as fast as chainer on b.",
        "On 1 thread, keras-jax@gpu is 40 times (38 … 43) as fast as chainer on b.",
    ]
    assert [c["usual"] for c in found["index"]["cases"]] == [(2, 1), (1, 0)]


def test_one_round_has_no_interval(make):
    ratio = {"baseline": "chainer@cpu", "value": 0.5, "low": None, "high": None, "says": "undecided"}
    record = make.timing("a", ratio=ratio)
    assert (speed(record), times(record)) == ((2.0, None, None), "2 times")
    assert [t for *_, t in about_times([record])] == [
        "On 2 threads, between chainer and onnxruntime it is undecided on a."
    ]


def test_a_ratio_of_times_is_an_inverse_of_speeds(make):
    ratio = {"baseline": "chainer@cpu", "value": 0.25, "low": 0.2, "high": 0.5, "says": "faster"}
    record = make.timing("a", ratio=ratio)
    assert (speed(record), times(record)) == ((4.0, 2.0, 5.0), "4 times (2 … 5)")
    assert times(make.timing("a", ratio=ratio | {"low": 0.2467, "high": 0.2534})) == "4 times (3.95 … 4.05)"


@pytest.mark.parametrize("ratio", [None, {}, {"value": "inf", "low": 1, "high": 2, "says": "faster"}, {"value": 2.0},
                                   {"value": 0, "low": 0, "high": 0, "says": "slower"}])  # fmt: skip
def test_ratios_that_say_nothing(make, ratio):
    assert about_times([make.timing("a", ratio=ratio)]) == []


def test_what_to_beware_of(make):
    make.run()
    make.timing("a", load=[1.6, 2.0])
    make.timing("b", "keras-jax@cpu", verdict="nonfinite", load=[0.9, 2.0])
    found = timing(make.results)["said"][1:]
    assert found == [
        "The machine was busy with other work in 1 of 2 timings: load average up to 1.6.",
        "Timed although the verdict there is a failure: keras-jax on b.",
    ]


def test_others_on_the_machine_count_more_than_its_load(make):
    make.timing("a", load=[1.9, 2.0], others=0.05)
    make.timing("b", load=[0.1, 1.0], others=0.734)
    assert timing(make.results)["said"][1:] == [
        "The machine was busy with other work in 1 of 2 timings: others kept up to 0.73 cores busy."
    ]
