"""Questions about metrics of the project's semantic layer, compiled to SQL.

MetricFlow computes the metrics; what it cannot say (shares, ranks, changes, conditions on metrics, names of
people's own) our planner says over the rows that it gives. Where MetricFlow cannot be asked, because it has
no renderer for the dialect or is not installed, `native` writes the metrics in the planner's own terms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from aidbt.core.errors import MissingExtra, UsageError, require_known
from aidbt.semantic.definitions import GRAINS, SemanticManifest
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable
from aidbt.semantic.layer.filter_templates import filter_predicate, item_attribute
from aidbt.semantic.layer.items import item_of
from aidbt.semantic.layer.metric_filters import spoken, where_filters
from aidbt.semantic.layer.named import is_additive
from aidbt.semantic.layer.native import native_query
from aidbt.semantic.metricflow.compiler import (
    ColumnKind,
    CompiledQuery,
    GroupBy,
    OutputColumn,
    compile_query,
    group_by_items,
)
from aidbt.semantic.metricflow.engines import DialectNotRendered, is_reserved
from aidbt.semantic.metricflow.errors import GroupByItem
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.planning.rendering import lowered_query, render_query
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Grain,
    Measure,
    MetricRef,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    Term,
    both,
    parts,
)
from aidbt.semantic.rewriting import rewritten
from aidbt.warehouse.dialects import generator_class

# The rows of metrics, which the rest of a question is asked of.
METRIC_ROWS = "metric_rows"
_ROWS_SQL = "aidbt_metric_rows_sql"
_ROWS_SELECT = re.compile(rf"SELECT\s+{_ROWS_SQL}\b")

_PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "day": "day",
    "day_of_week": "dow", "day_of_year": "doy",
}  # fmt: skip


def has_metrics(query: SemanticQuery) -> bool:
    """Whether a question, or the one it is about, asks for a metric of the semantic layer."""
    inner = query.source is not None and has_metrics(query.source)
    return inner or any(isinstance(part, MetricRef) for part in parts(query))


def compile_metrics(
    query: SemanticQuery, manifest: SemanticManifest, *, dialect: str = "duckdb"
) -> CompiledQuery:
    """The SQL of a question about metrics, in a dialect; its columns are the outputs that are shown.

    Groups and conditions are columns of dbt models that are dimensions or entities, `items.metric_time`, or
    items of the layer by name: columns without a table.

    Raises:
        UnknownName: a metric does not exist.
        UsageError: something in it is no dimension of the metrics, or cannot be asked of metrics.
        AmbiguousItem: a dimension can be reached in several ways.
        CannotPlan: the dialect is not MetricFlow's, or it is not installed, and the metrics need it.
    """
    if query.source is not None and has_metrics(query.source):
        return _over_metrics(query, query.source, manifest, dialect)
    metrics = _metrics_of(query, manifest)
    _require_sayable(query, metrics, manifest)
    try:
        return _through_metricflow(query, metrics, manifest, dialect)
    except DialectNotRendered as error:
        return _native(query, metrics, manifest, dialect, error.message)
    except MissingExtra as error:
        return _native(query, metrics, manifest, dialect, error.message)


def compile_named(
    manifest: SemanticManifest,
    *,
    metrics: Sequence[str] = (),
    group_by: Sequence[str] = (),
    where: Sequence[str] = (),
    order_by: Sequence[str] = (),
    limit: int | None = None,
    saved_query: str = "",
    dialect: str = "duckdb",
) -> CompiledQuery:
    """As `compile_query`, for names; where MetricFlow cannot be asked, in the planner's own terms.

    Raises:
        CannotPlan: MetricFlow cannot be asked, and the metrics need it.
        AidbtError: as of `compile_query`.
    """
    try:
        return compile_query(
            manifest,
            metrics=metrics,
            group_by=group_by,
            where=where,
            order_by=order_by,
            limit=limit,
            saved_query=saved_query,
            dialect=dialect,
        )
    except (DialectNotRendered, MissingExtra) as error:
        if saved_query or not metrics:
            raise CannotPlan(f"{error.message}; and without it only metrics are asked for by name") from error
        require_known(metrics, manifest.metric_names(), "metric")
        query = named_query(metrics, group_by, where, order_by, limit, dialect)
        return _native(query, tuple(metrics), manifest, dialect, error.message)


def named_query(
    metrics: Sequence[str],
    group_by: Sequence[str],
    where: Sequence[str],
    order_by: Sequence[str],
    limit: int | None,
    dialect: str,
) -> SemanticQuery:
    """The question that names ask; each output is called as it is asked for."""
    groups = {name: _named_item(name) for name in group_by}
    outputs = [Output(term, name) for name, term in groups.items()]
    outputs += [Output(MetricRef(name), name) for name in metrics]
    return SemanticQuery(
        tuple(outputs),
        group_by=tuple(groups.values()),
        where=both(*(filter_predicate(template, dialect) for template in where)),
        order_by=tuple(Order(OutputRef(n.removeprefix("-")), n.startswith("-")) for n in order_by),
        limit=limit,
    )


def _named_item(name: str) -> Attribute:
    """An item whose name may end with a grain, as in `metric_time__month`."""
    before, _, last = name.rpartition("__")
    return item_attribute(before, last) if last in GRAINS else item_attribute(name)


def _metrics_of(query: SemanticQuery, manifest: SemanticManifest) -> tuple[str, ...]:
    """The metrics that a question asks for, each once."""
    names = tuple(dict.fromkeys(part.name for part in parts(query) if isinstance(part, MetricRef)))
    require_known(names, manifest.metric_names(), "metric")
    return names


def _require_sayable(query: SemanticQuery, metrics: Sequence[str], manifest: SemanticManifest) -> None:
    """Refuse what has no one meaning for metrics.

    Raises:
        CannotPlan: it asks for something else beside metrics, or adds up what does not add up.
    """
    if any(isinstance(part, Measure) for part in parts(query)):
        raise CannotPlan(
            "metrics and other aggregates are not computed in one question",
            hint="ask for the metrics alone, or define the other one as a metric",
        )
    if query.base:
        raise CannotPlan("metrics are known of groups with rows only", hint=f"do not list all {query.base}")
    if any(not isinstance(term, Attribute) for term in query.group_by):
        raise CannotPlan("metrics are grouped by dimensions only", hint="group by a dimension or a time")
    for part in parts(query):
        if isinstance(part, Compared) and part.kind in ("share", "running"):
            _require_additive(part, manifest)
        if isinstance(part, Attribute) and part.grain is Grain.WEEK and query.clock.week_start != 1:
            raise CannotPlan("weeks of the semantic layer begin on Monday", hint="set the week's start to 1")


def _require_additive(compared: Compared, manifest: SemanticManifest) -> None:
    for part in parts(compared.of):
        if isinstance(part, MetricRef) and not is_additive(manifest.metric(part.name), manifest):
            what = "share of the total" if compared.kind == "share" else "running total"
            raise CannotPlan(
                f"'{part.name}' of all groups does not add up to that of the whole, so it has no {what}",
                hint="define a cumulative or a ratio metric that says what is meant",
            )


# --- through MetricFlow --------------------------------------------------------------------------------


def _through_metricflow(
    query: SemanticQuery, metrics: Sequence[str], manifest: SemanticManifest, dialect: str
) -> CompiledQuery:
    items = group_by_items(manifest, metrics)

    def find(attribute: Attribute) -> GroupByItem:
        return item_of(attribute, items, manifest, metrics)

    groups = {term: _group(term, find(term)) for term in query.group_by if isinstance(term, Attribute)}
    inner = compile_query(
        manifest,
        metrics=metrics,
        group_by=list(groups.values()),
        where=where_filters(query.where, find, query.clock, dialect),
        dialect=dialect,
    )
    columns = _columns(inner, metrics, groups)
    if _is_all(query, inner, columns):
        return inner
    return _asked_of_rows(_over(query, columns), inner, _kinds(query, columns))


def _group(attribute: Attribute, item: GroupByItem) -> GroupBy:
    """The item as MetricFlow groups by it.

    Raises:
        UsageError: it has no such grain, or there is no such part of a date.
    """
    if attribute.part is not None:
        if attribute.part not in _PARTS:
            raise UsageError(
                f"metrics are not grouped by the {attribute.part.replace('_', ' ')} of a time",
                hint=f"by {', '.join(part.replace('_', ' ') for part in _PARTS)}, or cut to a grain",
            )
        return GroupBy(item.name, date_part=_PARTS[attribute.part])
    if item.kind != "time":
        if attribute.grain is not None:
            raise UsageError(f"'{item.name}' is no time, so it has no grain", hint=f"ask for {item.name}")
        return GroupBy(item.name)
    grain = attribute.grain or item.grains[0]
    if grain not in item.grains:
        raise UsageError(
            f"'{item.name}' has no grain '{grain}' here", hint=f"it has {', '.join(item.grains)}"
        )
    return GroupBy(item.name, grain=str(grain))


def _columns(
    inner: CompiledQuery, metrics: Sequence[str], groups: Mapping[Attribute, GroupBy]
) -> dict[Term, str]:
    """The columns of the compiled metrics by the terms that they answer."""
    of_metric = {column.of: column.name for column in inner.columns if column.kind == "metric"}
    of_group = {(c.of, c.grain, c.date_part): c.name for c in inner.columns if c.kind != "metric"}
    found: dict[Term, str] = {MetricRef(name): of_metric[name] for name in metrics}
    found |= {term: of_group[item.name, item.grain, item.date_part] for term, item in groups.items()}
    return found


def _is_all(query: SemanticQuery, inner: CompiledQuery, columns: Mapping[Term, str]) -> bool:
    """Whether the compiled metrics are the answer as they are."""
    wanted = [(columns.get(output.term), output.name) for output in query.outputs]
    have = [(column.name, column.name) for column in inner.columns]
    is_bare = query.having is None and query.limit is None and not query.order_by and not query.distinct
    return is_bare and wanted == have and all(output.is_shown for output in query.outputs)


# --- the rest of the question, over the rows of the metrics --------------------------------------------


def _over(query: SemanticQuery, columns: Mapping[Term, str]) -> SemanticQuery:
    """The question asked of the rows that the metrics came as.

    Where rows are compared they have to be groups: each row is one, and a metric in it the greatest of one.
    """
    compares = any(isinstance(part, Compared) for part in parts(query))

    def column(part: Any) -> Any | None:
        if part not in columns:
            return None
        found = Attribute(METRIC_ROWS, columns[part])
        if isinstance(part, Attribute):
            return replace(found, grain=part.grain)
        return Measure("max", METRIC_ROWS, found) if compares else found

    outputs = {output.name: output.term for output in query.outputs}

    def written_out(part: Any) -> Any | None:
        is_known = isinstance(part, OutputRef) and part.name in outputs
        return outputs[part.name] if is_known else None

    asked = replace(query, where=None, having=rewritten(query.having, written_out))
    asked = rewritten(asked, column)
    _require_grouped(asked)
    if compares:
        return asked
    return replace(asked, base=METRIC_ROWS, group_by=(), where=asked.having, having=None)


def _require_grouped(query: SemanticQuery) -> None:
    for part in parts((query.outputs, query.having, query.order_by, query.limit_within)):
        if isinstance(part, Attribute) and part.table != METRIC_ROWS:
            raise CannotPlan(
                f"{part.table}.{part.column} is shown and not grouped by", hint="group by it, or leave it out"
            )


def _over_metrics(
    query: SemanticQuery, source: SemanticQuery, manifest: SemanticManifest, dialect: str
) -> CompiledQuery:
    """A question about the answer to one about metrics."""
    inner = compile_metrics(source, manifest, dialect=dialect)
    known = {output.name for output in source.outputs if output.is_shown}

    def column(part: Any) -> Any | None:
        if isinstance(part, OutputRef) and part.name in known:
            return Attribute(METRIC_ROWS, part.name)
        if isinstance(part, Measure) and not part.table:
            of = rewritten(part.of, column) if part.of is not None else None
            return replace(part, table=METRIC_ROWS, of=of, where=rewritten(part.where, column))
        return None

    asked = replace(rewritten(query, column), source=None)
    if any(isinstance(part, Attribute) and part.table != METRIC_ROWS for part in parts(asked)):
        raise CannotPlan("a question about metrics has no columns but theirs", hint="ask for those")
    if not any(isinstance(part, Measure) for part in parts(asked)):
        asked = replace(asked, base=METRIC_ROWS)
    return _asked_of_rows(asked, inner, {})


def _asked_of_rows(
    query: SemanticQuery, inner: CompiledQuery, kinds: Mapping[str, OutputColumn]
) -> CompiledQuery:
    """The SQL of a question about compiled rows."""
    columns = tuple(GraphColumn(column.name, "other") for column in inner.columns)
    key = tuple(column.name for column in inner.columns if column.kind != "metric")
    table = GraphTable(METRIC_ROWS, columns, identifier=METRIC_ROWS, keys=(key,) if key else ())
    name = spoken(inner.dialect)
    tree = lowered_query(plan(query, Graph((table,))), name)
    for identifier in tree.find_all(exp.Identifier):
        # The names inside are written without quotes wherever that is possible, so these have to be too.
        identifier.set("quoted", bool(identifier.args.get("quoted")) or is_reserved(identifier.name))
    # MetricFlow's text goes in as it is: read and written again it would be in another dialect's words.
    rows = exp.CTE(this=exp.select(_ROWS_SQL), alias=exp.TableAlias(this=METRIC_ROWS))
    ctes = tree.args.get("with_")
    tree.set("with_", exp.With(expressions=[rows, *(ctes.expressions if ctes else ())]))
    outer = generator_class(name)(dialect=name, pretty=True).generate(tree)
    shown = (output for output in query.outputs if output.is_shown)
    answered = tuple(kinds.get(o.name) or OutputColumn(o.name, "metric", o.name) for o in shown)
    sql = _ROWS_SELECT.sub(lambda _: inner.sql, outer, count=1)
    return CompiledQuery(sql, answered, inner.dialect, inner.notes)


def _kinds(query: SemanticQuery, columns: Mapping[Term, str]) -> dict[str, OutputColumn]:
    """What the outputs are, by name."""
    return {output.name: _kind(output) for output in query.outputs if output.term in columns}


def _kind(output: Output) -> OutputColumn:
    term = output.term
    if isinstance(term, MetricRef):
        return OutputColumn(output.name, "metric", term.name)
    assert isinstance(term, Attribute)
    kind: ColumnKind = "time" if term.grain is not None or term.part is not None else "dimension"
    of = f"{term.table}.{term.column}" if term.table else term.column
    return OutputColumn(output.name, kind, of, term.grain or "", _PARTS.get(term.part or "", ""))


# --- without MetricFlow --------------------------------------------------------------------------------


def _native(
    query: SemanticQuery, metrics: Sequence[str], manifest: SemanticManifest, dialect: str, why: str
) -> CompiledQuery:
    """The question in the planner's own terms.

    Raises:
        CannotPlan: its metrics cannot be written in them; `why` says what keeps MetricFlow from it.
    """
    try:
        found, graph = native_query(query, metrics, manifest, dialect)
    except CannotPlan as error:
        raise CannotPlan(f"{why}; and without it {error.message}", hint=error.hint) from error
    columns: dict[Term, str] = {MetricRef(name): name for name in metrics}
    columns |= dict.fromkeys(query.group_by, "")
    kinds = _kinds(query, columns)
    shown = (output for output in query.outputs if output.is_shown)
    answered = tuple(kinds.get(o.name) or OutputColumn(o.name, "metric", o.name) for o in shown)
    return CompiledQuery(render_query(plan(found, graph), dialect), answered, dialect)
