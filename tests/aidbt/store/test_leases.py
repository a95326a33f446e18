"""Leases: one writer at a time as far as time can say, and a token that decides where it cannot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from aidbt.core.errors import LeaseLost, LeaseTaken, StoreUnavailable, UsageError
from aidbt.store import Store
from aidbt.store.leases import Lease, Leases, this_process
from aidbt.store.processes import is_gone, process_mark
from tests.aidbt.store.places import Place, SetClock, go, start, together

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
HOUR_S = 3600.0


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def leases(store: Store, clock: SetClock) -> Leases:
    return Leases(store, clock=clock)


# --- one at a time ------------------------------------------------------------------------------------


def test_a_lease_says_what_is_held_by_whom_and_until_when(leases: Leases):
    lease = leases.acquire("stream:shop", "ann", ttl_s=90)

    assert (lease.resource, lease.holder, lease.mode, lease.token) == ("stream:shop", "ann", "exclusive", 1)
    assert lease.acquired_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert lease.expires_at == datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)
    assert leases.held("stream:shop") == (lease,)
    assert leases.held() == (lease,)
    assert leases.held("stream:erp") == ()


def test_a_resource_in_use_is_refused_with_who_has_it_since_when_and_until_when(
    leases: Leases, clock: SetClock
):
    leases.acquire("stream:shop", "ann", ttl_s=90)
    clock.now += 10

    with pytest.raises(LeaseTaken) as caught:
        leases.acquire("stream:shop", "bob")

    assert caught.value.message == (
        "'stream:shop' is in use (exclusive) by ann, since 2026-03-01 12:00:00 UTC, until 12:01:30 UTC"
        " unless it goes on"
    )
    assert "try again after that time" in (caught.value.hint or "")
    assert caught.value.retryable
    assert caught.value.until == datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)


def test_what_was_given_back_can_be_taken_with_a_higher_token(leases: Leases):
    first = leases.acquire("a", "ann")
    leases.release(first)
    leases.release(first)

    assert leases.acquire("a", "bob").token == first.token + 1


def test_what_ended_can_be_taken_and_is_lost_to_the_holder_before(leases: Leases, clock: SetClock):
    first = leases.acquire("a", "ann", ttl_s=30)
    clock.now += 30

    second = leases.acquire("a", "bob", ttl_s=30)

    assert second.token > first.token
    with pytest.raises(LeaseLost, match=r"the lease on 'a' \(token 1\) was not renewed in time: bob has it"):
        leases.renew(first)
    leases.release(first)  # of a lease that is another's by now nothing is given back
    assert leases.held("a") == (second,)


def test_renewing_lasts_the_whole_time_again_and_keeps_the_token(leases: Leases, clock: SetClock):
    first = leases.acquire("a", "ann", ttl_s=30)
    clock.now += 20
    renewed = leases.renew(first)
    clock.now += 20

    assert renewed.token == first.token
    assert leases.held("a") == (renewed,)
    with pytest.raises(LeaseTaken):
        leases.acquire("a", "bob")


def test_a_lease_that_nobody_took_can_be_renewed_too_late(leases: Leases, clock: SetClock):
    lease = leases.acquire("a", "ann", ttl_s=30)
    clock.now += HOUR_S
    assert leases.held("a") == ()

    assert leases.renew(lease).token == lease.token
    assert [held.holder for held in leases.held("a")] == ["ann"]


def test_a_lease_that_was_given_back_is_lost(leases: Leases):
    lease = leases.acquire("a", "ann")
    leases.release(lease)

    with pytest.raises(LeaseLost, match="somebody else had it meanwhile"):
        leases.renew(lease)
    with pytest.raises(LeaseLost):
        leases.raise_token(lease, beyond=10)
    assert leases.acquire("a", "bob").token == lease.token + 1


# --- shared -------------------------------------------------------------------------------------------


def test_shared_leases_stand_beside_each_other_with_one_token(leases: Leases):
    one = leases.acquire("a", "ann", mode="shared")
    other = leases.acquire("a", "bob", mode="shared")

    assert one.token == other.token
    assert leases.held("a") == (one, other)


@pytest.mark.parametrize(("first", "second"), [("exclusive", "shared"), ("shared", "exclusive")])
def test_shared_and_exclusive_exclude_each_other(leases: Leases, first: str, second: str):
    leases.acquire("a", "ann", mode=first)  # type: ignore[arg-type]

    with pytest.raises(LeaseTaken, match=f"in use \\({first}\\) by ann"):
        leases.acquire("a", "bob", mode=second)  # type: ignore[arg-type]


def test_between_shared_and_exclusive_the_token_grows(leases: Leases):
    tokens = []
    for mode in ("exclusive", "shared", "exclusive", "exclusive", "shared"):
        lease = leases.acquire("a", "ann", mode=mode)  # type: ignore[arg-type]
        tokens.append(lease.token)
        leases.release(lease)

    assert tokens == [1, 2, 3, 4, 5]


# --- several at once ----------------------------------------------------------------------------------


def test_several_resources_are_taken_all_or_none(leases: Leases):
    leases.acquire("b", "ann")

    with pytest.raises(LeaseTaken, match="'b' is in use"):
        leases.acquire_all(["c", "b", "a"], "bob")

    assert [(held.resource, held.holder) for held in leases.held()] == [("b", "ann")]
    taken = leases.acquire_all(["d", "c", "a", "c"], "bob")
    assert [(lease.resource, lease.token) for lease in taken] == [("a", 1), ("c", 1), ("d", 1)]


@pytest.mark.parametrize("arguments", [([], 30.0), (["a"], 0.0), (["a"], float("nan"))])
def test_a_lease_on_nothing_or_for_no_time_is_refused(leases: Leases, arguments: tuple[list[str], float]):
    resources, ttl_s = arguments

    with pytest.raises(UsageError, match="not a lease"):
        leases.acquire_all(resources, "ann", ttl_s=ttl_s)


def test_processes_that_take_the_same_resources_in_any_order_never_wait_for_each_other(place: Place):
    place.open().close()
    code = """\
leases = Leases(here())
for _ in range(12):
    while True:
        try:
            held = leases.acquire_all(args, str(os.getpid()))
        except LeaseTaken:
            continue
        break
    for lease in held:
        leases.release(lease)
print("done")
"""
    assert together(place, code, ("a", "b", "c"), ("c", "b", "a")) == ["done"] * 2


# --- clocks -------------------------------------------------------------------------------------------


def test_with_the_clock_set_back_a_dead_holder_is_waited_for_once_more_and_no_longer(
    leases: Leases, clock: SetClock
):
    dead = leases.acquire("a", "ann", ttl_s=30)
    clock.now -= 10 * HOUR_S
    with pytest.raises(LeaseTaken) as caught:
        leases.acquire("a", "bob")
    assert caught.value.until.timestamp() == clock.now + 30

    clock.now += 30

    assert leases.acquire("a", "bob").token > dead.token


def test_with_the_clock_set_back_a_holder_that_renews_keeps_its_lease(leases: Leases, clock: SetClock):
    lease = leases.acquire("a", "ann", ttl_s=30)
    clock.now -= 10 * HOUR_S
    lease = leases.renew(lease)
    clock.now += 29

    with pytest.raises(LeaseTaken):
        leases.acquire("a", "bob")
    assert lease.expires_at.timestamp() == clock.now + 1


def test_with_the_clock_set_forward_the_next_holder_has_the_higher_token(leases: Leases, clock: SetClock):
    first = leases.acquire("a", "ann", ttl_s=30)
    clock.now += 10 * HOUR_S

    assert leases.acquire("a", "bob").token > first.token
    with pytest.raises(LeaseLost):
        leases.renew(first)


STEP = st.one_of(
    st.tuples(st.sampled_from(["shared", "exclusive"]), st.sampled_from(["ann", "bob", "cid"])),
    st.tuples(st.just("renew"), st.integers(0, 9)),
    st.tuples(st.just("release"), st.integers(0, 9)),
    st.tuples(st.just("clock"), st.integers(-100, 100)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=25))
def test_whatever_the_clock_does_no_two_writers_have_the_same_token(
    leases: Leases, clock: SetClock, steps: list[tuple[str, object]]
):
    name, granted = uuid.uuid4().hex, list[Lease]()
    highest = 0
    for action, argument in steps:
        if action == "clock":
            clock.now += float(str(argument))
        elif action in ("renew", "release"):
            for lease in granted[int(str(argument)) :][:1]:
                try:
                    leases.renew(lease) if action == "renew" else leases.release(lease)
                except LeaseLost:
                    assert lease.id not in [held.id for held in leases.held(name)]
        else:
            try:
                lease = leases.acquire(name, str(argument), mode=action, ttl_s=30)  # type: ignore[arg-type]
            except LeaseTaken:
                continue
            assert lease.token >= highest
            if lease.token == highest:  # only beside those that share it
                assert lease.mode == "shared"
                assert all(other.mode == "shared" for other in granted if other.token == highest)
            highest = lease.token
            granted.append(lease)
        modes = [held.mode for held in leases.held(name)]
        assert "exclusive" not in modes or len(modes) == 1


# --- tokens of another store --------------------------------------------------------------------------


def test_a_token_is_raised_beyond_what_a_deleted_store_once_gave(leases: Leases):
    lease = leases.acquire("a", "ann")

    raised = leases.raise_token(lease, beyond=57)

    assert raised.token == 58
    assert leases.raise_token(raised, beyond=3).token == 58
    leases.release(raised)
    assert leases.acquire("a", "bob").token == 59


def test_those_who_share_a_lease_learn_its_raised_token_when_they_renew(leases: Leases):
    one = leases.acquire("a", "ann", mode="shared")
    other = leases.acquire("a", "bob", mode="shared")

    leases.raise_token(one, beyond=9)

    assert leases.renew(other).token == 10


# --- held while a block runs --------------------------------------------------------------------------


def test_a_lease_is_renewed_while_its_block_runs_and_given_back_at_the_end(store: Store):
    leases = Leases(store)
    with leases.leased(["b", "a"], "ann", ttl_s=0.6) as held:
        begun = leases.held("a")[0].acquired_at
        time.sleep(1.2)
        held.check()
        assert [(lease.resource, lease.holder) for lease in leases.held()] == [("a", "ann"), ("b", "ann")]
        assert leases.held("a")[0].acquired_at == begun
        assert (held.token("a"), held.lost.is_set()) == (1, False)

    assert leases.held() == ()


def test_a_lease_is_given_back_when_its_block_fails(store: Store):
    with pytest.raises(ZeroDivisionError), Leases(store).leased(["a"], "ann"):
        _ = 1 / 0

    assert Leases(store).held() == ()


def test_a_lease_that_another_took_is_said_to_be_lost(store: Store):
    leases = Leases(store)
    with leases.leased(["a", "b"], "ann", ttl_s=0.3) as held:
        [lease] = leases.held("b")
        leases.release(lease)  # as if it had ended
        other = leases.acquire("b", "bob")

        assert held.lost.wait(5)
        with pytest.raises(LeaseLost, match=r"the lease on 'b' .*: bob has it now"):
            held.check()

    assert leases.held() == (other,)


def test_the_token_of_a_held_lease_can_be_raised(store: Store):
    with Leases(store).leased(["a"], "ann") as held:
        assert held.raise_token("a", beyond=41) == 42
        assert held.token("a") == 42


def test_a_lease_that_is_given_back_in_time_is_waited_for(store: Store):
    leases = Leases(store)
    first = leases.acquire("a", "ann")
    later = threading.Timer(0.3, lambda: leases.release(first))
    later.start()

    with leases.leased(["a"], "bob", wait_s=20) as held:
        assert held.token("a") == first.token + 1
    later.join()


def test_waiting_ends_with_its_time_or_when_it_is_stopped(store: Store):
    leases = Leases(store)
    leases.acquire("a", "ann", ttl_s=600)
    stop = threading.Event()
    stop.set()

    with pytest.raises(LeaseTaken), leases.leased(["a"], "bob", wait_s=0.2):
        pass
    begun = time.monotonic()
    with pytest.raises(LeaseTaken), leases.leased(["a"], "bob", wait_s=60, stop=stop):
        pass
    assert time.monotonic() - begun < 30


class Full(Leases):
    """Leases in a store that cannot be written for a while."""

    is_full = False

    def release(self, lease: Lease) -> None:
        if self.is_full:
            raise StoreUnavailable("the disk is full")
        super().release(lease)


class Unreachable(Leases):
    """Leases in a store that goes away after they were taken."""

    def renew(self, lease: Lease) -> Lease:
        raise StoreUnavailable("the store cannot be reached")


def test_a_store_that_is_away_for_the_whole_time_to_live_loses_the_lease(store: Store):
    with Unreachable(store).leased(["a"], "ann", ttl_s=0.4) as held:
        held.check()  # a moment without the store is none without the lease
        assert held.lost.wait(10)
        with pytest.raises(LeaseLost, match=r"'a' could not be renewed for 0.4 s: the store cannot be reach"):
            held.check()


def test_a_holder_names_its_host_and_process():
    assert this_process("aidbt ingest cdc").endswith(f", process {os.getpid()} (aidbt ingest cdc)")


def test_a_process_is_gone_when_its_number_is_anothers_by_now():
    mark = process_mark()
    if mark is None:
        pytest.skip("the system does not say which process somebody is")
    *place, number, started = json.loads(mark)

    assert not is_gone(mark)
    assert is_gone(json.dumps([*place, number, str(int(started) + 1)]))
    assert not is_gone(None)


# --- real processes -----------------------------------------------------------------------------------


@pytest.mark.long
def test_of_two_processes_that_race_for_a_resource_one_has_it_and_tokens_never_repeat(place: Place):
    """Each takes it until both together had it 50 times, and writes to a file only it may write then."""
    place.open().close()
    code = """\
leases, tokens = Leases(here()), []
file = Path(args[0])
while True:
    try:
        lease = leases.acquire("a", str(os.getpid()))
    except LeaseTaken:
        continue
    had = int(file.read_text() or 0)
    if had == 50:
        break
    tokens.append(lease.token)
    file.write_text(str(had + 1))
    leases.release(lease)
leases.release(lease)
print(json.dumps(tokens))
"""
    place.folder.mkdir(exist_ok=True)
    file = place.folder / "had"
    file.write_text("0")

    one, other = (json.loads(tokens) for tokens in together(place, code, (file,), (file,)))

    assert sorted([*one, *other]) == list(range(1, 51))
    assert one == sorted(one)
    assert other == sorted(other)


class FakeSink:
    """What is written to: keeps the highest token it has seen, and refuses a lower one."""

    def __init__(self) -> None:
        self.highest = 0
        self.written: list[str] = []

    def write(self, token: int, what: str) -> bool:
        if token < self.highest:
            return False
        self.highest = token
        self.written.append(what)
        return True


# Says its token, then for each line it gets what its lease is.
HOLDER = """\
leases = Leases(here())
with leases.leased(["a"], f"process {os.getpid()}", ttl_s=float(args[0])) as held:
    print(held.token("a"), flush=True)
    for line in sys.stdin:
        try:
            held.check()
        except LeaseLost as error:
            print("lost", error.message, flush=True)
        else:
            print("held", flush=True)
"""


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("and now?\n")
    process.stdin.flush()
    return process.stdout.readline()


@pytest.fixture
def holder(place: Place) -> Iterator[subprocess.Popen[str]]:
    place.open().close()
    process = start(place, HOLDER, 1)
    yield process
    process.kill()
    process.communicate()


def test_a_paused_holder_wakes_without_its_lease_and_its_writes_are_refused(
    store: Store, holder: subprocess.Popen[str]
):
    go(holder)
    assert holder.stdout is not None
    paused = int(holder.stdout.readline())
    sink = FakeSink()
    assert sink.write(paused, "before")
    assert ask(holder) == "held\n"

    holder.send_signal(signal.SIGSTOP)
    with Leases(store).leased(["a"], "next", wait_s=20) as held:
        assert held.token("a") > paused
        assert sink.write(held.token("a"), "next")
        holder.send_signal(signal.SIGCONT)

        assert not sink.write(paused, "too late")
        said = ask(holder)
    assert said.startswith(f"lost the lease on 'a' (token {paused}) was not renewed in time: next has it now")
    assert sink.written == ["before", "next"]


def test_the_lease_of_a_killed_holder_ends_by_itself(store: Store, holder: subprocess.Popen[str]):
    go(holder)
    assert holder.stdout is not None
    killed = int(holder.stdout.readline())
    forget_process(store)
    with pytest.raises(LeaseTaken, match=f"by process {holder.pid}"):
        Leases(store).acquire("a", "next")

    holder.kill()

    with Leases(store).leased(["a"], "next", wait_s=20) as held:
        assert held.token("a") > killed


def forget_process(store: Store) -> None:
    """As where the system does not say which process somebody is."""
    with store.transaction() as connection:
        connection.execute(text("update leases set process = null"))


@pytest.mark.skipif(process_mark() is None, reason="the system does not say which process somebody is")
def test_a_holder_that_was_killed_on_this_host_is_not_waited_for(store: Store, place: Place):
    leases, holder = Leases(store), start(place, HOLDER, 3600)
    go(holder)
    assert holder.stdout is not None
    killed = int(holder.stdout.readline())
    with pytest.raises(LeaseTaken):
        leases.acquire("a", "next")
    assert len(leases.held("a")) == 1

    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead; that its parent knows does not matter

    assert leases.held("a") == ()
    assert leases.acquire("a", "next").token > killed
    holder.communicate()


@pytest.mark.parametrize("same", ["host", "boot", "namespace"])
def test_a_holder_elsewhere_is_waited_for_whatever_runs_here(store: Store, same: str):
    mark = process_mark()
    if mark is None:
        pytest.skip("the system does not say which process somebody is")
    leases = Leases(store)
    elsewhere = dict(zip(["host", "boot", "namespace", "number", "started"], json.loads(mark), strict=True))
    elsewhere |= {same: "another", "number": 2**22 + 1}  # more than any process here has
    leases.acquire("a", "ann")
    with store.transaction() as connection:
        words = {"process": json.dumps(list(elsewhere.values()))}
        connection.execute(text("update leases set process = :process"), words)

    with pytest.raises(LeaseTaken):
        leases.acquire("a", "bob")
    assert [lease.holder for lease in leases.held("a")] == ["ann"]


@pytest.mark.parametrize("is_next_run", [False, True])
def test_a_lease_that_cannot_be_given_back_is_given_back_before_the_next_is_taken(
    store: Store, is_next_run: bool
):
    leases = Full(store)
    with leases.leased(["a"], "ann", ttl_s=3600):
        leases.is_full = True
    assert len(leases.held("a")) == 1
    leases.is_full = False

    assert (Leases(store) if is_next_run else leases).acquire("a", "ann").token == 2
