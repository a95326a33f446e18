"""Time that can be set: clocks, and how long something may take."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from aidbt.core.errors import DeadlineExceeded

_HINT = "allow more time, or ask for less at once"


class Clock(Protocol):
    """Where everything here takes its time from."""

    def now(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""


class SystemClock:
    """The computer's monotonic clock."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class ManualClock:
    """A clock for tests: it stands still, and sleeping moves it on at once.

    Attributes:
        slept: every sleep asked for, in order, in seconds.

    Example:
        >>> clock = ManualClock()
        >>> clock.sleep(90)
        >>> clock.now(), clock.slept
        (90.0, [90])
    """

    def __init__(self, start: float = 0.0) -> None:
        self.slept: list[float] = []
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        self.slept.append(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        if not seconds >= 0:
            raise ValueError(f"time does not go back: {seconds}")
        with self._lock:
            self._now += seconds


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment at which something has to be finished.

    Attributes:
        at: on its clock; infinity when there is none.
        allowed_s: how much time there was in the beginning, for the message.
        setting: what allows so much, e.g. "alerts.deadline_s", for the message; "" where no setting does.
    """

    at: float
    clock: Clock
    allowed_s: float = math.inf
    setting: str = ""

    @classmethod
    def after(cls, seconds: float, clock: Clock, *, setting: str = "") -> Deadline:
        """The moment that many seconds from now."""
        return cls(clock.now() + seconds, clock, seconds, setting)

    @classmethod
    def never(cls) -> Deadline:
        """No deadline: always an infinite time left."""
        return cls(math.inf, SystemClock())

    def remaining(self) -> float:
        """Seconds left, 0 when there are none; infinity without a deadline."""
        return max(0.0, self.at - self.clock.now())

    def check(self, what: str) -> None:
        """Do nothing while there is time left.

        Args:
            what: what the time was allowed for, in a few words, e.g. "profiling raw.orders".

        Raises:
            DeadlineExceeded: there is none.
        """
        if self.remaining() <= 0:
            raise DeadlineExceeded(
                f"{what}: the {self.allowed_s:g} s allowed are used up",
                hint=f"raise {self.setting} in aidbt.yml" if self.setting else _HINT,
            )
