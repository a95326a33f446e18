"""Reports made by hand, as tests draw them: a shop with troubles, and one of any size."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.findings import Severity
from aidbt.core.incidents import FoundCause, Incident, IncidentEvent, IncidentState
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.history import Family
from aidbt.observability.report.lineage_part import lineage_part
from aidbt.observability.report.values import (
    AttemptPart,
    ChartPoint,
    Costs,
    Freshness,
    IncidentPart,
    LostPoints,
    MetricChart,
    ModelQuality,
    NodeCost,
    Quality,
    Report,
    Run,
    Spend,
    TestResult,
    Watched,
)
from aidbt.store.audit import Entry

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
ORDERS, STG, RAW, MART, DASH = (
    "model.shop.fct_orders",
    "model.shop.stg_crm__orders",
    "source.shop.crm.orders",
    "model.shop.mart_revenue",
    "exposure.shop.revenue_dashboard",
)
PARENTS = {STG: (RAW,), ORDERS: (STG,), MART: (ORDERS,), DASH: (MART,)}
DIMENSIONS = ("completeness", "validity", "consistency", "timeliness", "uniqueness")


def ago(**lengths: float) -> datetime:
    return NOW - timedelta(**lengths)


def rows_chart(*, days: int = 60) -> MetricChart:
    """Rows by day with a weekly course, a day that is missing, one refreshed, and the last ones too few."""
    first = datetime(2026, 3, 13) - timedelta(days=days - 1)
    points = []
    for number in range(days):
        start = first + timedelta(days=number)
        usual = 1200 * (0.55 if start.weekday() >= 5 else 1.0) * (1 + 0.03 * math.sin(number * 2.1))
        value: float | None = usual
        said = ""
        if number >= days - 2:
            value, said = usual * 0.3, "fct_orders: far fewer rows than expected"
        if number == days // 3:
            value = None
        points.append(ChartPoint(start, value, usual * 0.85, usual * 1.15, said, number == days // 2))
    return MetricChart(
        "fct_orders: rows", Family.COUNT, "day", tuple(points), tuple(ago(days=n, hours=3) for n in range(20))
    )


def rate_chart() -> MetricChart:
    first = datetime(2026, 3, 6)
    points = tuple(
        ChartPoint(
            first + timedelta(hours=n),
            0.012 if n < 185 else 0.31,
            0.005,
            0.02,
            "half are null" if n >= 185 else "",
        )
        for n in range(190)
    )
    return MetricChart("stg_crm__orders.email: share of nulls", Family.RATE, "hour", points)


def anomaly(node: str = ORDERS, metric: str = "row_count", column: str = "", *, day: int = 13) -> Anomaly:
    monitor = Monitor(node, metric, column)
    message = f"{node.rpartition('.')[2]}: 361 rows on Friday 2026-03-{day}; expected 1,020 to 1,380"
    return Anomaly(monitor, datetime(2026, 3, day), "day", 7.2, message, 361.0, 1200.0, 1020.0, 1380.0)


def broken_orders() -> IncidentPart:
    incident = Incident(
        id="INC-12",
        state=IncidentState.OPEN,
        severity=Severity.ERROR,
        title="stg_crm__orders: 70 % fewer rows than expected on a Friday; 2 models below",
        root=STG,
        affected=(STG, ORDERS),
        exposed=(MART, DASH),
        opened_at=ago(days=1, hours=2),
        updated_at=ago(hours=2),
        anomalies=(anomaly(STG, day=12), anomaly(STG), anomaly(ORDERS)),
        owner="finance",
        timeline=(
            IncidentEvent(
                ago(days=1, hours=2), "opened", note="stg_crm__orders: 360 rows, expected 1,020 to 1,380"
            ),
            IncidentEvent(ago(hours=5), "noted", "maria", "the export of the shop is broken, they know"),
            IncidentEvent(ago(hours=2), "updated", note="fct_orders too"),
        ),
        version=3,
    )
    return IncidentPart(incident, (rows_chart(), rate_chart()), lineage_part(incident, PARENTS))


def acknowledged() -> IncidentPart:
    incident = Incident(
        id="INC-9",
        state=IncidentState.ACKNOWLEDGED,
        severity=Severity.WARN,
        title="dim_customer.country: the value 'XK' is new",
        root="model.shop.dim_customer",
        affected=("model.shop.dim_customer",),
        opened_at=ago(days=4),
        updated_at=ago(days=3),
        timeline=(IncidentEvent(ago(days=4), "opened"), IncidentEvent(ago(days=3), "acknowledged", "jo")),
    )
    return IncidentPart(incident)


def mistyped() -> IncidentPart:
    """A cause that diagnosis found and a healer proposed a mend for."""
    title = "models/fct_orders.sql: there is no ref stg_ordres; stg_orders stood in its place before"
    found = FoundCause(
        "code|model.shop.fct_orders", "prod", "CODE/COMPILATION", 0.97, ORDERS, title=title,
        proof=(title, "models/fct_orders.sql changed (line 5) since the last good state (commit 4f0c2d91aa)"),
        ruled_out=("the sources above it have the columns and values they had: crm.orders",),
        unknown=("whether the warehouse's clock is right",),
        next_step="write stg_orders for stg_ordres in models/fct_orders.sql, and keep the rest",
        attempt="HEAL-2", run="9b1c",
    )  # fmt: skip
    incident = Incident(
        id="INC-14", state=IncidentState.OPEN, severity=Severity.ERROR, title=title, root=ORDERS,
        affected=(ORDERS,), exposed=(MART, DASH), failures=(ORDERS, f"{ORDERS}.unit"), found=found,
        opened_at=ago(hours=3), updated_at=ago(hours=2), timeline=(IncidentEvent(ago(hours=3), "opened"),),
    )  # fmt: skip
    attempt = Attempt(
        found.key, "prod", AttemptState.PROPOSED, ago(hours=3), ago(hours=2), "HEAL-2", incident="INC-14",
        error_class=found.error_class, root=ORDERS, failed=("restored_file",), remedy="right_name",
        commit="7d2e4c91bb02", branch="aidbt/heal/code-fct-orders-2",
        why="nothing is deployed while another cause of this run is open:"
        " crm.orders has 50% fewer rows, and tables are made of it",
    )  # fmt: skip
    steps = ((5, "classified", "classified"), (4, "proved", "validating"), (2, "proposed", "proposed"))
    audit = tuple(
        Entry(
            n, ago(hours=hours).isoformat(), "aidbt (etl-1)", what, "HEAL-2", after=after, digest="ab12" * 16
        )
        for n, (hours, what, after) in enumerate(steps, 1)
    )
    return IncidentPart(incident, attempts=(AttemptPart(attempt, audit),))


def halved() -> IncidentPart:
    """A cause of which nothing fails, and nothing was tried."""
    title = "crm.orders has 50% fewer rows: 500 rows, 1,000 at the last good run"
    found = FoundCause(
        f"volume|{RAW}", "prod", "DATA_QUALITY/VOLUME", 0.6, RAW, "amount", title=title, proof=(title,),
        next_step="ask the owner of crm.orders for the missing rows, or load it again",
    )  # fmt: skip
    incident = Incident(
        id="INC-15", state=IncidentState.OPEN, severity=Severity.WARN, title=title, root=RAW, affected=(RAW,),
        exposed=(STG, ORDERS, MART), found=found, opened_at=ago(hours=3), updated_at=ago(hours=2),
    )  # fmt: skip
    return IncidentPart(incident)


def failing() -> Report:
    """A shop whose last run failed, diagnosed: a mend is proposed, and a source needs a person."""
    return replace(shop(), incidents=(mistyped(), halved(), acknowledged()))


def ended(number: int = 3) -> IncidentPart:
    incident = Incident(
        id=f"INC-{number}",
        state=IncidentState.RESOLVED,
        severity=Severity.ERROR,
        title="source crm.orders came 9 hours late",
        root=RAW,
        affected=(RAW,),
        opened_at=ago(days=20, hours=number),
        updated_at=ago(days=19),
        ended_at=ago(days=19),
        timeline=(
            IncidentEvent(ago(days=20), "opened"),
            IncidentEvent(ago(days=19), "resolved", note="it passed"),
        ),
    )
    return IncidentPart(incident, (rows_chart(days=30),))


def runs(number: int = 28) -> tuple[Run, ...]:
    return tuple(
        Run(
            f"run-{n}",
            "dbt build",
            "failed" if n in (1, 13) else "success",
            ago(days=n, hours=4),
            42 + 9 * math.sin(n) + (30 if n == 0 else 0),
            done=118 - 5 * (n in (1, 13)),
            warned=1 if n % 9 == 0 else 0,
            failed=2 if n in (1, 13) else 0,
            skipped=3 if n in (1, 13) else 0,
        )
        for n in range(number)
    )


def tests() -> tuple[TestResult, ...]:
    passing = tuple(
        TestResult(
            f"test.shop.not_null_fct_orders_c{n}.a{n}", (ORDERS, MART, STG)[n % 3], "pass", ago(hours=4)
        )
        for n in range(40)
    )
    return (
        TestResult(
            "test.shop.unique_fct_orders_order_id.1f",
            ORDERS,
            "fail",
            ago(hours=4),
            12,
            ago(days=1, hours=4),
            "Got 12 results, configured to fail if != 0",
        ),
        TestResult(
            "test.shop.accepted_values_stg_crm__orders_status.2a", STG, "warn", ago(hours=4), 3, ago(days=6)
        ),
        *passing,
    )


def quality() -> Quality:
    scores: dict[str, float | None] = dict(zip(DIMENSIONS, (97.2, 91.0, None, 74.5, 99.9), strict=True))
    lost = (
        LostPoints(6.1, "12 of 361 rows share an order_id", "remove the doubles upstream"),
        LostPoints(2.0, "timeliness is not measured", "declare freshness of crm.orders"),
        LostPoints(0.4, "3 statuses are not accepted"),
    )
    models = (
        ModelQuality(ORDERS, 81.4, scores, 0.8, "finance", lost),
        ModelQuality(STG, 90.0, {**scores, "timeliness": None}, 0.6, "", lost[1:]),
        ModelQuality(MART, None, {}, 0.0),
    )
    history = tuple((ago(days=30 - n), 96.0 - (0 if n < 24 else n - 20)) for n in range(30))
    ways = (("remove the 12 doubles of fct_orders.order_id", 3.1), ("declare freshness of crm.orders", 0.0))
    groups = (("layer", "marts", 81.0, 0.8), ("layer", "sources", None, 0.0), ("owner", "finance", 81.4, 0.7))
    return Quality(87.9, scores, 0.71, history, models, ways=ways, groups=groups)


def costs() -> Costs:
    nodes = tuple(
        NodeCost(
            f"model.shop.{name}",
            seconds,
            28,
            seconds / 1_700,
            tuple(seconds / 28 * (1 + 0.2 * math.sin(n)) for n in range(28)),
            change,
            2.5e9 * seconds,
            seconds * 0.0004,
        )
        for name, seconds, change in (
            ("fct_orders", 1_204.0, 2.3),
            ("mart_revenue", 300.0, 1.0),
            ("stg_crm__orders", 9.0, None),
        )
    )
    return Costs(nodes, 1_513.0, 0.61, "EUR")


def spend() -> Spend:
    days = tuple((ago(days=29 - n), 0.02 * (n % 5)) for n in range(30))
    kinds = (("map", "gpt-5-mini", 41, 120_400, 0.84), ("query", "local/qwen", 12, 33_000, None))
    return Spend(53, 153_400, 0.84, days, kinds, True, "USD")


def freshness() -> tuple[Freshness, ...]:
    return (
        Freshness(RAW, ago(days=2), 2 * 86_400.0, "bad", "declared"),
        Freshness(ORDERS, ago(hours=5), 5 * 3_600.0, "good", "monitor"),
        Freshness(MART, None, None, "none"),
    )


def shop() -> Report:
    """A shop with an open error, a warning that somebody looks after, and something of every section."""
    return Report(
        project="shop",
        made_at=NOW,
        since=ago(days=30),
        watched=Watched(14, 1_930, 3, 1, datetime(2025, 11, 1), datetime(2026, 3, 13)),
        incidents=(broken_orders(), acknowledged(), ended()),
        tests=tests(),
        freshness=freshness(),
        runs=runs(),
        quality=quality(),
        costs=costs(),
        spend=spend(),
    )


def healthy() -> Report:
    """The same shop where nothing is wrong."""
    return replace(
        shop(),
        incidents=(),
        tests=tuple(test for test in tests() if test.status == "pass"),
        freshness=freshness()[1:],
        runs=tuple(run for run in runs() if run.state == "good"),
    )


def empty() -> Report:
    """A project of which nothing is known."""
    return Report("new_project", NOW, ago(days=30))


def large(models: int = 1_000) -> Report:
    """A project with so many models, and an incident on every twentieth of them."""
    names = [f"model.warehouse.int_department_{n % 40:02d}__subject_{n:04d}" for n in range(models)]
    parts = []
    for number, name in enumerate(names[:: max(1, models // 50)]):
        part = broken_orders() if number < 15 else ended(number)
        incident = replace(part.incident, id=f"INC-{number + 100}", root=name, affected=(name, ORDERS))
        parts.append(replace(part, incident=incident))
    scores: dict[str, float | None] = dict.fromkeys(DIMENSIONS, 93.4)
    lost = quality().models[0].lost
    return replace(
        shop(),
        watched=Watched(models, models * 365),
        incidents=tuple(parts),
        tests=tuple(
            TestResult(
                f"test.warehouse.not_null_{n}_{m}.{n}{m}", name, "pass" if (n + m) % 50 else "fail", NOW, 4
            )
            for n, name in enumerate(names)
            for m in range(5)
        ),
        freshness=tuple(Freshness(name, ago(hours=7), 25_200.0, "good", "monitor") for name in names),
        quality=replace(
            quality(),
            models=tuple(ModelQuality(name, 93.4, scores, 0.8, "finance", lost) for name in names),
        ),
        costs=replace(
            costs(),
            nodes=tuple(NodeCost(name, 12.5, 30, 1 / models, tuple(range(30)), 1.1) for name in names[:300]),
        ),
    )
