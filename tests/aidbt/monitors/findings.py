"""Lineages and findings of a small shop, for tests of incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aidbt.core.findings import RunFailure
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.incidents.surroundings import Surroundings

# Two pipelines that meet in one mart, and a third that has nothing to do with them.
PARENTS = {
    "source.shop.crm.orders": (),
    "source.shop.crm.customers": (),
    "source.shop.web.visits": (),
    "model.shop.stg_orders": ("source.shop.crm.orders",),
    "model.shop.stg_customers": ("source.shop.crm.customers",),
    "model.shop.stg_visits": ("source.shop.web.visits",),
    "model.shop.orders": ("model.shop.stg_orders",),
    "model.shop.refunds": ("model.shop.stg_orders",),
    "model.shop.revenue": ("model.shop.orders", "model.shop.stg_customers"),
    "model.shop.visits": ("model.shop.stg_visits",),
    "exposure.shop.weekly": ("model.shop.revenue",),
}
AROUND = Surroundings(
    parents=PARENTS,
    owners={"model.shop.stg_orders": "finance"},
    paths={node: f"models/{node.rpartition('.')[2]}.sql" for node in PARENTS},
    tested={"test.shop.not_null_orders_id.1f": "model.shop.orders"},
)
DAY = datetime(2026, 11, 20)  # a Friday
NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def node(name: str) -> str:
    """A unique_id by its last part, a model's before a source's."""
    return next(known for known in reversed(PARENTS) if known.rpartition(".")[2] == name)


def anomaly(
    name: str,
    metric: str = "row_count",
    column: str = "",
    *,
    day: int = 0,
    score: float = 3.5,
    value: float = 380.0,
    expected: float = 1000.0,
    **more: object,
) -> Anomaly:
    """A finding of a day after the first."""
    return Anomaly(
        monitor=Monitor(node(name) if "." not in name else name, metric, column),
        start=DAY + timedelta(days=day),
        grain="day",
        score=score,
        message=f"{name}.{column} {metric}: {value:,g}, expected {expected:,g}",
        value=value,
        expected=expected,
        **more,  # type: ignore[arg-type]
    )


def later(days: float) -> datetime:
    return NOW + timedelta(days=days)


def failure(unique_id: str) -> RunFailure:
    return RunFailure(unique_id, "error", "division by zero")


def passed(*found: Anomaly, day: int) -> dict[Monitor, datetime]:
    """These monitors are as expected on a day."""
    return {one.monitor: DAY + timedelta(days=day) for one in found}
