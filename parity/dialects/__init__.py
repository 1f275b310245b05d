"""The kits: what a layer's rule is handed in each dialect. No kit imports a framework; engines hand theirs in."""

from __future__ import annotations

from typing import Any


def parts(value: Any, n: int) -> tuple[Any, ...]:
    """The n results of one call, taken by index, which a recorded call can follow.

    Raises:
        ValueError: a tuple or list of another length.
    """
    if isinstance(value, list | tuple) and len(value) != n:
        raise ValueError(f"a call gave {len(value)} results, {n} are declared")
    return tuple(value[i] for i in range(n))
