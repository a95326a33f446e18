"""From a finding to people: kept in the store, sent to real servers, nothing lost and nothing told twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.config import Settings
from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.findings import Severity
from aidbt.core.incidents import IncidentState
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import Delivered, acknowledge, deliver, end, escalate, record
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.store import Store, open_store
from aidbt.store.incidents import Incidents
from aidbt.store.outbox import Outbox
from tests.aidbt.alerts.receivers import Receiver, answer, cut, hang
from tests.aidbt.monitors.findings import AROUND, anomaly, failure, passed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / ".aidbt" / "state.db")) as opened:
        yield opened


def settings(**alerts: Any) -> Settings:
    return Settings.model_validate({"alerts": alerts})


def hooks(monkeypatch: pytest.MonkeyPatch, **receivers: Receiver) -> dict[str, Any]:
    """Channels that post to the receivers; what is called hook… can edit, the others cannot."""
    channels = {}
    for name, receiver in receivers.items():
        monkeypatch.setenv(f"URL_{name.upper()}", f"{receiver.url}/secret")
        kind = "webhook" if name.startswith("hook") else "slack"
        channels[name] = {"kind": kind, "url_env": f"URL_{name.upper()}", "timeout_s": 1}
    return channels


def sent(store: Store, set_up: Settings, root: Path, *, now_too: bool = False) -> Delivered:
    return deliver(store, set_up, root=root, project="shop", say=lambda text: None, now_too=now_too)


def test_an_incident_is_told_once_changed_and_closed(store: Store, tmp_path: Path, monkeypatch):
    with Receiver() as hook, Receiver() as team:
        known = settings(channels=hooks(monkeypatch, hook=hook, team=team))
        now = datetime.now(UTC) - timedelta(hours=1)
        for day in (0, 1, 2):
            record(store, News((anomaly("orders", day=day),)), AROUND, known, now=now)
            sent(store, known, tmp_path)
        record(store, News(passed=passed(anomaly("orders"), day=3)), AROUND, known, now=now)
        assert sent(store, known, tmp_path) == Delivered({"hook": 1, "team": 1}, {}, 0)
        assert [got.json["incidents"][0]["action"] for got in hook.got] == [
            "open",
            "update",
            "update",
            "close",
        ]
        assert len({got.json["incidents"][0]["key"] for got in hook.got}) == 1
        assert len(team.got) == 2
        assert sent(store, known, tmp_path) == Delivered({}, {}, 0)


def test_a_channel_that_is_down_loses_nothing_and_holds_up_nobody(store: Store, tmp_path: Path, monkeypatch):
    with Receiver(hang) as mute, Receiver(answer(500)) as broken, Receiver() as well:
        known = settings(channels=hooks(monkeypatch, mute=mute, broken=broken, well=well))
        found = News((anomaly("orders"), anomaly("visits")))
        record(store, found, AROUND, known, now=datetime.now(UTC))
        began = time.monotonic()
        result = sent(store, known, tmp_path)
        assert time.monotonic() - began < 5
        assert result.sent == {"well": 2}
        assert result.waiting == 4
        assert "did not answer within" in result.problems["mute"]
        assert "answered 500" in result.problems["broken"]
        assert "secret" not in repr(result)
        # The second message was not even tried where the first had just failed.
        assert len(mute.got) == 1 and len(broken.got) == 3
        broken.script, mute.script = [answer(200)], [answer(200)]
        assert sent(store, known, tmp_path, now_too=True) == Delivered({"mute": 2, "broken": 2}, {}, 0)
        assert sorted(got.json["blocks"][1]["text"]["text"].split()[1] for got in mute.got[1:]) == [
            "*INC-1*",
            "*INC-2*",
        ]
        assert b"secret" not in (tmp_path / ".aidbt" / "state.db").read_bytes()


def test_a_retry_of_the_same_message_can_be_told_by_its_key(store: Store, tmp_path: Path, monkeypatch):
    with Receiver(cut, answer(503), answer(200)) as hook:
        known = settings(channels=hooks(monkeypatch, hook=hook))
        record(store, News((anomaly("orders"),)), AROUND, known, now=datetime.now(UTC))
        assert sent(store, known, tmp_path).sent == {"hook": 1}
        assert len({got.headers["idempotency-key"] for got in hook.got}) == 1 and len(hook.got) == 3


def test_who_asks_to_wait_is_waited_for_shortly_or_left_alone(store: Store, tmp_path: Path, monkeypatch):
    with (
        Receiver(answer(429, Retry_After="0"), answer(200)) as soon,
        Receiver(answer(429, Retry_After="7200")) as late,
    ):
        known = settings(channels=hooks(monkeypatch, soon=soon, late=late))
        record(store, News((anomaly("orders"),)), AROUND, known, now=datetime.now(UTC))
        result = sent(store, known, tmp_path)
        assert result.sent == {"soon": 1} and len(late.got) == 1
        (waits,) = Outbox(store).waiting()
        assert waits.due_at - datetime.now(UTC) > timedelta(minutes=119)
        assert "asks to wait 7200 s" in waits.problem


def test_all_channels_together_take_no_longer_than_the_deadline(store: Store, tmp_path: Path, monkeypatch):
    with Receiver(hang) as mute:
        channels = hooks(monkeypatch, mute=mute)
        channels["mute"]["timeout_s"] = 60
        known = settings(channels=channels, deadline_s=0.5)
        record(store, News((anomaly("orders"),)), AROUND, known, now=datetime.now(UTC))
        began = time.monotonic()
        assert sent(store, known, tmp_path).waiting == 1
        assert time.monotonic() - began < 3


def test_many_at_once_are_one_message(store: Store, tmp_path: Path, monkeypatch):
    with Receiver() as team:
        known = settings(channels=hooks(monkeypatch, team=team))
        found = [anomaly(f"model.shop.alone_{n}") for n in range(8)]
        record(store, News(tuple(found)), AROUND, known, now=datetime.now(UTC))
        assert sent(store, known, tmp_path) == Delivered({"team": 1}, {}, 0)
        assert team.got[0].json["text"] == "shop: 8 incidents at once"


def test_a_source_of_two_hundred_tables_that_is_down_is_one_message(store: Store, tmp_path, monkeypatch):
    parents = {f"source.shop.crm.t{n}": () for n in range(200)}
    parents |= {f"model.shop.stg_t{n}": (f"source.shop.crm.t{n}",) for n in range(200)}
    late = [anomaly(one, "freshness_minutes", value=3000, expected=60) for one in parents]
    with Receiver() as team, Receiver() as hook:
        known = settings(channels=hooks(monkeypatch, team=team, hook=hook))
        record(store, News(tuple(late)), Surroundings(parents=parents), known, now=datetime.now(UTC))
        assert sent(store, known, tmp_path) == Delivered({"team": 1, "hook": 1}, {}, 0)
        title = hook.got[0].json["incidents"][0]["title"]
        assert title == "crm.t0 is 2 days later than expected; 199 more beside it"


def test_a_digest_gathers_what_happened_in_one_message(store: Store, tmp_path: Path, monkeypatch):
    with Receiver() as team:
        routes = [{"to": ["team"], "digest": "daily"}]
        known = settings(channels=hooks(monkeypatch, team=team), routes=routes, together=1)
        now = datetime.now(UTC)
        record(store, News((anomaly("orders"), anomaly("visits"))), AROUND, known, now=now)
        record(store, News(passed=passed(anomaly("orders"), day=1)), AROUND, known, now=now)
        assert sent(store, known, tmp_path) == Delivered({}, {}, 2)
        assert sent(store, known, tmp_path, now_too=True) == Delivered({"team": 1}, {}, 0)
        body = team.got[0].json
        assert body["text"] == "shop: 2 incidents in this digest"
        assert "*INC-1* resolved: orders has" in str(body) and "*INC-2* opened: visits has" in str(body)


def test_a_channel_that_was_taken_out_of_the_settings_is_forgotten(store: Store, tmp_path: Path, monkeypatch):
    with Receiver(answer(500)) as team:
        known = settings(channels=hooks(monkeypatch, team=team))
        record(store, News((anomaly("orders"),)), AROUND, known, now=datetime.now(UTC))
        sent(store, known, tmp_path)
        assert sent(store, settings(), tmp_path, now_too=True) == Delivered({}, {}, 0)


def test_settings_that_cannot_work_are_a_problem_of_their_channel_alone(store, tmp_path: Path, monkeypatch):
    with Receiver() as team:
        channels = hooks(monkeypatch, team=team)
        channels["unset"] = {"kind": "slack", "url_env": "URL_NOBODY_SET"}
        known = settings(channels=channels)
        record(store, News((anomaly("orders"),)), AROUND, known, now=datetime.now(UTC))
        result = sent(store, known, tmp_path)
        assert result.sent == {"team": 1} and result.waiting == 1
        assert "URL_NOBODY_SET is not set" in result.problems["unset"]


def test_a_github_issue_is_made_once_and_then_changed(store: Store, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_x")
    with Receiver(answer(201, {"number": 42}), answer(200, {})) as api:
        issues = {"kind": "github", "repository": "acme/shop", "api_url": api.url}
        known = settings(channels={"issues": issues})
        now = datetime.now(UTC)
        record(store, News((anomaly("orders"),)), AROUND, known, now=now)
        sent(store, known, tmp_path)
        record(store, News(passed=passed(anomaly("orders"), day=1)), AROUND, known, now=now)
        sent(store, known, tmp_path)
        assert [(got.method, got.path.rpartition("/")[2]) for got in api.got] == [
            ("POST", "issues"),
            ("PATCH", "42"),
        ]


SEND = """
import sys
from pathlib import Path
from aidbt.core.config import Settings
from aidbt.monitors.incidents.desk import deliver
from aidbt.store import open_store
root = Path(sys.argv[1])
store = open_store(root / ".aidbt" / "state.db")
deliver(store, Settings.model_validate_json(sys.argv[2]), root=root, project="shop", say=print)
"""


def test_who_is_killed_while_sending_leaves_the_message_to_the_next(
    store: Store, tmp_path: Path, monkeypatch
):
    with Receiver(hang) as hook:
        channels = hooks(monkeypatch, hook=hook)
        channels["hook"]["timeout_s"] = 60
        known = settings(channels=channels, deadline_s=60)
        record(store, News((anomaly("orders"),)), AROUND, known, now=datetime.now(UTC))
        sender = subprocess.Popen([sys.executable, "-c", SEND, str(tmp_path), known.model_dump_json()])
        try:
            _wait_until(lambda: len(hook.got) == 1)
        finally:
            sender.kill()
            sender.wait()
        hook.script = [answer(200)]
        # It may just be arriving, so nobody sends it again at once; but it is still there.
        assert sent(store, known, tmp_path) == Delivered({}, {}, 1)
        later = Outbox(store, clock=lambda: time.time() + 600)
        later.release(later.claim(for_s=0))
        assert sent(store, known, tmp_path) == Delivered({"hook": 1}, {}, 0)
        assert len({got.headers["idempotency-key"] for got in hook.got}) == 1 and len(hook.got) == 2


def _wait_until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


# --- people -------------------------------------------------------------------------------------------


def test_who_acknowledges_stops_the_escalation(store: Store, tmp_path: Path, monkeypatch):
    with Receiver() as team, Receiver() as boss:
        channels = hooks(monkeypatch, team=team, boss=boss)
        calls = {"to": ["boss"], "after_minutes": 5, "severity": "warn"}
        known = settings(channels=channels, routes=[{"to": ["team"]}], escalation=calls)
        early = datetime.now(UTC) - timedelta(minutes=10)
        record(store, News((anomaly("orders"), anomaly("visits"))), AROUND, known, now=early)
        change = acknowledge(store, "inc-1", known, AROUND, by="ann", note="on it")
        assert change.after.timeline[-1].note == "on it" and change.after.timeline[-1].by == "ann"
        assert [change.after.id for change in escalate(store, known)] == ["INC-2"]
        assert escalate(store, known) == ()
        sent(store, known, tmp_path)
        assert boss.got[0].json["text"].startswith("nobody has acknowledged: visits has")
        assert len(boss.got) == 1


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("resolved", IncidentState.RESOLVED),
        ("false-alarm", IncidentState.TERMINATED),
        ("expected", IncidentState.TERMINATED),
    ],
)
def test_a_person_ends_an_incident_once(store: Store, verdict: Any, state: IncidentState):
    record(store, News((anomaly("orders"),)), AROUND, Settings(), now=datetime.now(UTC))
    change = end(store, "1", Settings(), AROUND, by="ann", verdict=verdict, note="known")
    assert change.after.state is state and "known" in change.after.timeline[-1].note
    with pytest.raises(UsageError, match=f"INC-1 is over: {state.value}"):
        end(store, "1", Settings(), AROUND, by="bob")
    with pytest.raises(UnknownName, match="did you mean 'INC-1'"):
        acknowledge(store, "INC1X", Settings(), AROUND, by="bob")


def test_what_was_mended_by_hand_is_not_told_as_failed_when_something_else_comes(store: Store):
    now = datetime.now(UTC)
    record(store, News((anomaly("orders"),), (failure("model.shop.orders"),)), AROUND, Settings(), now=now)
    end(store, "1", Settings(), AROUND, by="ann")
    record(store, News(succeeded=frozenset({"model.shop.orders"})), AROUND, Settings(), now=now)
    [back] = record(store, News((anomaly("orders", day=3),)), AROUND, Settings(), now=now)
    assert (back.what, back.after.severity) == ("reopened", Severity.WARN)
    assert back.after.title.startswith("orders has 62 % fewer rows")


def test_who_was_told_of_it_is_told_of_its_end_whoever_it_belongs_to_by_then(
    store: Store, tmp_path: Path, monkeypatch
):
    with Receiver() as money, Receiver() as others:
        channels = hooks(monkeypatch, money=money, others=others)
        routes = [{"to": ["money"], "owner": "finance"}, {"to": ["others"], "owner": "sales"}]
        known = settings(channels=channels, routes=routes)
        now = datetime.now(UTC)
        found = anomaly("stg_orders"), anomaly("source.shop.crm.orders")
        for one in found:  # its cause turns out to lie further up, where nobody is responsible
            record(store, News((one,)), AROUND, known, now=now)
            sent(store, known, tmp_path)
        [change] = record(store, News(passed=passed(*found, day=1)), AROUND, known, now=now)
        assert (change.what, change.after.owner) == ("resolved", "")
        assert sent(store, known, tmp_path).sent == {"money": 1}
        texts = [got.json["text"] for got in money.got]
        assert [text.partition(":")[0] for text in texts[1:]] == ["worse", "resolved"]
        assert others.got == []


def test_what_a_person_says_holds_though_a_check_came_in_between(store: Store, monkeypatch):
    record(store, News((anomaly("orders"),)), AROUND, Settings(), now=datetime.now(UTC))
    read = Incidents.get
    checks = [News((anomaly("orders", day=1),))]

    def get(self: Incidents, id: str) -> Any:
        found = read(self, id)
        if checks:  # somebody else's check, after we have read and before we save
            record(store, checks.pop(), AROUND, Settings(), now=datetime.now(UTC))
        return found

    monkeypatch.setattr(Incidents, "get", get)
    change = acknowledge(store, "1", Settings(), AROUND, by="ann")
    assert change.after.state is IncidentState.ACKNOWLEDGED
    assert [event.what for event in change.after.timeline] == ["opened", "updated", "acknowledged"]
    assert len(change.after.anomalies) == 2
