"""The newest result of each node, from many runs, of which most say what newer ones said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aidbt.observability.quality.results import read_results
from aidbt.observability.recorded import RecordedNode, RecordedRun, keep_run, recorded_runs
from aidbt.store import Store, open_store
from tests.aidbt.observability.quality.made import NOW, check, model, project

ORDERS = model("orders").unique_id
OFTEN, WEEKLY, NEVER = (
    check("unique", "orders", "id"),
    check("not_null", "orders", "id"),
    check("recency", "orders"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as store:
        yield store


def ran(store: Store, hours_ago: int, *results: RecordedNode) -> None:
    at = NOW - timedelta(hours=hours_ago)
    keep_run(store, RecordedRun(f"run-{hours_ago}", "build", "success", at, at, results=results))


def test_each_node_has_its_newest_result_however_many_runs_came_after_it(store: Store, tmp_path: Path):
    for hours in range(30):
        ran(store, hours, RecordedNode(OFTEN.unique_id, "pass"), RecordedNode(ORDERS, "error"))
    ran(
        store,
        160,
        RecordedNode(OFTEN.unique_id, "fail", failures=9),
        RecordedNode(WEEKLY.unique_id, "fail", failures=3),
        RecordedNode(ORDERS, "success", rows_affected=500),
    )
    ran(store, 161, RecordedNode(WEEKLY.unique_id, "pass"), RecordedNode(ORDERS, "success", rows_affected=1))
    shop = project([model("orders"), OFTEN, WEEKLY, NEVER])

    found = read_results(shop, store, tmp_path, NOW - timedelta(days=30))

    assert {name: (seen.status, seen.at) for name, seen in found.newest.items()} == {
        OFTEN.unique_id: ("pass", NOW),
        WEEKLY.unique_id: ("fail", NOW - timedelta(hours=160)),
        ORDERS: ("error", NOW),
    }
    # The last good build says how many rows there are.
    assert found.rows[ORDERS] == (NOW - timedelta(hours=160), 500)
    assert len(found.runs) == 32


def test_what_is_known_of_a_run_need_not_be_read_again(store: Store):
    ran(store, 0, RecordedNode(OFTEN.unique_id, "pass"), RecordedNode(WEEKLY.unique_id, "fail"))

    (run,) = recorded_runs(store, without={OFTEN.unique_id})

    assert [node.unique_id for node in run.results] == [WEEKLY.unique_id]
