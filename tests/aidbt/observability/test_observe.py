"""Runs that happened elsewhere, taken in from what a real dbt left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.errors import UsageError
from aidbt.core.findings import Severity
from aidbt.observability.observing.observe import Observed, observe
from aidbt.observability.observing.places import MOST_BYTES
from aidbt.observability.recorded import keep_run, recorded_runs
from aidbt.observability.runs import record
from aidbt.project.dbt import run_dbt
from aidbt.project.dbt_report import RunReport
from aidbt.store import Store, open_store
from aidbt.store.buckets import Buckets
from tests.dbt_shop import Shop, new_shop

ORDERS = "model.shop.orders"
FILES = {
    "models/orders.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/totals.sql": "select * from {{ ref('orders') }}",
    "models/schema.yml": "models: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}]",
}
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def report_of_build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, RunReport]:
    """A project that was built."""
    shop = new_shop(tmp_path_factory.mktemp("shops") / "shop", FILES)
    report = run_dbt(shop.open(), "build")
    assert report.succeeded
    return shop, report


@pytest.fixture(scope="module")
def built(report_of_build: tuple[Shop, RunReport]) -> Shop:
    return report_of_build[0]


@pytest.fixture(scope="module")
def unparsed(built: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The same after a build that failed before any node: the green results of the first are still there."""
    root = tmp_path_factory.mktemp("unparsed") / "shop"
    shutil.copytree(built.root, root)
    shop = Shop(root).write({"models/totals.sql": "select * from {{ ref('nobody') }}"})
    assert run_dbt(shop.open(), "build").status == "error"
    return shop


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as store:
        yield store


def take(store: Store, *places: Path, **more: Any) -> Observed:
    return observe(places, store, project="shop", **more)


def codes(observed: Observed) -> list[str]:
    return [finding.code for finding in observed.findings]


# --- a real run ---------------------------------------------------------------------------------------


def test_a_run_is_recorded_once_with_what_each_node_took(built: Shop, store: Store):
    first, second = (take(store, built.root / "target") for _ in range(2))

    assert (len(first.runs), first.findings) == (1, ())
    assert (second.runs, second.known, second.findings) == ((), 1, ())
    [run] = recorded_runs(store)
    assert (run.command, run.status, run.origin) == ("build", "success", "observed")
    assert {
        node.unique_id.rpartition(".")[2]: node.status for node in run.results if "test" not in node.unique_id
    } == {
        "orders": "success",
        "totals": "success",
    }
    orders = next(node for node in run.results if node.unique_id == ORDERS)
    assert orders.started_at and orders.finished_at and orders.started_at <= orders.finished_at
    assert run == first.runs[0]


def test_its_nodes_have_buckets_of_the_run(built: Shop, store: Store):
    take(store, built.root / "target", parents={"model.shop.totals": [ORDERS], "test.x": [ORDERS]})

    [run] = recorded_runs(store)
    [bucket] = Buckets(store).buckets(ORDERS, "run")
    assert bucket.run_id == run.invocation_id
    assert bucket.facts["ok", ""] == 1
    assert bucket.facts["seconds", ""] == pytest.approx(
        next(n.seconds for n in run.results if n.unique_id == ORDERS)
    )
    [whole] = Buckets(store).buckets("project.shop", "run")
    assert whole.facts["run_nodes", "build"] == len(run.results)
    assert 0 <= Buckets(store).buckets("model.shop.totals", "run")[0].facts["wait_s", ""] < 30


def test_a_full_refresh_is_marked_and_its_times_are_not_compared(built: Shop, store: Store, tmp_path: Path):
    data = json.loads((built.root / "target/run_results.json").read_text())
    data["args"]["full_refresh"] = True
    take(store, written(tmp_path / "a", data))

    [bucket] = Buckets(store).buckets(ORDERS, "run")
    assert bucket.is_refreshed and dict(bucket.facts) == {("ok", ""): 1.0}


def test_green_results_that_a_failed_run_left_in_place_are_told_by_the_log(unparsed: Shop, store: Store):
    observed = take(store, unparsed.root / "target")

    assert [(run.status, run.command) for run in observed.runs] == [("success", "build"), ("error", "build")]
    assert codes(observed) == ["observe.stale"]
    assert "nobody" in observed.runs[1].failures[0].message
    again = take(store, unparsed.root / "target")
    assert (again.runs, again.findings) == ((), ())


def test_green_results_that_a_failed_run_left_in_place_are_told_by_the_exit_code(
    built: Shop, store: Store, tmp_path: Path
):
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    shutil.copy(built.root / "target/run_results.json", lonely)

    observed = take(store, lonely, exit_code=2)

    assert sorted(run.status for run in observed.runs) == ["error", "success"]
    assert codes(observed) == ["observe.stale"]
    assert take(store, lonely, exit_code=0).findings == ()


def test_what_aidbt_build_records_is_the_same_and_not_taken_in_again(
    report_of_build: tuple[Shop, RunReport], store: Store
):
    shop, report = report_of_build
    record(report, store, project=shop.open())

    [run] = recorded_runs(store)
    assert (run.origin, run.command, run.job) == ("build", "build", "build")
    assert run.memory_bytes is not None and run.memory_bytes > 20e6
    assert {"seconds", "ok", "wait_s"} <= {fact for fact, _ in Buckets(store).buckets(ORDERS, "run")[0].facts}
    observed = take(store, shop.root / "target")
    assert (observed.runs, observed.known) == ((), 1)


def test_dbt_2_says_the_same_in_its_own_way(tmp_path: Path, store: Store):
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
        "dbt_version": "2.0.0",
        "generated_at": "2026-03-31T11:00:04.877509123Z",
        "invocation_started_at": "2026-03-31T10:59:00.000000001Z",
    }
    reused = {"unique_id": "model.shop.totals", "status": "reused", "execution_time": 0.0}
    made = results(1, metadata=metadata, args={"which": "", "command": "run", "select": "orders+ totals"})
    made["results"].append(reused)
    written(tmp_path, made)

    [run] = take(store, tmp_path, now=lambda: NOW).runs

    assert (run.job, run.seconds) == ("run -s orders+ totals", pytest.approx(64.877508))
    assert Buckets(store).buckets("model.shop.totals", "run") == []


def test_the_memory_that_dbt_used_is_taken_from_its_log(built: Shop, store: Store):
    [run] = take(store, built.root / "target").runs

    assert run.memory_bytes is not None and 20e6 < run.memory_bytes < 4e9


def test_the_json_form_of_the_log_is_read_too(tmp_path: Path, built: Shop, store: Store):
    log = tmp_path / "dbt.log"
    said = [("info", "Running with dbt=1.11.0"), ("error", "Encountered an error:\nCould not find profile")]
    said.append(("debug", "Command `cli build` failed at 10:00:00 after 1.0 seconds"))
    lines = [
        {"info": {"invocation_id": "later", "level": level, "msg": text}, "data": {}} for level, text in said
    ]
    log.write_text("\n".join(json.dumps(line) for line in lines) + "\n{ cut")

    observed = take(store, built.root / "target", log)

    assert codes(observed) == ["observe.stale"]
    assert observed.runs[-1].invocation_id == "later"
    assert observed.runs[-1].failures[0].message == "Could not find profile"


# --- folders of many runs, and odd ones -----------------------------------------------------------------


def results(number: int, **changed: Any) -> dict[str, Any]:
    """The results of a made run, so many hours before noon."""
    at = NOW - timedelta(hours=number)
    ended = (at + timedelta(seconds=40)).isoformat()
    timing = [
        {"name": "compile", "started_at": at.isoformat(), "completed_at": at.isoformat()},
        {"name": "execute", "started_at": at.isoformat(), "completed_at": ended},
    ]
    node = {
        "unique_id": ORDERS,
        "status": "success",
        "timing": timing,
        "execution_time": 40.0,
        "adapter_response": {"rows_affected": 4000, "bytes_processed": 10**9, "bytes_billed": 2 * 10**9},
        "message": "OK",
        "failures": None,
    }
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
        "dbt_version": "1.8.0",
        "invocation_id": f"run-{number}",
        "generated_at": ended,
    }
    return {
        "metadata": {**metadata, **changed.pop("metadata", {})},
        "args": {"which": "build", **changed.pop("args", {})},
        "elapsed_time": 40.0,
        "results": [{**node, **changed.pop("node", {})}],
        **changed,
    }


def written(folder: Path, data: Any, name: str = "run_results.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(data if isinstance(data, str) else json.dumps(data))
    return folder


def test_a_folder_of_many_runs_is_read_whatever_they_are_called(tmp_path: Path, store: Store):
    for number in range(1, 6):
        written(tmp_path / f"run_{number}" / "target", results(number))
    written(tmp_path, results(6), "2026-03-31_run_results.json")
    written(tmp_path / "copy", results(3), "run_results-3.json")

    observed = take(store, tmp_path, now=lambda: NOW)

    assert [run.invocation_id for run in observed.runs] == [f"run-{n}" for n in (6, 5, 4, 3, 2, 1)]
    assert len(Buckets(store).buckets(ORDERS, "run")) == 6
    assert Buckets(store).buckets(ORDERS, "run")[0].facts["bytes_billed", ""] == 2e9


SPOILT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "truncated": lambda data: json.dumps(data)[:400],
    "empty": lambda data: "",
    "another JSON": lambda data: {"hello": "world"},
    "a list": lambda data: [1, 2],
    "of an old dbt": lambda data: {
        **data,
        "metadata": {
            **data["metadata"],
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v3.json",
        },
    },
    "without a time": lambda data: {**data, "metadata": {**data["metadata"], "generated_at": None}},
    "results that are none": lambda data: {**data, "results": [{"no": "id"}]},
    "deeply nested": lambda data: "[" * 100_000,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_file_that_cannot_be_read_is_one_finding_and_the_others_are_read(
    how: str, tmp_path: Path, store: Store
):
    written(tmp_path / "a", SPOILT[how](results(2)))
    written(tmp_path / "b", results(1))

    observed = take(store, tmp_path, now=lambda: NOW)

    assert [run.invocation_id for run in observed.runs] == ["run-1"]
    [finding] = observed.findings
    assert (finding.code, finding.severity) == ("observe.not_read", Severity.WARN)
    assert finding.where.endswith("a/run_results.json") and finding.where not in finding.message


def test_a_huge_file_is_not_read_at_all(tmp_path: Path, store: Store):
    with (tmp_path / "run_results.json").open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # a hole: it takes no room

    [finding] = take(store, tmp_path).findings

    assert "300 MB" in finding.message


def test_odd_numbers_are_left_out_and_the_rest_is_kept(tmp_path: Path, store: Store):
    odd = {
        "execution_time": float("nan"),
        "adapter_response": {"rows_affected": -1, "bytes_processed": "many"},
    }
    written(tmp_path, results(1, node={**odd, "timing": [{"name": "execute", "started_at": "yesterday"}, 7]}))

    [run] = take(store, tmp_path, now=lambda: NOW).runs

    [node] = run.results
    assert (node.seconds, node.rows_affected, node.bytes_processed, node.started_at) == (
        0.0,
        None,
        None,
        None,
    )


def test_compiling_is_no_run(tmp_path: Path, store: Store):
    written(tmp_path, results(1, args={"which": "compile"}))

    observed = take(store, tmp_path, now=lambda: NOW)

    assert (observed.runs, codes(observed)) == ((), ["observe.not_a_run"])


def test_the_runs_of_another_project_are_left_out(tmp_path: Path, store: Store):
    written(tmp_path / "a", results(1, node={"unique_id": "model.bakery.bread"}))
    written(tmp_path / "b", results(2, node={"unique_id": "model.dbt_utils.numbers"}))

    observed = take(store, tmp_path, packages=["dbt_utils"], now=lambda: NOW)

    assert [run.invocation_id for run in observed.runs] == ["run-2"]
    assert codes(observed) == ["observe.other_project"]
    assert "'bakery'" in observed.findings[0].message


def test_a_run_that_is_still_to_come_is_left_out(tmp_path: Path, store: Store):
    written(tmp_path, results(-48))

    assert codes(take(store, tmp_path, now=lambda: NOW)) == ["observe.future"]


def test_a_backfill_of_a_microbatch_model_is_marked(tmp_path: Path, store: Store):
    batches = {"successful": [["2026-01-01", "2026-01-02"]], "failed": [["2026-01-02", "2026-01-03"]]}
    node = {"status": "partial success", "batch_results": batches}
    written(tmp_path, results(1, args={"event_time_start": "2026-01-01"}, node=node))

    [run] = take(store, tmp_path, now=lambda: NOW).runs

    assert run.asked.is_refresh and run.status == "failed"
    assert (run.results[0].batches, run.results[0].failed_batches) == (2, 1)


def test_freshness_is_taken_in_from_sources_json(tmp_path: Path, store: Store):
    item = {
        "unique_id": "source.shop.raw.orders",
        "status": "warn",
        "max_loaded_at": "2026-03-30T00:00:00Z",
        "snapshotted_at": NOW.isoformat(),
        "max_loaded_at_time_ago_in_s": 129_600.0,
    }
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/sources/v3.json",
        "invocation_id": "fresh",
        "generated_at": NOW.isoformat(),
    }
    written(tmp_path, {"metadata": metadata, "results": [item], "elapsed_time": 1.0}, "sources.json")

    [run] = take(store, tmp_path, now=lambda: NOW).runs

    assert (run.command, run.results[0].age_s) == ("source freshness", 129_600.0)
    assert Buckets(store).buckets("source.shop.raw.orders", "run")[0].facts == {
        ("loaded_age_s", ""): 129_600.0
    }


def test_a_place_that_does_not_exist_is_a_usage_error(tmp_path: Path, store: Store):
    with pytest.raises(UsageError, match="does not exist"):
        take(store, tmp_path / "nowhere")


def test_secrets_in_messages_are_hidden(tmp_path: Path, store: Store):
    node = {"status": "error", "message": "login with hunter2 refused"}
    written(tmp_path, results(1, node=node))

    take(store, tmp_path, scrub=lambda text: text.replace("hunter2", "*****"), now=lambda: NOW)

    [run] = recorded_runs(store)
    assert run.failures[0].message == run.results[0].message == "login with ***** refused"


def test_secrets_in_the_log_of_a_run_that_left_nothing_are_hidden(unparsed: Shop, store: Store):
    observed = take(store, unparsed.root / "target", scrub=lambda text: text.replace("nobody", "*****"))

    assert "*****" in observed.runs[1].failures[0].message
    assert "nobody" not in f"{recorded_runs(store)} {observed.findings}"


def test_a_run_that_is_older_than_runs_are_kept_is_left_out_and_said(tmp_path: Path, store: Store):
    for number in (1, 24 * 40):
        written(tmp_path / str(number), results(number))

    observed = take(store, tmp_path, now=lambda: NOW, keep=timedelta(days=30))

    assert [run.invocation_id for run in observed.runs] == ["run-1"]
    assert codes(observed) == ["observe.too_old"]
    later = NOW + timedelta(days=30, minutes=-30)
    take(store, written(tmp_path / "new", results(0)), now=lambda: later, keep=timedelta(days=30))
    assert [run.invocation_id for run in recorded_runs(store)] == ["run-0"]  # the other one is forgotten


# --- runs of several targets ----------------------------------------------------------------------------


def test_runs_of_another_target_are_recorded_and_not_watched(tmp_path: Path, store: Store):
    for number, target in ((1, "prod"), (2, "dev"), (3, None)):
        written(tmp_path / str(number), results(number, args={"target": target} if target else {}))

    observed = take(store, tmp_path, target="prod", now=lambda: NOW)

    assert [run.asked.target for run in observed.runs] == ["", "dev", "prod"]
    assert [bucket.run_id for bucket in Buckets(store).buckets(ORDERS, "run")] == ["run-3", "run-1"]
    [finding] = observed.findings
    assert finding.message.startswith("1 run is of the target dev and does not count here (prod)")
    assert [run.invocation_id for run in recorded_runs(store, target="dev")] == ["run-3", "run-2"]
    assert store.run_targets() == {"": 1, "dev": 1, "prod": 1}


def test_what_was_of_another_target_is_watched_once_that_is_asked_for(tmp_path: Path, store: Store):
    written(tmp_path, results(1, args={"target": "prod"}))
    take(store, tmp_path, target="dev", now=lambda: NOW)
    assert Buckets(store).buckets(ORDERS, "run") == []

    again = take(store, tmp_path, target="prod", is_target_asked=True, now=lambda: NOW)

    assert (again.runs, again.known, again.findings) == ((), 1, ())
    assert [bucket.run_id for bucket in Buckets(store).buckets(ORDERS, "run")] == ["run-1"]


def test_a_person_may_say_of_which_target_runs_are(tmp_path: Path, store: Store):
    written(tmp_path, results(1))

    [run] = take(store, tmp_path, target="prod", is_target_asked=True, now=lambda: NOW).runs

    assert run.asked.target == "prod"
    assert recorded_runs(store, target="dev") == ()


def test_it_may_be_said_afterwards_and_is_not_forgotten_when_it_is_handed_in_again(
    tmp_path: Path, store: Store
):
    written(tmp_path, results(1))
    take(store, tmp_path, target="dev", now=lambda: NOW)

    [run] = take(store, tmp_path, target="prod", is_target_asked=True, now=lambda: NOW).runs
    assert run.asked.target == "prod"
    again = take(store, tmp_path, target="dev", now=lambda: NOW)
    assert again.runs == () and recorded_runs(store, target="dev") == ()


@pytest.mark.long
def test_a_run_of_a_real_dbt_says_its_target(built: Shop, store: Store, tmp_path: Path):
    shop = Shop(tmp_path / "shop")
    shutil.copytree(built.root, shop.root, ignore=shutil.ignore_patterns("target", "logs"))
    text = (shop.root / "profiles.yml").read_text().rstrip() + "\n"
    (shop.root / "profiles.yml").write_text(text + text.splitlines()[-1].replace("dev:", "prod:") + "\n")
    for target in (None, "prod"):
        project = shop.open(target)
        record(run_dbt(project, "build"), store, project=project)

    assert [run.asked.target for run in recorded_runs(store)] == ["dev", "prod"]
    assert take(store, shop.root / "target", target="prod").known == 1


# --- what is kept --------------------------------------------------------------------------------------


def test_a_run_of_an_older_aidbt_is_read_and_made_richer(tmp_path: Path, store: Store):
    report = {"dbt_version": "1.11.0", "runner": "in_process", "results": [], "failures": [], "warnings": []}
    old = [{"unique_id": ORDERS, "status": "success", "execution_time_s": 40.0, "failures": None}]
    at = NOW - timedelta(hours=1)
    store.record_run(
        invocation_id="run-1", command="build", status="success", started_at=at, finished_at=at,
        report={**report, "results": old},
    )  # fmt: skip
    [before] = recorded_runs(store)
    assert (before.results[0].seconds, before.results[0].started_at) == (40.0, None)
    written(tmp_path, results(1))

    assert [run.invocation_id for run in take(store, tmp_path, now=lambda: NOW).runs] == ["run-1"]
    assert recorded_runs(store)[0].results[0].rows_affected == 4000


def test_a_recorded_run_reads_as_it_was(store: Store, built: Shop):
    [run] = take(store, built.root / "target").runs
    keep_run(store, run)

    assert recorded_runs(store) == (run,)
