"""One test for each incompatibility that parity.compat.chainer mends: right with the mend, and wrong without it.

The second half of each is what tells that a mend has become unnecessary.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from parity.compat import requirements

needs_numpy_2 = pytest.mark.skipif(np.__version__ < "2", reason="NumPy 1 still does it the old way")


@pytest.fixture
def fails_without(run):
    """The last line of the traceback when Chainer is imported with all stand-ins but the one of this name."""

    def last_line(stand_in: str) -> str:
        done = run(f"""
            complete = compat.import_stand_ins
            compat.import_stand_ins = lambda: {{k: m for k, m in complete().items() if not k.startswith({stand_in!r})}}
            compat.import_chainer()
        """)
        assert done.returncode == 1, f"{stand_in} needs no stand-in any more"
        return done.stderr.splitlines()[-1]

    return last_line


def test_chainer_is_imported_in_silence_and_nothing_outside_it_stays_changed(run):
    done = run("""
        import sys, numpy
        assert "chainer" not in sys.modules, "importing the compat module is not to import Chainer"
        watched = "numpy.distutils", "numpy.distutils.system_info", "pkg_resources"
        modules, names = [sys.modules.get(name) for name in watched], dict(vars(numpy))

        chainer = compat.import_chainer()
        assert compat.import_chainer() is chainer is sys.modules["chainer"]
        assert "chainer.testing" not in sys.modules
        compat.import_chainer(testing=True)
        assert chainer.gradient_check.numerical_grad

        assert [sys.modules.get(name) for name in watched] == modules
        changed = {name for name, old in names.items() if vars(numpy)[name] is not old}
        added = {name: new for name, new in vars(numpy).items() if name not in names}
        lazily_loaded = {name for name, new in added.items() if sys.modules.get("numpy." + name) is new}
        assert changed | set(added) - lazily_loaded == set()
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_modules_that_were_there_before_are_there_again(run):
    done = run("""
        import sys, types
        mine = sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")
        compat.import_chainer()
        assert sys.modules["pkg_resources"] is mine
    """)
    assert done.returncode == 0, done.stderr


def test_a_failed_import_before_does_no_harm(run):
    done = run("""
        import sys
        sys.modules["pkg_resources"] = None     # as on a machine that has none: the import fails half-way
        try:
            import chainer
        except (ImportError, AttributeError):
            del sys.modules["pkg_resources"]
        assert "chainer" not in sys.modules and "chainer.configuration" in sys.modules
        chainer = compat.import_chainer()
        assert chainer.configuration.config is chainer.config is chainer.backends.cuda.config
    """)
    assert done.returncode == 0, done.stderr


def test_numpy_distutils_at_import(fails_without):
    if find_spec("numpy.distutils") is not None:
        pytest.skip("this NumPy still has numpy.distutils")
    assert "No module named 'numpy.distutils'" in fails_without("numpy.distutils")


def test_pkg_resources_at_import(fails_without):
    if find_spec("pkg_resources") is not None:
        pytest.skip("this setuptools still has pkg_resources")
    assert "No module named 'pkg_resources'" in fails_without("pkg_resources")


def test_pkg_resources_answers_truly(run):
    done = run("""
        helper = compat.import_chainer(testing=True).testing.helper
        for asked in "numpy>=1.10", "numpy!=0.1,>1", "numpy<1.10", "no-such-distribution":
            print(hasattr(helper.with_requires(asked)(lambda: None), "__unittest_skip__"), end=" ")
    """)
    assert done.stdout.split() == ["False", "False", "True", "True"], done.stderr


def test_an_absent_package_is_told_from_one_too_new():
    with pytest.raises(requirements.DistributionNotFound, match="no-such"):
        requirements.require("no-such-distribution>=2.0.0.post3, <2.1")
    with pytest.raises(requirements.VersionConflict, match=r"numpy .* is installed"):
        requirements.require("numpy<1.10")
    assert requirements.get_distribution("numpy").version == np.__version__


# ---- NumPy ----


@needs_numpy_2
def test_sctypes_at_import(run):
    done = run("""
        real = compat.lent
        compat.lent = lambda modules, owner, **attributes: real(modules, owner)
        compat.import_chainer()
    """)
    assert done.returncode == 1, "np.sctypes needs no stand-in any more"
    assert "`np.sctypes` was removed" in done.stderr


def gradient_through_as_strided(chainer) -> np.ndarray:
    """d/dx of the sum of y³, y = [[x1, x2], [x2, x3]]: x0 is not seen, x2 twice."""
    x = chainer.Variable(np.arange(4, dtype=np.float32))
    chainer.functions.sum(chainer.functions.as_strided(x, (2, 2), (1, 1), 1) ** 3).backward()
    return x.grad


def test_sctypes_in_as_strided(chainer):
    np.testing.assert_array_equal(gradient_through_as_strided(chainer), [0, 3 * 1, 6 * 4, 3 * 9])


@needs_numpy_2
def test_sctypes_in_as_strided_unmended(chainer, unmended):
    unmended(sys.modules["chainer.functions.array.as_strided"].AsStridedGrad, "forward")
    with pytest.raises(AttributeError, match="sctypes"):
        gradient_through_as_strided(chainer)


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ({"align_corners": True}, [0, 0.5, 1, 1.5, 2]),
        ({"align_corners": False}, [0, 0.4, 1, 1.6, 2]),
        ({"mode": "nearest"}, [0, 0, 1, 1, 2]),
    ],
)
def test_float_in_resize_images(chainer, options, row):
    x = chainer.Variable(np.tile(np.arange(3, dtype=np.float32), (1, 1, 2, 1)))
    y = chainer.functions.resize_images(x, (4, 5), **options)
    np.testing.assert_allclose(y.array, np.tile(row, (1, 1, 4, 1)), rtol=1e-6)
    chainer.functions.sum(y).backward()
    assert x.grad.sum() == pytest.approx(20)  # every output's weights add up to 1


def test_float_in_resize_images_unmended(chainer, unmended):
    unmended(sys.modules["chainer.functions.array.resize_images"], "compute_indices_and_weights")
    with pytest.raises(AttributeError, match="float"):
        chainer.functions.resize_images(np.zeros((1, 1, 2, 3), np.float32), (4, 5))


PADDINGS = [(np.uint8, -1, 255), (np.uint16, -2, 65534), (np.uint8, 300, 44), (np.int8, 200, -56), (np.int32, -1, -1)]


@pytest.mark.parametrize(("dtype", "padding", "expected"), PADDINGS)
def test_pad_sequence_with_what_the_type_cannot_hold(chainer, dtype, padding, expected):
    y = chainer.functions.pad_sequence([np.ones(2, dtype), np.ones(1, dtype)], length=3, padding=padding).array
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, [[1, 1, expected], [1, expected, expected]])


def test_pad_sequence_with_floats_is_left_alone(chainer):
    y = chainer.functions.pad_sequence([np.ones(2, np.float32), np.ones(1, np.float32)], padding=-np.inf).array
    np.testing.assert_array_equal(y, np.array([[1, 1], [1, -np.inf]], np.float32))


@needs_numpy_2
def test_pad_sequence_unmended(chainer, unmended):
    unmended(sys.modules["chainer.functions.array.pad_sequence"].PadSequence, "forward")
    with pytest.raises(OverflowError, match="out of bounds"):
        chainer.functions.pad_sequence([np.ones(2, np.uint8), np.ones(1, np.uint8)], padding=-1)


P = np.array([[[0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]], np.float32)


def test_categorical(chainer):
    chosen = np.array([[1, 0, 1]])
    got = chainer.distributions.Categorical(p=P).log_prob(chosen).array
    np.testing.assert_allclose(got, np.log([[0.8, 0.3, 0.4]]), rtol=1e-6)


@needs_numpy_2
def test_categorical_unmended(chainer, unmended):
    unmended(chainer.distributions.Categorical, "log_prob")
    with pytest.raises(TypeError, match="tuple"):
        chainer.distributions.Categorical(p=P).log_prob(np.array([[1, 0, 1]]))


# ---- SciPy ----


def float16_product(chainer) -> np.ndarray:
    dense = np.array([[0, 2, 0], [0.5, 0, 0]], np.float16)
    return chainer.functions.sparse_matmul(chainer.utils.to_coo(dense), np.eye(3, dtype=np.float16)[:, ::-1]).array


def test_sparse_float16(chainer):
    pytest.importorskip("scipy", reason="SciPy is not installed")
    y = float16_product(chainer)
    assert y.dtype == np.float16
    np.testing.assert_array_equal(y, [[0, 2, 0], [0, 0, 0.5]])


def test_sparse_float16_unmended(chainer, unmended):
    pytest.importorskip("scipy", minversion="1.15", reason="a SciPy that refuses float16 is not installed")
    unmended(sys.modules["chainer.functions.math.sparse_matmul"], "_coo_matmul_cpu")
    with pytest.raises(ValueError, match="float16"):
        float16_product(chainer)


# ---- what is not mended ----


def test_deconvolution_trains_on_a_variable(chainer):
    """Its backward fails on a plain array; the engine hands it a Variable."""
    link = chainer.links.Deconvolution2D(3, 2, 2, 2)
    chainer.functions.sum(link(chainer.Variable(np.ones((1, 3, 2, 2), np.float32)))).backward()
    assert link.W.grad.shape == (3, 2, 2, 2)
    with pytest.raises(ValueError, match="expected 4, got 3"):
        chainer.functions.sum(link(np.ones((1, 3, 2, 2), np.float32))).backward()
