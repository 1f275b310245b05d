"""Every layer, by family. Importing this package registers them all; it imports NumPy and no framework."""

import importlib
import pkgutil

from parity.layers.base import Layer, Spec, Weight
from parity.layers.composite import Composite

for _module in pkgutil.iter_modules(__path__):  # a new layer is a new file, or a part of one, and nothing else
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Composite", "Layer", "Spec", "Weight"]
