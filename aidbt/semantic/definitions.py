"""What a project's semantic layer defines: semantic models, metrics, saved queries and time spines.

Light values, read by `manifest` from dbt's artifact or from YAML and understood without MetricFlow. SQL in
them (`expr`, filters) stays as it was written; filters are MetricFlow's templates, e.g.
"{{ Dimension('order__status') }} = 'open'".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

from aidbt.core.errors import AidbtError, UnknownName

EntityType = Literal["primary", "unique", "foreign", "natural"]
DimensionType = Literal["categorical", "time"]
MetricType = Literal["simple", "ratio", "derived", "cumulative", "conversion"]
Aggregation = Literal[
    "sum", "min", "max", "average", "count_distinct", "sum_boolean", "count", "percentile", "median"
]
Validity = Literal["start", "end"]
PeriodAggregation = Literal["first", "last", "average"]

# MetricFlow's standard grains, from fine to coarse. A time spine may declare others, which have no order.
GRAINS = (
    "nanosecond", "microsecond", "millisecond", "second", "minute", "hour",
    "day", "week", "month", "quarter", "year",
)  # fmt: skip
DATE_PARTS = ("year", "quarter", "month", "day", "dow", "doy")
METRIC_TIME = "metric_time"

ENTITY_TYPES: tuple[str, ...] = get_args(EntityType)
DIMENSION_TYPES: tuple[str, ...] = get_args(DimensionType)
METRIC_TYPES: tuple[str, ...] = get_args(MetricType)
AGGREGATIONS: tuple[str, ...] = get_args(Aggregation)
PERIOD_AGGREGATIONS: tuple[str, ...] = get_args(PeriodAggregation)

_NO_META: Mapping[str, Any] = MappingProxyType({})


def _no_meta() -> Mapping[str, Any]:
    return _NO_META


@dataclass(frozen=True, slots=True)
class SemanticRelation:
    """Where the rows of a semantic model or a time spine stand.

    Attributes:
        rendered: the name as SQL writes it, quoted where the warehouse needs it; "" where nobody said.
    """

    schema: str
    name: str
    database: str = ""
    rendered: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A key that semantic models are joined by.

    Attributes:
        expr: the column or SQL expression that holds it.
    """

    name: str
    type: EntityType
    expr: str
    description: str = ""
    label: str = ""
    meta: Mapping[str, Any] = field(default_factory=_no_meta, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped and filtered by.

    Attributes:
        grain: the finest grain of a time dimension; "" for a categorical one.
        validity: which end of a row's validity a time dimension of a slowly changing dimension is.
    """

    name: str
    type: DimensionType
    expr: str
    grain: str = ""
    is_partition: bool = False
    validity: Validity | None = None
    description: str = ""
    label: str = ""
    meta: Mapping[str, Any] = field(default_factory=_no_meta, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NonAdditive:
    """The time dimension over which a measure must not be added up: its rows at one time of a window count.

    Attributes:
        window_choice: whether the first ("min") or the last ("max") time of the window counts.
        window_groupings: entities whose windows are taken one by one.
    """

    dimension: str
    window_choice: Aggregation = "min"
    window_groupings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate over the rows of one semantic model.

    Attributes:
        time_dimension: the time dimension of its model that it is counted at.
        percentile: 0..1, of aggregation "percentile".
        is_discrete, is_approximate: how a percentile is taken.
    """

    name: str
    agg: Aggregation
    expr: str
    time_dimension: str = ""
    non_additive: NonAdditive | None = None
    percentile: float | None = None
    is_discrete: bool = False
    is_approximate: bool = False
    description: str = ""
    label: str = ""
    meta: Mapping[str, Any] = field(default_factory=_no_meta, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SemanticModel:
    """The meaning of one dbt model's columns.

    Attributes:
        model: the dbt model's name; the relation's where only the artifact is known, which does not say.
        time_dimension: what measures are counted at unless they say otherwise; "" for none.
        primary_entity: the entity that prefixes its dimensions when none of `entities` is primary; "" else.
        path, line: where it is written; "" and 0 where the artifact does not say.
    """

    name: str
    relation: SemanticRelation
    model: str
    entities: tuple[Entity, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    measures: tuple[Measure, ...] = ()
    time_dimension: str = ""
    primary_entity: str = ""
    description: str = ""
    label: str = ""
    meta: Mapping[str, Any] = field(default_factory=_no_meta, compare=False, repr=False)
    path: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    def dimension(self, name: str) -> Dimension:
        """The dimension of that name.

        Raises:
            UnknownName: there is none.
        """
        return _named(f"dimension of '{self.name}'", name, self.dimensions)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The entities under which its dimensions are asked for, e.g. "order" in `order__status`."""
        own = [entity.name for entity in self.entities if entity.type != "foreign"]
        return tuple(dict.fromkeys([*([self.primary_entity] if self.primary_entity else []), *own]))


@dataclass(frozen=True, slots=True)
class Window:
    """A length of time, e.g. 7 day; the grain may be a custom one."""

    count: int
    grain: str


@dataclass(frozen=True, slots=True)
class MeasureInput:
    """A measure as a metric uses it."""

    name: str
    alias: str = ""
    filters: tuple[str, ...] = ()
    fill_nulls_with: int | None = None
    joins_time_spine: bool = False


@dataclass(frozen=True, slots=True)
class MetricInput:
    """A metric as another one uses it: filtered, or taken at another time."""

    name: str
    alias: str = ""
    filters: tuple[str, ...] = ()
    offset_window: Window | None = None
    offset_to_grain: str = ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How base events become conversions: of the same entity, within a window.

    Attributes:
        calculation: "conversions" or "conversion_rate".
        base_measure, conversion_measure: of the legacy form; the newer one names metrics as the inputs.
        constant_properties: pairs (property of the base, property of the conversion) that have to be equal.
    """

    entity: str
    calculation: str
    window: Window | None = None
    base_measure: MeasureInput | None = None
    conversion_measure: MeasureInput | None = None
    constant_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with a name.

    Attributes:
        measure: the measure of a simple or cumulative metric in the legacy form.
        aggregate: the aggregation itself, of a simple metric in the newer form, which has no measures.
        semantic_model: the model that `aggregate` is over.
        inputs: the metrics it is made of: numerator and denominator of a ratio; base and conversion; the
            one that is accumulated; the parts of a derived one.
        expr: of a derived metric, over the names or aliases of its inputs.
        window, grain_to_date, period_agg: of a cumulative metric; all time where there is neither.
        time_grain: the grain that `metric_time` has unless the query says one; "" for the finest.
        is_private: whether it is only a part of others.
    """

    name: str
    type: MetricType
    label: str = ""
    description: str = ""
    filters: tuple[str, ...] = ()
    measure: MeasureInput | None = None
    aggregate: Measure | None = None
    semantic_model: str = ""
    inputs: tuple[MetricInput, ...] = ()
    expr: str = ""
    window: Window | None = None
    grain_to_date: str = ""
    period_agg: PeriodAggregation = "first"
    conversion: Conversion | None = None
    fill_nulls_with: int | None = None
    joins_time_spine: bool = False
    time_grain: str = ""
    is_private: bool = False
    meta: Mapping[str, Any] = field(default_factory=_no_meta, compare=False, repr=False)
    path: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def measure_inputs(self) -> tuple[MeasureInput, ...]:
        """The measures that it names itself, not through other metrics."""
        conversion = self.conversion
        named = [self.measure]
        if conversion is not None:
            named += [conversion.base_measure, conversion.conversion_measure]
        return tuple(item for item in named if item is not None)


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with a name; its items are written as MetricFlow's calls or names."""

    name: str
    metrics: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    label: str = ""
    description: str = ""
    path: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CustomGrain:
    """A grain of the project's own: a column of a time spine, e.g. fiscal_quarter."""

    name: str
    column: str


@dataclass(frozen=True, slots=True)
class TimeSpine:
    """A table with one row per period, without gaps."""

    relation: SemanticRelation
    column: str
    grain: str
    custom_grains: tuple[CustomGrain, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasureOf:
    """A measure and the semantic model whose rows it is over."""

    model: SemanticModel
    measure: Measure

    @property
    def time_dimension(self) -> str:
        """The time dimension of the model that it is counted at; "" for none."""
        return self.measure.time_dimension or self.model.time_dimension


@dataclass(frozen=True)
class SemanticManifest:
    """Everything that a project's semantic layer defines.

    Attributes:
        document: the same as JSON text in the form of dbt's `semantic_manifest.json`; what is compiled.
    """

    semantic_models: tuple[SemanticModel, ...]
    metrics: tuple[Metric, ...]
    saved_queries: tuple[SavedQuery, ...] = ()
    time_spines: tuple[TimeSpine, ...] = ()
    document: str = field(default="", repr=False, compare=False)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when anything in it does; hex."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    @cached_property
    def _metrics(self) -> dict[str, Metric]:
        return {item.name: item for item in self.metrics}

    @cached_property
    def _measures(self) -> dict[str, MeasureOf]:
        return {
            measure.name: MeasureOf(model, measure)
            for model in self.semantic_models
            for measure in model.measures
        }

    @property
    def custom_grains(self) -> tuple[str, ...]:
        """The grains of the project's own, in the order of the time spines."""
        return tuple(dict.fromkeys(grain.name for spine in self.time_spines for grain in spine.custom_grains))

    def semantic_model(self, name: str) -> SemanticModel:
        """The semantic model of that name.

        Raises:
            UnknownName: there is none.
        """
        return _named("semantic model", name, self.semantic_models)

    def metric(self, name: str) -> Metric:
        """The metric of that name.

        Raises:
            UnknownName: there is none.
        """
        found = self._metrics.get(name)
        if found is None:
            raise UnknownName("metric", name, self.metric_names())
        return found

    def metric_names(self) -> tuple[str, ...]:
        """The metrics that can be asked for: all but the private ones."""
        return tuple(item.name for item in self.metrics if not item.is_private)

    def saved_query(self, name: str) -> SavedQuery:
        """The saved query of that name.

        Raises:
            UnknownName: there is none.
        """
        return _named("saved query", name, self.saved_queries)

    def measure(self, name: str) -> MeasureOf:
        """The measure of that name, with its model.

        Raises:
            UnknownName: there is none.
        """
        found = self._measures.get(name)
        if found is None:
            raise UnknownName("measure", name, self._measures)
        return found

    def measures_of(self, metric: str) -> tuple[MeasureOf, ...]:
        """The measures that a metric is made of in the end, each once, in the order they are named.

        Raises:
            UnknownName: a metric, measure or semantic model that it names does not exist.
            AidbtError: the metric is made of itself.
        """
        return tuple(dict.fromkeys(self._measures_under(metric, ())))

    def _measures_under(self, name: str, above: tuple[str, ...]) -> Iterator[MeasureOf]:
        if name in above:
            raise AidbtError(
                f"the metric '{name}' is made of itself: {' → '.join([*above, name])}",
                hint="take one of them out of the other's definition",
            )
        metric = self.metric(name)
        if metric.aggregate is not None:
            yield MeasureOf(self.semantic_model(metric.semantic_model), metric.aggregate)
        for measure in metric.measure_inputs:
            yield self.measure(measure.name)
        for part in metric.inputs:
            yield from self._measures_under(part.name, (*above, name))


_Named = TypeVar("_Named", SemanticModel, SavedQuery, Dimension)


def _named(kind: str, name: str, items: Sequence[_Named]) -> _Named:
    for item in items:
        if item.name == name:
            return item
    raise UnknownName(kind, name, names_of(items))


def names_of(items: Iterable[SemanticModel | SavedQuery | Dimension | Metric | Entity]) -> list[str]:
    """The names of definitions, in their order."""
    return [item.name for item in items]
