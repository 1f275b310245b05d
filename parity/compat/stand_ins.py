"""Stand-ins: an old package is shown the world it was written for, and nothing else is.

Three tools, from the mildest to the strongest: `Overlay` (a module with a few names changed), `rebind` (one function
reads other globals), `lent` (modules and attributes that exist for a moment, while the old package is imported).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any


class Overlay(ModuleType):
    """A module as it is, but for the names given; the module itself is not changed.

    ``overlay is module`` is False: hand it only to functions that do not ask that, with `rebind`.
    """

    def __init__(self, module: ModuleType, **names: object):
        super().__init__(module.__name__, module.__doc__)
        vars(self).update(names, _module=module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def module(name: str, **names: object) -> ModuleType:
    """A new module of that name, holding these names; it is not entered in ``sys.modules``."""
    made = ModuleType(name)
    vars(made).update(names)
    return made


def rebind(owner: Any, name: str, **names: object) -> None:
    """Let the function ``owner.name`` read other globals; its code and everybody else's globals stay as they are.

    The original is kept as ``owner.name.__wrapped__``, as `functools.wraps` does. The globals are copied at the time of
    the call, so a later change of the module is not seen by the function.

    Args:
        owner: the module or class that holds a function written in Python.
        name: the function's name there.
        names: what the globals of these names shall be.
    """
    old = getattr(owner, name)
    new = FunctionType(old.__code__, {**old.__globals__, **names}, old.__name__, old.__defaults__, old.__closure__)
    new.__kwdefaults__ = old.__kwdefaults__
    setattr(owner, name, functools.update_wrapper(new, old))


@contextmanager
def lent(modules: Mapping[str, ModuleType], owner: ModuleType, **attributes: object) -> Iterator[None]:
    """For the time of the block, ``sys.modules`` holds these modules and `owner` has these attributes.

    A module that is there already is hidden for that time; an attribute that is there already is left alone. Afterwards
    all is as before, also if the block raises. Not for use while other threads import.
    """
    hidden = {name: sys.modules[name] for name in modules if name in sys.modules}
    lacking = {name: value for name, value in attributes.items() if name not in vars(owner)}
    sys.modules.update(modules)
    vars(owner).update(lacking)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
        for name in lacking:
            delattr(owner, name)


def forget(package: str) -> None:
    """Drop a package and its submodules from ``sys.modules``: what a failed import leaves there trips the next one."""
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]
