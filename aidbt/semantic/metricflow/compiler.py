"""Metric queries compiled to SQL by MetricFlow, in this process: no dbt Cloud, no `mf`, no network.

Nothing is asked of a warehouse, and compiling does not depend on what time it is. Any thread may call these
functions; one of them compiles at a time.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from aidbt.core.errors import UsageError, require_known
from aidbt.core.findings import Finding, Severity
from aidbt.semantic.definitions import DATE_PARTS, GRAINS, METRIC_TIME, SavedQuery, SemanticManifest, names_of
from aidbt.semantic.metricflow.engines import LOCK, engine_of, lookup_of, renderer_of, transformed
from aidbt.semantic.metricflow.errors import GroupByItem, translated
from aidbt.semantic.planning.percentiles import percentile_note

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowExplainResult

Day: TypeAlias = dt.date | dt.datetime
ColumnKind = Literal["metric", "dimension", "time", "entity"]


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
        time_range: the first and the last day (or time) of `metric_time`, both inclusive; None is open.
            MetricFlow widens it to whole periods of the grain that the query groups by; a filter on
            "{{ TimeDimension('metric_time', 'day') }}" is exact.
        min_max_only: the smallest and largest value of the one item of the group, in one row.
        apply_group_by: False lists a dimension's rows as they are, not each value once; only without metrics.
        saved_query: instead of metrics and group; the rest adds to what it says.

    Raises:
        MissingExtra: MetricFlow is not installed.
        DialectNotRendered: MetricFlow writes no SQL for the dialect.
        UnknownName: a metric, a saved query or an item does not exist, or not for these metrics.
        AmbiguousItem: an item can be reached in several ways.
        AidbtError: the query cannot be answered, or the manifest cannot be used.
    """
    asked = _metrics_asked(manifest, metrics, group_by, saved_query)
    start, end = _bounds(time_range)
    _require_whole_days(manifest, asked, group_by, time_range)
    with LOCK:
        engine = engine_of(manifest, dialect)
        notes = _percentile_notes(manifest, asked, dialect)
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
        with translated(manifest, lambda: _items(manifest, asked)):
            explained = engine.explain(request)
            sql = explained.sql_statement.without_descriptions.sql.strip()
            return CompiledQuery(sql, _columns(explained), dialect, notes)


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
    with LOCK, translated(manifest):
        return _items(manifest, metrics)


def validate(manifest: SemanticManifest) -> tuple[Finding, ...]:
    """What MetricFlow's own validation finds wrong, by severity: errors, which no query survives, first.

    Raises:
        MissingExtra: MetricFlow is not installed.
    """
    with LOCK, translated(manifest):
        parsed = transformed(manifest)
        from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
            SemanticManifestValidator,
        )

        found = SemanticManifestValidator[Any]().validate_semantic_manifest(parsed)
    pairs = [
        *((issue, Severity.ERROR) for issue in found.errors),
        *((issue, Severity.WARN) for issue in (*found.future_errors, *found.warnings)),
    ]
    said = {item.name for item in manifest.metrics if item.measure_inputs and not item.inputs}
    findings = [_validation_finding(issue, severity) for issue, severity in pairs if not _is_own(issue, said)]
    return tuple({(item.where, item.message): item for item in reversed(findings)}.values())[::-1]


# --- names, as MetricFlow takes them -------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z0-9_]+")


def _call(item: str | GroupBy) -> str:
    """An item of a group as MetricFlow reads it from text.

    Raises:
        UsageError: it is empty or no name, or its part is unknown.
    """
    if isinstance(item, str):
        if not item.strip(" -"):
            raise UsageError("an item without a name is asked for", hint="as in metric_time")
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
        return _call(item)
    return f"-{_call(item.item)}" if item.descending else _call(item.item)


def _bounds(
    time_range: tuple[Day | None, Day | None] | None,
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The two ends as times: of a day that is the first its start, of one that is the last its end.

    Raises:
        UsageError: one has a time zone, or the start is after the end.
    """
    first, last = time_range or (None, None)
    start, end = _time(first, dt.time.min), _time(last, dt.time.max)
    if start is not None and end is not None and start > end:
        raise UsageError(f"the time range starts at {first}, after its end {last}", hint="swap the two")
    return start, end


def _time(bound: Day | None, of_day: dt.time) -> dt.datetime | None:
    if bound is None:
        return None
    if not isinstance(bound, dt.datetime):
        return dt.datetime.combine(bound, of_day)
    if bound.tzinfo is not None:
        raise UsageError(f"the time {bound} has a time zone", hint="give the wall clock of the data")
    return bound


def _require_whole_days(
    manifest: SemanticManifest,
    metrics: Sequence[str],
    group_by: Sequence[str | GroupBy],
    time_range: tuple[Day | None, Day | None] | None,
) -> None:
    """Refuse a last day of which MetricFlow would count only the first hour.

    It compares what is counted by the hour with the last day's midnight, unless the query groups by the hour.

    Raises:
        UsageError: a metric is counted at a grain finer than days.
    """
    if time_range is None or isinstance(time_range[1], dt.datetime | None):
        return
    fine = GRAINS[: GRAINS.index("day")]
    calls = [_call(item) for item in group_by]
    if any(METRIC_TIME in call and any(grain in call for grain in fine) for call in calls):
        return
    for metric in metrics:
        for found in manifest.measures_of(metric):
            named = [item for item in found.model.dimensions if item.name == found.time_dimension]
            if named and named[0].grain in fine:
                raise UsageError(
                    f"'{metric}' is counted by the {named[0].grain}: most of the last day would be lost",
                    hint=f"filter by {{{{ TimeDimension('{METRIC_TIME}', 'day') }}}} instead",
                )


def _metrics_asked(
    manifest: SemanticManifest, metrics: Sequence[str], group_by: Sequence[str | GroupBy], saved_query: str
) -> Sequence[str]:
    """The metrics of a query, or of the saved query that it names.

    Raises:
        UnknownName: one does not exist.
        UsageError: a saved query is given metrics or a group.
    """
    require_known(metrics, manifest.metric_names(), "metric")
    if saved_query and (metrics or group_by):
        raise UsageError(
            "a saved query names its metrics and its group itself", hint="leave one of the two out"
        )
    return _metrics_of(manifest.saved_query(saved_query), manifest) if saved_query else metrics


def _metrics_of(query: SavedQuery, manifest: SemanticManifest) -> list[str]:
    """The metrics that a saved query names; one that does not exist is MetricFlow's to refuse."""
    known = set(names_of(manifest.metrics))
    return [name for name in query.metrics if name in known]


def _percentile_notes(manifest: SemanticManifest, metrics: Sequence[str], dialect: str) -> tuple[str, ...]:
    """What is said of percentiles that take another form.

    Raises:
        UsageError: the dialect has neither the percentile's form nor one that may stand for it.
    """
    can_render = renderer_of(dialect).can_render
    measures = [found.measure for metric in metrics for found in manifest.measures_of(metric)]
    return tuple(
        dict.fromkeys(note for item in measures if (note := percentile_note(item, can_render, dialect)))
    )


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
    return OutputColumn(name.strip('"`'), kind, of, grain.name if grain else "", part.value if part else "")


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
    lookup = lookup_of(manifest).metric_lookup
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


def _is_own(issue: Any, metrics: Set[str]) -> bool:
    """Whether an issue is of MetricFlow's own making.

    It gives metrics that are made of measures inputs that are metrics, and then minds that they have both.
    """
    found = re.match(r"\w+ metric '(\w+)' should not have both ", issue.message)
    return found is not None and found[1] in metrics


def _validation_finding(issue: Any, severity: Severity) -> Finding:
    context = getattr(issue.context, "file_context", None)
    path, line = getattr(context, "file_name", None), getattr(context, "line_number", None)
    where = f"{path}:{line}" if path and line else path or "the semantic manifest"
    return Finding("semantic.invalid", severity, where, " ".join(issue.message.split()))
