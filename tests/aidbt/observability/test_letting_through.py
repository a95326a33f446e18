"""What a person said is right does not stop builds any more: there, and in the models below it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from aidbt.core.measured import Monitor
from aidbt.monitors.feedback.verdicts import Feedback, Verdict
from aidbt.monitors.judging.bounds import Bound, read_bounds, write_bounds
from aidbt.observability.letting_through import let_through
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.aidbt.monitors.measured_shop import manifest_of, model

DAY = datetime(2026, 3, 10)


def bound(node: str, metric: str = "row_count", column: str = "", bucket: str = "2026-03-10") -> Bound:
    times = dict.fromkeys(
        ("bucket_from", "bucket_to", "event_time", "time_type", "valid_from", "valid_to", "computed_at"), ""
    )
    return Bound(
        node=f"model.shop.{node}",
        relation=node,
        column_name=column,
        metric=metric,
        bucket=bucket,
        low=1.0,
        high=2.0,
        severity="error",
        **times,
    )


def said(verdict: Verdict, node: str = "orders", metric: str = "row_count", column: str = "") -> Feedback:
    return Feedback(Monitor(f"model.shop.{node}", metric, column), DAY, DAY + timedelta(days=1), verdict)


BOUNDS = [
    bound("orders"),
    bound("orders", bucket="2026-03-11"),
    bound("orders", "mean", "Amount"),
    bound("totals"),
    bound("totals", bucket="2026-03-12"),
    bound("totals", bucket="2026-04-12"),
    bound("totals", "mean", "amount"),
    bound("totals", bucket="next run"),
    bound("totals", bucket="2026-03-10 05:00"),
    bound("others"),
]


def opened(tmp_path: Path, *feedback: Feedback) -> tuple[int, set[tuple[str, str, str]]]:
    """How many tests let something pass, and the bounds without ends as (node, metric, bucket)."""
    nodes = [
        model("orders"), model("totals", reads=["model.shop.orders"]), model("others"),
    ]  # fmt: skip
    warehouse = DuckDBWarehouse(tmp_path / "shop.duckdb")
    write_bounds(warehouse, BOUNDS)
    tests = let_through(manifest_of(tmp_path / "manifest.json", nodes), warehouse, feedback)
    after = read_bounds(warehouse)
    assert len(after) == len(BOUNDS)
    return tests, {
        (b.node.removeprefix("model.shop."), b.metric, b.bucket) for b in after if b.low is b.high is None
    }


@pytest.mark.parametrize(
    ("feedback", "tests", "expected"),
    [
        ([], 0, set()),
        ([said("real")], 0, set()),
        (
            [said("false-alarm")],
            2,
            {("orders", "row_count", "2026-03-10"), ("totals", "row_count", "2026-03-10"),
             ("totals", "row_count", "2026-03-10 05:00")},
        ),
        # What is new above is new below for a while; the table's own past is forgotten anyhow.
        (
            [said("expected")],
            2,
            {("orders", "row_count", "2026-03-10"), ("totals", "row_count", "2026-03-10"),
             ("totals", "row_count", "2026-03-12"), ("totals", "row_count", "2026-03-10 05:00")},
        ),
        (
            [said("expected", "totals")],
            1,
            {("totals", "row_count", "2026-03-10"), ("totals", "row_count", "2026-03-10 05:00")},
        ),
        (
            [said("false-alarm", metric="mean", column="AMOUNT")],
            2,
            {("orders", "mean", "2026-03-10"), ("totals", "mean", "2026-03-10")},
        ),
    ],
)  # fmt: skip
def test_only_what_was_said_to_be_right_lets_a_build_go_on(
    tmp_path: Path, feedback: list[Feedback], tests: int, expected: set[tuple[str, str, str]]
):
    assert opened(tmp_path, *feedback) == (tests, expected)


def test_without_bounds_there_is_nothing_to_do(tmp_path: Path):
    manifest = manifest_of(tmp_path / "manifest.json", [model("orders")])
    duckdb.connect(str(tmp_path / "new.duckdb")).close()

    assert let_through(manifest, DuckDBWarehouse(tmp_path / "new.duckdb"), [said("false-alarm")]) == 0
