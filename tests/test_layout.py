"""Layouts against an oracle that places every element by itself."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.dialects.keras import permutation
from parity.layout import LayoutMap, Place, split_order

steady = settings(deadline=None, derandomize=True, max_examples=150)  # the same examples on every machine


@st.composite
def layouts(draw):
    """(canonical pattern, shape, target pattern, tokens, order): a weight and some place for it.

    tokens: for each target axis the list of what is merged there, an axis, "1" or a part (k, n).
    """
    axes = draw(st.lists(st.sampled_from(["u", "i", "h", "w", "filters"]), min_size=0, max_size=3, unique=True))
    gates = draw(st.sampled_from(["", "", "ifco", "zrn", "ab"]))
    if gates or not axes:
        axes = [*axes, "g"] if gates else ["u"]
        axes = draw(st.permutations(axes))
    sizes = {a: draw(st.integers(1, 4)) for a in axes} | ({"g": len(gates)} if gates else {})
    order = [(g, 1) for g in gates]
    if gates and draw(st.booleans()):
        signs = draw(st.lists(st.sampled_from([1, -1]), min_size=len(gates), max_size=len(gates)))
        order = list(zip(draw(st.permutations(gates)), signs, strict=True))
    items = list(draw(st.permutations(axes)))
    extras = draw(st.lists(st.sampled_from(["1", (0, 2), (1, 2), (2, 3)]), max_size=3))
    for extra in extras:
        items.insert(draw(st.integers(0, len(items))), extra)
    cuts = sorted([*draw(st.lists(st.integers(1, len(items)), max_size=len(items), unique=True)), len(items)])
    tokens = [items[a:b] for a, b in itertools.pairwise([0, *cuts]) if items[a:b]]
    canonical = " ".join(axes) + (f" @{gates}" if gates else "")
    text = " ".join(_token(t, draw(st.booleans())) for t in tokens)
    if order != [(g, 1) for g in gates] or (gates and draw(st.booleans())):
        text += " @" + "".join("-" * (s < 0) + g for g, s in order)
    return canonical, tuple(sizes[a] for a in axes), text, tokens, order


def _token(items, parens):
    words = [i if isinstance(i, str) else f"{i[0]}/{i[1]}" for i in items]
    return f"({' '.join(words)})" if len(words) > 1 or parens else words[0]


def placed(array, canonical, tokens, order):
    """The target, one element at a time."""
    axes, gates = split_order(canonical)
    axes, home = axes.split(), [g for g, _ in gates]
    stored = [g for g, _ in order]
    sizes = dict(zip(axes, array.shape, strict=True))
    parts = [i for token in tokens for i in token if isinstance(i, tuple)]

    def size(item):
        return item[1] if isinstance(item, tuple) else 1 if item == "1" else sizes[item]

    target = np.zeros([math.prod(map(size, t)) for t in tokens], array.dtype)
    for at in np.ndindex(*array.shape):
        where, sign = dict(zip(axes, at, strict=True)), 1
        if "g" in where:
            gate = home[where["g"]]
            where["g"], sign = stored.index(gate), dict(order)[gate]
        index = []
        for token in tokens:
            here = 0
            for item in token:
                here = here * size(item) + (item[0] if isinstance(item, tuple) else where.get(item, 0))
            index.append(here)
        target[tuple(index)] = sign * array[at]
    assert np.count_nonzero(target) == array.size
    assert target.size == array.size * math.prod(n for _, n in parts)  # the other parts are zero
    return target


def numbers(shape):
    return np.arange(1.0, 1 + math.prod(shape), dtype=np.float32).reshape(shape)


@steady
@given(layouts())
def test_every_element_goes_where_the_pattern_says_and_comes_back(layout):
    canonical, shape, pattern, tokens, order = layout
    w = numbers(shape)
    places = LayoutMap([Place.parse("W", canonical, f"kernel: {pattern}")])
    target = places.forward({"W": w})["kernel"]
    np.testing.assert_array_equal(target, placed(w, canonical, tokens, order), strict=True)
    back = places.inverse({"kernel": target}, {"W": shape})["W"]
    np.testing.assert_array_equal(back, w, strict=True)


@steady
@given(layouts(), st.data())
def test_inverse_notices_every_changed_element(layout, data):
    canonical, shape, pattern, *_ = layout
    w = numbers(shape)
    places = LayoutMap([Place.parse("W", canonical, f"kernel: {pattern}")])
    target = places.forward({"W": w})["kernel"].copy()
    filled = np.argwhere(target)
    at = tuple(filled[data.draw(st.integers(0, len(filled) - 1))])
    target[at] += 0.5
    back = places.inverse({"kernel": target}, {"W": shape})["W"]
    assert np.count_nonzero(back != w) == 1


@steady
@given(st.permutations("ifco"), st.lists(st.sampled_from(["", "-"]), min_size=4, max_size=4), st.integers(1, 3))
def test_gates_kept_apart(gates, signs, units):
    w = numbers((4, units, 2))
    texts = [f"w{j}: i u @{s}{g}" for j, (g, s) in enumerate(zip(gates, signs, strict=True))]
    places = LayoutMap([Place.parse("W", "g u i @ifco", t) for t in texts])
    targets = places.forward({"W": w})
    for j, (g, s) in enumerate(zip(gates, signs, strict=True)):
        np.testing.assert_array_equal(targets[f"w{j}"], (-1 if s else 1) * w["ifco".index(g)].T)
    np.testing.assert_array_equal(places.inverse(targets, {"W": w.shape})["W"], w)


@steady
@given(st.integers(2, 4), st.permutations(range(4)))
def test_weights_packed_into_one_array(n, order):
    sources = {f"w{k}": numbers((2, 3)) + 10 * k for k in range(n)}
    parts = [k for k in order if k < n]
    places = LayoutMap([Place.parse(f"w{k}", "o i", f"packed: i ({p}/{n} o)") for k, p in enumerate(parts)])
    packed = places.forward(sources)["packed"]
    expected = np.concatenate([sources[f"w{parts.index(p)}"].T for p in range(n)], 1)
    np.testing.assert_array_equal(packed, expected)
    back = places.inverse({"packed": packed}, {k: v.shape for k, v in sources.items()})
    for name, w in sources.items():
        np.testing.assert_array_equal(back[name], w)


def test_parts_that_nobody_fills_are_zero():
    places = LayoutMap([Place.parse("b", "g u @ab", "B: 1 (1/3 g u) @ba")])
    b = numbers((2, 2))
    np.testing.assert_array_equal(places.forward({"b": b})["B"], [[0, 0, 0, 0, 3, 4, 1, 2, 0, 0, 0, 0]])
    np.testing.assert_array_equal(places.inverse(places.forward({"b": b}), {"b": b.shape})["b"], b)


@pytest.mark.parametrize(
    "texts",
    [
        {"b": "bias: (g u) @ab", "rb": "bias: (g u) @ab"},
        {"b": "bias: (0/2 g u) @ab", "rb": "bias: (0/2 g u) @-b-a"},
        {"b": "bias: u @a", "rb": "bias: u @b"},
    ],
)
def test_a_sum_has_no_inverse(texts):
    places = LayoutMap([Place.parse(k, "g u @ab", t) for k, t in texts.items()])
    b, rb = numbers((2, 2)), numbers((2, 2)) * 100
    both, one = places.forward({"b": b, "rb": rb})["bias"], places.forward({"b": b})["bias"]
    np.testing.assert_array_equal(both, one + places.forward({"rb": rb})["bias"])
    assert places.is_sum("bias", ["b", "rb"])
    assert places.inverse({"bias": both}, {"b": b.shape, "rb": rb.shape}) == {}
    assert not places.is_sum("bias", ["b"])


def test_one_of_two_summands_alone_comes_back():
    places = LayoutMap([Place.parse("b", "g u @ab", "bias: (g u) @ba"), Place("rb", "", "bias", "")])
    b = numbers((2, 3))
    target = places.forward({"b": b})
    np.testing.assert_array_equal(target["bias"], [4, 5, 6, 1, 2, 3])
    np.testing.assert_array_equal(places.inverse(target, {"b": b.shape})["b"], b)


def test_weights_that_are_not_there_make_no_target():
    places = LayoutMap([Place.parse("W", "o i", "kernel: i o"), Place("b", "", "bias", "")])
    assert set(places.forward({"W": numbers((2, 3))})) == {"kernel"}
    assert set(places.targets) == {"kernel", "bias"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kernel i o", "expected 'target: pattern'"),
        ("kernel: u i", "axis g of 'g u i @ifco' is not in the pattern"),
        ("kernel: (g u) @ifco", "axis i of 'g u i @ifco' is not in the pattern"),
        ("kernel: u i @if", "axis g of 'g u i @ifco' is not in the pattern"),
        ("kernel: g u i @ifgo", "gate g is unknown: 'g u i @ifco' has the gates i, f, c, o"),
        ("kernel: g u i @iffo", "a gate stands twice in '@iffo'"),
        ("kernel: g u i @IFCO", "found 'IFCO' behind '@', expected one letter for each gate, e.g. '@ifco'"),
        ("kernel: g u i @", "found '' behind '@'"),
        ("kernel: g u i @i--fco", "expected one letter for each gate"),
        ("kernel: 2/2 g u i @ifco", "found part 2/2, parts are counted from 0 to 1"),
        ("kernel: g u i k @ifco", "'g u i k' is no einops pattern for 'g u i'"),
        ("kernel: g u u i @ifco", "is no einops pattern for 'g u i'"),
        ("kernel: (g (u i)) @ifco", "is no einops pattern for 'g u i'"),
        ("kernel: (g u i @ifco", "is no einops pattern for 'g u i'"),
    ],
)
def test_bad_patterns_say_what_is_wrong(text, message):
    with pytest.raises(ValueError, match=r"^W='kernel") as error:
        Place.parse("W", "g u i @ifco", text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_gates_of_a_weight_that_has_none():
    with pytest.raises(ValueError, match="gate a, b is unknown: 'o i' has no gates"):
        Place.parse("W", "o i", "kernel: i o @ab")


def test_places_of_one_target_must_agree_on_its_shape():
    places = LayoutMap([Place.parse("a", "u", "t: 0/2 u"), Place.parse("b", "u", "t: u")])
    with pytest.raises(ValueError, match="'t' would have shape"):  # they would broadcast
        places.forward({"a": numbers((3,)), "b": numbers((3,))})


@pytest.mark.parametrize(
    ("pattern", "rank", "order"),
    [
        ("n ... c", 4, (0, 2, 3, 1)),
        ("n ... c", 5, (0, 2, 3, 4, 1)),
        ("n ... c", 3, (0, 2, 1)),
        ("n ... c", 2, (0, 1)),
        ("n ... c", 1, (0,)),
        ("... n c", 4, (2, 3, 0, 1)),
        ("n c ...", 4, (0, 1, 2, 3)),
        ("=", 4, (0, 1, 2, 3)),
        ("=", 0, ()),
    ],
)
def test_permutation_of_activations(pattern, rank, order):
    assert permutation(pattern, rank) == order
    x = np.zeros(range(2, 2 + rank))
    assert sorted(order) == list(range(rank))
    if pattern == "n ... c" and rank > 1:
        assert x.transpose(order).shape[-1] == x.shape[1]


@pytest.mark.parametrize("pattern", ["n h w c", "n c", "", "n n ... c", "= ="])
def test_unknown_patterns_of_activations(pattern):
    with pytest.raises(ValueError, match=r"expected '=' or n, c and \.\.\. in some order"):
        permutation(pattern, 4)


@pytest.mark.parametrize(
    ("canonical", "pattern", "shape", "stored"),
    [
        ("c 1 1", "1 1 c", (3, 1, 1), (1, 1, 3)),
        ("c 1 1", "c", (3, 1, 1), (3,)),
        ("c 1", "(c 1)", (3, 1), (3,)),
        ("1 h 1", "h 1 1", (1, 4, 1), (4, 1, 1)),
        ("1 1", "", (1, 1), ()),
        ("1 1", "1", (1, 1), (1,)),
    ],
)
def test_axes_of_size_one_may_be_left_out(canonical, pattern, shape, stored):
    layout = LayoutMap([Place.parse("w", canonical, f"t: {pattern}")])
    array = numbers(shape)
    made = layout.forward({"w": array})
    assert made["t"].shape == stored
    np.testing.assert_array_equal(made["t"].ravel(), array.ravel())
    np.testing.assert_array_equal(layout.inverse(made, {"w": shape})["w"], array)


def test_a_diagonal_and_back():
    place = Place.parse("P", "g u @ifo", "peep_f/W: u=u @f")
    P = np.arange(1.0, 10).reshape(3, 3)
    np.testing.assert_array_equal(place.put(P), np.diag(P[1]))
    back = np.zeros((3, 3))
    place.take(np.full((3, 3), 7.0) + place.put(P) - 7, (3, 3), back)
    np.testing.assert_array_equal(back, [[0, 0, 0], P[1], [0, 0, 0]])


def test_a_diagonal_beside_other_axes_and_parts():
    place = Place.parse("P", "g u @ifo", "Q: 1/2 u=u g @iof")
    P = np.arange(1.0, 13).reshape(3, 4)
    assert place.put(P).shape == (2, 4, 4, 3)
    back = np.zeros((3, 4))
    place.take(place.put(P), (3, 4), back)
    np.testing.assert_array_equal(back, P)


def test_a_diagonal_of_two_axes_is_refused():
    with pytest.raises(ValueError, match="no einops pattern"):
        Place.parse("W", "o i", "W: o=i")
