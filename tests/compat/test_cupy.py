"""Chainer's GPU code against CuPy 14, as far as a machine without a GPU can tell: its names, and that it compiles."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.compat.cupy_names import kernels, sources, used

KNOWN = set(Path(__file__).with_name("cupy14.txt").read_text().split())
"""Names that CuPy 14.2 has, as far as Chainer 7.8.1 uses them."""
GONE = {
    "cudnn": "backends/cuda.py tries it and goes on without",
    "cuda.cudnn": "as above",
    "cudnn.create_spatial_transformer_descriptor": "behind should_use_cudnn, with a path beside it",
}
"""Names that CuPy 14 has no more, and why that does no harm."""
DEVICE = "90"
"""Compute capability to compile for."""


@pytest.fixture(scope="module")
def root():
    spec = importlib.util.find_spec("chainer")
    if spec is None:
        pytest.skip("package chainer is not installed")
    return Path(spec.origin).parent


@pytest.fixture(scope="module")
def cupy():
    if importlib.util.find_spec("cupy") is None:
        pytest.skip("package cupy is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses NCCL
        return importlib.import_module("cupy")


def unknown(texts):
    """File → names that CuPy 14 is not known to have."""
    found = {file: used(text) - KNOWN - set(GONE) for file, text in texts.items()}
    return {file: names for file, names in found.items() if names}


def test_cupy_14_has_all_that_chainer_names(root):
    assert unknown(sources(root)) == {}


def test_the_list_holds_nothing_else(root):
    assert set.union(*map(used, sources(root).values())) == KNOWN | set(GONE)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(xp): return xp.float(1)", {"float"}),
        ("y = cuda.cupy.core.ndarray(3)", {"core.ndarray"}),
        ("y = self.xp.util.memoize", {"util.memoize"}),
        ("y = other.xp.zeros; xp.zeros(3); numpy.float", set()),
    ],
)
def test_a_name_that_is_gone_is_seen(text, names):
    assert unknown({"a.py": text}).get("a.py", set()) == names


def test_what_is_gone_is_guarded(root):
    """Whatever names cuDNN stands in a file that asks for it first."""
    for file, text in sources(root).items():
        if any(name.startswith("cudnn.") for name in used(text)):
            assert "should_use_cudnn" in text or "cudnn_enabled" in text, file


def test_cupy_itself_has_the_names(cupy):
    importlib.import_module("cupy.lib.stride_tricks")
    for name in sorted(KNOWN):
        found = cupy
        for part in name.split("."):
            assert hasattr(found, part), name
            found = getattr(found, part)


RULES = {
    "abs",
    "array",
    "cumsum",
    "full_like",
    "greater",
    "inf",
    "less",
    "ones",
    "rint",
    "sign",
    "sort",
    "sum",
    "where",
}
RULES |= {"zeros", "zeros_like", "asarray"}
"""Names of NumPy and CuPy alike that the rules of layers use as ``c.np``."""


def in_rules():
    layers = Path(__file__).parents[2] / "parity/layers"
    return {name for file in layers.glob("*.py") for name in re.findall(r"\bc\.np\.(\w+)", file.read_text("utf-8"))}


def test_rules_use_no_more_of_numpy_than_cupy_has():
    assert in_rules() <= RULES
    assert in_rules(), "the rules were read"


def test_cupy_has_what_rules_use(cupy):
    assert {name for name in RULES if not hasattr(cupy, name)} == set()


@pytest.fixture(scope="module")
def compile_kernel(cupy):
    """Compiles a kernel of Chainer's as CuPy would when it is first called; for a device that need not be there."""
    compiler = importlib.import_module("cupy.cuda.compiler")
    core = importlib.import_module("cupy._core._kernel")
    indexer = importlib.import_module("cupy._core._carray").Indexer
    include = Path(cupy.__file__).parent / "_core/include"
    cccl = [f"-I{include}/cupy/_cccl/{part}" for part in ("thrust", "libcudacxx", "cub")]
    cuda = [f"-I{p}" for base in sys.path for p in Path(base).glob("nvidia/*/include")]
    options = (f"-I{include}", *cccl, *cuda, "-ftz=true", "-std=c++17", f"-arch=sm_{DEVICE}")
    options += ("--device-as-default-execution-space",)
    headers = ("complex.cuh", "carray.cuh", "atomics.cuh", "math_constants.h")
    head = "".join(f"#include <cupy/{name}>\n" for name in headers)

    def code(kernel, types, rank):
        infos, letters = [], {}
        for p in kernel.params:
            if p.name == "_ind":
                infos.append(core._ArgInfo(2, indexer, None, rank, True, True))  # 2: an indexer
                continue
            dtype = np.dtype(p.dtype) if p.dtype is not None else np.dtype(types[p.ctype])
            letters |= {p.ctype: dtype.type} if p.dtype is None else {}
            infos.append(core._ArgInfo(1, cupy.ndarray, dtype, rank, True, True))  # 1: an array
        more = {k: v for k, v in kernel.kwargs.items() if k in ("loop_prep", "after_loop")}
        types_of = core._TypeMap(tuple(sorted(letters.items())))
        parts = (kernel.params, kernel.operation, kernel.name, kernel.preamble)
        return core._get_elementwise_kernel_code(tuple(infos), types_of, *parts, **more)

    def compile_one(arguments, keywords):
        """None, or what the compiler says where no types and no number of axes suit it."""
        kernel, said = cupy.ElementwiseKernel(*arguments, **keywords), None
        letters = sorted({p.ctype for p in kernel.params if p.dtype is None and p.ctype})
        for types in itertools.product((np.float32, np.int32, np.intp), repeat=len(letters)):
            for rank in (1, 2, 3, 4, 5):
                text = head + code(kernel, dict(zip(letters, types, strict=True)), rank)
                try:
                    compiler._NVRTCProgram(text, "kernel.cu").compile(options, None)
                    return None
                except compiler.CompileException as error:
                    said = said or str(error)
        return said

    try:
        compile_one(("T x", "T y", "y = x", "copy"), {})
    except Exception as error:  # noqa: BLE001  a library that is not there fails in many ways
        pytest.skip(f"NVRTC cannot be used: {error}")
    return compile_one


def test_chainers_kernels_compile(root, compile_kernel):
    from parity.compat.chainer import import_chainer

    import_chainer()
    found = list(kernels(root))
    assert len(found) > 110
    bad = {label: said for label, arguments, keywords in found if (said := compile_kernel(arguments, keywords))}
    assert bad == {}


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_kernels_of_any_number_of_axes_compile(root, compile_kernel, axes):
    from parity.compat.chainer import import_chainer

    import_chainer()
    windows = importlib.import_module("chainer.utils.conv_nd_kernel")
    largest = importlib.import_module("chainer.functions.pooling.max_pooling_nd_kernel")
    average = importlib.import_module("chainer.functions.pooling.average_pooling_nd_kernel")
    generators = (
        *(windows.Im2colNDKernel, windows.Col2imNDKernel, average.AveragePoolingNDKernelForward),
        *(largest.MaxPoolingNDKernelForward, largest.MaxPoolingNDKernelForwardWithIndexes),
    )
    bad = {g.__name__: said for g in generators if (said := compile_kernel(g.generate(axes), {}))}
    assert bad == {}


def test_a_kernel_that_does_not_compile_is_seen(compile_kernel):
    assert "nonsense" in compile_kernel(("T x", "T y", "y = nonsense(x)", "wrong"), {})
