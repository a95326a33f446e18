"""Trying again, circuit breaking, pacing, deadlines, budgets and levels, all on a clock that is set."""

from __future__ import annotations

import gc
import math
import socket
import sqlite3
import sys
import threading
import time
import urllib.request
import weakref
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from functools import partial
from itertools import pairwise
from random import Random
from types import SimpleNamespace
from urllib.error import HTTPError, URLError

import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core import resilience
from aidbt.core.errors import (
    BudgetExceeded,
    CircuitOpen,
    DeadlineExceeded,
    SourceUnavailable,
    UnknownName,
    UsageError,
    WarehouseError,
    WarehouseLocked,
)
from aidbt.core.resilience import (
    DEGRADATION,
    POLICIES,
    Budget,
    CircuitBreaker,
    CircuitState,
    Deadline,
    Level,
    ManualClock,
    RateLimiter,
    RetryPolicy,
    Slots,
    SystemClock,
    behaviour,
    is_retryable,
    retry,
    retry_after_s,
)

PATIENCE_S = 30  # how long a broken implementation may hang a thread before its test fails
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class DriverError(Exception):
    """An error of some library, with whatever attributes it has."""

    def __init__(self, **attributes: object) -> None:
        super().__init__("the driver failed")
        self.__dict__.update(attributes)


class OperationalError(Exception):
    """Called like a driver's, but not about a lock."""


class Highest(Random):
    """Always draws the upper end."""

    def random(self) -> float:
        return math.nextafter(1, 0)


class Script:
    """An operation that does one listed thing a call: raises it, or returns it."""

    def __init__(self, *steps: object) -> None:
        self.steps = list(steps)
        self.calls = 0

    def __call__(self) -> object:
        step = self.steps[self.calls]
        self.calls += 1
        if isinstance(step, BaseException):
            raise step
        return step


class SteppedClock:
    """A clock for threads: who sleeps really waits until the test has moved it far enough.

    `run` and `advance` return when every thread is asleep or done.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._changed = threading.Condition()
        self._sleepers: list[tuple[float, threading.Event]] = []
        self._awake = 0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        alarm = threading.Event()
        with self._changed:
            self._sleepers.append((self._now + seconds, alarm))
            self._awake -= 1
            self._changed.notify_all()
        assert alarm.wait(PATIENCE_S)

    def run(self, work) -> None:
        with self._changed:
            self._awake += 1
        threading.Thread(target=self._work, args=(work,), daemon=True).start()
        self._settle()

    def advance(self, seconds: float) -> None:
        with self._changed:
            self._now += seconds
            due = [alarm for wake_at, alarm in self._sleepers if wake_at <= self._now]
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now]
            self._awake += len(due)
        for alarm in due:
            alarm.set()
        self._settle()

    def _work(self, work) -> None:
        try:
            work()
        finally:
            with self._changed:
                self._awake -= 1
                self._changed.notify_all()

    def _settle(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._awake == 0, PATIENCE_S)


def http_error(status: int, **headers: str) -> HTTPError:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return HTTPError("https://example.org/orders", status, "", message, None)


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def in_threads(count: int, work) -> None:
    """Run `work(number)` in that many threads that start together.

    They give way to each other after every single instruction of the module, so that a missing lock shows.
    """
    together = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        together.wait(PATIENCE_S)
        sys.settrace(give_way)
        try:
            work(number)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            sys.settrace(None)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)


def give_way(frame, event: str, argument: object):
    if frame.f_code.co_filename != resilience.__file__:
        return None
    frame.f_trace_opcodes = True
    time.sleep(0)  # not a wait: it lets another thread run
    return give_way


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


# --- clocks and deadlines ---------------------------------------------------------------------------------


def test_a_manual_clock_is_moved_by_sleeping_and_by_the_test_only(clock):
    clock.sleep(2)
    clock.advance(3)

    assert clock.now() == 5
    assert clock.slept == [2]


def test_a_manual_clock_does_not_go_back(clock):
    with pytest.raises(ValueError, match="-1"):
        clock.sleep(-1)

    assert (clock.now(), clock.slept) == (0, [])


def test_a_manual_clock_loses_no_time_when_threads_sleep(clock):
    in_threads(4, lambda number: [clock.sleep(1) for _ in range(10)])

    assert clock.now() == 40


def test_the_system_clock_never_goes_back():
    clock = SystemClock()
    before = clock.now()

    assert clock.now() >= before
    with pytest.raises(ValueError, match="negative"):
        clock.sleep(-1)


def test_a_deadline_is_over_at_its_moment_and_not_before(clock):
    deadline = Deadline.after(10, clock)
    clock.advance(9.5)
    deadline.check("profiling")
    assert deadline.remaining() == 0.5

    clock.advance(0.5)
    with pytest.raises(DeadlineExceeded, match=r"profiling raw\.orders: the 10 s allowed are used up"):
        deadline.check("profiling raw.orders")


def test_time_past_a_deadline_is_not_negative(clock):
    deadline = Deadline.after(1, clock)
    clock.advance(5)

    assert deadline.remaining() == 0


def test_without_a_deadline_time_is_never_up():
    deadline = Deadline.never()
    deadline.check("anything")

    assert deadline.remaining() == math.inf


# --- what may be tried again ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_status_that_passes_is_retryable_wherever_a_library_keeps_it(status):
    assert is_retryable(http_error(status))
    assert is_retryable(DriverError(status_code=status))
    assert is_retryable(DriverError(status=status))
    assert is_retryable(DriverError(code=status))
    assert is_retryable(DriverError(response=SimpleNamespace(status_code=status)))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 505])
def test_any_other_status_is_final_wherever_a_library_keeps_it(status):
    assert not is_retryable(http_error(status))
    assert not is_retryable(DriverError(status_code=status))
    assert not is_retryable(DriverError(response=SimpleNamespace(status_code=status)))


def test_a_code_that_is_no_http_status_is_not_read_as_one():
    assert is_retryable(caused(DriverError(code="e3q8"), TimeoutError()))
    assert is_retryable(caused(DriverError(code=7), TimeoutError()))
    assert is_retryable(caused(DriverError(code=lambda: 404), TimeoutError()))


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "insufficient_quota"},
        {"type": "insufficient_quota"},
        {"body": {"code": "insufficient_quota"}},
        {"body": {"error": {"type": "insufficient_quota"}}},
    ],
)
def test_a_spent_quota_is_for_a_person_and_a_rate_limit_is_not(answer):
    assert not is_retryable(DriverError(status_code=429, **answer))


@pytest.mark.parametrize(
    "answer", [{"code": "rate_limit_exceeded"}, {"body": {"error": "slow"}}, {"body": "slow"}]
)
def test_a_rate_limit_is_retryable(answer):
    assert is_retryable(DriverError(status_code=429, **answer))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("503"),
        KeyError("timeout"),
        PermissionError(),
        FileNotFoundError(),
        OSError(28, "No space left on device"),
        KeyboardInterrupt(),
        UsageError("no"),
        WarehouseError("no such table"),
        CircuitOpen("open"),
        DeadlineExceeded("late"),
        BudgetExceeded("spent"),
    ],
)
def test_what_will_fail_again_is_not_retryable(error):
    assert not is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionRefusedError(),
        ConnectionResetError(),
        ConnectionAbortedError(),
        BrokenPipeError(),
        WarehouseLocked("held"),
        SourceUnavailable("gone"),
    ],
)
def test_what_may_pass_is_retryable(error):
    assert is_retryable(error)


@pytest.mark.parametrize("attribute", ["sqlstate", "pgcode"])
def test_conflicts_of_locks_and_serialization_are_retryable_and_other_sql_errors_are_not(attribute):
    for state in ("40001", "40P01", "55P03"):
        assert is_retryable(DriverError(**{attribute: state}))
    for state in ("23505", "42P01", "57014"):
        assert not is_retryable(DriverError(**{attribute: state}))


def test_a_wrapped_error_is_judged_by_what_it_wraps():
    assert is_retryable(caused(DriverError(), caused(DriverError(), ConnectionResetError())))
    assert is_retryable(caused(DriverError(sqlstate=None, pgcode=None), DriverError(pgcode="40001")))
    assert not is_retryable(caused(DriverError(), DriverError(pgcode="23505")))
    assert not is_retryable(caused(DriverError(), KeyboardInterrupt()))
    assert not is_retryable(DriverError())


def test_the_outermost_error_with_something_to_say_decides():
    assert not is_retryable(caused(DriverError(status_code=404), TimeoutError()))
    assert not is_retryable(caused(DriverError(sqlstate="23505"), TimeoutError()))
    assert is_retryable(caused(DriverError(status_code=503), ValueError()))


def test_an_error_raised_in_judgement_of_another_is_not_a_wrapper():
    class BadAnswer(ValueError):
        pass

    assert not is_retryable(caused(ValueError("not JSON"), TimeoutError()))
    assert not is_retryable(caused(RuntimeError("giving up"), TimeoutError()))
    assert not is_retryable(caused(BadAnswer(), TimeoutError()))
    assert not is_retryable(caused(WarehouseError("refused"), ConnectionResetError()))
    assert is_retryable(caused(SourceUnavailable("gone"), ValueError()))


def test_the_context_of_an_error_does_not_count():
    error = DriverError()
    error.__context__ = TimeoutError()

    assert not is_retryable(error)


def test_errors_that_cause_each_other_come_to_an_end():
    first, second = DriverError(), DriverError()
    caused(first, second)
    caused(second, first)

    assert not is_retryable(first)
    assert retry_after_s(first) is None


@pytest.fixture
def closed_port():
    with closing(socket.socket()) as taken:  # bound, so that nobody else gets it, but not listening
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_refused_connection_is_retryable(closed_port):
    with pytest.raises(ConnectionRefusedError) as caught:
        socket.create_connection(("127.0.0.1", closed_port), timeout=5)

    assert is_retryable(caught.value)


def test_a_connection_refused_to_urllib_is_retryable(closed_port):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(URLError) as caught:
        opener.open(f"http://127.0.0.1:{closed_port}/", timeout=5)

    assert is_retryable(caught.value)


def test_a_url_that_urllib_does_not_understand_is_final():
    with pytest.raises(URLError) as caught:
        urllib.request.build_opener().open("nothing://here")

    assert not is_retryable(caught.value)


def test_a_broken_pipe_is_retryable():
    ours, theirs = socket.socketpair()
    theirs.close()
    with closing(ours), pytest.raises((BrokenPipeError, ConnectionResetError)) as caught:
        for _ in range(3):
            ours.send(b"hello")

    assert is_retryable(caught.value)


@pytest.fixture
def locked_database(tmp_path):
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("create table runs (id integer primary key)")
        holder.execute("begin immediate")
        yield path, holder


def test_a_locked_sqlite_database_is_retryable_and_a_missing_table_is_not(locked_database):
    path, _ = locked_database
    with closing(sqlite3.connect(path, timeout=0)) as other:
        with pytest.raises(sqlite3.OperationalError, match="database is locked") as locked:
            other.execute("insert into runs values (1)")
        with pytest.raises(sqlite3.OperationalError, match="no such table") as missing:
            other.execute("select * from rums")

    assert is_retryable(locked.value)
    assert not is_retryable(missing.value)


def test_a_locked_sqlite_table_is_retryable():
    shared = "file:resilience?mode=memory&cache=shared"
    with (
        closing(sqlite3.connect(shared, uri=True, isolation_level=None)) as writer,
        closing(sqlite3.connect(shared, uri=True)) as reader,
    ):
        writer.execute("create table runs (id integer)")
        writer.execute("begin immediate")
        writer.execute("insert into runs values (1)")
        with pytest.raises(sqlite3.OperationalError, match="database table is locked") as caught:
            reader.execute("select * from runs")

    assert is_retryable(caught.value)


def test_an_operational_error_about_something_else_is_final():
    assert not is_retryable(OperationalError("disk I/O error"))
    assert not is_retryable(DriverError(args=("database is locked",)))


def test_a_lock_that_sqlalchemy_reports_is_retryable_and_a_duplicate_is_not(locked_database):
    path, holder = locked_database
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0})
    insert = sqlalchemy.text("insert into runs values (1)")
    with engine.connect() as other, pytest.raises(sqlalchemy.exc.OperationalError) as locked:
        other.execute(insert)
    holder.execute("rollback")
    with engine.connect() as other:
        other.execute(insert)
        with pytest.raises(sqlalchemy.exc.IntegrityError) as duplicate:
            other.execute(insert)
    engine.dispose()

    assert is_retryable(locked.value)
    assert not is_retryable(duplicate.value)


def test_a_writer_gets_through_once_the_lock_is_gone(locked_database, clock):
    path, holder = locked_database

    def insert() -> int:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            return connection.execute("insert into runs values (7) returning id").fetchall()[0][0]

    def free_it(tries: int, error: Exception, wait_s: float) -> None:
        if tries == 2:
            holder.execute("rollback")

    result = retry(insert, POLICIES["database"], clock=clock, rng=Random(1), on_retry=free_it)

    assert result == 7
    assert len(clock.slept) == 2


# --- what the server asks for -----------------------------------------------------------------------------


def test_retry_after_is_read_from_the_error_or_the_headers_of_its_response():
    response = SimpleNamespace(headers={"Retry-After": "3"})

    assert retry_after_s(DriverError(retry_after=7)) == 7
    assert retry_after_s(DriverError(retry_after="7.5")) == 7.5
    assert retry_after_s(DriverError(retry_after=0, response=response)) == 0
    assert retry_after_s(DriverError(retry_after=None, response=response)) == 3
    assert retry_after_s(DriverError(response=SimpleNamespace(headers={"retry-after": "4"}))) == 4
    assert retry_after_s(http_error(503, retry_after="5")) == 5


def test_retry_after_survives_translation():
    assert retry_after_s(caused(SourceUnavailable("busy"), http_error(503, Retry_After="6"))) == 6


@pytest.mark.parametrize(
    "text",
    ["Sun, 01 Mar 2026 12:00:30 GMT", "Sunday, 01-Mar-26 12:00:30 GMT", "Sun Mar  1 12:00:30 2026"],
)
def test_a_date_to_retry_after_is_seconds_from_now(text):
    assert retry_after_s(http_error(503, Retry_After=text), now=NOON) == 30


def test_a_date_to_retry_after_is_compared_with_the_servers_own_clock():
    sent_at = format_datetime(NOON - timedelta(days=900), usegmt=True)
    until = format_datetime(NOON - timedelta(days=900) + timedelta(seconds=12), usegmt=True)

    assert retry_after_s(http_error(503, Retry_After=until, Date=sent_at)) == 12


def test_without_the_servers_clock_a_date_is_compared_with_ours():
    long_gone = format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)
    far_off = format_datetime(datetime(2999, 1, 1, tzinfo=UTC), usegmt=True)

    assert retry_after_s(http_error(503, Retry_After=long_gone)) == 0
    assert retry_after_s(http_error(503, Retry_After=far_off)) > 1e9


@pytest.mark.parametrize(
    "asked", ["", "soon", "-5", "nan", "inf", "Sun, 99 Mar 2026 12:00:30 GMT", -5, math.nan]
)
def test_a_malformed_retry_after_is_none(asked):
    assert retry_after_s(DriverError(retry_after=asked)) is None
    assert retry_after_s(DriverError(response=SimpleNamespace(headers={"Retry-After": asked}))) is None


def test_an_error_without_headers_asks_for_nothing():
    assert retry_after_s(DriverError()) is None
    assert retry_after_s(DriverError(response=None)) is None
    assert retry_after_s(DriverError(response=SimpleNamespace(headers=None))) is None
    assert retry_after_s(DriverError(retry_after=timedelta(seconds=1))) is None
    assert retry_after_s(http_error(503)) is None


@given(
    st.one_of(
        st.text(), st.floats(), st.integers(), st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [\w+-]+")
    )
)
def test_retry_after_is_never_negative_infinite_or_an_error(asked):
    seconds = retry_after_s(DriverError(retry_after=asked))

    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


# --- trying again -----------------------------------------------------------------------------------------


def test_the_policies_are_those_of_the_design():
    table = {name: (policy.tries, policy.base_s, policy.cap_s) for name, policy in POLICIES.items()}

    assert table == {
        "api": (3, 0.1, 5),
        "database": (5, 0.05, 10),
        "llm": (3, 1, 30),
        "cdc": (10, 0.1, 60),
        "files": (5, 0.5, 30),
    }


def test_the_longest_wait_starts_at_the_base_doubles_and_stops_at_the_cap():
    policy = RetryPolicy(tries=9, base_s=0.5, cap_s=3)

    assert [round(policy.delay_s(n, Highest()), 9) for n in (1, 2, 3, 4, 5, 5000)] == [0.5, 1, 2, 3, 3, 3]


@given(
    retry_number=st.integers(1, 10_000),
    base_s=st.floats(0, 1e6),
    more_s=st.floats(0, 1e6),
    seed=st.integers(),
)
def test_a_wait_is_never_below_zero_nor_above_the_cap_nor_above_the_doubled_base(
    retry_number, base_s, more_s, seed
):
    policy = RetryPolicy(tries=2, base_s=base_s, cap_s=base_s + more_s)
    delay_s = policy.delay_s(retry_number, Random(seed))

    assert 0 <= delay_s <= policy.cap_s
    if retry_number < 1000:
        assert delay_s <= base_s * 2.0 ** (retry_number - 1)


def test_waits_are_spread_over_the_whole_range():
    rng = Random(5)
    delays = [POLICIES["llm"].delay_s(1, rng) for _ in range(1000)]

    assert min(delays) < 0.01
    assert max(delays) > 0.99
    assert sum(delays) / 1000 == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, -1, 1), (1, 2, 1), (1, math.nan, 1)])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(UsageError, match="not a retry policy"):
        RetryPolicy(*wrong)


def test_a_failure_that_passes_is_tried_again_after_the_jittered_wait(clock):
    operation = Script(TimeoutError(), ConnectionResetError(), "rows")
    same_draws = Random(3)
    expected = [POLICIES["api"].delay_s(1, same_draws), POLICIES["api"].delay_s(2, same_draws)]

    assert retry(operation, POLICIES["api"], clock=clock, rng=Random(3)) == "rows"
    assert clock.slept == expected


def test_success_the_first_time_waits_for_nothing(clock):
    assert retry(Script("rows"), POLICIES["api"], clock=clock, rng=Random(1)) == "rows"
    assert clock.slept == []


@pytest.mark.parametrize("operation", sorted(POLICIES))
def test_when_tries_are_used_up_the_last_error_itself_is_raised_without_another_wait(operation, clock):
    policy = POLICIES[operation]
    errors = [TimeoutError(str(number)) for number in range(policy.tries)]
    script = Script(*errors)

    with pytest.raises(TimeoutError) as caught:
        retry(script, policy, clock=clock, rng=Random(1))

    assert caught.value is errors[-1]
    assert caught.value.__notes__ == [f"tried {policy.tries} times"]
    assert caught.value.__cause__ is None
    assert script.calls == policy.tries
    assert len(clock.slept) == policy.tries - 1


def test_an_error_that_will_not_pass_is_raised_at_once(clock):
    script = Script(TimeoutError(), http_error(404), "never")

    with pytest.raises(HTTPError, match="404"):
        retry(script, POLICIES["cdc"], clock=clock, rng=Random(1))

    assert script.calls == 2


def test_an_interrupt_is_not_tried_again(clock):
    script = Script(KeyboardInterrupt(), "never")

    with pytest.raises(KeyboardInterrupt):
        retry(script, POLICIES["api"], clock=clock, rng=Random(1))

    assert script.calls == 1


def test_the_servers_wait_is_taken_as_given(clock):
    script = Script(http_error(503, Retry_After="4.5"), http_error(429, Retry_After="0"), "rows")

    assert retry(script, POLICIES["api"], clock=clock, rng=Random(1)) == "rows"
    assert clock.slept == [4.5, 0]


def test_the_servers_wait_may_be_as_long_as_the_cap(clock):
    script = Script(http_error(503, Retry_After="5"), "rows")

    assert retry(script, POLICIES["api"], clock=clock, rng=Random(1)) == "rows"


def test_a_servers_wait_beyond_the_cap_is_not_slept_and_the_error_says_so(clock):
    busy = SourceUnavailable("the API is busy", hint="see its status page")
    busy.retry_after = 3600

    with pytest.raises(SourceUnavailable) as caught:
        retry(Script(busy), POLICIES["api"], clock=clock, rng=Random(1))

    assert caught.value is busy
    assert caught.value.hint == "see its status page; not tried again: the server asks to wait 3600 s"
    assert clock.slept == []


def test_a_foreign_error_carries_the_reason_as_a_note(clock):
    with pytest.raises(HTTPError) as caught:
        retry(Script(http_error(429, Retry_After="90")), POLICIES["llm"], clock=clock, rng=Random(1))

    assert caught.value.__notes__ == ["not tried again: the server asks to wait 90 s"]


@pytest.mark.parametrize(("allowed_s", "tries"), [(4, 1), (3.9, 1), (4.1, 2)])
def test_a_wait_that_would_not_end_before_the_deadline_is_not_begun(clock, allowed_s, tries):
    busy = SourceUnavailable("the API is busy")
    busy.retry_after = 4
    script = Script(busy, ValueError("second try"))

    with pytest.raises((SourceUnavailable, ValueError)) as caught:
        retry(script, POLICIES["api"], clock=clock, rng=Random(1), deadline=Deadline.after(allowed_s, clock))

    assert script.calls == tries
    assert clock.slept == [4] * (tries - 1)
    if tries == 1:
        assert caught.value.hint == f"not tried again: {allowed_s:g} s were allowed"


def test_a_jittered_wait_respects_the_deadline_too(clock):
    script = Script(TimeoutError("first"), TimeoutError("second"), "never")

    with pytest.raises(TimeoutError, match="second"):
        retry(script, POLICIES["llm"], clock=clock, rng=Highest(), deadline=Deadline.after(2.5, clock))

    assert clock.now() == pytest.approx(1)


def test_nothing_is_tried_after_the_deadline(clock):
    script = Script("never")
    deadline = Deadline.after(0, clock)

    with pytest.raises(DeadlineExceeded):
        retry(script, POLICIES["api"], clock=clock, rng=Random(1), deadline=deadline)

    assert script.calls == 0


@given(
    tries=st.integers(1, 8),
    allowed_s=st.floats(0.01, 20),
    waits=st.lists(st.one_of(st.none(), st.floats(0, 10)), min_size=8, max_size=8),
    seed=st.integers(),
)
def test_retrying_never_sleeps_past_the_deadline_nor_over_its_tries(tries, allowed_s, waits, seed):
    clock = ManualClock()
    script = Script(*(DriverError(status=503, retry_after=wait) for wait in waits))
    policy = RetryPolicy(tries, base_s=1, cap_s=6)

    with pytest.raises(DriverError):
        retry(script, policy, clock=clock, rng=Random(seed), deadline=Deadline.after(allowed_s, clock))

    assert clock.now() <= allowed_s
    assert 1 <= script.calls <= tries
    assert len(clock.slept) == script.calls - 1
    assert all(slept <= policy.cap_s for slept in clock.slept)


def test_the_caller_is_told_before_each_wait(clock):
    first, second = TimeoutError("1"), ConnectionResetError("2")
    told: list[tuple[int, Exception, float, float]] = []

    retry(
        Script(first, second, "rows"),
        POLICIES["api"],
        clock=clock,
        rng=Random(1),
        on_retry=lambda tries, error, wait_s: told.append((tries, error, wait_s, clock.now())),
    )

    assert [(tries, error) for tries, error, _, _ in told] == [(1, first), (2, second)]
    assert [wait_s for _, _, wait_s, _ in told] == clock.slept
    assert [at for _, _, _, at in told] == [0, clock.slept[0]]


def test_what_a_failed_try_held_is_let_go_when_a_later_one_succeeds(clock):
    class Connection:
        pass

    held: list[weakref.ref[Connection]] = []

    def operation() -> str:
        connection = Connection()
        held.append(weakref.ref(connection))
        if len(held) == 1:
            raise TimeoutError
        return "rows"

    gc.disable()
    try:
        retry(operation, POLICIES["api"], clock=clock, rng=Random(1))
        assert [reference() for reference in held] == [None, None]
    finally:
        gc.enable()


def test_a_circuit_that_is_open_is_not_tried(clock):
    breaker = open_breaker(clock)
    script = Script("never")

    with pytest.raises(CircuitOpen):
        retry(script, POLICIES["api"], clock=clock, rng=Random(1), breaker=breaker)

    assert (script.calls, clock.slept) == (0, [])


def test_a_circuit_that_opens_while_retrying_does_not_hide_the_error(clock):
    breaker = CircuitBreaker("orders API", clock=clock, failures=2)
    last = TimeoutError("second")

    with pytest.raises(TimeoutError) as caught:
        retry(
            Script(TimeoutError("first"), last),
            POLICIES["cdc"],
            clock=clock,
            rng=Random(1),
            breaker=breaker,
        )

    assert caught.value is last
    assert "not tried again: orders API failed too often" in caught.value.__notes__[0]
    assert caught.value.__cause__ is None


def test_a_circuit_that_opens_inside_the_operation_is_the_operations_own_error(clock):
    inner = CircuitOpen("the inner one")

    with pytest.raises(CircuitOpen) as caught:
        retry(Script(TimeoutError(), inner), POLICIES["api"], clock=clock, rng=Random(1))

    assert caught.value is inner


def test_every_try_takes_its_turn_at_the_limiter(clock):
    limiter = RateLimiter(0.01, clock=clock)
    script = Script(TimeoutError(), TimeoutError(), "rows")

    retry(script, POLICIES["api"], clock=clock, rng=Random(1), limiter=limiter)

    assert clock.now() == pytest.approx(200)


def test_a_turn_that_would_come_after_the_deadline_does_not_hide_the_error(clock):
    limiter = RateLimiter(0.01, clock=clock)
    first = SourceUnavailable("gone")

    with pytest.raises(SourceUnavailable) as caught:
        retry(
            Script(first),
            POLICIES["api"],
            clock=clock,
            rng=Random(1),
            limiter=limiter,
            deadline=Deadline.after(50, clock),
        )

    assert caught.value is first
    assert "not tried again: the next turn comes in" in caught.value.hint


@pytest.mark.parametrize(("asked_s", "paused_s"), [(3600, 5), (2, 2)])
def test_a_server_that_asks_to_wait_slows_down_everybody_but_not_longer_than_the_cap(
    clock, asked_s, paused_s
):
    limiter = RateLimiter(1000, clock=clock, burst=2)
    policy = RetryPolicy(tries=1, base_s=0.1, cap_s=5)
    with pytest.raises(HTTPError):
        retry(
            Script(http_error(429, Retry_After=str(asked_s))),
            policy,
            clock=clock,
            rng=Random(1),
            limiter=limiter,
        )
    limiter.acquire()

    assert clock.now() == paused_s


def test_an_open_circuit_takes_no_turn_at_the_limiter(clock):
    breaker, limiter = open_breaker(clock), RateLimiter(0.001, clock=clock)
    with pytest.raises(CircuitOpen):
        retry(Script(), POLICIES["api"], clock=clock, rng=Random(1), breaker=breaker, limiter=limiter)
    limiter.acquire()

    assert clock.slept == []


# --- circuit breaker --------------------------------------------------------------------------------------


def fail(breaker: CircuitBreaker, error: BaseException | None = None) -> None:
    with suppress(TimeoutError, ValueError, KeyboardInterrupt):
        breaker.call(Script(error or TimeoutError()))


def open_breaker(clock: ManualClock) -> CircuitBreaker:
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(5):
        fail(breaker)
    assert breaker.state == CircuitState.OPEN
    return breaker


def half_open_breaker(clock: ManualClock) -> CircuitBreaker:
    breaker = open_breaker(clock)
    clock.advance(30)
    assert breaker.state == CircuitState.HALF_OPEN
    return breaker


def test_a_circuit_opens_at_the_fifth_failure_in_a_minute_even_among_many_successes(clock):
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(4):
        fail(breaker)
        for _ in range(50):
            breaker.call(Script("rows"))
    assert breaker.state == CircuitState.CLOSED

    fail(breaker)
    assert breaker.state == CircuitState.OPEN


def test_failures_older_than_the_window_are_forgotten(clock):
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(4):
        fail(breaker)
    clock.advance(60)
    for _ in range(4):
        fail(breaker)

    assert breaker.state == CircuitState.CLOSED


def test_failures_just_inside_the_window_count(clock):
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(4):
        fail(breaker)
    clock.advance(59.9)
    fail(breaker)

    assert breaker.state == CircuitState.OPEN


@pytest.mark.parametrize(
    ("successes", "failures", "state"),
    [(3, 3, "open"), (2, 3, "closed"), (4, 3, "closed"), (4, 4, "open"), (0, 1, "closed")],
)
def test_a_circuit_opens_when_half_of_at_least_six_calls_failed(clock, successes, failures, state):
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(successes):
        breaker.call(Script("rows"))
    for _ in range(failures):
        fail(breaker)

    assert breaker.state == state


def test_an_open_circuit_calls_nothing_and_says_when_it_will(clock):
    breaker = open_breaker(clock)
    clock.advance(17.5)
    script = Script("never")

    with pytest.raises(CircuitOpen, match="orders API") as caught:
        breaker.call(script)

    assert caught.value.hint == "it is tried again in 13 s"
    assert script.calls == 0


def test_a_circuit_stays_open_for_thirty_seconds(clock):
    breaker = open_breaker(clock)

    clock.advance(29.9)
    assert breaker.state == CircuitState.OPEN
    clock.advance(0.1)
    assert breaker.state == CircuitState.HALF_OPEN


def test_three_successes_in_a_row_close_it_and_the_past_is_forgotten(clock):
    breaker = half_open_breaker(clock)
    states = []
    for _ in range(3):
        breaker.call(Script("rows"))
        states.append(breaker.state)
    for _ in range(4):
        fail(breaker)

    assert states == [CircuitState.HALF_OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED]
    assert breaker.state == CircuitState.CLOSED


def test_a_failed_probe_opens_it_for_another_thirty_seconds_and_the_successes_start_anew(clock):
    breaker = half_open_breaker(clock)
    breaker.call(Script("rows"))
    breaker.call(Script("rows"))
    fail(breaker)
    assert breaker.state == CircuitState.OPEN

    clock.advance(29.9)
    assert breaker.state == CircuitState.OPEN
    clock.advance(0.1)
    breaker.call(Script("rows"))
    assert breaker.state == CircuitState.HALF_OPEN


def test_a_users_bad_sql_does_not_open_a_circuit_nor_make_its_rate_look_better(clock):
    breaker = CircuitBreaker("warehouse", clock=clock)
    for _ in range(20):
        with pytest.raises(ValueError, match="syntax error"):
            breaker.call(Script(ValueError("syntax error")))
    assert breaker.state == CircuitState.CLOSED

    for _ in range(3):
        breaker.call(Script("rows"))
        fail(breaker)
    assert breaker.state == CircuitState.OPEN


def test_a_probe_with_a_users_bad_sql_says_nothing_and_frees_its_slot(clock):
    breaker = half_open_breaker(clock)
    for _ in range(5):
        fail(breaker, ValueError("syntax error"))

    assert breaker.state == CircuitState.HALF_OPEN
    assert breaker.call(Script("rows")) == "rows"


def test_what_counts_can_be_chosen(clock):
    breaker = CircuitBreaker("parser", clock=clock, counts=lambda error: isinstance(error, ValueError))
    for _ in range(5):
        fail(breaker, TimeoutError())
    assert breaker.state == CircuitState.CLOSED

    for _ in range(5):
        fail(breaker, ValueError())
    assert breaker.state == CircuitState.OPEN


@pytest.mark.parametrize("death", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_a_probe_that_is_killed_frees_its_slot(clock, death):
    breaker = half_open_breaker(clock)
    with pytest.raises(type(death)):
        breaker.call(Script(death))

    assert breaker.state == CircuitState.HALF_OPEN
    assert breaker.call(Script("rows")) == "rows"


def test_a_probe_whose_error_cannot_be_judged_frees_its_slot(clock):
    def judge(error: Exception) -> bool:
        if isinstance(error, TimeoutError):
            return True
        raise RuntimeError("broken")

    breaker = CircuitBreaker("parser", clock=clock, counts=judge)
    for _ in range(5):
        fail(breaker)
    clock.advance(30)
    with pytest.raises(RuntimeError, match="broken"):
        breaker.call(Script(ValueError()))

    assert breaker.call(Script("rows")) == "rows"


@pytest.mark.parametrize("late", [TimeoutError(), "rows"])
def test_a_call_from_before_the_circuit_opened_says_nothing_about_now(clock, late):
    breaker = CircuitBreaker("orders API", clock=clock)

    def slow() -> object:
        for _ in range(5):
            fail(breaker)
        clock.advance(30)
        breaker.call(Script("rows"))
        breaker.call(Script("rows"))
        return Script(late)()

    with suppress(TimeoutError):
        breaker.call(slow)

    assert breaker.state == CircuitState.HALF_OPEN
    breaker.call(Script("rows"))
    assert breaker.state == CircuitState.CLOSED


def test_a_late_call_does_not_free_the_slot_of_a_probe(clock):
    breaker = CircuitBreaker("orders API", clock=clock)
    begun, end = threading.Event(), threading.Event()
    late_call = threading.Thread(
        target=lambda: breaker.call(lambda: (begun.set(), end.wait(PATIENCE_S))), daemon=True
    )
    late_call.start()
    assert begun.wait(PATIENCE_S)
    for _ in range(5):
        fail(breaker)
    clock.advance(30)

    def probe() -> None:
        end.set()
        late_call.join(PATIENCE_S)
        with pytest.raises(CircuitOpen, match="one call is trying it now"):
            breaker.call(Script("second probe"))

    breaker.call(probe)


@settings(deadline=None, max_examples=10)
@given(threads=st.integers(2, 6), outcomes=st.lists(st.booleans(), min_size=1, max_size=6))
def test_two_probes_are_never_under_way_at_once(threads, outcomes):
    clock = ManualClock()
    breaker = half_open_breaker(clock)
    for succeeds in outcomes:
        if breaker.state is CircuitState.CLOSED:
            break
        if breaker.state is CircuitState.OPEN:
            clock.advance(30)
        started: list[int] = []
        refused = threading.Semaphore(0)

        def probe(succeeds=succeeds, started=started, refused=refused) -> None:
            started.append(1)
            for _ in range(threads - 1):
                assert refused.acquire(timeout=PATIENCE_S if len(started) == 1 else 0)
            if not succeeds:
                raise TimeoutError

        def call(number: int, probe=probe, refused=refused) -> None:
            try:
                breaker.call(probe)
            except CircuitOpen:
                refused.release()
            except TimeoutError:
                pass

        in_threads(threads, call)
        assert len(started) == 1


def is_open_by_the_book(calls: list[tuple[float, bool]], now: float) -> bool:
    """The rule without any bookkeeping: over every call that ever was."""
    recent = [failed for at, failed in calls if at > now - 60]
    return sum(recent) >= 5 or (len(recent) >= 6 and sum(recent) / len(recent) >= 0.5)


@given(
    st.lists(
        st.tuples(st.sampled_from(["success", "failure", "bad sql"]), st.sampled_from([0, 1, 7, 25, 60])),
        max_size=80,
    )
)
def test_a_circuit_opens_exactly_when_the_rule_says_so(steps):
    clock = ManualClock()
    breaker = CircuitBreaker("orders API", clock=clock)
    calls: list[tuple[float, bool]] = []
    for outcome, pause_s in steps:
        clock.advance(pause_s)
        if outcome == "success":
            breaker.call(Script("rows"))
        else:
            fail(breaker, TimeoutError() if outcome == "failure" else ValueError())
        if outcome != "bad sql":
            calls.append((clock.now(), outcome == "failure"))
        opens = outcome == "failure" and is_open_by_the_book(calls, clock.now())
        assert breaker.state == (CircuitState.OPEN if opens else CircuitState.CLOSED)
        if opens:
            return


def test_threads_that_share_a_circuit_do_not_disturb_each_other(clock):
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(40):
        breaker.call(Script("rows"))
    for _ in range(4):
        fail(breaker)
    clock.advance(60)

    in_threads(4, lambda number: fail(breaker))
    assert breaker.state == CircuitState.CLOSED
    fail(breaker)
    assert breaker.state == CircuitState.OPEN


def test_a_busy_circuit_does_not_remember_every_success(clock):
    breaker = CircuitBreaker("orders API", clock=clock)
    for _ in range(5000):
        breaker.call(lambda: None)

    assert len(breaker._succeeded) == 500


# --- rate limiter -----------------------------------------------------------------------------------------


def test_a_burst_goes_through_at_once_and_the_rest_at_the_rate(clock):
    limiter = RateLimiter(4, clock=clock, burst=3)
    moments = []
    for _ in range(6):
        limiter.acquire()
        moments.append(clock.now())

    assert moments == [0, 0, 0, 0.25, 0.5, 0.75]


def test_a_rest_fills_the_bucket_to_the_burst_and_no_further(clock):
    limiter = RateLimiter(1, clock=clock, burst=2)
    clock.advance(100)
    for _ in range(3):
        limiter.acquire()

    assert clock.now() == 101


def test_a_turn_after_the_deadline_is_refused_at_once_and_costs_nothing(clock):
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire()
    for _ in range(10):
        with pytest.raises(DeadlineExceeded, match=r"next turn comes in 1\.0 s, 0\.5 s are left"):
            limiter.acquire(Deadline.after(0.5, clock))
    assert clock.now() == 0

    limiter.acquire(Deadline.after(1.5, clock))
    assert clock.now() == 1


def test_a_deadline_that_is_over_gets_no_turn_even_from_a_full_bucket(clock):
    with pytest.raises(DeadlineExceeded):
        RateLimiter(1, clock=clock).acquire(Deadline.after(0, clock))


def test_slowing_down_pauses_everybody_and_goes_on_one_by_one(clock):
    limiter = RateLimiter(1, clock=clock, burst=5)
    clock.advance(100)
    limiter.slow_down(10)
    moments = []
    for _ in range(3):
        limiter.acquire()
        moments.append(clock.now())

    assert moments == [110, 111, 112]


def test_the_longer_of_two_pauses_holds(clock):
    limiter = RateLimiter(1, clock=clock)
    limiter.slow_down(10)
    limiter.slow_down(4)
    clock.advance(8)
    limiter.slow_down(5)
    limiter.acquire()

    assert clock.now() == 13


def test_a_pause_asked_for_by_several_threads_is_one_pause(clock):
    limiters = [RateLimiter(1, clock=clock, burst=2) for _ in range(20)]
    in_threads(4, lambda number: [limiter.slow_down(10) for limiter in limiters])
    for limiter in limiters:
        limiter.acquire()

    assert clock.now() == 10


def test_a_pause_holds_back_even_those_whose_turn_has_just_come():
    class LateClock(ManualClock):
        """Wakes its sleepers half a second late, and the first one into a pause."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 0.5)
            if len(self.slept) == 1:
                limiter.slow_down(10)

    clock = LateClock()
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire()
    limiter.acquire()

    assert clock.slept == [1.5, 10.5]


def test_a_pause_holds_back_those_who_already_wait_and_keeps_their_distance():
    clock = SteppedClock()
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire()
    passed: list[float] = []
    for _ in range(3):
        clock.run(lambda: (limiter.acquire(), passed.append(clock.now())))

    limiter.slow_down(10)
    for _ in range(20):
        clock.advance(1)

    assert passed == [11, 12, 13]


def test_a_pause_that_comes_while_waiting_can_exceed_the_deadline():
    clock = SteppedClock()
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire()
    late: list[float] = []

    def wait_for_turn() -> None:
        with pytest.raises(DeadlineExceeded):
            limiter.acquire(Deadline.after(5, clock))
        late.append(clock.now())

    clock.run(wait_for_turn)
    limiter.slow_down(60)
    clock.advance(1)

    assert late == [1]


def test_turns_come_in_the_order_they_were_asked_for_and_nobody_is_overtaken():
    clock = SteppedClock()
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire()
    order: list[int] = []

    def wait_for_turn(number: int) -> None:
        limiter.acquire()
        order.append(number)

    for number in range(3):
        clock.run(partial(wait_for_turn, number))
    clock.advance(1)
    clock.run(partial(wait_for_turn, 3))
    assert order == [0]

    for _ in range(3):
        clock.advance(1)
    assert order == [0, 1, 2, 3]


def test_waiting_for_a_turn_does_not_hold_up_those_who_slow_down_or_give_up():
    clock = SteppedClock()
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire()
    clock.run(limiter.acquire)
    done: list[str] = []

    clock.run(lambda: (limiter.slow_down(1), done.append("slowed down")))

    assert done == ["slowed down"]
    clock.advance(2)


@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 10),
    steps=st.lists(
        st.one_of(
            st.just(("acquire", 0.0)),
            st.tuples(st.just("rest"), st.floats(0, 20)),
            st.tuples(st.just("slow down"), st.floats(0, 20)),
        ),
        max_size=60,
    ),
)
def test_no_stretch_of_time_ever_holds_more_turns_than_rate_times_time_plus_burst(rate, burst, steps):
    clock = ManualClock()
    limiter = RateLimiter(rate, clock=clock, burst=burst)
    turns: list[float] = []
    paused_until = 0.0
    for action, seconds in steps:
        if action == "acquire":
            limiter.acquire()
            turns.append(clock.now())
            assert clock.now() >= paused_until - 1e-9
        elif action == "rest":
            clock.advance(seconds)
        else:
            limiter.slow_down(seconds)
            paused_until = max(paused_until, clock.now() + seconds)

    for first, begin in enumerate(turns):
        for last in range(first, len(turns)):
            assert last - first + 1 <= rate * (turns[last] - begin) + burst + 1e-6


@settings(deadline=None, max_examples=10)
@given(threads=st.integers(2, 4), each=st.integers(1, 4))
def test_threads_together_get_the_burst_and_not_one_turn_more(threads, each):
    clock = ManualClock()
    limiter = RateLimiter(0.25, clock=clock, burst=threads * each)

    in_threads(threads, lambda number: [limiter.acquire() for _ in range(each)])
    assert clock.slept == []
    limiter.acquire()
    assert clock.slept == [4]


@settings(max_examples=50)
@given(rate=st.floats(0.01, 1e6), burst=st.integers(1, 20), extra=st.integers(0, 50), start=st.floats(0, 1e9))
def test_a_turn_comes_no_later_than_the_rate_demands(rate, burst, extra, start):
    clock = ManualClock(start)
    limiter = RateLimiter(rate, clock=clock, burst=burst)
    for _ in range(burst + extra):
        limiter.acquire()

    assert clock.now() - start == pytest.approx(extra / rate, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (math.nan, 1), (1, 0)])
def test_a_rate_that_makes_no_sense_is_refused(clock, rate, burst):
    with pytest.raises(UsageError, match="not a rate"):
        RateLimiter(rate, clock=clock, burst=burst)


# --- budget -----------------------------------------------------------------------------------------------


def test_a_budget_can_be_spent_to_the_last_and_not_beyond():
    budget = Budget("scan", 1_000_000, "bytes", hint="raise budget.scan_bytes in aidbt.yml")
    budget.spend(999_999)
    budget.spend(1)
    assert (budget.spent, budget.remaining) == (1_000_000, 0)

    with pytest.raises(BudgetExceeded) as caught:
        budget.spend(1)
    assert caught.value.message == "scan: 1 bytes needed, 0 of 1,000,000 bytes left"
    assert caught.value.hint == "raise budget.scan_bytes in aidbt.yml"


def test_what_does_not_fit_is_not_taken():
    budget = Budget("LLM calls", 2, "USD")
    budget.spend(1.5)
    with pytest.raises(BudgetExceeded, match=r"0\.75 USD needed, 0\.5 of 2 USD left"):
        budget.spend(0.75)

    assert budget.remaining == 0.5
    budget.spend(0.5)


def test_three_times_a_tenth_fit_into_three_tenths():
    budget = Budget("LLM calls", 0.3, "USD")
    for _ in range(3):
        budget.spend(0.1)

    assert budget.remaining == 0


def test_an_infinite_budget_is_never_used_up_but_an_infinite_cost_never_fits():
    budget = Budget("scan", math.inf, "bytes")
    budget.spend(1e18)
    with pytest.raises(BudgetExceeded):
        budget.spend(math.inf)

    assert budget.remaining == math.inf
    budget.spend(1)


@pytest.mark.parametrize("amount", [-1, math.nan])
def test_an_amount_that_makes_no_sense_is_refused(amount):
    with pytest.raises(UsageError, match="not an amount"):
        Budget("scan", amount, "bytes")
    budget = Budget("scan", 10, "bytes")
    with pytest.raises(UsageError, match="not an amount"):
        budget.spend(amount)
    assert budget.spent == 0


@settings(deadline=None, max_examples=20)
@given(
    amount=st.integers(0, 300),
    costs=st.lists(st.lists(st.integers(0, 9), max_size=60), min_size=2, max_size=6),
)
def test_a_budget_is_never_overspent_by_threads(amount, costs):
    budget = Budget("scan", amount, "bytes")
    spent: list[int] = []
    refused: list[int] = []

    def spend(number: int) -> None:
        for cost in costs[number]:
            try:
                budget.spend(cost)
                spent.append(cost)
            except BudgetExceeded:
                refused.append(cost)

    in_threads(len(costs), spend)

    assert sum(spent) == budget.spent <= amount
    assert budget.remaining == amount - sum(spent)
    assert all(cost > budget.remaining for cost in refused)


# --- levels -----------------------------------------------------------------------------------------------


def test_levels_are_ordered_from_best_to_worst():
    best_to_worst = [Level.FULL, Level.REDUCED, Level.MINIMAL, Level.BUFFER]

    assert sorted([Level.BUFFER, Level.REDUCED, Level.FULL, Level.MINIMAL]) == best_to_worst
    for better, worse in pairwise(best_to_worst):
        assert better < worse
        assert better <= worse
        assert worse > better
        assert worse >= better
        assert not better > worse
        assert not better >= worse
        assert not worse < better
        assert not worse <= better
        assert better <= better
        assert better >= better
        assert not better < better
        assert not better > better


def test_a_level_compares_with_its_own_text_and_with_no_other():
    assert Level.FULL == "full"
    assert Level.MINIMAL < "buffer"
    assert "reduced" < Level.BUFFER  # noqa: SIM300
    with pytest.raises(ValueError, match="splendid"):
        Level.FULL < "splendid"  # noqa: B015


@given(st.lists(st.sampled_from(Level)))
def test_a_whole_is_as_good_as_its_worst_part(levels):
    worst = Level.worst(*levels)

    assert isinstance(worst, Level)
    assert worst == (sorted(levels)[-1] if levels else Level.FULL)


def test_every_feature_says_what_it_does_at_every_level():
    assert list(DEGRADATION) == [
        "data_ingestion",
        "schema_mapping",
        "transformations",
        "anomaly_detection",
        "quality_scoring",
        "self_healing",
    ]
    for feature in DEGRADATION:
        assert list(DEGRADATION[feature]) == list(Level)
        assert all(behaviour(feature, level) for level in Level)


def test_a_behaviour_is_the_one_of_its_level():
    assert behaviour("schema_mapping", Level.REDUCED) == "embeddings only"
    assert behaviour("data_ingestion", Level.MINIMAL) == "pass-through"
    assert behaviour("self_healing", Level.BUFFER) == "disabled"


def test_an_unknown_feature_is_answered_with_the_nearest_one():
    with pytest.raises(UnknownName) as caught:
        behaviour("schema_maping", Level.FULL)

    assert caught.value.hint == "did you mean 'schema_mapping'?"


# --- what was reserved, and who is inside -------------------------------------------------------------


def test_what_was_reserved_and_not_spent_can_be_spent_again():
    budget = Budget("LLM", 10, "tokens")

    budget.spend(8)
    budget.settle(8, 2.5)

    assert (budget.spent, budget.remaining) == (2.5, 7.5)
    budget.spend(7.5)


def test_more_than_was_reserved_leaves_nothing_and_less_than_nothing_is_not_left():
    budget = Budget("LLM", 10, "tokens")

    budget.spend(8)
    budget.settle(8, 12)

    assert (budget.spent, budget.remaining) == (12, 0)
    with pytest.raises(BudgetExceeded, match="1 tokens needed, 0 of 10 tokens left"):
        budget.spend(1)


def test_slots_let_only_so_many_in_and_refuse_who_cannot_wait():
    slots = Slots("the server", 1)
    clock = ManualClock()

    with (
        slots.taken(Deadline.never()),
        pytest.raises(DeadlineExceeded, match="the server is busy: 1 at once"),
        slots.taken(Deadline.after(0, clock)),
    ):
        pytest.fail("two were let in")

    with suppress(ValueError), slots.taken(Deadline.never()):
        raise ValueError
    with slots.taken(Deadline.after(0, clock)):
        pass
