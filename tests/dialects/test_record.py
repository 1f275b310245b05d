from __future__ import annotations

import numpy as np
import pytest

from parity.dialects import parts
from parity.dialects.record import Expr, RecordedNumPy, after
from parity.dialects.text import WIDTH, Names, flat, literal
from parity.dialects.writer import Writer, constant

F, L = Expr("name", "F"), Expr("name", "L")


def named(name: str) -> Expr:
    return Expr("name", name)


def lines(*wanted: tuple[str, Expr], roots: tuple[str, ...] = ()) -> list[str]:
    writer = Writer(("F",), {})
    writer.write(wanted, roots)
    return writer.lines


@pytest.mark.parametrize("text", [
    "(x + y) * 2", "x + y * 2", "x - (y - 2)", "x - y - 2", "x / (y / 2)", "x / (2 * y)", "2 / x", "3 - x", "-(x + y)",
    "-x * y", "x * -y", "-x.y", "(-x).y", "(x + y)[0]", "(x * y).shape", "F.relu(-x)(y)", "1.5 * (2 + x)",
    "x ** 2", "2.0 ** -x", "(-2.0) ** x", "-x ** 2", "(-x) ** 2", "(x ** y) ** 2", "x ** y ** 2", "F.relu(x) ** 2 * y",
    "x[..., 0:3]", "x[:, 0, ::2, None]", "x[-1]", "F.pad(x, [(0, 0), (1, 2)], value=-np.inf)",
])  # fmt: skip
def test_source_means_what_was_recorded(text):
    recorded = eval(text, {"x": named("x"), "y": named("y"), "F": F, "np": np})
    assert lines(("value_", recorded)) == [f"value_ = {text}"]


def test_what_is_used_twice_gets_a_variable():
    relu = F.relu(named("x"))
    assert lines(("out", F.add(relu, relu))) == ["out_1 = F.relu(x)", "out = F.add(out_1, out_1)"]


def test_results_of_one_call_are_unpacked():
    state, h = parts(F.lstm(None, named("x")[:, 0]), 2)
    state, h = parts(F.lstm(state, h), 2)
    assert lines(("y", h), ("y.c", state)) == ["y_1, y_2 = F.lstm(None, x[:, 0])", "y_c, y = F.lstm(y_1, y_2)"]


def test_results_that_nobody_needs_are_named_underscore():
    h, c, ys = parts(F.lstm(named("x")), 3)
    assert lines(("y", ys), ("y.h", h), ("y.c", c), roots=("y.h",)) == ["y_h, _, _ = F.lstm(x)"]


def test_a_call_indexed_otherwise_is_not_unpacked():
    out = F.lstm(named("x"))
    assert lines(("a", out[1]), ("b", out[2])) == ["a_1 = F.lstm(x)", "a = a_1[1]", "b = a_1[2]"]


def test_parts_of_another_number_are_refused():
    with pytest.raises(ValueError, match="gave 3 results, 2 are declared"):
        parts((1, 2, 3), 2)


@pytest.mark.parametrize("use", [bool, list, len, lambda x: x < 1, lambda x: x >= 1])
def test_a_rule_that_needs_a_value_is_refused(use):
    with pytest.raises(TypeError, match="recorded value"):
        use(F.relu(named("x")))


def test_numpy_scalars_leave_arithmetic_to_it():
    assert lines(("y", np.float32(0.1) * named("x"))) == ["y = np.float32(0.1) * x"]


def test_long_expressions_are_cut_and_long_calls_wrapped():
    total = named("squares")[..., 0:9]
    for j in range(1, 12):
        total = total + named("squares")[..., j : j + 9]
    many = F.concat([named(f"a_long_name_{i}") for i in range(20)], total, axis=1)
    out = lines(("y", many))
    assert len(out) > 1
    assert all(len(line) <= WIDTH for line in "\n".join(out).splitlines())
    compile("\n".join(out), "script", "exec")


def test_a_thousand_steps():
    h = named("x")
    for _ in range(1000):
        h = F.step(h, h)
    assert len(lines(("y", h))) == 1000


def test_constants():
    arrays: dict[str, np.ndarray] = {}
    small, large = np.array([0.1, -np.inf], np.float32), np.arange(9)
    assert flat(constant(small, arrays)) == "np.array([0.1, -np.inf], np.float32)"
    assert constant(large, arrays) == ('arrays["constants/1"]',)
    assert arrays["constants/1"] is large
    assert lines(("y", RecordedNumPy().asarray(large[:2]) + 1)) == ["y = np.array([0, 1], np.int64) + 1"]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_numbers_read_back_as_they_were(dtype):
    values = np.array([1 / 3, np.pi, 1e-7, -np.inf, np.nan], dtype)
    np.testing.assert_array_equal(eval(flat(literal(values)), {"np": np}), values)


def test_what_has_no_literal_is_refused():
    with pytest.raises(TypeError, match="cannot be written into a script"):
        literal(object())


@pytest.mark.parametrize(("wanted", "name"), [
    ("lstm.h", "lstm_h"), ("class", "class_"), ("print", "print_"), ("2 images", "_2_images"), ("np", "np_"),
    ("über", "über"),
])  # fmt: skip
def test_names_are_identifiers_and_free(wanted, name):
    names = Names(("np",))
    assert names.new(wanted) == name
    assert names.new(wanted) == f"{name}_"


def test_calls_for_what_they_do_stand_in_their_order():
    """A link that keeps its state: the order of its calls is part of what they give."""
    x, ys, before = named("x"), [], L.reset()
    for t in range(3):
        before = after(L(x[t]), before)
        ys.append(before)
    assert lines(("y", F.stack(ys)), ("c", after(L.c, before))) == [
        "L.reset()", "y_1 = L(x[0])", "y_2 = L(x[1])", "y_3 = L(x[2])", "y = F.stack([y_1, y_2, y_3])", "c = L.c"
    ]  # fmt: skip


def test_nothing_comes_after_where_nothing_is_recorded():
    assert after(3, None) == 3


def test_a_value_within_a_slice():
    n = named("lengths")
    assert lines(("y", named("x")[0, : n.array[1]])) == ["y = x[0, :lengths.array[1]]"]
