import copy

import pytest

from parity.changes.environments import changed, counted, splits

CASE, JAX = "layers/elu[wide]", "keras-jax@cpu"
VERSIONS = {"py311": ("3.11.7", "0.10.0"), "py312": ("3.12.1", "0.10.0"), "oldest": ("3.11.7", "0.6.0")}


@pytest.fixture
def matrix(make):
    """One case in three environments, the oldest with another jax."""
    make.results.cells.clear()
    for environment, (python, jax) in VERSIONS.items():
        make.fill([CASE], environment=environment)
        make.results.runs[environment] |= {"python": python}
        record = copy.deepcopy(make.results.targets[environment, JAX])
        record["facts"] = {**record["facts"], "versions": {"jax": jax, "keras": "3.15.1"}}
        make.results.targets[environment, JAX] = record
    return make


def test_all_found_the_same(matrix):
    assert splits(matrix.results) == []
    assert changed(matrix.results) == {}
    assert counted([]) == ""


def test_a_version_that_tells_them_apart(matrix):
    matrix.cell(CASE, JAX, "differs", environment="oldest")
    assert changed(matrix.results) == {
        CASE: [(JAX, "keras-jax: rounding with jax 0.10.0 (py311 and py312), differs with jax 0.6.0 (oldest).")]
    }
    assert counted(splits(matrix.results)) == (
        "In 1 case, environments found different things; what tells them apart: jax in 1."
    )


def test_several_that_tell_them_apart(matrix):
    matrix.cell(CASE, JAX, "differs", environment="oldest")
    matrix.results.targets["oldest", JAX]["facts"]["versions"]["keras"] = "3.12.0"
    (split,) = splits(matrix.results)
    assert split.packages == ("jax", "keras")
    assert split.text == (
        "keras-jax: rounding in py311 and py312, differs in oldest; with it changed jax (0.10.0 and 0.6.0) and keras "
        "(3.15.1 and 3.12.0), and nothing tells which of them did it."
    )


def test_no_version_tells_them_apart(matrix):
    matrix.cell(CASE, JAX, "differs", environment="py311")
    matrix.results.targets["py311", JAX]["facts"]["versions"]["jax"] = "0.6.0"
    matrix.cell(CASE, JAX, "differs", environment="py311")
    matrix.results.runs["py312"]["python"] = "3.11.7"
    (split,) = splits(matrix.results)
    assert split.packages == ()
    assert split.text == (
        "keras-jax: rounding in oldest and py312, differs in py311; no version of what is recorded tells them apart."
    )
    assert "no version at all in 1" in counted([split])


def test_the_machine_counts_too(matrix):
    matrix.cell(CASE, JAX, "differs", environment="oldest")
    matrix.results.targets["oldest", JAX]["facts"]["versions"]["jax"] = "0.10.0"
    matrix.results.runs["oldest"] |= {"platform": "Linux aarch64"}
    (split,) = splits(matrix.results)
    assert split.text == (
        "keras-jax: rounding with Linux x86_64 (py311 and py312), differs with Linux aarch64 (oldest)."
    )


def test_a_package_that_is_not_there(matrix):
    matrix.cell(CASE, JAX, "crashed", environment="oldest")
    del matrix.results.targets["oldest", JAX]["facts"]["versions"]["jax"]
    assert "crashed with no jax (oldest)" in changed(matrix.results)[CASE][0][1]


def test_three_groups(matrix):
    matrix.cell(CASE, JAX, "differs", environment="oldest")
    matrix.cell(CASE, JAX, "crashed", environment="py312")
    (split,) = splits(matrix.results)
    assert [g.kind for g in split.groups] == ["differs", "rounding", "crashed"]
    assert split.packages == ()


@pytest.mark.parametrize(("scale", "word"), [(9, "rounding at 9 times the error"), (1 / 9, "rounding at 11% of the")])
def test_an_error_beyond_noise(matrix, scale, word):
    cells = matrix.results.cells
    usual = [{**f, "metrics": {**f["metrics"], "count": 999}} for f in cells["py311", CASE, JAX]["layers"]]
    for environment in VERSIONS:
        cells[environment, CASE, JAX]["layers"] = copy.deepcopy(usual)
    for finding in cells["oldest", CASE, JAX]["layers"]:
        finding["metrics"] |= {k: finding["metrics"][k] * scale for k in ("rms", "bound_ratio")}
    ((_, text),) = changed(matrix.results)[CASE]
    assert word in text
    assert "(oldest)" in text


def test_equal_and_rounding_are_one(matrix):
    matrix.cell(CASE, JAX, "equal", environment="oldest", ratio=0.0)
    assert splits(matrix.results) == []


def test_a_failure_that_is_known_is_another_finding(matrix):
    for environment, ok in (("py311", True), ("py312", False), ("oldest", True)):
        expected = {"expected": {"verdict": "differs", "reason": "known"}} if ok else {}
        matrix.cell(CASE, JAX, "differs", environment=environment, ok=ok, **expected)
    (split,) = splits(matrix.results)
    assert [g.kind for g in split.groups] == ["a known failure", "differs"]


def test_what_was_skipped_found_nothing(matrix):
    matrix.cell(CASE, JAX, "skipped", environment="oldest")
    assert splits(matrix.results) == []
    matrix.cell(CASE, JAX, "unsupported", environment="oldest")
    assert len(splits(matrix.results)) == 1


def test_the_order_of_records_does_not_matter(matrix):
    matrix.cell(CASE, JAX, "differs", environment="oldest")
    before = changed(matrix.results)
    matrix.results.cells = dict(reversed(matrix.results.cells.items()))
    matrix.results.runs = dict(reversed(matrix.results.runs.items()))
    assert changed(matrix.results) == before


@pytest.fixture
def older(matrix):
    """The oldest has another keras, jax and numpy, and there are Keras on TensorFlow and Chainer beside."""
    for environment in VERSIONS:
        old = environment == "oldest"
        both = {"keras": "3.14.0" if old else "3.15.1", "numpy": "1.26.0" if old else "2.5.5"}
        for target, own in (
            (JAX, {"jax": "0.6.0" if old else "0.10.0"}),
            ("keras-tensorflow@cpu", {}),
            ("chainer@cpu", {}),
        ):
            matrix.target(target, environment)
            versions = both | own if target != "chainer@cpu" else {"numpy": both["numpy"]}
            matrix.results.targets[environment, target]["facts"] = {"versions": versions}
            matrix.cell(CASE, target, environment=environment)
    del matrix.results.targets["oldest", "onnxruntime@cpu"]
    return matrix


def test_what_other_targets_say_narrows_it_down(older):
    for target in (JAX, "keras-tensorflow@cpu"):
        older.cell(CASE, target, "differs", environment="oldest")
    found = {s.target: s for s in splits(older.results)}
    assert found[JAX].packages == ("keras", "jax", "numpy")
    assert found[JAX].likely == found["keras-tensorflow@cpu"].likely == ("keras",)
    assert found[JAX].text.endswith(
        "; keras is to be suspected, since keras-tensorflow changed with it too and chainer, where numpy changed as "
        "well, found the same throughout."
    )
    assert counted(list(found.values())).endswith("what tells them apart: keras in 1.")


def test_a_package_that_others_bear_is_not_suspected(older):
    older.cell(CASE, JAX, "differs", environment="oldest")
    (split,) = splits(older.results)
    assert split.likely == ("jax",)  # Keras on TensorFlow has the same keras, Chainer the same NumPy
    assert "jax is to be suspected, since chainer, where numpy changed as well" in split.text


def test_where_all_changed_nothing_is_narrowed_down(older):
    for target in (JAX, "keras-tensorflow@cpu", "chainer@cpu"):
        older.cell(CASE, target, "differs", environment="oldest")
    chainer, jax, _ = splits(older.results)
    assert chainer.packages == ("numpy",)
    assert jax.likely == ("numpy",)
    assert "numpy is to be suspected, since chainer and keras-tensorflow changed with it too." in jax.text


def test_a_target_that_did_not_run_everywhere_says_nothing(older):
    older.cell(CASE, JAX, "differs", environment="oldest")
    for target in ("chainer@cpu", "keras-tensorflow@cpu", "onnxruntime@cpu"):
        older.results.cells.pop(("oldest", CASE, target), None)
    (split,) = splits(older.results)
    assert split.likely == ()
    assert "nothing tells which of them did it" in split.text


def test_of_a_target_that_never_started_no_version_is_known(matrix):
    """It may well have the same jax as the others."""
    matrix.results.targets["oldest", JAX]["facts"]["versions"] = {}
    matrix.cell(CASE, JAX, "crashed", environment="oldest")
    ((_, text),) = changed(matrix.results)[CASE]
    assert text.endswith("; no version of what is recorded tells them apart.")
    matrix.results.runs["oldest"]["python"] = "3.10.1"
    ((_, text),) = changed(matrix.results)[CASE]
    assert text.endswith("crashed with Python 3.10.1 (oldest).")
