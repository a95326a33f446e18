"""Not asking a service that is down."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from aidbt.core.errors import CircuitOpen
from aidbt.core.resilience.clock import Clock
from aidbt.core.resilience.retryable import is_retryable

T = TypeVar("T")


class CircuitState(StrEnum):
    """Closed lets everything through, open nothing, half-open one call at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Lets calls through to a service until it fails too much, then leaves it alone for a while.

    It opens at `failures` failures within `window_s`, or when they are `failure_rate` of at least
    `minimum_calls` calls. Six, because a service that fails one call in a hundred has three failures among
    six once in fifty thousand times, but one among two once in fifty; from ten calls on half of them are
    five failures anyway. After `open_s` it lets through one call at a time; `successes` of them in a row
    close it, one failure opens it again. Safe to share between threads.

    Only an error for which `counts` is true is a failure. Any other (a user's bad SQL) says nothing about
    the service, and neither does a call that began before the circuit last changed.

    A probe that never returns keeps the circuit half-open: give what is called a timeout of its own.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        counts: Callable[[Exception], bool] = is_retryable,
        failures: int = 5,
        failure_rate: float = 0.5,
        minimum_calls: int = 6,
        window_s: float = 60.0,
        open_s: float = 30.0,
        successes: int = 3,
    ) -> None:
        self.name = name
        self._clock = clock
        self._counts = counts
        self._max_failures = failures
        self._max_rate = failure_rate
        self._minimum_calls = minimum_calls
        self._window_s = window_s
        self._open_s = open_s
        self._successes_to_close = successes
        self._lock = threading.Lock()
        self._state = CircuitState.CLOSED
        self._changes = 0
        self._changed_at = 0.0
        self._probing = False
        self._failed: deque[float] = deque()
        # With a hundred successes to every failure the rate is below any threshold: older ones may go.
        self._succeeded: deque[float] = deque(maxlen=100 * failures)

    @property
    def state(self) -> CircuitState:
        """How it stands now."""
        with self._lock:
            return self._state_now()

    def call(self, operation: Callable[[], T]) -> T:
        """What `operation()` returns; its errors pass through.

        Raises:
            CircuitOpen: it was not called; the hint says when it will be again.
        """
        change = self._enter()
        failed: bool | None = None
        try:
            result = operation()
            failed = False
            return result
        except Exception as error:
            failed = True if self._counts(error) else None
            raise
        finally:
            self._leave(change, failed)

    def _state_now(self) -> CircuitState:
        if self._state is CircuitState.OPEN and self._clock.now() >= self._changed_at + self._open_s:
            self._state = CircuitState.HALF_OPEN
        return self._state

    def _enter(self) -> int:
        """The number of the change of state that the call belongs to."""
        with self._lock:
            state = self._state_now()
            if state is CircuitState.OPEN:
                wait_s = math.ceil(self._changed_at + self._open_s - self._clock.now())
                raise self._refusal(f"it is tried again in {wait_s} s")
            if state is CircuitState.HALF_OPEN:
                if self._probing:
                    raise self._refusal("one call is trying it now; try again when that has answered")
                self._probing = True
            return self._changes

    def _refusal(self, hint: str) -> CircuitOpen:
        return CircuitOpen(f"{self.name} failed too often lately and was not called", hint=hint)

    def _leave(self, change: int, failed: bool | None) -> None:
        """Record how a call went; None when that says nothing about the service."""
        with self._lock:
            if change != self._changes:
                return
            now = self._clock.now()
            is_probe = self._state is CircuitState.HALF_OPEN
            self._probing = False
            if failed:
                self._failed.append(now)
                if is_probe or self._is_too_much(now):
                    self._change_to(CircuitState.OPEN, now)
            elif failed is False:
                self._succeeded.append(now)
                if is_probe and len(self._succeeded) == self._successes_to_close:
                    self._change_to(CircuitState.CLOSED, now)

    def _is_too_much(self, now: float) -> bool:
        for moments in (self._failed, self._succeeded):
            while moments and moments[0] <= now - self._window_s:
                moments.popleft()
        failed = len(self._failed)
        calls = failed + len(self._succeeded)
        return failed >= self._max_failures or (
            calls >= self._minimum_calls and failed / calls >= self._max_rate
        )

    def _change_to(self, state: CircuitState, now: float) -> None:
        self._state = state
        self._changes += 1
        self._changed_at = now
        self._failed.clear()
        self._succeeded.clear()
