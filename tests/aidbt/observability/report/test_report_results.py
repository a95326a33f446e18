"""What a report makes of recorded runs: tests, since when they fail, and how old data is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aidbt.core.findings import RunFailure, Severity
from aidbt.observability.quality.known import Seen
from aidbt.observability.recorded import RecordedNode, RecordedRun
from aidbt.observability.report.results import declared_of, freshness_of, results_of, runs_of
from aidbt.observability.report.values import Freshness
from tests.aidbt.observability.report.made import NOW, ORDERS, RAW, STG, anomaly, broken_orders

UNIQUE = "test.shop.unique_fct_orders_id.1f"
TESTED = {UNIQUE: ORDERS}


def run(day: int, *results: RecordedNode, status: str = "success") -> RecordedRun:
    begun = datetime(2026, 3, day, 5, tzinfo=UTC)
    return RecordedRun(
        f"run-{day}",
        "build",
        status,
        begun,
        begun + timedelta(seconds=90),
        results=results,  # type: ignore[arg-type]
    )


def result(status: str, failures: int | None = None) -> RecordedNode:
    return RecordedNode(UNIQUE, status, failures=failures)


def test_a_test_fails_since_the_first_run_of_those_that_failed_in_a_row():
    runs = [
        run(1, result("fail", 9)),
        run(2, result("pass")),
        run(3, result("fail", 1)),
        run(4, result("fail", 3)),
    ]
    [test] = results_of(runs, TESTED, {})

    assert (test.node, test.status, test.failures) == (ORDERS, "fail", 3)
    assert test.since == runs[2].finished_at and test.at == runs[3].finished_at


def test_a_test_that_was_skipped_is_as_it_was_before():
    [test] = results_of([run(1, result("fail", 9)), run(2, result("skipped"))], TESTED, {})

    assert (test.status, test.since) == ("fail", run(1).finished_at)


def test_a_test_that_is_gone_is_not_told_of():
    assert results_of([run(1, result("fail"))], {"test.shop.other.2": STG}, {}) == ()


def test_without_a_manifest_all_results_of_runs_count():
    [test] = results_of([run(1, result("pass"))], {}, {})

    assert (test.node, test.state) == ("", "good")


def test_a_newer_result_from_elsewhere_counts_and_an_older_one_does_not():
    runs = [run(2, result("pass"))]
    newer = Seen("fail", datetime(2026, 3, 3, tzinfo=UTC), failures=4)
    older = replace(newer, at=datetime(2026, 3, 1, tzinfo=UTC))

    assert results_of(runs, TESTED, {UNIQUE: newer})[0].failures == 4
    assert results_of(runs, TESTED, {UNIQUE: older})[0].state == "good"


def test_runs_are_counted_by_how_their_nodes_ended():
    nodes = [
        RecordedNode(f"model.shop.m{n}", status) for n, status in enumerate(("success", "error", "skipped"))
    ]
    newest, oldest = runs_of([run(1), run(2, *nodes, result("warn"), status="failed")])

    assert (newest.done, newest.failed, newest.skipped, newest.warned) == (2, 1, 1, 1)
    assert (newest.state, oldest.state, newest.seconds) == ("bad", "good", 90)


def test_values_of_rows_that_a_database_quotes_are_not_shown():
    said = "Conversion Error: Could not convert string 'bob@example.com' to INT32 in 'fct_orders'"
    failed = RecordedNode(UNIQUE, "error", message=said)
    failure = RunFailure(UNIQUE, "error", said)
    recorded = [replace(run(1, failed, status="failed"), failures=(failure,))]

    [test] = results_of(recorded, TESTED, {}, {"fct_orders"})
    [shown] = runs_of(recorded, {"fct_orders"})

    assert test.message == "Conversion Error: Could not convert string '…' to INT32 in 'fct_orders'"
    assert shown.problems == ((UNIQUE, test.message),)


def test_what_dbt_said_of_a_source_counts_and_so_does_what_a_monitor_found():
    asked = run(13, RecordedNode(RAW, "warn", age_s=7_200.0))
    declared = declared_of([asked], {})
    late = replace(broken_orders().incident, anomalies=(anomaly(ORDERS, "freshness_minutes"),))
    newest = {ORDERS: NOW - timedelta(hours=30), STG: NOW - timedelta(hours=1), "model.shop.new": NOW}
    found = {one.node: one for one in freshness_of(newest, frozenset({ORDERS, STG}), declared, [late], NOW)}

    assert (found[RAW].state, found[RAW].by) == ("warn", "declared")
    assert found[RAW].newest_at == asked.finished_at - timedelta(seconds=7_200)
    assert (found[ORDERS].state, found[ORDERS].by, found[ORDERS].age_s) == ("bad", "monitor", 108_000)
    assert found[STG].state == "good"
    assert found["model.shop.new"].state == "none"
    assert {*[*found][:2]} == {ORDERS, RAW}  # what is late comes first


def test_what_was_late_and_is_no_more_is_in_time_though_its_incident_goes_on():
    of = (anomaly(ORDERS, "freshness_minutes"), anomaly(STG, "freshness_minutes"), anomaly(ORDERS))
    bad = replace(broken_orders().incident, anomalies=of, well=frozenset({f"{ORDERS}|freshness_minutes|"}))
    mild = replace(bad, anomalies=(anomaly(STG, "freshness_minutes"),), severity=Severity.WARN)
    newest = {ORDERS: NOW, STG: NOW - timedelta(days=2)}

    found = freshness_of(newest, frozenset({ORDERS, STG}), {}, [bad, mild], NOW)

    assert {one.node: one.state for one in found} == {ORDERS: "good", STG: "bad"}


def test_a_source_that_was_loaded_since_dbt_found_it_late_is_late_no_more():
    asked = NOW - timedelta(hours=2)
    declared = {RAW: Freshness(RAW, asked - timedelta(days=3), 3 * 86_400.0, "bad", "declared")}

    [loaded] = freshness_of({RAW: asked + timedelta(hours=1)}, frozenset(), declared, [], NOW)
    [old] = freshness_of({RAW: asked - timedelta(days=3)}, frozenset(), declared, [], NOW)

    assert (loaded.state, loaded.age_s) == ("none", 3_600)
    assert (old.state, old.by) == ("bad", "declared")


def test_a_clock_that_is_ahead_makes_no_age_below_nothing():
    [one] = freshness_of({STG: NOW + timedelta(hours=3)}, frozenset(), {}, [], NOW)

    assert one.age_s == 0


def test_the_newest_answer_of_a_source_counts():
    old, new = run(1, RecordedNode(RAW, "error", age_s=9e5)), run(2, RecordedNode(RAW, "pass", age_s=60.0))

    assert declared_of([old, new], {})[RAW].state == "good"
    later = Seen("error", datetime(2026, 3, 3, tzinfo=UTC), age_s=9e5)
    assert declared_of([old, new], {RAW: later})[RAW] == Freshness(
        RAW, later.at - timedelta(seconds=9e5), 9e5, "bad", "declared"
    )
