"""The bounds that a case loosens, as the judge takes them."""

from __future__ import annotations

from parity.case.case import Case
from parity.errors import BadInput, listed
from parity.judge.bound import Loosening, Reference
from parity.judge.ledger import Entry, exact
from parity.targets import Target


def entries(case: Case, target: Target | None = None) -> tuple[Entry, ...]:
    """A case's loosenings, on one target or at all."""
    return tuple(Entry(e.layer, Loosening(e.factor, e.absolute), e.reason) for e in case.loosened(target))


def check_loosened(case: Case, reference: Reference) -> None:
    """Refuse to multiply a bound that is not there.

    Raises:
        BadInput: a factor for layers that are exact.
    """
    for i, e in enumerate(case.spec.loosen):
        if e not in case.loosened():
            continue  # it is about others of the sweep
        if names := exact(reference, Entry(e.layer, Loosening(e.factor, e.absolute), e.reason)):
            text = f"{listed(names)} must be exact, and no factor changes that; give absolute, an error in numbers"
            raise case.places.located(BadInput(text, path=f"loosen.{i}.factor"))
