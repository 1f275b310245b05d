"""PyTorch's device and its settings, for the engines that run on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.engines.base import Unavailable
from parity.precision import numpy_dtype

KINDS = {"cpu": "cpu", "gpu": "cuda"}
"""Device → PyTorch's name of it."""


class Torch:
    """PyTorch, told where to run.

    Args:
        device: ``cpu`` or ``gpu``.

    Raises:
        Unavailable: a GPU is asked for, and this PyTorch cannot use one.
    """

    deterministic = "not asked for"

    def __init__(self, device: str):
        import torch

        self.torch = torch
        if device == "gpu" and not torch.cuda.is_available():
            built = torch.version.cuda
            raise Unavailable(f"PyTorch {torch.__version__} " + ("finds no GPU" if built else "was built without CUDA"))
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        self.kind, self.device = device, torch.device(KINDS[device])

    def version(self) -> dict[str, str]:
        """For an engine's versions."""
        return {"torch": self.torch.__version__}

    def place(self, tensor: Any) -> str:
        """``cpu`` or ``gpu``, where a tensor lies."""
        return {kind: name for name, kind in KINDS.items()}.get(tensor.device.type, tensor.device.type)

    def tensor(self, array: np.ndarray) -> Any:
        """An array on the device; PyTorch does not know NumPy's bfloat16, so its bits go as integers."""
        if array.dtype.name == "bfloat16":
            return self.torch.from_numpy(array.view(np.int16)).view(self.torch.bfloat16).to(self.device)
        return self.torch.from_numpy(array).to(self.device)

    def array(self, tensor: Any) -> np.ndarray:
        """A tensor as an array of its own."""
        if tensor.dtype == self.torch.bfloat16:
            bits = tensor.contiguous().view(self.torch.int16).cpu().numpy()
            return np.array(bits, order="C").view(numpy_dtype("bfloat16"))
        return np.array(tensor.cpu().numpy(), order="C")

    def use_tf32(self, on: bool) -> None:
        """In products and in cuDNN's convolutions and recurrent layers; by default PyTorch has it on in the latter."""
        self.torch.backends.fp32_precision = "tf32" if on else "ieee"

    def tf32(self) -> bool:
        """Whether any of the three has it on."""
        own = self.torch.backends
        return "tf32" in (
            own.cuda.matmul.fp32_precision,
            own.cudnn.conv.fp32_precision,
            own.cudnn.rnn.fp32_precision,
        )

    def product(self, side: int) -> Callable[[], Any]:
        """Of two matrices on the device, without TensorFloat-32."""
        self.use_tf32(False)
        a = self.torch.ones((side, side), device=self.device)

        def call() -> Any:
            made = self.torch.matmul(a, a)
            self.synchronize()
            return made

        return call

    def synchronize(self) -> None:
        """Wait until the device is done."""
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()

    def peak_memory(self) -> int | None:
        """By PyTorch's allocator."""
        return int(self.torch.cuda.max_memory_allocated()) if self.device.type == "cuda" else None


class OnTorch:
    """What engines that run on PyTorch say of it alike."""

    _torch: Torch

    def tf32(self) -> bool:
        """What PyTorch says."""
        return self._torch.tf32()

    def product(self, side: int) -> Callable[[], Any]:
        """PyTorch's."""
        return self._torch.product(side)

    def peak_memory(self) -> int | None:
        """By PyTorch's allocator."""
        return self._torch.peak_memory()
