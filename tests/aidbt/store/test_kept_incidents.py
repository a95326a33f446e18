"""Incidents and the outbox in a SQLite file and in PostgreSQL, several processes at once too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aidbt.core.errors import UnknownName, VersionConflict
from aidbt.core.findings import Severity
from aidbt.core.incidents import (
    ALIVE,
    OVER,
    Incident,
    IncidentChange,
    IncidentEvent,
    IncidentState,
    Notice,
    What,
)
from aidbt.core.measured import Anomaly, Monitor
from aidbt.store import Store
from aidbt.store.incidents import Incidents
from aidbt.store.outbox import Outbox
from tests.aidbt.store.places import Place, SetClock, together

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
FOUND = Anomaly(
    Monitor("model.shop.orders", "mean", "amount"), datetime(2026, 11, 20), "day", 5.5, "mean 3, expected 9",
    value=3.0, expected=9.0, low=8.0, high=10.0, evidence={"seen": "40"},
)  # fmt: skip


def incident(title: str = "orders has fewer rows", **more: object) -> Incident:
    return Incident(
        "", IncidentState.OPEN, Severity.ERROR, title, "model.shop.orders", ("model.shop.orders",), NOW, NOW,
        exposed=("model.shop.revenue",), anomalies=(FOUND,), failures=("test.shop.a.b",), owner="finance",
        timeline=(IncidentEvent(NOW, "opened", note="Ünïcödé"),), well=frozenset({"test.shop.a.b"}), **more,
    )  # fmt: skip


def told(*channels: str, at: datetime = NOW, is_digest: bool = False):
    """Who is told of every change."""
    return lambda change, aware: [Notice(c, change.after.id, change.what, at, is_digest) for c in channels]


def opened(store: Store, *channels: str, title: str = "orders has fewer rows") -> Incident:
    clock = SetClock(NOW.timestamp())
    new = IncidentChange("opened", incident(title))
    return Incidents(store, clock=clock).change(lambda known: [new], told(*channels))[0].after


def again(store: Store, before: Incident, what: What, *channels: str) -> Incident:
    change = IncidentChange(what, before, before)
    return Incidents(store, clock=SetClock(NOW.timestamp())).save([change], told(*channels))[0].after


def test_an_incident_comes_back_as_it_was_saved_under_a_short_id(store: Store):
    saved = opened(store)
    assert saved == replace(incident(), id="INC-1", version=1)
    for said in ("INC-1", "inc1", "1", " #1 ", "INC-001"):
        assert Incidents(store).get(said) == saved
    assert opened(store).id == "INC-2"
    kept = Incidents(store)
    assert [one.id for one in kept.all()] == ["INC-1", "INC-2"]
    assert [one.id for one in kept.all(limit=1)] == ["INC-2"]
    assert list(kept.some(["INC-2", "INC-9", "nonsense"])) == ["INC-2"]
    assert (kept.count(states=ALIVE), kept.count(states=OVER), kept.some([])) == (2, 0, {})


def test_a_mistyped_id_is_answered_with_the_one_that_is_meant(store: Store):
    opened(store)
    with pytest.raises(UnknownName, match="did you mean 'INC-1'"):
        Incidents(store).get("ICN-1")
    with pytest.raises(UnknownName, match="no incident is called '17'"):
        Incidents(store).get("17")


def test_a_change_made_on_an_older_version_is_refused_with_all_that_came_with_it(store: Store):
    first = opened(store)
    again(store, first, "worse")
    with pytest.raises(VersionConflict, match="incident 'INC-1' changed meanwhile"):
        again(store, first, "resolved", "slack")
    assert Outbox(store).waiting() == ()
    assert Incidents(store).get("1").version == 2


def test_what_cannot_be_saved_whole_is_not_saved_at_all(store: Store):
    def break_off(change: IncidentChange, aware: object) -> Sequence[Notice]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        Incidents(store).change(lambda known: [IncidentChange("opened", incident())], break_off)
    assert Incidents(store).all() == ()


def test_those_that_ended_long_ago_are_kept_and_not_decided_on(store: Store):
    old = opened(store)
    ended = replace(old, state=IncidentState.RESOLVED, ended_at=NOW)
    Incidents(store).save([IncidentChange("resolved", ended, old)], told())
    seen: list[int] = []
    for days in (20, 40):
        clock = SetClock((NOW + timedelta(days=days)).timestamp())
        Incidents(store, clock=clock).change(lambda known: seen.append(len(known)) or (), told())
    assert seen == [1, 0]
    assert Incidents(store).all(states=[IncidentState.RESOLVED])[0].id == "INC-1"


OPEN_ONE = """
from datetime import UTC, datetime
from aidbt.core.findings import Severity
from aidbt.core.incidents import ALIVE, OVER, Incident, IncidentChange, IncidentState, Notice
from aidbt.store.incidents import Incidents
now = datetime.now(UTC)
def decide(known):
    if any(one.root == "model.a" for one in known):
        return []
    time.sleep(0.2)
    new = Incident("", IncidentState.OPEN, Severity.WARN, "t", "model.a", ("model.a",), now, now)
    return [IncidentChange("opened", new)]
store = here()
def announce(change, aware):
    return [Notice("slack", change.after.id, "opened", now)]
print(len(Incidents(store).change(decide, announce)))
store.close()
"""


def test_two_runs_at_once_open_one_cause_once(place: Place):
    place.open().close()
    assert sorted(together(place, OPEN_ONE, (), ())) == ["0", "1"]
    store = place.open()
    assert len(Incidents(store).all()) == 1
    assert len(Outbox(store).waiting()) == 1
    store.close()


# --- the outbox ---------------------------------------------------------------------------------------


def test_what_waits_is_claimed_once_and_gone_when_it_was_sent(store: Store):
    opened(store, "slack", "github")
    clock = SetClock(NOW.timestamp())
    outbox = Outbox(store, clock=clock)
    claimed = outbox.claim(for_s=60)
    assert {(one.channel, one.incident, one.what, one.tries) for one in claimed} == {
        ("slack", "INC-1", "opened", 1),
        ("github", "INC-1", "opened", 1),
    }
    assert outbox.claim(for_s=60) == ()
    outbox.sent([one for one in claimed if one.channel == "github"], "77")
    assert [one.channel for one in outbox.waiting()] == ["slack"]
    # Whoever claimed it was killed: the next one has it, with the same id.
    clock.now += 61
    (left,) = outbox.claim(for_s=60)
    assert left.tries == 2 and left.id in {one.id for one in claimed}


def test_what_a_channel_calls_its_message_is_there_for_the_next(store: Store):
    first = opened(store, "github")
    outbox = Outbox(store, clock=SetClock(NOW.timestamp()))
    outbox.sent(outbox.claim(for_s=60), "77")
    again(store, first, "worse", "github")
    (posting,) = outbox.claim(for_s=60)
    assert (posting.reference, posting.told, posting.what) == ("77", "opened", "worse")


def test_a_failure_is_tried_again_later_and_later_and_what_was_asked_for_is_waited_for(store: Store):
    opened(store, "slack")
    clock = SetClock(NOW.timestamp())
    outbox = Outbox(store, clock=clock)
    waits = []
    for wait_s in (None, None, 7200.0):
        outbox.failed(outbox.claim(for_s=60), "down", wait_s=wait_s)
        (posting,) = outbox.waiting()
        waits.append(posting.due_at.timestamp() - clock.now)
        assert posting.problem == "down"
        assert outbox.claim(for_s=60) == ()
        clock.now = posting.due_at.timestamp()
    assert waits == [60, 240, 7200]
    assert len(outbox.claim(for_s=60)) == 1


def test_somebody_can_ask_for_all_of_it_now(store: Store):
    opened(store, "slack")
    outbox = Outbox(store, clock=SetClock(NOW.timestamp()))
    outbox.failed(outbox.claim(for_s=60), "down")
    assert len(outbox.claim(for_s=60, now_too=True)) == 1
    assert outbox.claim(for_s=60, now_too=True) == ()


def test_what_was_claimed_and_not_tried_counts_as_no_try(store: Store):
    opened(store, "slack")
    outbox = Outbox(store, clock=SetClock(NOW.timestamp()))
    outbox.release(outbox.claim(for_s=60))
    (posting,) = outbox.claim(for_s=60)
    assert posting.tries == 1


def test_what_nobody_was_told_yet_is_told_once_as_it_is_by_then(store: Store):
    one = opened(store, "slack")
    two = again(store, one, "worse", "slack")
    three = again(store, two, "updated", "slack")
    outbox = Outbox(store, clock=SetClock(NOW.timestamp()))
    assert [(p.incident, p.what) for p in outbox.waiting()] == [("INC-1", "opened")]
    again(store, three, "resolved", "slack")
    assert [(p.incident, p.what) for p in outbox.waiting()] == [("INC-1", "resolved")]


def test_nothing_overtakes_what_is_just_being_sent(store: Store):
    one = opened(store, "slack")
    outbox = Outbox(store, clock=SetClock(NOW.timestamp()))
    flying = outbox.claim(for_s=60)
    again(store, one, "worse", "slack")
    assert len(outbox.waiting()) == 2
    assert outbox.claim(for_s=60) == ()
    outbox.sent(flying)
    assert [p.what for p in outbox.claim(for_s=60)] == ["worse"]


def test_a_digest_waits_for_its_time(store: Store):
    change = IncidentChange("opened", incident())
    due = NOW + timedelta(hours=2)
    clock = SetClock(NOW.timestamp())
    Incidents(store, clock=clock).change(lambda known: [change], told("mail", at=due, is_digest=True))
    outbox = Outbox(store, clock=clock)
    assert outbox.claim(for_s=60) == ()
    clock.now = due.timestamp()
    assert [p.is_digest for p in outbox.claim(for_s=60)] == [True]


CLAIM = """
from aidbt.store.outbox import Outbox
store = here()
print(json.dumps([posting.id for posting in Outbox(store).claim(for_s=600)]))
store.close()
"""


def test_two_senders_at_once_share_what_waits(place: Place):
    store = place.open()
    for number in range(10):
        opened(store, "slack", title=str(number))
    ids = {posting.id for posting in Outbox(store).waiting()}
    store.close()
    claimed = [json.loads(line) for line in together(place, CLAIM, (), ())]
    assert set(claimed[0]).isdisjoint(claimed[1])
    assert set(claimed[0]) | set(claimed[1]) == ids
