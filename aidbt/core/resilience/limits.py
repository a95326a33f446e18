"""Keeping to a pace and to an amount."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from decimal import Decimal

from aidbt.core.errors import BudgetExceeded, DeadlineExceeded, UsageError
from aidbt.core.resilience.clock import Clock, Deadline


class RateLimiter:
    """Lets at most `burst` calls through at once, and `rate_per_s` a second in the long run.

    A token bucket. Turns are handed out in the order they are asked for, so nobody is overtaken; waiting
    happens outside the lock. Safe to share between threads.

    Example:
        >>> from aidbt.core.resilience import ManualClock
        >>> clock = ManualClock()
        >>> limiter = RateLimiter(2, clock=clock)
        >>> for _ in range(3):
        ...     limiter.acquire()
        >>> clock.now()
        1.0
    """

    def __init__(self, rate_per_s: float, *, clock: Clock, burst: int = 1) -> None:
        if not rate_per_s > 0 or burst < 1:
            raise UsageError(
                f"not a rate: {rate_per_s:g} calls a second, {burst} at once",
                hint="the rate is above 0, the burst at least 1",
            )
        self._clock = clock
        self._interval_s = 1 / rate_per_s
        self._burst_s = (burst - 1) * self._interval_s
        self._lock = threading.Lock()
        # Turns are counted on a time that stands still during a pause, so that the calls which waited when
        # it began keep their distance after it. That time is the clock's less `_paused_s`.
        self._full_at = -math.inf
        self._paused_s = 0.0
        self._paused_until = -math.inf

    def acquire(self, deadline: Deadline | None = None) -> None:
        """Return when it is this caller's turn.

        Raises:
            DeadlineExceeded: the turn would come too late. Raised at once, not after the wait.
        """
        until = Deadline.never() if deadline is None else deadline
        with self._lock:
            now = self._clock.now() - self._paused_s
            turn = max(now, self._full_at - self._burst_s)
            _check_turn(self._wait_s(turn), until)
            self._full_at = max(now, self._full_at) + self._interval_s
        while True:
            with self._lock:
                wait_s = self._wait_s(turn)
            if wait_s <= 0:
                return
            _check_turn(wait_s, until)  # again, because a pause may have come meanwhile
            self._clock.sleep(wait_s)

    def slow_down(self, retry_after_s: float) -> None:
        """Let nobody through for so many seconds, also not those who wait already; then one by one."""
        with self._lock:
            now = self._clock.now()
            self._full_at = max(self._full_at, now - self._paused_s + self._burst_s)
            begins = max(now, self._paused_until)
            longer_s = now + retry_after_s - begins
            if longer_s > 0:
                self._paused_until = begins + longer_s
                self._paused_s += longer_s

    def _wait_s(self, turn: float) -> float:
        return max(turn + self._paused_s, self._paused_until) - self._clock.now()


def _check_turn(wait_s: float, deadline: Deadline) -> None:
    if wait_s >= deadline.remaining():
        raise DeadlineExceeded(
            f"the next turn comes in {wait_s:.1f} s, {deadline.remaining():.1f} s are left",
            hint="allow more time, or a higher rate",
        )


class Budget:
    """An amount that may be spent, taken before it is. Safe to share between threads.

    Amounts are added as decimals: three times 0.1 fit into 0.3.

    Args:
        name: what it is for, e.g. "LLM calls".
        amount: what may be spent; `math.inf` for no limit.
        unit: e.g. "USD", "bytes", "tokens".
        hint: where it is set.
    """

    def __init__(self, name: str, amount: float | Decimal, unit: str, *, hint: str | None = None) -> None:
        self.name = name
        self.unit = unit
        self._hint = hint or "allow more, or ask for less"
        self._amount = _decimal(amount)
        self._spent = Decimal(0)
        self._lock = threading.Lock()

    @property
    def spent(self) -> float:
        return float(self._spent)

    @property
    def remaining(self) -> float:
        return float(max(Decimal(0), self._amount - self._spent))

    def spend(self, amount: float | Decimal) -> None:
        """Take `amount` from what is left; call it before the thing that costs.

        Raises:
            BudgetExceeded: less than that is left; nothing was taken.
            UsageError: the amount is negative or not a number.
        """
        wanted = _decimal(amount)
        with self._lock:
            left = self._amount - self._spent
            if wanted > left or wanted.is_infinite():
                raise BudgetExceeded(
                    f"{self.name}: {wanted:,f} {self.unit} needed, "
                    f"{max(Decimal(0), left):,f} of {self._amount:,f} {self.unit} left",
                    hint=self._hint,
                )
            self._spent += wanted

    def settle(self, reserved: float | Decimal, spent: float | Decimal) -> None:
        """Put what was really spent in the place of what `spend` took for it beforehand.

        It may be more than that, even more than there was: then nothing is left.

        Raises:
            UsageError: an amount is negative or not a number.
        """
        difference = _decimal(spent) - _decimal(reserved)
        with self._lock:
            self._spent += difference


class Slots:
    """Lets at most `limit` callers in at once. Safe to share between threads.

    Args:
        name: what is used in them, e.g. "the provider 'local'".

    Attributes:
        limit: how many are let in.
    """

    def __init__(self, name: str, limit: int) -> None:
        self.limit = limit
        self._name = name
        self._semaphore = threading.BoundedSemaphore(limit)

    @contextlib.contextmanager
    def taken(self, deadline: Deadline) -> Iterator[None]:
        """A slot for as long as the block runs.

        Raises:
            DeadlineExceeded: none became free in time.
        """
        wait_s = min(deadline.remaining(), threading.TIMEOUT_MAX)
        if not self._semaphore.acquire(timeout=wait_s):
            raise DeadlineExceeded(
                f"{self._name} is busy: {self.limit} at once are allowed, and none ended in time",
                hint="allow more time, or more at once",
            )
        try:
            yield
        finally:
            self._semaphore.release()


def _decimal(amount: float | Decimal) -> Decimal:
    if not amount >= 0:
        raise UsageError(f"not an amount: {amount}", hint="amounts are 0 or more")
    return Decimal(str(amount))
