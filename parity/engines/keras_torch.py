"""Keras on PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.engines.keras import Compiled, KerasEngine
from parity.engines.torch import KINDS, OnTorch, Torch


class _Eager:
    """A model called as it is, without gradients."""

    def __init__(self, torch: Torch, model: Any, to_tensor: Callable[[Any], Any]):
        self._torch, self._model, self._to_tensor = torch, model, to_tensor

    def __call__(self, feed: list[np.ndarray]) -> Any:
        with self._torch.torch.no_grad():
            return self._model(feed, training=False)

    def ready(self, feed: list[np.ndarray]) -> Callable[[], Any]:
        """Gradients are switched off for this thread, as one would around a loop."""
        self._torch.torch.set_grad_enabled(False)
        x, model, wait = [self._to_tensor(a) for a in feed], self._model, self._torch.synchronize

        def through() -> Any:
            made = model(x, training=False)
            wait()
            return made

        return through


class TorchEngine(OnTorch, KerasEngine):
    """Keras on PyTorch, eager, as its ``predict`` runs a model; asking for taps changes nothing then."""

    backend, mode, deterministic = "torch", "eager, no gradients", Torch.deterministic
    full_taps = True

    def _prepare(self, device: str) -> None:
        os.environ["KERAS_TORCH_DEVICE"] = KINDS[device]  # Keras takes what it finds otherwise
        self._torch = Torch(device)

    def _compiled(self, model: Any) -> Compiled:
        return _Eager(self._torch, model, self._keras.ops.convert_to_tensor)

    def _versions(self) -> dict[str, str]:
        return super()._versions() | self._torch.version()

    def _device(self) -> str:
        return self._torch.place(self._keras.ops.zeros(()))

    def _place(self, value: Any) -> str:
        return self._torch.place(value)

    def _use_tf32(self, on: bool) -> None:
        self._torch.use_tf32(on)
