"""Keras on PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from parity.engines.keras import KerasEngine
from parity.engines.torch import KINDS, Torch


class TorchEngine(KerasEngine):
    """Keras on PyTorch, eager, as its ``predict`` runs a model; asking for taps changes nothing then."""

    backend, mode, deterministic = "torch", "eager, no gradients", Torch.deterministic
    full_taps = True

    def _prepare(self, device: str) -> None:
        os.environ["KERAS_TORCH_DEVICE"] = KINDS[device]  # Keras takes what it finds otherwise
        self._torch = Torch(device)

    def _compiled(self, model: Any) -> Callable:
        torch = self._torch.torch

        def call(feed: list[Any]) -> Any:
            with torch.no_grad():
                return model(feed, training=False)

        return call

    def _versions(self) -> dict[str, str]:
        return super()._versions() | self._torch.version()

    def _device(self) -> str:
        return self._torch.place(self._keras.ops.zeros(()))

    def _place(self, value: Any) -> str:
        return self._torch.place(value)

    def _use_tf32(self, on: bool) -> None:
        self._torch.use_tf32(on)

    def tf32(self) -> bool:
        """What PyTorch says."""
        return self._torch.tf32()

    def peak_memory(self) -> int | None:
        """By PyTorch's allocator."""
        return self._torch.peak_memory()
