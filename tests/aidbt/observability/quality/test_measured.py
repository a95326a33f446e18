"""Quality of what monitors measured and judged: a real DuckDB, a real store, and a day that is odd."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aidbt.core.config import QualitySettings
from aidbt.core.measured import Bucket, Grain
from aidbt.observability.quality.dimensions import Dimension
from aidbt.observability.quality.gathering import gather
from aidbt.observability.quality.judging import Quality, quality_of
from aidbt.observability.recorded import RecordedNode, RecordedRun, keep_run
from aidbt.store.buckets import Buckets
from tests.aidbt.monitors.measured_shop import ORDERS, column_test, manifest_of, measured_shop, model
from tests.aidbt.observability.test_monitoring import HALF_OF_YESTERDAY, Watched


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with measured_shop(tmp_path) as made:
        yield Watched(made)


def quality(watched: Watched) -> Quality:
    shop = watched.shop
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
    known = gather(manifest, shop.store, shop.folder / "target", now=shop.now)
    return quality_of(manifest, known, QualitySettings(), select=["orders"])


def test_what_was_measured_and_not_judged_has_no_score(watched: Watched) -> None:
    watched.shop.collect()

    assert quality(watched).project.total.value is None


def test_what_is_as_usual_is_100_and_says_what_of_it_is_measured(watched: Watched) -> None:
    watched.check()
    (orders,) = quality(watched).nodes

    assert orders.total.value == 100
    # Of four columns one is the event time: rows without it belong to no day, so nobody counts them.
    assert orders.covered[Dimension.COMPLETENESS] == 3 / 4
    assert orders.covered[Dimension.VALIDITY] == orders.covered[Dimension.TIMELINESS] == 1
    assert orders.covered[Dimension.UNIQUENESS] == 0


def test_rows_that_are_missing_lose_points_until_the_incident_is_over(watched: Watched) -> None:
    watched.check()
    changes = watched.on(1, HALF_OF_YESTERDAY).check().changes
    found = quality(watched)

    (change,) = changes
    assert change.after.root == ORDERS
    completeness = found.nodes[0].dimensions[Dimension.COMPLETENESS].value
    assert completeness is not None
    # A quarter of the rows came: the table as a whole, which weighs 3 beside 3 columns, lacks about 75 %.
    assert 100 * (1 - 0.8 * 3 / 6) < completeness < 100 * (1 - 0.7 * 3 / 6)
    (way,) = [way for way in found.mend if way.cause == change.after.id][:1]
    assert way.action.startswith(f"settle {change.after.id}: ")

    watched.on(2).check()
    assert quality(watched).nodes[0].dimensions[Dimension.COMPLETENESS].value == 100


@pytest.mark.parametrize("last", ["day", "run"])
def test_of_a_node_that_is_measured_in_another_grain_the_last_counts(watched: Watched, last: Grain) -> None:
    shop, before = watched.shop, {"day": "run", "run": "day"}[last]
    failed = RecordedNode("test.shop.unique_orders_id", "fail", failures=3)
    shop.nodes = [model("orders"), column_test("unique", "orders", "id")]
    for grain, rows, ago in ((before, 900.0, 3), (last, 50.0, 1)):
        at = shop.now - timedelta(days=ago)
        start = at.replace(tzinfo=None, hour=0, minute=0)
        Buckets(shop.store).put([Bucket(ORDERS, grain, start, {("rows", ""): rows}, collected_at=at)])  # type: ignore
    keep_run(shop.store, RecordedRun("1", "build", "failed", shop.now, shop.now, results=(failed,)))

    found = gather(
        manifest_of(shop.folder / "manifest.json", shop.nodes), shop.store, shop.folder, now=shop.now
    )

    assert found.measured[ORDERS].rows == found.rows[ORDERS].count == 50
    assert found.results[failed.unique_id].failures == 3
