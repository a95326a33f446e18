"""Trying again, giving up in time, and staying within what was allowed: the only resilience of the project.

`retry` repeats what may succeed when it is tried again; `CircuitBreaker` stops asking a service that is
down; `RateLimiter` keeps to a pace; `Deadline` and `Budget` bound time and amounts; `Level` says how well
a feature works while something is missing.

No library is underneath. This layer may import only the standard library, pydantic and PyYAML, and no one
library has what is needed here together: full jitter, a server's Retry-After that wins over it, a breaker,
a limiter and a deadline, all on one injected clock, so that nothing in a test sleeps.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Any, Literal, Protocol, TypeVar

from aidbt.core.errors import (
    AidbtError,
    BudgetExceeded,
    CircuitOpen,
    DeadlineExceeded,
    ResilienceError,
    UnknownName,
    UsageError,
)

T = TypeVar("T")
Operation = Literal["api", "database", "llm", "cdc", "files"]

_RETRYABLE_STATUS = frozenset({408, 429, 500, 502, 503, 504})
# Serialization failure, deadlock, lock not available (PostgreSQL manual, appendix A).
_RETRYABLE_SQLSTATE = frozenset({"40001", "40P01", "55P03"})
_SQLITE_LOCKS = ("database is locked", "database table is locked")
_SPENT_QUOTA = "insufficient_quota"
# Libraries wrap a lost connection three or four deep (openai > httpx > httpcore > socket).
_DEEPEST_CAUSE = 10


# --- time -------------------------------------------------------------------------------------------------


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
    """

    at: float
    clock: Clock
    allowed_s: float = math.inf

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Deadline:
        """The moment that many seconds from now."""
        return cls(clock.now() + seconds, clock, seconds)

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
                hint="allow more time, or ask for less at once",
            )


# --- what may be tried again ------------------------------------------------------------------------------


def is_retryable(error: BaseException) -> bool:
    """Whether the same thing may succeed when it is tried again.

    True for: an `AidbtError` that says so; HTTP status 408, 429, 500, 502, 503, 504; timeouts; connections
    refused, reset, aborted or broken; lock and serialization conflicts of a database. False for all else,
    a spent quota too: it answers 429 like a rate limit, but only a person can end it.

    The first error in the chain of causes with something to say decides. The chain is followed only through
    errors that merely wrap a driver's (SQLAlchemy, httpx, openai, urllib's URLError): whoever raises an
    AidbtError or one of Python's own errors from another has already judged it.

    Example:
        >>> is_retryable(ConnectionResetError()), is_retryable(ValueError())
        (True, False)
    """
    for link in _causes(error):
        if isinstance(link, AidbtError):
            return link.retryable
        if not isinstance(link, Exception):
            return False
        status = _http_status(link)
        if status is not None:
            return status in _RETRYABLE_STATUS and not _is_spent_quota(link)
        sqlstate = getattr(link, "sqlstate", None) or getattr(link, "pgcode", None)
        if isinstance(sqlstate, str):
            return sqlstate in _RETRYABLE_SQLSTATE
        if isinstance(link, (TimeoutError, ConnectionError)) or _is_sqlite_lock(link):
            return True
        if not _is_wrapper(link):
            return False
    return False


def retry_after_s(error: BaseException, *, now: datetime | None = None) -> float | None:
    """How long the server asks to wait, in seconds; None when it does not say, or not in a readable way.

    Read from `.retry_after`, or from the header Retry-After of the error or its response: seconds, or an
    HTTP date (a date in the past is 0 seconds). The error's causes are looked at too, so that a translated
    error still knows what the server asked for.

    Args:
        now: what a date is compared with; the response's own Date by default, because the two clocks may
            differ, else this computer's time.
    """
    for link in _causes(error):
        for holder in (link, getattr(link, "response", None)):
            headers = getattr(holder, "headers", None)
            asked = getattr(holder, "retry_after", None)
            asked = _header(headers, "Retry-After") if asked is None else asked
            seconds = _seconds(asked)
            if seconds is None and isinstance(asked, str):
                moment = _http_date(asked)
                sent_at = now or _http_date(_header(headers, "Date")) or datetime.now(UTC)
                seconds = max(0.0, (moment - sent_at).total_seconds()) if moment else None
            if seconds is not None:
                return seconds
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from; urllib keeps that in `reason` instead."""
    link: BaseException | None = error
    for _ in range(_DEEPEST_CAUSE):
        if link is None:
            return
        yield link
        reason = getattr(link, "reason", None)
        link = link.__cause__ or (reason if isinstance(reason, BaseException) else None)


def _is_wrapper(error: Exception) -> bool:
    is_pythons_own = type(error).__module__ == "builtins"
    return not is_pythons_own and not isinstance(error, (ValueError, TypeError, LookupError))


def _http_status(error: Exception) -> int | None:
    of_response = getattr(getattr(error, "response", None), "status_code", None)
    for status in (*(getattr(error, name, None) for name in ("status_code", "status", "code")), of_response):
        # `code` is many things: text for openai and SQLAlchemy, a method for grpc, other numbers elsewhere.
        if isinstance(status, int) and 100 <= status <= 599:
            return status
    return None


def _is_spent_quota(error: Exception) -> bool:
    """Whether `code` or `type`, of the error or in the body of an answer like OpenAI's, says so."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else {}
    said = inner if isinstance(inner, dict) else {}
    return _SPENT_QUOTA in (
        getattr(error, "code", None),
        getattr(error, "type", None),
        said.get("code"),
        said.get("type"),
    )


def _is_sqlite_lock(error: Exception) -> bool:
    # By name, because importing sqlite3 for the class would cost every command 10 ms.
    return type(error).__name__ == "OperationalError" and str(error).startswith(_SQLITE_LOCKS)


def _header(headers: Any, name: str) -> str | None:
    """A header by name; libraries' mappings ignore its case, a plain dict usually has it in lower case."""
    get = getattr(headers, "get", None)
    value = (get(name) or get(name.lower())) if callable(get) else None
    return value if isinstance(value, str) else None


def _seconds(asked: object) -> float | None:
    if not isinstance(asked, (str, int, float)):
        return None
    try:
        seconds = float(asked)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # 10 ms, for a form that few servers use

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # An HTTP date is in GMT even when the old asctime form does not say so.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- trying again -----------------------------------------------------------------------------------------


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
                    _say_why(error, f"not tried again: {until.allowed_s:g} s were allowed")
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


# --- not asking a service that is down --------------------------------------------------------------------


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


# --- keeping to a pace and an amount ----------------------------------------------------------------------


class RateLimiter:
    """Lets at most `burst` calls through at once, and `rate_per_s` a second in the long run.

    A token bucket. Turns are handed out in the order they are asked for, so nobody is overtaken; waiting
    happens outside the lock. Safe to share between threads.

    Example:
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
    """An amount that may be spent and never is overspent. Safe to share between threads.

    Amounts are added as decimals: three times 0.1 fit into 0.3.

    Args:
        name: what it is for, e.g. "LLM calls".
        amount: what may be spent; `math.inf` for no limit.
        unit: e.g. "USD", "bytes", "tokens".
        hint: where it is set.
    """

    def __init__(self, name: str, amount: float, unit: str, *, hint: str | None = None) -> None:
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
        return float(self._amount - self._spent)

    def spend(self, amount: float) -> None:
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
                    f"{left:,f} of {self._amount:,f} {self.unit} left",
                    hint=self._hint,
                )
            self._spent += wanted


def _decimal(amount: float) -> Decimal:
    if not amount >= 0:
        raise UsageError(f"not an amount: {amount}", hint="amounts are 0 or more")
    return Decimal(str(amount))


# --- how well it works while something is missing ---------------------------------------------------------


class Level(StrEnum):
    """How well something worked, from best to worst; every result carries one.

    Compares by how much is missing: FULL < REDUCED < MINIMAL < BUFFER.
    """

    FULL = "full"
    REDUCED = "reduced"
    MINIMAL = "minimal"
    BUFFER = "buffer"

    @staticmethod
    def worst(*levels: Level) -> Level:
        """The level of a whole with these parts; FULL for none."""
        return max(levels, default=Level.FULL)

    def _rank(self) -> int:
        return tuple(Level).index(self)

    # All four, because str has its own, by letter.
    def __lt__(self, other: str) -> bool:
        return self._rank() < Level(other)._rank()

    def __le__(self, other: str) -> bool:
        return self._rank() <= Level(other)._rank()

    def __gt__(self, other: str) -> bool:
        return self._rank() > Level(other)._rank()

    def __ge__(self, other: str) -> bool:
        return self._rank() >= Level(other)._rank()


# Document 003, "Feature Degradation Matrix", one row a feature: full, reduced, minimal, buffer.
DEGRADATION: dict[str, dict[Level, str]] = {
    feature: dict(zip(Level, does, strict=True))
    for feature, *does in (
        ("data_ingestion", "full", "full", "pass-through", "kept in storage until it can be processed"),
        ("schema_mapping", "LLM and embeddings", "embeddings only", "manual", "skipped"),
        ("transformations", "SQL written from English", "pre-defined SQL", "pass-through", "skipped"),
        ("anomaly_detection", "ML ensemble", "statistical only", "thresholds only", "skipped"),
        ("quality_scoring", "all dimensions", "core dimensions", "basic checks", "skipped"),
        ("self_healing", "full automatic healing", "transient failures only", "manual", "disabled"),
    )
}


def behaviour(feature: str, level: Level) -> str:
    """What a feature does at a level, in a few words.

    Raises:
        UnknownName: there is no such feature in `DEGRADATION`.

    Example:
        >>> behaviour("schema_mapping", Level.REDUCED)
        'embeddings only'
    """
    if feature not in DEGRADATION:
        raise UnknownName("feature", feature, DEGRADATION)
    return DEGRADATION[feature][level]
