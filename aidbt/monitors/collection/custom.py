"""Metrics of a person's own: a SELECT of one number for each bucket, or a metric of the semantic layer.

A SELECT gives the start of a bucket and a number (`select date_trunc('day', paid_at), sum(amount) …`), or one
number alone, which is then one of this moment. It may name models as dbt does: `{{ ref('orders') }}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import AidbtError, UnknownName, UsageError
from aidbt.core.findings import Finding, Severity
from aidbt.core.measured import Bucket
from aidbt.monitors.collection.told import TIMEOUT_HINT
from aidbt.monitors.metrics import CUSTOM
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Warehouse
from aidbt.warehouse.bounded import bounded_rows

# (metric, grain) → the SQL that gives it for each bucket.
MetricSql = Callable[[str, str], str]
_REFERENCE = re.compile(r"\{\{-?\s*(?P<call>ref|source)\(\s*(?P<names>[^()]*)\)\s*-?\}\}")
_NAME = re.compile(r"""['"]([^'"]+)['"]""")
_METRIC = re.compile(r"\w+")
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A metric of a person's own, ready to be asked for.

    Attributes:
        node: "metric.PROJECT.NAME" of the semantic layer's, "custom.PROJECT.NAME" of others.
        reads: unique_ids of the nodes it is made of, as far as it names them.
    """

    name: str
    node: str
    sql: str
    reads: tuple[str, ...] = ()

    @property
    def fact(self) -> str:
        """What its number is called in a bucket."""
        return f"{CUSTOM}{self.name}"


def custom_metrics(
    manifest: Manifest, settings: MonitorSettings, *, dialect: str, metric_sql: MetricSql | None = None
) -> tuple[list[CustomMetric], list[Finding]]:
    """The metrics that the settings name; a finding for each that cannot be asked for.

    Args:
        metric_sql: writes the SQL of the semantic layer's metrics; None where there is none.
    """
    found, findings = [], []
    for name, said in settings.custom.items():
        try:
            found.append(_custom(manifest, settings, name, said.strip(), dialect, metric_sql))
        except AidbtError as error:
            hint = f"; {error.hint}" if error.hint else ""
            message = f"the custom metric {name} cannot be measured: {error.message}{hint}"
            findings.append(Finding("monitor.custom_metric", Severity.ERROR, "aidbt.yml", message))
    return found, findings


def upstream_of_custom(
    manifest: Manifest, settings: MonitorSettings, dialect: str
) -> dict[str, tuple[str, ...]]:
    """unique_id of each metric that the settings name → what it is made of, for lineage; without those that
    cannot be asked for, which a collection says.
    """
    metrics, _ = custom_metrics(manifest, settings, dialect=dialect, metric_sql=lambda name, grain: "")
    return {metric.node: metric.reads for metric in metrics}


def measure_custom(
    metrics: Sequence[CustomMetric],
    warehouse: Warehouse,
    settings: MonitorSettings,
    *,
    now: datetime,
) -> tuple[list[Bucket], list[Finding]]:
    """The buckets of custom metrics, those that are over; a finding for each that failed."""
    buckets: list[Bucket] = []
    findings = []
    for metric in metrics:
        try:
            rows = bounded_rows(
                warehouse,
                metric.sql,
                at_most=_MOST_ROWS,
                timeout_s=settings.statement_timeout_s,
                hint=TIMEOUT_HINT,
            )
            buckets += buckets_of_metric(metric, rows, settings, now)
        except AidbtError as error:
            hint = f"; {error.hint}" if error.hint else ""
            message = f"it could not be measured: {error.message}{hint}"
            findings.append(Finding("monitor.not_measured", Severity.ERROR, metric.name, message))
    return buckets, findings


def buckets_of_metric(
    metric: CustomMetric, rows: Sequence[Sequence[Any]], settings: MonitorSettings, now: datetime
) -> Iterator[Bucket]:
    """A bucket for each row; what is null, NaN or infinite says nothing.

    Raises:
        UsageError: the rows are not of one number, or of a time and a number.
    """
    for row in rows:
        value = _number(metric, row)
        if not math.isfinite(value):
            continue
        facts = {(metric.fact, ""): value}
        if len(row) == 1:
            at = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
            yield Bucket(metric.node, "run", at, facts, collected_at=now)
            continue
        zone = "UTC" if settings.grain == "hour" else settings.timezone
        start = _start(metric, row[0], zone)
        local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
        until = local if settings.grain == "hour" else local.replace(hour=0)
        if start is not None and start < until:
            yield Bucket(metric.node, settings.grain, start, facts, collected_at=now)


def _number(metric: CustomMetric, row: Sequence[Any]) -> float:
    if len(row) not in (1, 2):
        raise UsageError(f"{metric.name} gives {len(row)} columns, not a time and a number, or one number")
    value = row[-1]
    if value is None:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{metric.name} gives {value!r}, which is no number") from error


def _start(metric: CustomMetric, value: Any, zone: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise UsageError(f"{metric.name} gives {value!r} as a time, which is none") from error
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise UsageError(f"{metric.name} gives {value!r} as a time, which is none")


# --- what is asked ----------------------------------------------------------------------------------------


def _custom(
    manifest: Manifest,
    settings: MonitorSettings,
    name: str,
    said: str,
    dialect: str,
    metric_sql: MetricSql | None,
) -> CustomMetric:
    project = str(manifest.metadata.raw.get("project_name") or "project")
    if _METRIC.fullmatch(said):
        node = f"metric.{project}.{said}"
        if manifest.find(node) is None or metric_sql is None:
            known = [metric.name for metric in manifest.of_type("metric")]
            raise UnknownName("metric of the semantic layer", said, known)
        return CustomMetric(name, node, metric_sql(said, settings.grain), _below(manifest, node))
    reads: list[str] = []

    def relation(match: re.Match[str]) -> str:
        node = _referred(manifest, match["call"], _NAME.findall(match["names"]))
        reads.append(node.unique_id)
        return str(node.raw.get("relation_name") or f"{node.schema}.{node.identifier or node.name}")

    sql = _REFERENCE.sub(relation, said)
    if "{{" in sql or "{%" in sql:
        raise UsageError("of Jinja only {{ ref('…') }} and {{ source('…', '…') }} are known there")
    _require_select(sql, dialect)
    return CustomMetric(name, f"custom.{project}.{name}", sql, tuple(dict.fromkeys(reads)))


def _below(manifest: Manifest, node: str) -> tuple[str, ...]:
    """The models under a metric of the semantic layer, through other metrics and semantic models."""
    found: dict[str, None] = {}
    waiting = [node]
    seen = {node}
    while waiting:
        here = manifest.find(waiting.pop())
        for up in here.depends_on if here else ():
            if up.startswith("model."):
                found[up] = None
            elif up not in seen:
                seen.add(up)
                waiting.append(up)
    return tuple(found)


def _referred(manifest: Manifest, call: str, names: Sequence[str]) -> Node:
    nodes: Mapping[str, Node] = manifest.sources if call == "source" else manifest.nodes
    wanted = names[-1] if names else ""
    group = names[0] if call == "source" and len(names) > 1 else ""
    for node in nodes.values():
        is_data = node.resource_type in ("model", "seed", "snapshot", "source")
        if is_data and node.name == wanted and group in ("", node.source_name):
            return node
    raise UnknownName(call, wanted, [node.name for node in nodes.values() if node.resource_type != "test"])


def _require_select(sql: str, dialect: str) -> None:
    try:
        statements = sqlglot.parse(sql, dialect=dialect)
    except SqlglotError as error:
        raise UsageError(f"it is no SQL: {str(error).splitlines()[0]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UsageError("it is neither one SELECT nor the name of a metric of the semantic layer")
