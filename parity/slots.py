"""Who runs next, where more want to than there are cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """So many at a time; of those that wait, the one with most left to do comes first.

    The slowest target decides when a run is over, so it is not to wait for others.

    Args:
        count: how many may run at a time.
    """

    def __init__(self, count: int):
        self._free = count
        self._waiting: list[tuple[float, int]] = []
        self._serial = 0
        self._changed = threading.Condition()

    @contextmanager
    def take(self, left: float) -> Iterator[None]:
        """Wait for a slot and hold it.

        Args:
            left: what the caller has still to do, in seconds; equals go in the order in which they came.
        """
        with self._changed:
            self._serial += 1
            own = (-left, self._serial)
            self._waiting.append(own)
            self._changed.wait_for(lambda: self._free > 0 and min(self._waiting) == own)
            self._waiting.remove(own)
            self._free -= 1
            self._changed.notify_all()  # there may be another free one
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
