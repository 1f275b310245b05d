"""A thread for each target through its cases, as many at work as there are slots."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from parity.case.case import Case
from parity.slots import Slots
from parity.targets import Target
from parity.workers.pool import Stopped

PATIENCE = 10.0
"""Seconds that an interrupted run waits for cells being judged: a thread that outlives the interpreter aborts it."""


@contextmanager
def stopping(seconds: float | None) -> Iterator[threading.Event]:
    """An event that is set after some time; None: never."""
    event = threading.Event()
    timer = None if seconds is None else threading.Timer(seconds, event.set)
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield event
    finally:
        if timer:
            timer.cancel()


def go(
    plan: Mapping[Target, Sequence[Case]],
    slots: Slots,
    do: Callable[[Target, Case], None],
    stop: threading.Event,
    *,
    first: Callable[[Target], None] = lambda _: None,
    give_up: Callable[[], None] = lambda: None,
) -> None:
    """All cases of all targets; the target with most left to do goes first.

    Args:
        do: called with each, in the target's thread, holding a slot. What it raises ends the run; Stopped its thread.
        stop: nothing is begun once it is set; set at the end, however that comes.
        first: called once a target that has cases.
        give_up: called if threads are still at work then, as after an interrupt.
    """
    failure: list[BaseException] = []

    def serve(target: Target, todo: Sequence[Case]) -> None:
        try:
            if todo:
                first(target)
            start, waited = time.perf_counter(), 0.0
            for number, case in enumerate(todo):
                asked = time.perf_counter()
                each = (asked - start - waited) / number if number else 1.0
                with slots.take(each * (len(todo) - number)):
                    waited += time.perf_counter() - asked
                    if stop.is_set():
                        return
                    do(target, case)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001  handed to the main thread
            failure.append(error)
            stop.set()

    threads = [threading.Thread(target=serve, args=item, daemon=True) for item in plan.items()]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    finally:
        stop.set()
        if any(thread.is_alive() for thread in threads):
            give_up()
            for thread in threads:
                thread.join(PATIENCE)
    if failure:
        raise failure[0]
