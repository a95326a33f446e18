"""Metric queries compiled to SQL by MetricFlow, in this process: no dbt Cloud, no `mf`, no network, no warehouse.

MetricFlow writes no file and sends nothing; what it calls telemetry goes to Python's log, as do its warnings,
and both are switched off here. Compiling does not ask what time it is.

Threads: MetricFlow's caches and numbering are not meant for several threads, so one lock lets one thread at a
time build an engine or compile. Engines are kept, one per manifest and dialect, the latest few.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from aidbt.core.errors import AidbtError, UsageError, require_known
from aidbt.core.findings import Finding, Severity
from aidbt.semantic.definitions import DATE_PARTS, GRAINS, METRIC_TIME, SemanticManifest
from aidbt.semantic.metricflow_errors import GroupByItem, parser_of, translated
from aidbt.semantic.percentiles import PercentileForm, renderable, substitution

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowExplainResult
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

# dbt's and sqlglot's names → MetricFlow's engine, and where its renderer stands.
_RENDERERS = {
    "athena": ("ATHENA", "athena:AthenaSqlPlanRenderer"),
    "bigquery": ("BIGQUERY", "big_query:BigQuerySqlPlanRenderer"),
    "databricks": ("DATABRICKS", "databricks:DatabricksSqlPlanRenderer"),
    "duckdb": ("DUCKDB", "duckdb_renderer:DuckDbSqlPlanRenderer"),
    "postgres": ("POSTGRES", "postgres:PostgresSQLSqlPlanRenderer"),
    "redshift": ("REDSHIFT", "redshift:RedshiftSqlPlanRenderer"),
    "snowflake": ("SNOWFLAKE", "snowflake:SnowflakeSqlPlanRenderer"),
    "trino": ("TRINO", "trino:TrinoSqlPlanRenderer"),
    "vertica": ("VERTICA", "vertica:VerticaSqlPlanRenderer"),
}
DIALECTS = tuple(_RENDERERS)

_MOST_KEPT = 4

Day: TypeAlias = dt.date | dt.datetime
ColumnKind = Literal["metric", "dimension", "time", "entity"]


class DialectNotRendered(UsageError):
    """MetricFlow writes no SQL for this dialect: a planner that does has to answer."""

    def __init__(self, dialect: str) -> None:
        super().__init__(
            f"MetricFlow writes no SQL for '{dialect}'", hint=f"it writes it for {', '.join(DIALECTS)}"
        )
        self.dialect = dialect


@dataclass(frozen=True, slots=True)
class GroupBy:
    """What a query groups by: a dimension, an entity, or `metric_time`.

    Attributes:
        name: with the entities on the way to it, e.g. "listing__country" or "listing__user__home_state"; a
            grain may stand at its end ("metric_time__month").
        grain: what a time is cut to; "" for the finest that all metrics have.
        date_part: the number in a time that is meant instead, one of `DATE_PARTS`; "" for none.
    """

    name: str
    grain: str = ""
    date_part: str = ""


@dataclass(frozen=True, slots=True)
class OrderBy:
    """What the rows are sorted by: a metric or an item of the group."""

    item: str | GroupBy
    descending: bool = False


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of a compiled query's result.

    Attributes:
        name: as the SQL calls it.
        of: the metric, or the dimension or entity with the entities on the way to it.
        grain: of a time that is cut; "" otherwise.
        date_part: of a number in a time; "" otherwise.
    """

    name: str
    kind: ColumnKind
    of: str
    grain: str = ""
    date_part: str = ""


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A metric query as SQL.

    Attributes:
        columns: of the result, in its order.
        notes: what was taken in another form than the manifest says, because the dialect lacks that one.
    """

    sql: str
    columns: tuple[OutputColumn, ...]
    dialect: str
    notes: tuple[str, ...] = ()


def compile_query(
    manifest: SemanticManifest,
    *,
    metrics: Sequence[str] = (),
    group_by: Sequence[str | GroupBy] = (),
    where: Sequence[str] = (),
    order_by: Sequence[str | OrderBy] = (),
    limit: int | None = None,
    time_range: tuple[Day | None, Day | None] | None = None,
    min_max_only: bool = False,
    apply_group_by: bool = True,
    saved_query: str = "",
    dialect: str = "duckdb",
) -> CompiledQuery:
    """The SQL that answers a metric query.

    Args:
        group_by: names such as "metric_time__month" or "listing__country", or MetricFlow's calls such as
            "TimeDimension('metric_time', 'month')"; or values.
        where: MetricFlow's templates, of which all have to hold.
        order_by: as `group_by`, or metrics; a "-" before a name sorts descending.
        time_range: the first and last day (or time) of `metric_time`, both inclusive; None is open.
        min_max_only: the smallest and largest value of the one item of the group, in one row.
        apply_group_by: False lists a dimension's rows as they are, not each value once; only without metrics.
        saved_query: instead of metrics and group; the rest adds to what it says.

    Raises:
        MissingExtra: MetricFlow is not installed.
        DialectNotRendered: MetricFlow writes no SQL for the dialect.
        UnknownName: a metric, a saved query, or an item of the group or a filter does not exist, or not for
            these metrics.
        AmbiguousItem: an item can be reached in several ways.
        AidbtError: the query cannot be answered, or the manifest cannot be used.
    """
    require_known(metrics, manifest.metric_names(), "metric")
    if saved_query:
        manifest.saved_query(saved_query)
    start, end = _bounds(time_range)
    with _LOCK:
        engine = _engine(manifest, dialect)
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest, OutputColumnOrderMode

        request = MetricFlowQueryRequest.create(
            saved_query_name=saved_query or None,
            metric_names=list(metrics) or None,
            group_by_names=[_call(item) for item in group_by] or None,
            where_constraints=list(where) or None,
            order_by_names=[_order_call(item) for item in order_by] or None,
            limit=limit,
            time_constraint_start=start,
            time_constraint_end=end,
            min_max_only=min_max_only,
            apply_group_by=apply_group_by,
            output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER,
        )
        with translated(manifest, lambda: _items(manifest, metrics)), _no_collection():
            explained = engine.explain(request)
            sql, columns = explained.sql_statement.sql.strip(), _columns(explained)
    asked = (*metrics, *(manifest.saved_query(saved_query).metrics if saved_query else ()))
    return CompiledQuery(sql, columns, dialect, _notes(manifest, asked, dialect))


def group_by_items(manifest: SemanticManifest, metrics: Sequence[str] = ()) -> tuple[GroupByItem, ...]:
    """What all of the metrics can be grouped and filtered by, sorted by name.

    Items that are reached over more than one way under the same name are left out, as no query can mean them.

    Args:
        metrics: none of them: every item that a query without metrics can list.

    Raises:
        MissingExtra: MetricFlow is not installed.
        UnknownName: a metric does not exist.
        AidbtError: the manifest cannot be used.
    """
    require_known(metrics, [metric.name for metric in manifest.metrics], "metric")
    with _LOCK, translated(manifest):
        return _items(manifest, metrics)


def validate(manifest: SemanticManifest) -> tuple[Finding, ...]:
    """What MetricFlow's own validation finds wrong, by severity: errors, which no query survives, first.

    Raises:
        MissingExtra: MetricFlow is not installed.
    """
    with _LOCK, translated(manifest):
        parsed = _transformed(manifest)
        from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
            SemanticManifestValidator,
        )

        found = SemanticManifestValidator[Any]().validate_semantic_manifest(parsed)
    pairs = [
        *((issue, Severity.ERROR) for issue in found.errors),
        *((issue, Severity.WARN) for issue in (*found.future_errors, *found.warnings)),
    ]
    return tuple(dict.fromkeys(_validation_finding(issue, severity) for issue, severity in pairs))


# --- names, as MetricFlow takes them -------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z0-9_]+")


def _call(item: str | GroupBy) -> str:
    """An item of a group as MetricFlow reads it from text.

    Raises:
        UsageError: it is no name, or its part is unknown.
    """
    if isinstance(item, str):
        return item
    for name in (item.name, item.grain or "day"):
        if not _NAME.fullmatch(name):
            raise UsageError(f"'{name}' cannot be the name of a dimension", hint="as in listing__country")
    if not item.date_part:
        return f"{item.name}__{item.grain}" if item.grain else item.name
    require_known([item.date_part], DATE_PARTS, "part of a date")
    return f"TimeDimension('{item.name}', date_part_name='{item.date_part}')"


def _order_call(item: str | OrderBy) -> str:
    if isinstance(item, str):
        return item
    return f"-{_call(item.item)}" if item.descending else _call(item.item)


def _bounds(
    time_range: tuple[Day | None, Day | None] | None,
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The two ends as times without a zone.

    Raises:
        UsageError: one has a time zone, or the start is after the end.
    """
    start, end = (_time(bound) for bound in time_range or (None, None))
    if start is not None and end is not None and start > end:
        raise UsageError(f"the time range starts at {start}, after its end {end}", hint="swap the two")
    return start, end


def _time(bound: Day | None) -> dt.datetime | None:
    if bound is None:
        return None
    if not isinstance(bound, dt.datetime):
        return dt.datetime.combine(bound, dt.time())
    if bound.tzinfo is not None:
        raise UsageError(f"the time {bound} has a time zone", hint="give the wall clock of the data")
    return bound


# --- engines ---------------------------------------------------------------------------------------------

_LOCK = threading.RLock()
_engines: OrderedDict[tuple[str, str], MetricFlowEngine] = OrderedDict()
_lookups: OrderedDict[str, SemanticManifestLookup] = OrderedDict()


class _Renderer:
    """What MetricFlow takes for a connection to a warehouse; only the form of the SQL is asked of it."""

    def __init__(self, dialect: str) -> None:
        from metricflow.protocols.sql_client import SqlEngine

        engine, place = _RENDERERS[dialect]
        module, name = place.split(":")
        self.sql_engine_type = SqlEngine[engine]
        self.sql_plan_renderer = getattr(import_module(f"metricflow.sql.render.{module}"), name)()

    def can_render(self, form: PercentileForm) -> bool:
        """Whether the dialect has a percentile of this form."""
        from metricflow_semantics.sql.sql_exprs import SqlPercentileFunctionType

        exactness = "APPROXIMATE_" if form.is_approximate else ""
        kind = SqlPercentileFunctionType[f"{exactness}{'DISCRETE' if form.is_discrete else 'CONTINUOUS'}"]
        return bool(self.sql_plan_renderer.expr_renderer.can_render_percentile_function(kind))


@cache
def _renderer(dialect: str) -> Any:
    return _Renderer(dialect)


def _engine(manifest: SemanticManifest, dialect: str) -> MetricFlowEngine:
    """The engine of a manifest, built when it is not kept.

    Raises:
        MissingExtra, DialectNotRendered, AidbtError: as `compile_query`.
    """
    if dialect not in _RENDERERS:
        raise DialectNotRendered(dialect)
    key = (manifest.fingerprint, dialect)
    if key not in _engines:
        _silence()
        with translated(manifest):
            from metricflow.engine.metricflow_engine import MetricFlowEngine

            renderer = _renderer(dialect)
            lookup = _lookup(renderable(manifest, renderer.can_render))
            _engines[key] = MetricFlowEngine(lookup, renderer, query_parser=parser_of(lookup))
    return _latest(_engines, key)


def _notes(manifest: SemanticManifest, metrics: Sequence[str], dialect: str) -> tuple[str, ...]:
    can_render = _renderer(dialect).can_render
    measures = [found.measure for metric in metrics for found in manifest.measures_of(metric)]
    return tuple(dict.fromkeys(note for item in measures if (note := substitution(item, can_render))))


def _lookup(manifest: SemanticManifest) -> SemanticManifestLookup:
    """MetricFlow's index of a manifest, made when it is not kept."""
    key = manifest.fingerprint
    if key not in _lookups:
        with translated(manifest):
            transformed = _transformed(manifest)
            from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

            _lookups[key] = SemanticManifestLookup(transformed)
    return _latest(_lookups, key)


_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")


def _latest(kept: OrderedDict[_Key, _Kept], key: _Key) -> _Kept:
    """The one of that key, which is the last one now; the oldest go."""
    kept.move_to_end(key)
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    return kept[key]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keeps the collector of cyclic garbage out of a compilation, which makes many objects and no cycles to
    speak of: full collections over the engine's indexes were half of the 95th percentile's time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _silence() -> None:
    """Keep MetricFlow's log to itself: warnings of its own workings, and what it calls telemetry."""
    for name in ("metricflow", "metricflow_semantics", "metricflow_semantic_interfaces"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _transformed(manifest: SemanticManifest) -> PydanticSemanticManifest:
    """MetricFlow's own form of a manifest, with everything filled in that its engine needs.

    Raises:
        AidbtError: MetricFlow cannot read an entry (file and line).
    """
    _silence()
    from metricflow_semantic_interfaces.implementations.metric import PydanticMetric
    from metricflow_semantic_interfaces.implementations.project_configuration import (
        PydanticProjectConfiguration,
    )
    from metricflow_semantic_interfaces.implementations.saved_query import PydanticSavedQuery
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantic_interfaces.implementations.semantic_model import PydanticSemanticModel
    from metricflow_semantics.model.dbt_manifest_parser import transform_dbt_generated_manifest

    document = json.loads(manifest.document)
    return transform_dbt_generated_manifest(
        PydanticSemanticManifest(
            semantic_models=[_parsed(PydanticSemanticModel, raw) for raw in document["semantic_models"]],
            metrics=[_parsed(PydanticMetric, raw) for raw in document["metrics"]],
            saved_queries=[_parsed(PydanticSavedQuery, raw) for raw in document["saved_queries"]],
            project_configuration=_parsed(PydanticProjectConfiguration, document["project_configuration"]),
        )
    )


def _parsed(kind: Any, raw: dict[str, Any]) -> Any:
    """An entry in MetricFlow's form.

    Raises:
        AidbtError: MetricFlow cannot read it (file and line).
    """
    try:
        return kind.parse_obj(raw)
    except (ValueError, TypeError, AttributeError) as error:  # pydantic's errors are ValueErrors
        metadata = raw.get("metadata") or {}
        line = (metadata.get("file_slice") or {}).get("start_line_number")
        where = f"{metadata['repo_file_path']}:{line}: " if metadata else ""
        reason = " ".join(str(error).split())
        raise AidbtError(f"{where}'{raw.get('name', 'the configuration')}': {reason}") from error


# --- what MetricFlow answers, in our words -----------------------------------------------------------------


def _columns(explained: MetricFlowExplainResult) -> tuple[OutputColumn, ...]:
    """The columns of the compiled query, in the order of its SELECT."""
    plan = explained.convert_to_execution_plan_result.convert_to_sql_plan_result
    specs = {item.associated_column.column_name: item.spec for item in plan.instance_set.as_tuple}
    selected: Any = plan.sql_plan.render_node
    return tuple(
        _column(column.column_alias, specs[column.column_alias]) for column in selected.select_columns
    )


def _column(name: str, spec: Any) -> OutputColumn:
    kind = _COLUMN_KINDS[type(spec).__name__]
    links = [link.element_name for link in getattr(spec, "entity_links", ())]
    of = "__".join([*links, spec.element_name])
    grain, part = getattr(spec, "time_granularity", None), getattr(spec, "date_part", None)
    return OutputColumn(name, kind, of, grain.name if grain else "", part.value if part else "")


_COLUMN_KINDS: dict[str, ColumnKind] = {
    "MetricSpec": "metric",
    "DimensionSpec": "dimension",
    "TimeDimensionSpec": "time",
    "EntitySpec": "entity",
    # The smallest and the largest value of an item, which MetricFlow names after it.
    "MetadataSpec": "dimension",
}


def _items(manifest: SemanticManifest, metrics: Sequence[str]) -> tuple[GroupByItem, ...]:
    """What the metrics have in common to group by; see `group_by_items`."""
    lookup = _lookup(manifest).metric_lookup
    from metricflow_semantic_interfaces.references import MetricReference
    from metricflow_semantics.model.linkable_element_property import GroupByItemProperty
    from metricflow_semantics.model.semantics.element_filter import GroupByItemSetFilter

    wanted = GroupByItemSetFilter.create(
        any_properties_denylist=(GroupByItemProperty.METRIC, GroupByItemProperty.DATE_PART)
    )
    if metrics:
        found = lookup.get_common_group_by_items([MetricReference(name) for name in metrics], wanted)
    else:
        found = lookup.get_group_by_items_for_distinct_values_query(wanted)
    order = {grain: number for number, grain in enumerate((*GRAINS, *manifest.custom_grains))}
    specs: dict[str, list[Any]] = {}
    for spec in found.annotated_specs:
        specs.setdefault("__".join((*spec.entity_link_names, spec.element_name)), []).append(spec)
    return tuple(_item(name, specs[name], order) for name in sorted(specs))


def _item(name: str, specs: Sequence[Any], order: dict[str, int]) -> GroupByItem:
    """The item that specs of one name, one for each grain, describe."""
    kinds: dict[str, Literal["dimension", "time", "entity"]] = {
        "DIMENSION": "dimension",
        "TIME_DIMENSION": "time",
        "ENTITY": "entity",
    }
    first = specs[0]
    grains = {spec.time_grain.name for spec in specs if spec.time_grain is not None}
    models = {name for spec in specs for name in spec.origin_semantic_model_names}
    return GroupByItem(
        name,
        kinds[first.element_type.name],
        tuple(sorted(grains, key=lambda grain: (order.get(grain, len(order)), grain))),
        tuple(sorted(models)) if name != METRIC_TIME else (),
    )


def _validation_finding(issue: Any, severity: Severity) -> Finding:
    context = getattr(issue.context, "file_context", None)
    path, line = getattr(context, "file_name", None), getattr(context, "line_number", None)
    where = f"{path}:{line}" if path and line else path or "the semantic manifest"
    return Finding("semantic.invalid", severity, where, " ".join(issue.message.split()))
