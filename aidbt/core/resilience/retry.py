"""Trying again, as often and as patiently as the operation deserves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeVar

from aidbt.core.errors import AidbtError, ResilienceError, UsageError
from aidbt.core.resilience.breaker import CircuitBreaker
from aidbt.core.resilience.clock import Clock, Deadline
from aidbt.core.resilience.limits import RateLimiter
from aidbt.core.resilience.retryable import is_retryable, retry_after_s

T = TypeVar("T")
Operation = Literal["api", "database", "llm", "cdc", "files"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often something is tried, the first time included, and how long the waits may be."""

    tries: int
    base_s: float
    cap_s: float

    def __post_init__(self) -> None:
        if self.tries < 1 or not 0 <= self.base_s <= self.cap_s:
            raise UsageError(f"not a retry policy: {self}", hint="tries >= 1 and 0 <= base_s <= cap_s")

    def delay_s(self, number: int, rng: Random) -> float:
        """Seconds before the first, second, … retry, drawn from 0 to the doubled and capped base.

        Full jitter: clients that failed together do not come back together.
        """
        return rng.uniform(0, min(self.cap_s, self.base_s * 2.0 ** min(number - 1, 1000)))

    def wait_s(self, number: int, rng: Random) -> float:
        """The same for one who waits alone for somebody to be done: half of the doubled base for certain."""
        return min(self.cap_s, self.base_s * 2.0 ** min(number - 1, 1000)) / 2 + self.delay_s(number, rng) / 2


POLICIES: dict[Operation, RetryPolicy] = {
    "api": RetryPolicy(tries=3, base_s=0.1, cap_s=5),
    "database": RetryPolicy(tries=5, base_s=0.05, cap_s=10),
    "llm": RetryPolicy(tries=3, base_s=1, cap_s=30),
    "cdc": RetryPolicy(tries=10, base_s=0.1, cap_s=60),
    "files": RetryPolicy(tries=5, base_s=0.5, cap_s=30),
}


def retry(
    operation: Callable[[], T],
    policy: RetryPolicy,
    *,
    clock: Clock,
    rng: Random,
    deadline: Deadline | None = None,
    breaker: CircuitBreaker | None = None,
    limiter: RateLimiter | None = None,
    on_retry: Callable[[int, Exception, float], None] | None = None,
) -> T:
    """What `operation()` returns, tried again while its errors are retryable and the policy allows it.

    A server's Retry-After is waited for as given, and slows down everybody who shares the limiter (by the
    policy's cap at most). When it is longer than the cap, or a wait would not end before the deadline, no
    time is wasted on it: the error is raised at once.

    Args:
        breaker: asked before every try, and told how it went.
        limiter: every try takes its turn there.
        on_retry: told before each wait: tries made so far, the error, and the seconds until the next one.

    Raises:
        Exception: the operation's own last error, never one that hides it. A note on it, and the hint of an
            AidbtError, say why it was not tried again.
        CircuitOpen, DeadlineExceeded: it was not even tried once.
    """
    until = Deadline.never() if deadline is None else deadline
    tries = 0
    last: Exception | None = None

    def attempt() -> T:
        nonlocal tries
        until.check("waiting to try")
        if limiter is not None:
            limiter.acquire(until)
        tries += 1
        return operation()

    try:
        while True:
            tries_before = tries
            try:
                return attempt() if breaker is None else breaker.call(attempt)
            except ResilienceError as refusal:
                if last is None or tries > tries_before:
                    raise
                _say_why(last, f"not tried again: {refusal.message}")
                break
            except Exception as error:
                if not is_retryable(error):
                    raise
                last = error
                asked_s = retry_after_s(error)
                if asked_s is not None and limiter is not None:
                    limiter.slow_down(min(asked_s, policy.cap_s))
                if tries >= policy.tries:
                    error.add_note(f"tried {tries} times")
                    raise
                wait_s = policy.delay_s(tries, rng) if asked_s is None else asked_s
                if asked_s is not None and asked_s > policy.cap_s:
                    _say_why(error, f"not tried again: the server asks to wait {asked_s:g} s")
                    raise
                if wait_s >= until.remaining():
                    by = f" by {until.setting}" if until.setting else ""
                    _say_why(error, f"not tried again: {until.allowed_s:g} s were allowed{by}")
                    raise
                if on_retry is not None:
                    on_retry(tries, error, wait_s)
            clock.sleep(wait_s)
        raise last
    finally:
        last = None  # its traceback holds this frame, which would keep what it opened alive


def _say_why(error: Exception, why: str) -> None:
    error.add_note(why)
    if isinstance(error, AidbtError):
        error.hint = f"{error.hint}; {why}" if error.hint else why
