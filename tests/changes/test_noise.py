import math

import numpy as np
import pytest

from parity.changes.noise import EXACT, root_mean_square, same_outputs, shift
from tests.changes.spreads import cell, finding, spread_of


def errors(seed, count, scale=0.05):
    """|d| / bound of independent roundings."""
    return np.abs(np.random.default_rng(seed).normal(0, scale, count))


def pair(old, new, **more):
    return cell([finding("conv", old, **more)]), cell([finding("conv", new, **more)])


def test_root_mean_square_of_a_spread():
    e = errors(1, 10_000)
    assert root_mean_square(spread_of(e)) == pytest.approx(float(np.sqrt((e**2).mean())), rel=0.05)


def test_root_mean_square_counts_zeros_and_the_last_bin():
    assert root_mean_square({"zero": 3, "from": 0, "counts": [1]}) == pytest.approx(math.sqrt(0.5))
    assert root_mean_square({"zero": 0, "from": 12, "counts": [1]}) == 4096
    assert root_mean_square({"zero": 5, "from": 0, "counts": []}) == 0


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 20, 100, 1000])
def test_other_roundings_are_no_change(count):
    """At a false-alarm rate of 1 in 10,000 none of 300 is expected."""
    assert not any(shift(*pair(errors(2 * i, count), errors(2 * i + 1, count))) for i in range(300))


@pytest.mark.parametrize("count", [100, 1000])
@pytest.mark.parametrize("factor", [8, 1 / 8])
def test_a_larger_error_is_seen_in_both_directions(count, factor):
    found = shift(*pair(errors(1, count), errors(2, count) * factor))
    assert found.tensor == "conv"
    assert found.is_worse == (factor > 1)
    assert max(found.after / found.before, found.before / found.after) == pytest.approx(8, rel=0.4)
    assert ("grew" if factor > 1 else "shrank") in found.text


def test_a_change_of_two_is_none_that_matters():
    assert shift(*pair(errors(1, 10_000), errors(2, 10_000) * 2)) is None


def test_one_element_of_many_is_seen_by_the_largest():
    new = errors(2, 10_000, 0.01)
    new[77] = 0.9
    assert shift(*pair(errors(1, 10_000, 0.01), new)).what == "largest"


def test_few_elements_prove_little():
    assert shift(*pair(np.array([0.01]), np.array([0.9]))) is None
    assert shift(*pair(errors(1, 4), 20 * errors(2, 4))) is None


def test_no_longer_exact():
    exact, few = np.zeros(1000), np.zeros(1000)
    few[: EXACT - 1] = 0.1
    assert shift(*pair(exact, few)) is None
    few[: EXACT + 1] = 0.1
    assert shift(*pair(exact, few)).text.startswith("conv is no longer exact")
    assert shift(*pair(few, exact)).text.startswith("conv is exact now")


def test_the_worst_tensor_is_told():
    old = cell([finding("a", errors(1, 1000)), finding("b", errors(2, 1000))])
    new = cell([finding("a", errors(3, 1000) * 6), finding("b", errors(4, 1000) * 9)])
    assert shift(old, new).tensor == "b"


def test_outputs_and_layers_run_alone_count_too():
    quiet, loud = [finding("y", errors(1, 1000))], [finding("y", errors(1, 1000) * 9)]
    assert shift(cell([], final=quiet), cell([], final=loud))
    assert shift(cell([], probe=quiet), cell([], probe=loud))


def test_the_same_bits_are_the_same_whatever_else_is_said():
    old, new = (
        cell([finding("a", errors(1, 1000) * s)], final=[finding("y", errors(1, 9), bits="ab")]) for s in (1, 9)
    )
    assert same_outputs(old, new)
    assert shift(old, new) is None
    for made, scale in ((old, 1), (new, 9)):
        made["probe"]["layers"] = [finding("alone", errors(1, 1000) * scale)]
    assert shift(old, new).tensor == "alone", "no output tells what a layer does on other inputs"
    new["final"][0]["bits"] = "cd"
    assert not same_outputs(old, new)
    assert shift(old, new)


def test_outputs_without_bits_are_not_known_to_be_the_same():
    bare = cell([], final=[finding("y", errors(1, 9))])
    assert not same_outputs(bare, bare)
    assert not same_outputs(cell([]), cell([]))


def test_infinite_errors():
    broken = np.full(1000, np.inf)
    assert shift(*pair(errors(1, 1000), broken)).is_worse
    assert shift(*pair(broken, broken)) is None


class TestWithoutSpread:
    """Results of before errors' distributions were told."""

    def test_a_larger_error(self):
        found = shift(*pair(errors(1, 1000), errors(2, 1000) * 9, spread=False))
        assert (found.what, found.is_worse) == ("largest", True)

    def test_both_figures_have_to_agree(self):
        old, new = pair(errors(1, 1000), errors(2, 1000) * 9, spread=False)
        new["layers"][0]["metrics"]["rms"] = old["layers"][0]["metrics"]["rms"]
        assert shift(old, new) is None
        new["layers"][0]["metrics"]["rms"] /= 100
        assert shift(old, new) is None

    def test_one_side_alone_has_it(self):
        old, _ = pair(errors(1, 1000), errors(1, 1000), spread=False)
        _, new = pair(errors(1, 1000), errors(2, 1000) * 9)
        assert shift(old, new)

    def test_exact_on_one_side_says_nothing(self):
        assert shift(*pair(np.zeros(1000), errors(1, 1000), spread=False)) is None

    def test_no_figures(self):
        bare = cell([{"tensor": "conv", "nodes": ["conv"], "verdict": "shape", "metrics": None, "message": ""}])
        assert shift(bare, bare) is None
        assert shift(cell([]), cell([])) is None
