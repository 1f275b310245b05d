"""Every layer, by family. Importing this package registers them all; it imports NumPy and no framework.

Layers from outside are registered along with them, in every process: modules that an installed package names in the
entry point group ``parity.layers``, and those in the environment variable ``PARITY_LAYERS``, separated by commas.
"""

import importlib
import importlib.metadata
import os
import pkgutil

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.composite import Composite

VARIABLE = "PARITY_LAYERS"
"""Environment variable that names modules with layers."""

for _module in pkgutil.iter_modules(__path__):  # a new layer is a new file, or a part of one, and nothing else
    importlib.import_module(f"{__name__}.{_module.name}")


def _outside() -> None:
    named = [(p.value, f"entry point {p.name}") for p in importlib.metadata.entry_points(group="parity.layers")]
    named += [(name.strip(), VARIABLE) for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    for name, where in named:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise BadInput(f"{where} names the module {name!r}, which cannot be imported: {error}") from error


_outside()

__all__ = ["Composite", "Layer", "Spec", "Weight"]
