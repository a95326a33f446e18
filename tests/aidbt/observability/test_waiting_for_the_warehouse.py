"""A build waits for a warehouse that somebody else has, as often as it is told to."""

from __future__ import annotations

import pytest

from aidbt.core.errors import ProfileError, WarehouseLocked
from aidbt.core.resilience import ManualClock
from aidbt.observability.runs import wait_until_free
from aidbt.warehouse import Warehouse


class _Held:
    """A warehouse that somebody has for the first so many times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    def __call__(self) -> Warehouse:
        self.asked += 1
        if self.asked <= self.times:
            raise WarehouseLocked("it is in use by process 7")
        raise ProfileError("there is none yet")


def test_without_healing_it_is_tried_once():
    clock = ManualClock()

    with pytest.raises(WarehouseLocked):
        wait_until_free(_Held(1), clock=clock)

    assert clock.slept == []


def test_with_healing_a_lock_that_passes_is_waited_for():
    held, clock = _Held(3), ManualClock()

    wait_until_free(held, tries=5, clock=clock)

    assert (held.asked, len(clock.slept)) == (4, 3)


def test_a_lock_that_stays_is_told():
    held, clock = _Held(9), ManualClock()

    with pytest.raises(WarehouseLocked, match="process 7"):
        wait_until_free(held, tries=5, clock=clock)

    assert (held.asked, len(clock.slept)) == (5, 4)
