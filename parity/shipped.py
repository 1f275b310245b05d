"""What comes with the package beside code: cases that show how layers are said, and what frameworks say of defaults."""

from __future__ import annotations

from pathlib import Path

import parity
from parity.errors import BadInput

CASES, FRAMEWORKS = "cases", "docs/frameworks.json"


def shipped(name: str) -> Path:
    """Where it lies: inside an installed package, or beside it in a checkout.

    Args:
        name: :data:`CASES` or :data:`FRAMEWORKS`.

    Raises:
        BadInput: it is in neither place.
    """
    package = Path(parity.__file__).parent
    places = (package / "shipped" / name, package.parent / name)
    for place in places:
        if place.exists():
            return place
    looked = " and ".join(map(str, places))
    raise BadInput(f"{name}, which comes with parity, is not there: looked for {looked}; install parity again")
