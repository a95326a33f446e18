"""Metrics of a semantic layer in the planner's own terms, for where MetricFlow cannot be asked.

Written so are metrics that are simple, ratios, derived of such, or accumulated over all time, when all of a
question are over the rows of one semantic model. The question becomes two: the model's rows, each with the
dimensions and with what it adds to each metric; and those rows grouped. As in MetricFlow's SQL a row whose
key leads nowhere stands in the group without a value, so its dimensions are looked up and never demanded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aidbt.core.errors import AidbtError
from aidbt.semantic import definitions as layer
from aidbt.semantic.definitions import METRIC_TIME, MeasureInput, MeasureOf, Metric, SemanticManifest
from aidbt.semantic.graph import Graph
from aidbt.semantic.layer.filter_templates import filter_predicate
from aidbt.semantic.layer.items import item_of
from aidbt.semantic.layer.native_items import NativeItem, NativeItems, native_graph, with_columns
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.sql_terms import predicate_of, term_of
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Function,
    Grain,
    InPeriod,
    Measure,
    MetricRef,
    Missing,
    Output,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    Value,
    attributes,
    both,
)
from aidbt.semantic.rewriting import rewritten

Find = Callable[[Attribute], NativeItem]

_FUNCTIONS: dict[str, Function] = {
    "sum": "sum", "count": "sum", "sum_boolean": "sum", "average": "avg", "min": "min", "max": "max",
    "count_distinct": "count_distinct", "median": "median",
}  # fmt: skip


def native_query(
    query: SemanticQuery, metrics: Sequence[str], manifest: SemanticManifest, dialect: str
) -> tuple[SemanticQuery, Graph]:
    """A question about metrics as one without, and the graph that it is planned over.

    Args:
        metrics: those that the question asks for.
        dialect: that the manifest's SQL is written in.

    Raises:
        CannotPlan: a metric, or the question, needs MetricFlow; the message says why.
        UsageError: something in it is no dimension of the metrics.
    """
    over = tuple(dict.fromkeys(found for metric in metrics for found in manifest.measures_of(metric)))
    if len({found.model.name for found in over}) != 1:
        names = ", ".join(dict.fromkeys(found.model.name for found in over))
        raise CannotPlan(f"only metrics over the rows of one model are computed; these are over {names}")
    return _Native(manifest, over, dialect).translated(query, metrics)


@dataclass
class _Native:
    """The translation of one question.

    Attributes:
        over: the measures that its metrics are made of, all of one model.
        columns: what the listed rows have, by name.
        groups_by_time, filters_by_time: whether the question does, by the time the metrics are counted at.
    """

    manifest: SemanticManifest
    over: tuple[MeasureOf, ...]
    dialect: str
    columns: dict[str, Term] = field(default_factory=dict)
    groups_by_time: bool = False
    filters_by_time: bool = False

    def __post_init__(self) -> None:
        times = {found.time_dimension for found in self.over}
        self.model = self.over[0].model
        self.items = NativeItems(self.manifest, self.model, times.pop() if len(times) == 1 else "")

    def translated(self, query: SemanticQuery, metrics: Sequence[str]) -> tuple[SemanticQuery, Graph]:
        """The question over the model's rows, and the graph of them."""
        find = self._finder(metrics)
        groups: dict[Term, Term] = {}
        for term in query.group_by:
            assert isinstance(term, Attribute)
            found = find(term)
            self.groups_by_time |= found.item.name == METRIC_TIME
            name = next((output.name for output in query.outputs if output.term == term), "")
            groups[term] = self._column(self._cut(found, term.grain, term.part), name)
        asked_of = (find(attribute).item.name for attribute in attributes(query.where))
        self.filters_by_time = METRIC_TIME in asked_of
        written = {MetricRef(name): self._metric(self.manifest.metric(name)) for name in metrics}

        def changed(part: Any) -> Any | None:
            if isinstance(part, MetricRef):
                return written[part]
            return groups.get(part) if isinstance(part, Attribute) else None

        asked = rewritten(replace(query, where=None), changed)
        _require_grouped(asked)
        where = both(self._where(query.where, find), self._any_row(metrics))
        rows = SemanticQuery(
            tuple(Output(term, name) for name, term in self.columns.items()),
            base=self.model.name,
            where=where,
            clock=query.clock,
        )
        return replace(asked, source=rows), self._graph(rows)

    def _finder(self, metrics: Sequence[str]) -> Find:
        items = self.items.items
        return lambda attribute: self.items.get(item_of(attribute, items, self.manifest, metrics).name)

    def _graph(self, rows: SemanticQuery) -> Graph:
        names: dict[str, set[str]] = {}
        for attribute in attributes(rows):
            names.setdefault(attribute.table, set()).add(attribute.column)
        return with_columns(native_graph(self.manifest), names)

    def _column(self, term: Term, wanted: str = "") -> OutputRef:
        """A column of the listed rows that holds a term.

        Args:
            wanted: its name; "" for any.
        """
        for name, known in self.columns.items():
            if known == term:
                return OutputRef(name)
        name = wanted or f"_{len(self.columns) + 1}"
        self.columns[name] = term
        return OutputRef(name)

    # --- items and conditions -------------------------------------------------------------------------

    def _item(self, found: NativeItem) -> Term:
        return term_of(found.expr, lambda name: Attribute(found.model, name, found.via), self.dialect)

    def _cut(self, found: NativeItem, grain: Grain | None, part: Any = None) -> Term:
        """An item, its time cut to a grain: MetricFlow cuts every time, to its own grain at least."""
        term = self._item(found)
        if found.item.kind != "time":
            if grain is not None or part is not None:
                raise CannotPlan(f"'{found.item.name}' is no time")
            return term
        if not isinstance(term, Attribute) or term.grain is not None:
            raise CannotPlan(f"the time '{found.item.name}' is no plain column")
        if part is not None:
            return replace(term, part=part)
        wanted = str(grain or found.item.grains[0])
        if wanted not in found.item.grains or wanted not in set(Grain):
            raise CannotPlan(f"'{found.item.name}' has no grain '{wanted}'")
        return replace(term, grain=Grain(wanted))

    def _where(self, where: Predicate | None, find: Find) -> Predicate | None:
        """A condition over items as one over columns; a period is compared with the time itself."""

        def changed(part: Any) -> Any | None:
            match part:
                case InPeriod(term=Attribute(grain=None, part=None) as time):
                    return replace(part, term=self._item(find(time)))
                case Attribute():
                    return self._cut(find(part), part.grain, part.part)
                case _:
                    return None

        return rewritten(where, changed)

    def _filter(self, templates: Sequence[str]) -> Predicate | None:
        """The condition that MetricFlow's templates say together."""
        said = both(*(filter_predicate(template, self.dialect) for template in templates))
        return self._where(said, lambda attribute: self.items.get(attribute.column))

    def _any_row(self, metrics: Sequence[str]) -> Predicate | None:
        """The rows that some metric counts: a group of others only is not there."""
        filters = [self._filter_of(name, ()) for name in metrics]
        found = [each for filters_of in filters for each in filters_of]
        if not found or None in found:
            return None
        unique = tuple(dict.fromkeys(each for each in found if each is not None))
        return unique[0] if len(unique) == 1 else AnyOf(unique)

    def _filter_of(self, name: str, above: tuple[str, ...]) -> list[Predicate | None]:
        """The conditions of the aggregates that a metric is made of, one each."""
        metric = self.manifest.metric(name)
        templates = (*above, *metric.filters)
        found: list[Predicate | None] = []
        if metric.measure is not None:
            found.append(self._filter((*templates, *metric.measure.filters)))
        if metric.aggregate is not None:
            found.append(self._filter(templates))
        for part in metric.inputs:
            found += self._filter_of(part.name, (*templates, *part.filters))
        return found

    # --- metrics --------------------------------------------------------------------------------------

    def _metric(self, metric: Metric, above: tuple[str, ...] = ()) -> Term:
        """A metric as a term over aggregates.

        Args:
            above: filters of the metrics that it is a part of.
        """
        templates = (*above, *metric.filters)
        match metric.type:
            case "simple":
                return self._simple(metric, templates)
            case "cumulative":
                return self._cumulative(metric, templates)
            case "ratio":
                upper, lower = (self._input(part, templates) for part in metric.inputs)
                return Calculation("/", upper, lower)
            case "derived":
                parts = {part.alias or part.name: self._input(part, templates) for part in metric.inputs}
                return term_of(metric.expr, lambda name: _part_of(metric, parts, name), self.dialect)
            case _:
                raise CannotPlan(f"'{metric.name}' is a {metric.type} metric, which only MetricFlow computes")

    def _input(self, part: layer.MetricInput, templates: tuple[str, ...]) -> Term:
        if part.offset_window is not None or part.offset_to_grain:
            raise CannotPlan(f"'{part.name}' is taken at another time, which only MetricFlow computes")
        return self._metric(self.manifest.metric(part.name), (*templates, *part.filters))

    def _cumulative(self, metric: Metric, templates: tuple[str, ...]) -> Term:
        is_timed = self.groups_by_time or self.filters_by_time
        if is_timed or metric.window is not None or metric.grain_to_date:
            raise CannotPlan(f"'{metric.name}' is accumulated over a time spine, which only MetricFlow does")
        if metric.inputs:
            return self._input(metric.inputs[0], templates)
        return self._simple(metric, templates)

    def _simple(self, metric: Metric, templates: tuple[str, ...]) -> Term:
        given = metric.measure or MeasureInput(
            metric.name, fill_nulls_with=metric.fill_nulls_with, joins_time_spine=metric.joins_time_spine
        )
        if self.groups_by_time and (given.joins_time_spine or metric.joins_time_spine):
            raise CannotPlan(f"'{metric.name}' is joined to a time spine, which only MetricFlow does")
        measure = metric.aggregate or self.manifest.measure(given.name).measure
        found = self._aggregate(measure, self._filter((*templates, *given.filters)))
        fill = given.fill_nulls_with if given.fill_nulls_with is not None else metric.fill_nulls_with
        return found if fill is None else Case(Missing(found), Value(fill), found)

    def _aggregate(self, measure: layer.Measure, where: Predicate | None) -> Term:
        """An aggregate over the rows of which a condition holds; NULL in a group without any."""
        function = _FUNCTIONS.get(measure.agg)
        if measure.agg == "percentile" and measure.percentile == 0.5 and not measure.is_discrete:
            function = "median"
        if function is None or measure.non_additive is not None:
            how = "over the last of its times" if measure.non_additive else f"with '{measure.agg}'"
            raise CannotPlan(f"'{measure.name}' is aggregated {how}, which only MetricFlow does")
        value = self._value(measure)
        if where is not None:
            value = Case(where, value, Value(None))
        found = Measure(function, "", self._column(value))
        if function != "count_distinct" or where is None:
            return found
        counted = self._column(Case(where, Value(1), Value(None)))
        rows = Measure("sum", "", counted)
        return Case(Missing(rows), Value(None), found)

    def _value(self, measure: layer.Measure) -> Term:
        """What a row adds to a measure; counts are sums, as in MetricFlow, so that none is NULL there."""

        def column(name: str) -> Term:
            return Attribute(self.model.name, name)

        if measure.agg == "sum_boolean":
            return Case(predicate_of(measure.expr, column, self.dialect), Value(1), Value(0))
        value = term_of(measure.expr, column, self.dialect)
        return Case(Missing(value), Value(0), Value(1)) if measure.agg == "count" else value


def _part_of(metric: Metric, parts: dict[str, Term], name: str) -> Term:
    if name not in parts:
        raise AidbtError(
            f"the metric '{metric.name}' names '{name}', which is none of its inputs",
            hint=f"its inputs are {', '.join(parts)}",
        )
    return parts[name]


def _require_grouped(query: SemanticQuery) -> None:
    for attribute in attributes(query):
        raise CannotPlan(
            f"{attribute.table}.{attribute.column} is shown and not grouped by",
            hint="group by it, or leave it out",
        )
