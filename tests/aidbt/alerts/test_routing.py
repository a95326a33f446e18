"""Who is told what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from aidbt.alerts.delivery import check_channel
from aidbt.alerts.parcels import parcels
from aidbt.alerts.routing import escalations, next_digest, notices_of
from aidbt.alerts.writing import Templates
from aidbt.core.config import AlertSettings
from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentChange, IncidentEvent, IncidentState, Notice, What
from aidbt.store.outbox import Posting
from tests.aidbt.alerts.told import NOW, incident

CHANNELS = {
    "team": {"kind": "slack", "url_env": "TEAM_URL"},
    "money": {"kind": "slack", "url_env": "MONEY_URL"},
    "board": {"kind": "github", "repository": "acme/shop"},
}


def alerts(**more: Any) -> AlertSettings:
    return AlertSettings.model_validate({"channels": CHANNELS, **more})


def told(
    settings: AlertSettings,
    one: Incident,
    what: What = "opened",
    *,
    before: Incident | None = None,
    path: str = "models/finance/eu/orders.sql",
) -> set[str]:
    return {notice.channel for notice in notices(settings, one, what, before=before, path=path)}


def notices(
    settings: AlertSettings,
    one: Incident,
    what: What = "opened",
    *,
    before: Any = None,
    path: str = "models/x.sql",
) -> tuple[Notice, ...]:
    return notices_of(IncidentChange(what, one, before), settings, path=path, now=NOW, timezone="UTC")


def test_without_routes_everybody_is_told_and_without_channels_nobody():
    assert told(alerts(), incident()) == {"team", "money", "board"}
    assert told(AlertSettings(), incident()) == set()


@pytest.mark.parametrize(
    ("route", "fits"),
    [
        ({}, True),
        ({"severity": "error"}, True),
        ({"owner": "Finance"}, True),
        ({"owner": "fin*"}, True),
        ({"owner": "sales"}, False),
        ({"path": "models/finance"}, True),
        ({"path": "models/finance/**"}, True),
        ({"path": "models/*/eu/*.sql"}, True),
        ({"path": "**/orders.sql"}, True),
        ({"path": "models/*.sql"}, False),
        ({"path": "models/fin"}, False),
        ({"path": "models/finance", "owner": "sales"}, False),
    ],
)
def test_a_route_fits_by_severity_owner_and_path(route: dict[str, str], fits: bool):
    settings = alerts(routes=[{"to": ["money"], **route}])
    assert told(settings, incident()) == ({"money"} if fits else set())
    if route.get("severity") == "error":
        assert told(settings, incident(severity=Severity.WARN)) == set()


def test_all_routes_that_fit_count_and_each_channel_once():
    settings = alerts(routes=[{"to": ["team", "board"]}, {"to": ["team"], "severity": "error"}])
    assert sorted(n.channel for n in notices(settings, incident())) == ["board", "team"]


def test_what_is_no_news_is_told_only_where_it_changes_what_was_told():
    assert told(alerts(), incident(), "updated", before=incident()) == {"board"}
    assert told(alerts(), incident(), "acknowledged", before=incident()) == {"board"}
    assert told(alerts(), incident(), "worse", before=incident()) == {"team", "money", "board"}


def test_nobody_is_told_of_what_had_passed_before_it_was_found():
    over = incident(state=IncidentState.RESOLVED)
    assert told(alerts(), over, "resolved") == set()
    assert told(alerts(), over, "resolved", before=incident()) == {"team", "money", "board"}


def test_a_digest_waits_for_its_hour_and_not_for_who_is_told_at_once():
    settings = alerts(
        routes=[{"to": ["team"], "digest": "daily"}, {"to": ["team", "money"], "severity": "error"}]
    )
    (calm,) = notices(settings, incident(severity=Severity.WARN))
    assert (calm.channel, calm.is_digest, calm.due_at) == (
        "team",
        True,
        datetime(2026, 11, 21, 8, tzinfo=UTC),
    )
    assert {(n.channel, n.is_digest) for n in notices(settings, incident())} == {
        ("team", False),
        ("money", False),
    }


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        ("daily", "2026-11-21T06:59", "2026-11-21T07:00"),
        ("daily", "2026-11-21T07:00", "2026-11-22T07:00"),
        ("weekly", "2026-11-21T06:00", "2026-11-23T07:00"),
        ("daily", "2026-03-28T12:00", "2026-03-29T06:00"),  # the clocks go forward in between
        ("daily", "2026-10-24T12:00", "2026-10-25T07:00"),
    ],
)
def test_a_digest_stays_at_its_hour_on_the_wall(every: str, now: str, due: str):
    at = next_digest(every, "08:00", datetime.fromisoformat(now).replace(tzinfo=UTC), "Europe/Berlin")
    assert at == datetime.fromisoformat(due).replace(tzinfo=UTC)


# --- escalation ---------------------------------------------------------------------------------------

CALLS = {"escalation": {"to": ["money"], "after_minutes": 30}, "routes": [{"to": ["team"]}]}


def test_who_is_not_answered_calls_others_once_and_again_when_it_gets_worse():
    settings = alerts(**CALLS)
    one = incident()
    assert list(escalations([one], settings, now=NOW + timedelta(minutes=29))) == []
    (change,) = escalations([one], settings, now=NOW + timedelta(minutes=31))
    assert change.after.timeline[-1].note == "not acknowledged for 31 minutes"
    assert told(settings, change.after, "escalated", before=one) == {"money"}
    assert list(escalations([change.after], settings, now=NOW + timedelta(hours=9))) == []
    worse = IncidentEvent(NOW + timedelta(hours=1), "worse")
    again = replace(change.after, timeline=(*change.after.timeline, worse))
    assert len(list(escalations([again], settings, now=NOW + timedelta(hours=9)))) == 1
    # Who was called is told the end, too.
    over = replace(change.after, state=IncidentState.RESOLVED)
    assert told(settings, over, "resolved", before=change.after) == {"team", "money"}


def test_what_is_acknowledged_over_or_harmless_calls_nobody():
    late = NOW + timedelta(hours=9)
    calm = [
        incident(state=IncidentState.ACKNOWLEDGED),
        incident(state=IncidentState.RESOLVED),
        incident(severity=Severity.WARN),
    ]
    assert list(escalations(calm, alerts(**CALLS), now=late)) == []
    assert list(escalations([incident()], alerts(), now=late)) == []


# --- messages of what waits ---------------------------------------------------------------------------


def posting(number: int, channel: str, *, is_digest: bool = False, **more: Any) -> Posting:
    return Posting(f"p{number}", channel, f"INC-{number}", "opened", is_digest, NOW, NOW, 1, **more)


def made(*postings: Posting, **settings: Any) -> list[tuple[str, list[str], bool]]:
    known = {f"INC-{n}": incident(f"INC-{n}") for n in range(9)}
    found = parcels(postings, known, alerts(**settings), project="shop", now=NOW)
    return [
        (p.channel, [item.incident.id for item in p.delivery.message.items], p.delivery.message.is_digest)
        for p in found
    ]


def test_what_comes_together_is_one_message_where_it_is_much_and_cannot_be_changed_later():
    four = [posting(n, channel) for channel in ("team", "board") for n in range(4)]
    assert made(*four) == [
        ("team", ["INC-0", "INC-1", "INC-2", "INC-3"], False),
        *(("board", [f"INC-{n}"], False) for n in range(4)),
    ]
    assert len(made(*four, together=4)) == 8


def test_a_digest_is_one_message_also_where_there_is_other_news():
    mixed = [posting(1, "team"), posting(2, "team", is_digest=True), posting(3, "team", is_digest=True)]
    assert made(*mixed) == [("team", ["INC-1"], False), ("team", ["INC-2", "INC-3"], True)]


def test_a_message_has_the_same_id_at_every_try_and_knows_what_it_replaces():
    known = {"INC-1": incident()}
    again = replace(posting(1, "board", reference="77"), tries=2)
    (parcel,) = parcels([again], known, alerts(), project="shop", now=NOW)
    assert (parcel.delivery.message.id, parcel.delivery.reference) == ("p1", "77")
    assert parcel.delivery.is_repeated


# --- settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"routes": [{"to": ["taem"]}]}, "did you mean 'team'"),
        ({"escalation": {"to": ["nobody"]}}, "no channel is called 'nobody'"),
        ({"channels": {"x": {"kind": "slak"}}}, "of the kind 'slak'; did you mean 'slack'"),
        ({"channels": {"x": {"kind": "slack"}}}, "a channel of the kind slack needs url_env"),
        ({"channels": {"x": {"kind": "email", "host": "h", "sender": "a@b"}}}, "needs to"),
        ({"channels": {"x": {"kind": "slack", "url": "https://hooks.slack.com/…"}}}, "Extra inputs"),
        ({"digest_at": "25:00"}, "pattern"),
    ],
)
def test_settings_that_lead_nowhere_are_refused(settings: dict[str, Any], said: str):
    with pytest.raises(ValidationError, match=said):
        alerts(**settings)


def test_a_secret_in_the_place_of_a_variable_is_refused_and_not_repeated():
    url = "https://hooks.slack.com/services/T0/B0/secret"
    with pytest.raises(ValidationError, match="not the secret itself") as caught:
        alerts(channels={"x": {"kind": "slack", "url_env": url}})
    assert all(
        "secret" not in error["msg"].replace("not the secret itself", "") for error in caught.value.errors()
    )


def test_the_settings_of_the_documentation_can_be_used(monkeypatch: pytest.MonkeyPatch):
    page = (Path(__file__).parents[3] / "docs" / "incidents.md").read_text(encoding="utf-8")
    block = page.partition("```yaml\n")[2].partition("```")[0]
    settings = AlertSettings.model_validate(yaml.safe_load(block)["alerts"])
    assert told(settings, incident(), path="models/finance/orders.sql") == {
        "team",
        "board",
        "finance",
        "mail",
    }
    for name, one in settings.channels.items():
        for variable in (one.url_env, one.secret_env, one.token_env, one.user_env, one.password_env):
            if variable:
                monkeypatch.setenv(variable, "x")
        check_channel(name, one, Templates(Path("/nowhere")))
