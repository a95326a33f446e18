"""The story of an incident: opened, worse, passed, back again; and what a person says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentChange, IncidentEvent, IncidentState, ill_of
from aidbt.core.measured import Anomaly
from aidbt.monitors.incidents.changes import News, update_incidents
from aidbt.monitors.incidents.dismissing import dismissed, held_monitors, things_of
from tests.aidbt.monitors.findings import AROUND, DAY, NOW, anomaly, failure, later, node, passed


class Shop:
    """Incidents over several checks, with the ids that the store would give."""

    def __init__(self) -> None:
        self.known: dict[str, Incident] = {}
        self.checks = 0

    def check(self, *anomalies: Anomaly, **news: object) -> list[tuple[str, str]]:
        """What one check changes: (what, id)."""
        self.checks += 1
        told = News(anomalies=anomalies, **news)  # type: ignore[arg-type]
        changes = update_incidents(tuple(self.known.values()), told, AROUND, now=later(self.checks - 1))
        return [(change.what, self._kept(change)) for change in changes]

    def _kept(self, change: IncidentChange) -> str:
        incident = change.after
        if not incident.id:
            incident = replace(incident, id=f"INC-{len(self.known) + 1}", version=1)
        self.known[incident.id] = incident
        return incident.id

    def person(self, id: str, state: IncidentState, what: str) -> None:
        old = self.known[id]
        event = IncidentEvent(later(self.checks), what, by="ann")
        self.known[id] = replace(old, state=state, timeline=(*old.timeline, event))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_table_with_all_below_it_is_one_incident_at_its_most_upstream_node(shop: Shop):
    found = [
        anomaly("revenue", "mean", "amount", score=9),
        anomaly("stg_orders"),
        anomaly("stg_orders", "distinct_count", "id"),
        anomaly("orders", "freshness_minutes", value=900, expected=60),
    ]
    assert shop.check(*found) == [("opened", "INC-1")]
    incident = shop.known["INC-1"]
    assert incident.root == node("stg_orders")
    assert incident.affected == (node("stg_orders"), node("orders"), node("revenue"))
    assert incident.exposed == (node("weekly"), node("refunds"))
    assert incident.owner == "finance"
    assert incident.title == (
        "stg_orders has 62 % fewer rows than expected on a Friday; 1 model and 1 exposure below"
    )


def test_two_faults_on_one_day_in_unrelated_pipelines_are_two(shop: Shop):
    assert [what for what, _ in shop.check(anomaly("orders"), anomaly("visits"))] == ["opened", "opened"]


def test_what_goes_on_is_the_same_incident_and_told_as_worse_only_when_it_is(shop: Shop):
    shop.check(anomaly("orders"))
    assert shop.check(anomaly("orders", day=1)) == [("updated", "INC-1")]
    assert shop.check(anomaly("orders", day=2, score=8)) == [("worse", "INC-1")]
    assert shop.known["INC-1"].severity is Severity.ERROR
    assert shop.check(anomaly("stg_orders", day=3)) == [("worse", "INC-1")]
    assert shop.known["INC-1"].root == node("stg_orders")
    assert [event.what for event in shop.known["INC-1"].timeline] == ["opened", "updated", "worse", "worse"]


def test_it_resolves_when_every_monitor_has_passed_be_it_at_different_checks(shop: Shop):
    rows, nulls = anomaly("orders"), anomaly("orders", "null_rate", "id")
    shop.check(rows, nulls)
    assert shop.check(passed=passed(rows, day=1)) == [("updated", "INC-1")]
    assert shop.check(passed=passed(nulls, day=2)) == [("resolved", "INC-1")]
    incident = shop.known["INC-1"]
    assert incident.state is IncidentState.RESOLVED and incident.ended_at == later(2)
    assert len(incident.anomalies) == 2


def test_an_older_bucket_that_passes_says_nothing_and_the_same_one_judged_again_does(shop: Shop):
    found = anomaly("orders", day=2)
    shop.check(found)
    assert shop.check(passed=passed(found, day=1)) == []
    assert shop.check(passed=passed(found, day=2)) == [("resolved", "INC-1")]


def test_what_comes_back_within_days_is_reopened_and_must_pass_for_longer(shop: Shop):
    found = anomaly("orders")
    shop.check(found)
    shop.check(passed=passed(found, day=1))
    again = anomaly("orders", day=3)
    assert shop.check(again) == [("reopened", "INC-1")]
    assert shop.known["INC-1"].ended_at is None
    assert shop.check(passed=passed(again, day=4)) == []
    assert shop.check(passed=passed(again, day=5)) == [("resolved", "INC-1")]


def test_what_comes_back_after_weeks_is_a_new_one(shop: Shop):
    found = anomaly("orders")
    shop.check(found)
    shop.check(passed=passed(found, day=1))
    assert shop.check(anomaly("orders", day=20)) == [("opened", "INC-2")]


def test_what_has_not_passed_is_the_same_however_seldom_it_is_judged(shop: Shop):
    shop.check(anomaly("orders"))
    assert shop.check(anomaly("orders", day=30)) == [("updated", "INC-1")]
    # Its neighbour after so long has another cause.
    assert shop.check(anomaly("orders", "mean", "amount", day=60)) == [("opened", "INC-2")]


def test_a_failing_run_and_the_anomalies_below_it_are_one(shop: Shop):
    failed = failure(node("stg_orders"))
    assert shop.check(anomaly("orders"), failures=(failed,)) == [("opened", "INC-1")]
    incident = shop.known["INC-1"]
    assert incident.root == node("stg_orders") and incident.severity is Severity.ERROR
    assert incident.title.startswith("stg_orders failed in a run of dbt; ")


def test_a_failing_test_is_of_the_node_it_tests_and_over_when_it_succeeds(shop: Shop):
    test = "test.shop.not_null_orders_id.1f"
    shop.check(failures=(failure(test),))
    assert shop.known["INC-1"].root == node("orders")
    assert shop.known["INC-1"].title.startswith("orders: the test not_null_orders_id failed")
    assert shop.check(failures=(failure(test),)) == [("updated", "INC-1")]
    assert shop.check(succeeded=frozenset({node("orders")})) == []
    assert shop.check(succeeded=frozenset({test})) == [("resolved", "INC-1")]


def test_a_run_that_failed_before_any_node_is_an_incident_too(shop: Shop):
    assert shop.check(failures=(failure(""),)) == [("opened", "INC-1")]
    assert shop.known["INC-1"].title == "dbt's run failed before any node"


def test_a_test_that_was_taken_away_does_not_keep_its_incident_open(shop: Shop):
    known = AROUND
    removed = replace(known, tested={})
    (opened,) = update_incidents(
        (), News(failures=(failure("test.shop.not_null_orders_id.1f"),)), known, now=NOW
    )
    incident = replace(opened.after, id="INC-1")
    assert update_incidents((incident,), News(), known, now=NOW) == ()
    assert [c.what for c in update_incidents((incident,), News(), removed, now=NOW)] == ["resolved"]


def test_what_a_person_called_a_false_alarm_is_not_brought_up_while_it_goes_on(shop: Shop):
    shop.check(anomaly("orders"))
    shop.person("INC-1", IncidentState.TERMINATED, "terminated")
    for day in range(1, 9):  # noted in silence, for as long as it goes on
        assert shop.check(anomaly("orders", day=day)) == [("updated", "INC-1")]
    ended = shop.known["INC-1"]
    assert ended.state is IncidentState.TERMINATED and ended.timeline[-1].what == "terminated"
    assert shop.check(anomaly("orders", day=9, score=12)) == [("opened", "INC-2")]
    assert shop.check(anomaly("orders", "null_rate", "id", day=9)) == [("updated", "INC-2")]


def test_what_gets_worse_in_small_steps_is_brought_up_in_the_end(shop: Shop):
    shop.check(anomaly("orders", score=4))
    shop.person("INC-1", IncidentState.TERMINATED, "terminated")
    assert [shop.check(anomaly("orders", day=day, score=4 + 2 * day))[0][0] for day in range(1, 4)] == [
        "updated",
        "updated",
        "opened",
    ]


def test_an_acknowledged_one_stays_so_and_is_told_when_it_gets_worse(shop: Shop):
    shop.check(anomaly("orders"))
    shop.person("INC-1", IncidentState.ACKNOWLEDGED, "acknowledged")
    assert shop.check(anomaly("orders", day=1, score=9)) == [("worse", "INC-1")]
    assert shop.known["INC-1"].state is IncidentState.ACKNOWLEDGED


def test_a_node_that_is_gone_ends_its_incident(shop: Shop):
    shop.check(anomaly("orders"))
    assert shop.check(gone=frozenset({node("orders")})) == [("terminated", "INC-1")]
    # Nobody said that it was none: were it back, it would be told.
    assert shop.check(anomaly("orders", day=1)) == [("opened", "INC-2")]


def test_two_incidents_become_one_when_the_cause_shows_above_both(shop: Shop):
    shop.check(anomaly("stg_orders"))
    shop.check(passed=passed(anomaly("stg_orders"), day=1))
    # Days later a mart is wrong by itself, and the day after the table above it again.
    assert shop.check(anomaly("revenue", day=4)) == [("opened", "INC-2")]
    assert shop.check(anomaly("stg_orders", day=5)) == [("reopened", "INC-1"), ("terminated", "INC-2")]
    assert node("revenue") in shop.known["INC-1"].affected
    assert shop.known["INC-2"].timeline[-1].note == "it is part of INC-1"
    assert shop.check(anomaly("revenue", day=6)) == [("updated", "INC-1")]


def test_a_check_of_many_days_at_once_tells_them_apart(shop: Shop):
    found = [anomaly("orders", day=day) for day in (0, 1, 20)]
    changes = shop.check(*found, passed=passed(found[-1], day=25))
    assert [what for what, _ in changes] == ["resolved", "resolved"]


def test_cold_start_is_a_warning_whatever_the_score(shop: Shop):
    shop.check(anomaly("orders", score=12, evidence={"cold_start": "true"}))
    assert shop.known["INC-1"].severity is Severity.WARN


def test_what_matters_more_is_an_error_sooner_and_what_matters_less_never():
    found = News((anomaly("orders", score=3.8),))
    critical = replace(AROUND, critical=frozenset({node("revenue")}))
    minor = replace(AROUND, minor=frozenset(AROUND.parents))
    assert update_incidents((), found, critical, now=NOW)[0].after.severity is Severity.ERROR
    assert update_incidents((), found, AROUND, now=NOW)[0].after.severity is Severity.WARN
    # With a smaller budget for false alarms less is let through, and an error is rarer too.
    four = News((anomaly("orders", score=4.2),))
    assert update_incidents((), four, AROUND, now=NOW)[0].after.severity is Severity.ERROR
    strict = update_incidents((), four, AROUND, now=NOW, false_alarms=0.1)
    assert strict[0].after.severity is Severity.WARN
    sure = News((anomaly("orders", score=11),))
    assert update_incidents((), sure, minor, now=NOW)[0].after.severity is Severity.WARN


def test_a_very_long_incident_stays_bounded_and_keeps_first_and_last():
    incident = None
    for month in range(5):
        found = tuple(
            anomaly("orders", metric, day=day)
            for day in range(month * 40, month * 40 + 40)
            for metric in ("row_count", "mean", "null_rate")
        )
        known = () if incident is None else (replace(incident, id="INC-1"),)
        (change,) = update_incidents(known, News(found), AROUND, now=later(month * 40))
        incident = change.after
    assert incident is not None and len(incident.anomalies) <= 306
    assert incident.anomalies[0].start == DAY
    assert incident.anomalies[-1].start == DAY + timedelta(days=199)


def test_no_value_of_personal_data_gets_into_an_incident():
    gone = anomaly("stg_customers", "vanished_values", "email", evidence={"ann@example.org": "12 rows"})
    secret = replace(gone, message="stg_customers.email has no 'ann@example.org' any more", value=None)
    least = anomaly("stg_customers", "minimum", "salary", value=31_415.0)
    declared = replace(AROUND, private=frozenset({(node("stg_customers"), "code")}))
    code = replace(anomaly("stg_customers", "new_values", "CODE"), message="the new value 'X-777'")
    (change,) = update_incidents((), News((secret, least, code)), declared, now=NOW)
    for told in ("ann@", "31415", "31,415", "X-777"):
        assert told not in repr(change)
    rate = anomaly("stg_customers", "null_rate", "email", value=0.5, expected=0.01)
    (shown,) = update_incidents((), News((rate,)), AROUND, now=NOW)
    assert shown.after.title.startswith("stg_customers.email: share of nulls 50 %, expected 1 %")


# --- what is exact, and what is odd ---------------------------------------------------------------------


def schema(name: str, column: str, *, day: int = 0, **more: object) -> Anomaly:
    change = {"change": "removed", "before": "INTEGER"}
    return anomaly(name, "schema", column, day=day, score=9, is_certain=True, evidence=change, **more)


def test_a_column_that_is_gone_does_not_explain_what_another_does_the_next_day(shop: Shop):
    assert shop.check(schema("stg_orders", "mail")) == [("opened", "INC-1")]
    assert shop.check(anomaly("stg_orders", "mean", "amount", day=1, score=9)) == [("opened", "INC-2")]
    # Nor does it on the same day, nor what reads that other one.
    below = anomaly("orders", "mean", "total", day=1)
    assert shop.check(below, anomaly("stg_orders", "row_count", day=1)) == [("worse", "INC-2")]
    assert [one.cause for one in shop.known.values()] == [("schema", "mail"), ("data", "")]


def test_it_explains_what_it_is_itself_and_what_is_made_of_it():
    made = {(node("stg_orders"), "amount"): {(node("orders"), "total")}}
    around = replace(AROUND, columns_below=made)
    found = [
        schema("stg_orders", "Amount"),
        anomaly("stg_orders", "null_rate", "amount"),
        anomaly("orders", "mean", "Total"),
        anomaly("orders", "mean", "tax"),
    ]
    first, second = update_incidents((), News(tuple(found)), around, now=NOW)
    assert [one.monitor.column for one in first.after.anomalies] == ["Total", "amount", "Amount"]
    assert [one.monitor.column for one in second.after.anomalies] == ["tax"]
    assert first.after.cause == ("schema", "Amount")


def test_a_column_that_decides_the_rows_explains_all_there_and_below():
    made = {(node("stg_orders"), "id"): {(node("orders"), "")}}
    around = replace(AROUND, columns_below=made)
    found = (schema("stg_orders", "id"), anomaly("orders"), anomaly("revenue", "mean", "amount"))
    assert len(update_incidents((), News(found), around, now=NOW)) == 1


def test_without_lineage_of_columns_what_is_below_at_that_time_counts_and_later_not(shop: Shop):
    assert len(shop.check(schema("stg_orders", "id"), anomaly("orders", "mean", "total"))) == 1
    assert shop.check(anomaly("refunds", "mean", "total", day=9)) == [("opened", "INC-2")]


def test_a_failed_run_explains_that_nothing_is_new_and_no_value(shop: Shop):
    failed = failure(node("stg_orders"))
    wrong = anomaly("orders", "mean", "amount", score=9)
    late = anomaly("revenue", "freshness_minutes", value=3000, expected=60)
    assert shop.check(wrong, late, failures=(failed,)) == [("opened", "INC-1"), ("opened", "INC-2")]
    assert [one.monitor.metric for one in shop.known["INC-1"].anomalies] == ["freshness_minutes"]
    # Nor does it explain what the rows of before look like, which explains what is below them.
    assert shop.check(anomaly("stg_orders", "mean", "amount", score=9)) == [("worse", "INC-2")]
    # It goes on as long as it has not succeeded.
    assert shop.check(anomaly("refunds", day=8)) == [("updated", "INC-1")]


def test_what_is_undone_explains_nothing_new_and_may_come_back(shop: Shop):
    column, failed = schema("stg_orders", "id"), failure(node("orders"))
    shop.check(column, failures=(failed,))
    shop.check(passed=passed(column, day=0), succeeded=frozenset({node("orders")}))
    lost = anomaly("orders", "rows_lost", day=1, score=11, is_certain=True)
    assert shop.check(lost, schema("stg_orders", "id", day=1)) == [("reopened", "INC-1")]
    shop.check(passed=passed(lost, column, day=1))
    assert shop.check(replace(lost, start=lost.start + timedelta(days=20))) == [("opened", "INC-2")]


def test_bad_data_explains_the_run_that_fails_for_it(shop: Shop):
    assert shop.check(anomaly("stg_orders", "null_rate", "id"), failures=(failure(node("orders")),)) == [
        ("opened", "INC-1")
    ]
    assert shop.known["INC-1"].root == node("stg_orders")
    assert shop.known["INC-1"].title.endswith("; orders failed; 2 models and 1 exposure below")


def test_a_table_that_is_gone_is_one_cause_with_all_below_it_and_over_when_it_is_back(shop: Shop):
    gone = anomaly("stg_orders", "table_gone", score=12, is_certain=True)
    below = anomaly("revenue", "mean", "amount")
    assert shop.check(gone, below, failures=(failure(node("orders")),)) == [("opened", "INC-1")]
    assert shop.known["INC-1"].cause == ("table", "")
    well = passed(gone, day=1) | passed(below, day=1)
    assert shop.check(passed=well, succeeded=frozenset({node("orders")})) == [("resolved", "INC-1")]
    # It is back or it is not: having been gone before does not make it wait.
    assert shop.check(replace(gone, start=gone.start + timedelta(days=2))) == [("reopened", "INC-1")]
    assert shop.check(passed=passed(gone, day=3)) == [("resolved", "INC-1")]


# --- what a person says covers what they have seen ------------------------------------------------------


def test_what_is_said_of_one_finding_leaves_the_others_open():
    both = (anomaly("orders", score=9), anomaly("orders", "mean", "amount", score=3.4))
    (change,) = update_incidents((), News(both), AROUND, now=NOW)
    rows = both[0].monitor
    what, left = dismissed(
        change.after, [rows], "expected from now on", AROUND, by="ann", now=later(1), false_alarms=0.5
    )
    assert (what, left.state, left.severity) == ("updated", IncidentState.OPEN, Severity.WARN)
    assert left.title.startswith("orders.amount: mean ")
    assert left.timeline[-1].note == "orders row_count: expected from now on"
    known = (replace(left, id="INC-1"),)
    again = News((anomaly("orders", day=1, score=9), anomaly("orders", "mean", "amount", day=1)))
    (change,) = update_incidents(known, again, AROUND, now=later(1))
    assert change.what == "updated" and len(change.after.anomalies) == 4
    assert ill_of(change.after) == {"model.shop.orders|mean|amount"}
    # When the rest has passed all is over, and by itself.
    (change,) = update_incidents(
        (replace(change.after, id="INC-1"),), News(passed=passed(both[1], day=2)), AROUND, now=later(2)
    )
    assert change.what == "resolved"


def test_what_is_said_of_all_of_it_ends_it():
    found = (anomaly("orders"), anomaly("orders", "mean", "amount"))
    (change,) = update_incidents((), News(found), AROUND, now=NOW)
    what, over = dismissed(
        change.after, None, "a false alarm", AROUND, by="ann", now=later(1), false_alarms=0.5
    )
    assert (what, over.state) == ("terminated", IncidentState.TERMINATED)
    # Another finding of that table is another matter.
    other = News((anomaly("orders", "null_rate", "id", day=1), anomaly("orders", day=1)))
    changes = update_incidents((replace(over, id="INC-1"),), other, AROUND, now=later(1))
    assert [change.what for change in changes] == ["opened", "updated"]
    assert [one.monitor.metric for one in changes[0].after.anomalies] == ["null_rate"]


def test_what_is_expected_of_a_source_is_expected_of_the_same_days_below_it():
    (change,) = update_incidents((), News((anomaly("stg_orders", score=9),)), AROUND, now=NOW)
    _, over = dismissed(change.after, None, "expected", AROUND, by="ann", now=later(1), false_alarms=0.5)
    below = [anomaly("orders"), anomaly("revenue", value=9000.0), anomaly("refunds", "null_rate", "id")]
    changes = update_incidents((replace(over, id="INC-1"),), News(tuple(below)), AROUND, now=later(1))
    assert [change.what for change in changes] == ["opened", "opened", "updated"]
    assert node("orders") in changes[-1].after.affected


def test_one_of_our_data_tests_goes_with_what_its_monitor_found():
    test = "test.shop.aidbt_volume_orders_ordered_at.7c"
    around = replace(AROUND, tested={test: node("orders")})
    found = (anomaly("orders"), anomaly("orders", "mean", "amount"))
    (change,) = update_incidents((), News(found, (failure(test),)), around, now=NOW)
    assert change.after.title.startswith("orders has 62 % fewer rows")
    assert things_of(change.after) == ("orders row_count", "orders.amount mean")
    said = {"by": "ann", "now": later(1), "false_alarms": 0.5}
    _, some = dismissed(change.after, [found[0].monitor], "expected", around, **said)
    assert test in ill_of(some)
    assert dismissed(some, [found[1].monitor], "expected", around, **said)[0] == "terminated"


def test_something_is_said_of_what_is_wrong_and_not_of_what_has_passed(shop: Shop):
    rows, mean = anomaly("orders"), anomaly("orders", "mean", "amount")
    shop.check(rows, mean)
    shop.check(passed=passed(rows, day=1))
    assert held_monitors(shop.known["INC-1"]) == (mean.monitor,)
    shop.check(passed=passed(mean, day=2))
    assert held_monitors(shop.known["INC-1"]) == (rows.monitor, mean.monitor)


def test_what_is_undone_in_the_same_check_explains_nothing_that_it_finds(shop: Shop):
    gone = anomaly("stg_orders", "table_gone", score=12, is_certain=True)
    shop.check(gone)
    wrong = anomaly("stg_orders", "mean", "amount", day=1)
    assert shop.check(wrong, passed=passed(gone, day=1)) == [("resolved", "INC-1"), ("opened", "INC-2")]
