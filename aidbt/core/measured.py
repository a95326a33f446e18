"""What is measured of a model, one span of time after another, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# How long a bucket is; "run" is one run of dbt, for what has no times of its own.
Grain = Literal["hour", "day", "run"]
# A fact and the column it is of ("" for the whole table): ("rows", ""), ("nulls", "email").
FactKey = tuple[str, str]
# The table in the warehouse that data tests compare with.
BOUNDS_TABLE = "aidbt_monitor_bounds"


def project_node(name: str) -> str:
    """By which the runs of a project as a whole are known; no manifest has it."""
    return f"project.{name}"


def connector_node(entity: str) -> str:
    """By which is known what `aidbt ingest` lands of a source, or of one of its tables ("crm.orders")."""
    return f"connector.{entity}"


def is_of_runs(node: str) -> bool:
    """Whether it is one of these two."""
    return node.startswith(("project.", "connector."))


def node_name(unique_id: str) -> str:
    """A node as people call it: without its kind and project, a source's table with the source's name.

    Example:
        >>> node_name("source.shop.crm.orders"), node_name("model.shop.orders.v2"), node_name("connector.crm")
        ('crm.orders', 'orders.v2', 'crm')
        >>> node_name("test.shop.not_null_orders_id.1f0e"), node_name("unit_test.shop.orders.adds_up")
        ('not_null_orders_id', 'adds_up')
    """
    kind, *rest = unique_id.split(".")
    if kind == "test" and len(rest) > 1:
        return rest[1]
    if kind == "unit_test" and len(rest) > 2:
        return rest[2]
    return ".".join(rest if is_of_runs(unique_id) else rest[1:]) or unique_id


@dataclass(frozen=True, slots=True, order=True)
class Monitor:
    """What is watched: one metric of a node or of one of its columns.

    Attributes:
        node: dbt's unique_id of a model, seed, snapshot or source.
        metric: a name of `aidbt.monitors.metrics`, or "custom:<name>".
        column: as the warehouse spells it; "" where the metric is of the whole table.
    """

    node: str
    metric: str
    column: str = ""

    def __str__(self) -> str:
        """`orders.amount mean`, as people read it."""
        of = node_name(self.node)
        return f"{of}.{self.column} {self.metric}" if self.column else f"{of} {self.metric}"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one scan found of the rows of one span of time.

    Only counts and sums that a metric can be made of later are kept, not the metrics themselves.

    Attributes:
        node: dbt's unique_id.
        start: when the span begins: of days in the time zone of `monitors.timezone` and without an offset, of
            hours and of runs in UTC and without an offset.
        facts: (fact, column) → number; what could not be measured is absent, never NaN.
        shares: column → value → rows that have it, of the most frequent values.
        columns: name → type of every column there was; empty where it was not looked at.
        collected_at: when it was measured, in UTC.
        run_id: dbt's invocation that wrote the rows; "" when unknown.
        is_refreshed: whether that run was a full refresh or a backfill, so that its volume says nothing.
    """

    node: str
    grain: Grain
    start: datetime
    facts: Mapping[FactKey, float]
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    collected_at: datetime | None = None
    run_id: str = ""
    is_refreshed: bool = False


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A bucket in which a monitor is not as it was expected to be.

    Attributes:
        score: how unlikely, as −log10 of a calibrated probability; 3 is about once in a thousand buckets.
        value, expected, low, high: in the metric's own unit; None where there is none (a new column).
        message: one line for people, with the numbers in it.
        detector: which member of the registry found it.
        is_certain: an exact difference (a column gone), not a statistical one.
    """

    monitor: Monitor
    start: datetime
    grain: Grain
    score: float
    message: str
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    detector: str = "statistical"
    is_certain: bool = False
    evidence: Mapping[str, str] = field(default_factory=dict)
