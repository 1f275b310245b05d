"""When the comparison of ``parity time`` with loops by hand has missed its aim."""

import pytest

from benchmarks.fidelity import beyond


@pytest.mark.parametrize(
    ("ratios", "has", "words"),
    [
        ([1.0, 1.029, 0.971], [True] * 8, ""),
        ([1.0, 1.031], [True] * 8, "1 of 2 ratios are not within 3 % of 1"),
        ([0.96], [], "1 of 1 ratios"),
        ([], [True] * 7 + [False], ""),
        ([], [True] * 5 + [False] * 3, "3 of 8 intervals leave 1 out, more than chance"),
        ([], [False, False], "2 of 2 intervals"),
    ],
)
def test_what_is_beyond_the_aim_is_said(ratios, has, words):
    assert beyond(ratios, has).startswith(words)
    assert bool(beyond(ratios, has)) == bool(words)
