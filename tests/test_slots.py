"""Slots: so many at a time, and who has most left to do goes first."""

import threading

import pytest

from parity.slots import Slots


def waiting(slots, count, patience=5.0):
    """Until so many threads wait."""
    event = threading.Event()
    for _ in range(int(patience / 0.002)):
        if len(slots._waiting) == count:
            return
        event.wait(0.002)
    raise AssertionError(f"{len(slots._waiting)} wait, {count} should")


def test_who_has_most_left_goes_first():
    slots, order = Slots(1), []

    def work(name, left):
        with slots.take(left):
            order.append(name)

    with slots.take(0.0):
        threads = []
        for number, (name, left) in enumerate([("short", 1.0), ("long", 30.0), ("middle", 7.0), ("short too", 1.0)]):
            threads.append(threading.Thread(target=work, args=(name, left)))
            threads[-1].start()
            waiting(slots, number + 1)
        assert order == []
    for thread in threads:
        thread.join(5.0)
    assert order == ["long", "middle", "short", "short too"]


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_than_so_many_at_a_time(count):
    slots, lock = Slots(count), threading.Lock()
    now, most = 0, 0
    together = threading.Barrier(count)

    def work():
        nonlocal now, most
        with slots.take(1.0):
            with lock:
                now += 1
                most = max(most, now)
            together.wait(5.0)  # all slots are taken at once
            with lock:
                now -= 1

    threads = [threading.Thread(target=work) for _ in range(2 * count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert (now, most) == (0, count)


def test_an_error_gives_the_slot_back():
    slots = Slots(1)
    with pytest.raises(ZeroDivisionError), slots.take(1.0):
        _ = 1 / 0
    with slots.take(1.0):
        assert slots._free == 0
    assert slots._free == 1
