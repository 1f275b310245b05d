"""PyTorch's device and its settings, for the engines that run on it."""

from __future__ import annotations

import os
from typing import Any

from parity.engines.base import Unavailable

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
        self.device = torch.device(KINDS[device])

    def version(self) -> dict[str, str]:
        """For an engine's versions."""
        return {"torch": self.torch.__version__}

    def place(self, tensor: Any) -> str:
        """``cpu`` or ``gpu``, where a tensor lies."""
        return {kind: name for name, kind in KINDS.items()}.get(tensor.device.type, tensor.device.type)

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

    def synchronize(self) -> None:
        """Wait until the device is done."""
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()

    def peak_memory(self) -> int | None:
        """By PyTorch's allocator."""
        return int(self.torch.cuda.max_memory_allocated()) if self.device.type == "cuda" else None
