"""The monitors that stand in a project as data tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.core.measured import Monitor
from aidbt.project.manifest import Manifest, Node

# The generic tests of our macros → the metric that each compares.
TESTS = {
    "aidbt_volume": "row_count",
    "aidbt_freshness": "freshness_minutes",
    "aidbt_null_rate": "null_rate",
    "aidbt_mean": "mean",
    "aidbt_distinct": "distinct_count",
    "aidbt_zero_rate": "zero_rate",
    "aidbt_negative_rate": "negative_rate",
}


@dataclass(frozen=True, slots=True)
class MonitorTest:
    """A data test that compares with bounds.

    Attributes:
        monitor: what it compares; the column as the project spells it.
        event_time: the column that it says its rows go by; "" where it says none.
        test: unique_id of the test itself.
    """

    monitor: Monitor
    event_time: str
    test: str


def monitor_tests(manifest: Manifest) -> tuple[MonitorTest, ...]:
    """Every data test of our monitors that is enabled, in the order of the manifest."""
    return tuple(_tests(manifest))


def event_times(manifest: Manifest) -> dict[str, str]:
    """Node → the event time that its monitors name, the first where they name several."""
    found: dict[str, str] = {}
    for test in monitor_tests(manifest):
        if test.event_time:
            found.setdefault(test.monitor.node, test.event_time)
    return found


def _tests(manifest: Manifest) -> Iterator[MonitorTest]:
    for test in manifest.of_type("test"):
        about = test.raw.get("test_metadata") or {}
        metric = TESTS.get(str(about.get("name") or ""))
        node = _tested(test, manifest)
        if metric is None or not node:
            continue
        arguments = about.get("kwargs") or {}
        column = str(test.raw.get("column_name") or arguments.get("column_name") or "").strip('"`')
        said = str(arguments.get("event_time") or "").strip('"`')
        yield MonitorTest(Monitor(node, metric, column), said, test.unique_id)


def _tested(test: Node, manifest: Manifest) -> str:
    """The node that a test stands on; of a source dbt does not say it elsewhere than in what is read."""
    return next((name for name in test.depends_on if manifest.find(name) is not None), "")
