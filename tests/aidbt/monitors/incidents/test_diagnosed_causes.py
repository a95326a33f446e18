"""One cause is one incident: across runs, and whether diagnosis, a run or a monitor saw it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aidbt.alerts.message import item_of
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure, Severity
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.core.incidents import Incident, IncidentEvent, IncidentState
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.incidents.changes import News, update_incidents
from aidbt.monitors.incidents.diagnosed import Seen, noted, with_causes
from aidbt.monitors.incidents.surroundings import Surroundings, with_feeds
from aidbt.store.incident_json import incident_from_json, incident_to_json
from tests.aidbt.monitors.findings import AROUND, NOW, node

SOURCE = "source.shop.crm.orders"


def cause(key: str = "renamed", *failed: str, root: str = SOURCE, column: str = "email", **more) -> Diagnosis:
    given = {
        "error_class": E.COLUMN_RENAMED, "confidence": 0.97, "stage": Stage.NODE,
        "proof": (Evidence("source_schema", root, "crm.orders had a column email, and has none now"),),
        "ruled_out": (Evidence("git", "", "no file changed"),), "next_step": "read mail instead",
    } | more  # fmt: skip
    failures = tuple(RunFailure(node(name), "error", "no column email") for name in failed)
    return Diagnosis(key=key, root=root, column=column, failures=failures, **given)


class Desk:
    """Incidents over several days, with the ids that the store would give."""

    def __init__(self, around: Surroundings = AROUND) -> None:
        self.around = around
        self.known: dict[str, Incident] = {}
        self.now = NOW

    def diagnosed(
        self, *causes: Diagnosis, run: str = "r", looked: str = SOURCE, since: datetime | None = None
    ) -> list[tuple[str, str]]:
        return self._kept(
            with_causes(
                self._all(), Seen(causes, "prod", run, frozenset([looked]), since), self.around, now=self.now
            )
        )

    def checked(self, *anomalies: Anomaly, **news) -> list[tuple[str, str]]:
        return self._kept(update_incidents(self._all(), News(anomalies, **news), self.around, now=self.now))

    def _all(self) -> Sequence[Incident]:
        return tuple(self.known.values())

    def _kept(self, changes) -> list[tuple[str, str]]:
        told = []
        for change in changes:
            id = change.after.id or f"INC-{len(self.known) + 1}"
            kept = incident_to_json(replace(change.after, id=id))
            self.known[id] = incident_from_json(id, 1, kept)  # as the store gives it back
            told.append((change.what, id))
        self.now += timedelta(hours=1)
        return told


@pytest.fixture
def desk() -> Desk:
    return Desk()


def schema_change(column: str = "email") -> Anomaly:
    return Anomaly(
        Monitor(SOURCE, "schema", column), NOW.replace(tzinfo=None), "run", 9.0, f"{column} is gone"
    )


def test_a_cause_that_breaks_many_nodes_is_one_incident_over_several_runs(desk: Desk):
    renamed = cause("renamed", "stg_orders", "orders")
    assert desk.diagnosed(renamed) == [("opened", "INC-1")]
    assert desk.diagnosed(renamed, run="r2") == []
    assert desk.diagnosed(cause("renamed", "stg_orders", "orders", "revenue"), run="r3") == [
        ("updated", "INC-1")
    ]

    [incident] = desk.known.values()
    assert (incident.root, incident.severity) == (SOURCE, Severity.ERROR)
    assert incident.cause == ("schema", "email")
    assert incident.title.startswith("crm.orders had a column email, and has none now; ")
    assert incident.found is not None and incident.found.ruled_out == ("no file changed",)
    assert item_of(incident, "opened").lines[:2] == (
        "crm.orders had a column email, and has none now", "next: read mail instead",
    )  # fmt: skip


def test_what_a_failing_run_opened_gets_the_cause_and_its_other_nodes(desk: Desk):
    failed = (RunFailure(node("stg_orders"), "error", "no column email"),)
    assert desk.checked(failures=failed) == [("opened", "INC-1")]
    assert desk.diagnosed(cause("renamed", "stg_orders", "refunds")) == [("updated", "INC-1")]
    assert desk.known["INC-1"].root == SOURCE
    assert desk.checked(failures=failed) == [("updated", "INC-1")]
    assert desk.known["INC-1"].title.startswith("crm.orders had a column email")


def test_what_a_monitor_found_at_the_same_column_is_the_same_incident_before_and_after(desk: Desk):
    assert desk.checked(schema_change()) == [("opened", "INC-1")]
    assert desk.diagnosed(cause("renamed", "stg_orders")) == [("updated", "INC-1")]

    later = Desk()
    later.diagnosed(cause("renamed", "stg_orders"))
    assert later.checked(schema_change()) == [("updated", "INC-1")]


def test_two_causes_of_one_run_are_two_incidents_also_where_a_monitor_took_them_for_one(desk: Desk):
    both = tuple(RunFailure(node(name), "error", "") for name in ("stg_orders", "orders"))
    assert desk.checked(failures=both) == [("opened", "INC-1")]
    desk.diagnosed(cause("renamed", "stg_orders"), cause("typo", "orders", root=node("orders"), column=""))

    assert {one.found.key: one.failures for one in desk.known.values() if one.found} == {
        "renamed": (node("stg_orders"),), "typo": (node("orders"),),
    }  # fmt: skip


def test_an_incident_that_only_held_what_a_cause_explains_becomes_part_of_it(desk: Desk):
    desk.checked(failures=(RunFailure(node("stg_orders"), "error", ""),))
    desk.checked(failures=(RunFailure(node("visits"), "error", ""),))
    told = desk.diagnosed(cause("down", "stg_orders", "visits", root="warehouse", column=""))

    assert told == [("updated", "INC-1"), ("terminated", "INC-2")]
    assert set(desk.known["INC-1"].failures) == {node("stg_orders"), node("visits")}


def test_the_same_node_failing_for_another_cause_ends_the_first(desk: Desk):
    desk.diagnosed(cause("renamed", "stg_orders"))
    told = desk.diagnosed(cause("typo", "stg_orders", root=node("stg_orders"), column=""))

    assert sorted(told) == [("opened", "INC-2"), ("resolved", "INC-1")]


def test_it_ends_when_what_failed_succeeds_and_is_the_same_when_it_comes_back_soon(desk: Desk):
    desk.diagnosed(cause("renamed", "stg_orders"))
    assert desk.checked(succeeded=frozenset({node("stg_orders")})) == [("resolved", "INC-1")]
    assert desk.diagnosed(cause("renamed", "stg_orders")) == [("reopened", "INC-1")]
    desk.checked(succeeded=frozenset({node("stg_orders")}))
    desk.now += timedelta(days=9)
    assert desk.diagnosed(cause("renamed", "stg_orders")) == [("opened", "INC-2")]


def test_an_emptied_source_in_a_green_run_stays_open_until_it_is_looked_at_and_well(desk: Desk):
    emptied = cause("volume", column="", error_class=E.VOLUME, stage=Stage.DATA)
    assert desk.diagnosed(emptied) == [("opened", "INC-1")]
    assert desk.known["INC-1"].severity is Severity.ERROR
    assert desk.known["INC-1"].affected == (SOURCE,)
    assert desk.checked() == []  # a check of monitors knows nothing of it
    assert desk.diagnosed(looked="source.shop.web.visits") == []
    assert desk.diagnosed() == [("resolved", "INC-1")]


def test_what_a_person_said_is_none_is_not_brought_up_again_unless_something_fails(desk: Desk):
    emptied = cause("volume", column="", error_class=E.VOLUME, stage=Stage.DATA)
    desk.diagnosed(emptied)
    old = desk.known["INC-1"]
    said = IncidentEvent(desk.now, "terminated", "ann", "it is emptied each night")
    desk.known["INC-1"] = replace(
        old, state=IncidentState.TERMINATED, timeline=(*old.timeline, said), updated_at=desk.now
    )
    before, after = desk.now - timedelta(hours=1), desk.now + timedelta(hours=1)
    assert desk.diagnosed(emptied) == desk.diagnosed(emptied, since=before) == []
    assert desk.diagnosed(emptied, since=after) == [("opened", "INC-2")]  # what was right then changed again
    assert desk.diagnosed(replace(emptied, failures=cause("x", "stg_orders").failures)) == [
        ("updated", "INC-2")
    ]


def test_what_became_of_an_attempt_is_told_once(desk: Desk):
    desk.diagnosed(cause("renamed", "stg_orders"))
    change = noted(desk.known["INC-1"], "handed over", "two columns fit", now=desk.now, attempt="HEAL-1")
    assert change is not None and change.after.found is not None
    assert change.after.found.attempt == "HEAL-1"
    assert noted(change.after, "handed over", "two columns fit", now=desk.now, attempt="HEAL-1") is None


# --- a connector, and what is late because of it ------------------------------------------------------

CRM = "connector.crm"
EXPIRED = cause("connector|crm|refused", root=CRM, column="", error_class=E.CREDENTIAL_EXPIRED)
STALE = replace(
    cause("stale", root=SOURCE, column="", error_class=E.STALE),
    failures=(RunFailure(SOURCE, "error", "max loaded_at is old"),),
)


def late(root: str = SOURCE, metric: str = "freshness_minutes") -> Anomaly:
    at = NOW.replace(tzinfo=None) - timedelta(days=1)
    return Anomaly(Monitor(root, metric, ""), at, "day", 9.0, f"{root} is late")


@pytest.fixture
def fed() -> Desk:
    return Desk(with_feeds(AROUND, {SOURCE: CRM, "source.shop.crm.customers": CRM}))


def test_what_is_late_below_a_connector_that_fails_is_one_incident_whichever_was_seen_first(fed: Desk):
    assert fed.checked(late()) == [("opened", "INC-1")]
    fed.diagnosed(EXPIRED, looked=CRM)
    fed.diagnosed(STALE)

    assert [one.id for one in fed.known.values() if not one.state.is_over] == ["INC-1"]
    one = fed.known["INC-1"]
    assert one.found is not None and (one.root, one.found.key) == (CRM, EXPIRED.key)
    assert one.failures == (SOURCE,)
    assert "model.shop.stg_customers" in one.exposed


def test_a_source_that_is_late_after_its_connector_failed_is_of_that_incident(fed: Desk):
    fed.diagnosed(EXPIRED, looked=CRM)
    fed.diagnosed(STALE)
    fed.checked(late())
    again = fed.diagnosed(STALE)

    assert [*fed.known] == ["INC-1"] and again == []


def test_several_late_sources_of_one_connector_become_one_incident(fed: Desk):
    customers = replace(STALE, key="stale2", root="source.shop.crm.customers", failures=())
    fed.diagnosed(STALE, customers)
    assert len(fed.known) == 2

    fed.diagnosed(EXPIRED, looked=CRM)

    assert fed.known["INC-2"].state is IncidentState.TERMINATED
    assert "it is part of INC-1" in fed.known["INC-2"].timeline[-1].note
    assert fed.known["INC-1"].found.key == EXPIRED.key  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "other",
    [
        replace(STALE, root="source.shop.web.visits"),
        replace(STALE, error_class=E.VOLUME),
        cause("renamed", "stg_orders"),
    ],
)
def test_what_is_not_late_because_of_it_stays_an_incident_of_its_own(other: Diagnosis, fed: Desk):
    fed.diagnosed(other)
    fed.diagnosed(EXPIRED, looked=CRM)

    assert len([one for one in fed.known.values() if not one.state.is_over]) == 2
