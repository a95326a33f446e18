"""Runs of dbt become incidents and end them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aidbt.core.config import DbtSettings, Settings
from aidbt.core.findings import RunFailure
from aidbt.core.incidents import IncidentState
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import record
from aidbt.monitors.incidents.surroundings import surroundings
from aidbt.observability.failing_runs import last_results, remember_runs, run_news
from aidbt.observability.recorded import RecordedNode, RecordedRun, keep_run
from aidbt.observability.runs import build_and_record
from aidbt.project.manifest import read_manifest
from aidbt.store import Cache, open_store
from aidbt.store.incidents import Incidents
from tests.dbt_shop import new_shop

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def run(number: int, *results: tuple[str, str], command: str = "build", status: str = "") -> RecordedRun:
    """A run of some hours after the first; results are (unique_id, status)."""
    at = NOW + timedelta(hours=number)
    nodes = tuple(RecordedNode(name, said) for name, said in results)
    failed = any(node.failed for node in nodes)
    said = status or ("failed" if failed else "success")
    return RecordedRun(f"run-{number}", command, said, at, at, results=nodes)  # type: ignore[arg-type]


def said(*runs: RecordedRun) -> tuple[set[str], set[str]]:
    failures, succeeded = last_results(runs)
    return {failure.unique_id for failure in failures}, set(succeeded)


def test_the_last_result_of_each_counts_whatever_order_runs_come_in():
    first = run(1, ("model.a", "error"), ("model.b", "success"), ("model.c", "skipped"))
    second = run(2, ("model.a", "success"), ("model.b", "fail"))
    assert said(second, first) == ({"model.b"}, {"model.a", ""})


def test_a_warning_is_no_failure_and_what_was_skipped_says_nothing():
    assert said(run(1, ("test.a", "warn"), ("model.b", "skipped"))) == (set(), {"test.a", ""})


def test_a_run_that_stopped_before_any_node_is_one_failure_until_one_gets_further():
    assert said(run(1, status="error")) == ({""}, set())
    assert said(run(1, status="error"), run(2, ("model.a", "error"))) == ({"model.a"}, {""})


@pytest.mark.parametrize("command", ["parse", "compile", "docs", "list"])
def test_what_makes_nothing_says_nothing(command: str):
    assert said(run(1, ("model.a", "error"), command=command)) == (set(), set())


def test_a_run_is_told_once_and_old_ones_never(tmp_path: Path):
    with closing(open_store(tmp_path / "state.db")) as store:
        keep_run(store, run(-30, ("model.old", "error")))
        keep_run(store, run(0, ("model.a", "error")))
        news = run_news(store, now=NOW + timedelta(hours=1))
        assert [failure.unique_id for failure in news.failures] == ["model.a"]
        assert run_news(store, now=NOW + timedelta(hours=1)) == news
        remember_runs(store, news)
        assert run_news(store, now=NOW + timedelta(hours=1)).failures == ()
        keep_run(store, run(2, ("model.a", "success")))
        assert run_news(store, now=NOW + timedelta(hours=3)).succeeded == {"model.a", ""}


def test_a_check_of_another_target_makes_nothing_of_this_one_news_again(tmp_path: Path):
    with closing(open_store(tmp_path / "state.db")) as store:
        for number, target in enumerate(("prod", "dev")):
            failed = run(number, (f"model.{target}", "error"))
            keep_run(store, replace(failed, asked=replace(failed.asked, target=target)))
        for target in ("prod", "dev", "prod", "dev"):
            remember_runs(store, run_news(store, target=target, now=NOW + timedelta(hours=2)))
            assert run_news(store, target=target, now=NOW + timedelta(hours=2)).failures == ()


@pytest.mark.long
def test_a_failing_build_opens_an_incident_and_the_next_good_one_ends_it(tmp_path: Path):
    shop = new_shop(
        tmp_path,
        {
            "models/orders.sql": "select * from nowhere",
            "models/totals.sql": "select * from {{ ref('orders') }}",
        },
    )
    with closing(open_store(tmp_path / "state.db")) as store:

        def build() -> list[tuple[str, str]]:
            build_and_record(shop.open(), DbtSettings(), store, Cache(store))
            runs = run_news(store)
            around = surroundings(read_manifest(tmp_path / "target" / "manifest.json"))
            changes = record(store, News((), runs.failures, {}, runs.succeeded), around, Settings())
            remember_runs(store, runs)
            return [(change.what, change.after.title) for change in changes]

        assert build() == [("opened", "orders failed in a run of dbt; 1 model below")]
        shop.write({"models/orders.sql": "select 1 as id"})
        assert build() == [("resolved", "orders failed in a run of dbt; 1 model below")]
        (incident,) = Incidents(store).all()
        assert incident.state is IncidentState.RESOLVED
        assert incident.exposed == ("model.shop.totals",)


def test_a_message_of_dbt_may_hold_values_and_stays_out_of_the_incident():
    failures, _ = last_results([run(1, ("model.a", "error"))])
    assert failures == (RunFailure("model.a", "error", ""),)
