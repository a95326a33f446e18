"""What all sources share: connections that are used again, and a pace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from aidbt.core.resilience import Clock, RateLimiter

Connection = TypeVar("Connection")

_TURNS_PER_S = 10


class Pool(Generic[Connection]):
    """Connections of one source that are used again, at most so many at once. Safe to share between threads.

    Args:
        make: connects; an error of it is that of `take`.
        close: lets one go.
        most: how many are out at once.
    """

    def __init__(
        self, make: Callable[[], Connection], close: Callable[[Connection], None], *, most: int
    ) -> None:
        self._make = make
        self._close = close
        self._free = most
        self._changed = threading.Condition()
        self._idle: list[Connection] = []  # append and pop are atomic

    def take(self) -> Connection:
        """A connection, once there is one."""
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0)
            self._free -= 1
        return self._taken()

    def take_spare(self, *, leave: int) -> Connection | None:
        """A connection; None when there would not be so many left for others."""
        with self._changed:
            if self._free <= leave:
                return None
            self._free -= 1
        return self._taken()

    def give_back(self, connection: Connection, *, is_good: bool) -> None:
        """Let others have it; one that is not good is closed."""
        if is_good:
            self._idle.append(connection)
        else:
            self._close(connection)
        self._put_back()

    def close(self) -> None:
        """Close those that nobody has."""
        while self._idle:
            self._close(self._idle.pop())

    def _taken(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return self._make()
        except BaseException:
            self._put_back()
            raise

    def _put_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify()


class Pace:
    """Keeps all readings of a source together to a number of rows a second. Safe to share between threads."""

    def __init__(self, rows_per_s: int, *, clock: Clock) -> None:
        self._rows_a_turn = max(1, rows_per_s // _TURNS_PER_S)
        self._turns = RateLimiter(rows_per_s / self._rows_a_turn, clock=clock)
        self._lock = threading.Lock()
        self._rows = 0  # that have come since the last turn

    def keep(self, rows: int) -> None:
        """Return when so many more rows may have come."""
        with self._lock:
            turns, self._rows = divmod(self._rows + rows, self._rows_a_turn)
        for _ in range(turns):
            self._turns.acquire()
