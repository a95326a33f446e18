"""A semantic manifest read: dbt's `target/semantic_manifest.json`, or a document of the same form.

The document is dbt's JSON (1.10 to 1.12 write the same one), and a little more: a semantic model may name its
dbt model under `model`, and what stands for MetricFlow's parsers in YAML may stand here too (a filter as text
or a list, a measure by its name, a window as "7 days").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from aidbt.core.errors import AidbtError, ArtifactError
from aidbt.core.findings import Finding, Severity
from aidbt.semantic.definitions import (
    AGGREGATIONS,
    DIMENSION_TYPES,
    ENTITY_TYPES,
    GRAINS,
    METRIC_TYPES,
    PERIOD_AGGREGATIONS,
    Aggregation,
    Conversion,
    CustomGrain,
    Dimension,
    DimensionType,
    Entity,
    EntityType,
    Measure,
    MeasureInput,
    Metric,
    MetricInput,
    MetricType,
    NonAdditive,
    PeriodAggregation,
    SavedQuery,
    SemanticManifest,
    SemanticModel,
    SemanticRelation,
    TimeSpine,
    Validity,
)
from aidbt.semantic.layer.entries import Entry, Malformed, place, shown

ARTIFACT = "semantic_manifest.json"

_LISTS = ("semantic_models", "metrics", "saved_queries")

T = TypeVar("T", SemanticModel, Metric, SavedQuery)


@dataclass(frozen=True)
class ManifestReading:
    """A manifest, and what was wrong with what it was read from; such entries are left out of it."""

    manifest: SemanticManifest
    findings: tuple[Finding, ...] = ()


def read_artifact(path: Path) -> SemanticManifest:
    """The semantic manifest that dbt wrote.

    Raises:
        ArtifactError: it does not exist, is no JSON, or is not of a form that is known here.
    """
    written_by = "run `dbt parse`, which writes it, and try again"
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist", hint=written_by) from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is not valid JSON: {error}", hint=written_by) from error
    if not isinstance(document, dict) or "semantic_models" not in document or "metrics" not in document:
        raise ArtifactError(f"{path} is no semantic manifest of dbt's", hint=written_by)
    reading = manifest_of(document, str(path))
    if reading.findings:
        first = reading.findings[0]
        raise ArtifactError(f"{path}: {first.message}", hint=written_by)
    return reading.manifest


def manifest_of(document: Mapping[str, Any], origin: str) -> ManifestReading:
    """The manifest that a document holds; entries that are not what they have to be become findings.

    Args:
        origin: the file that findings name where the entry itself does not say.
    """
    findings: list[Finding] = []
    kept: dict[str, Any] = {}
    read: dict[str, tuple[Any, ...]] = {}
    readers: dict[str, Callable[[Entry], Any]] = {
        "semantic_models": _semantic_model,
        "metrics": _metric,
        "saved_queries": _saved_query,
    }
    for key in _LISTS:
        pairs = _read_each(document.get(key) or [], key, readers[key], origin, findings)
        kept[key] = [raw for raw, _ in pairs]
        read[key] = tuple(item for _, item in pairs)
    configuration = document.get("project_configuration") or {}
    try:
        spines = _time_spines(Entry(configuration))
    except Malformed as error:
        findings.append(_finding(error, "project_configuration", origin, 0))
        configuration, spines = {}, ()
    kept["project_configuration"] = configuration
    manifest = SemanticManifest(
        read["semantic_models"],
        read["metrics"],
        read["saved_queries"],
        spines,
        json.dumps(kept, separators=(",", ":"), default=str),
    )
    return ManifestReading(manifest, tuple(findings))


def _read_each(
    entries: Any, key: str, reader: Callable[[Entry], T], origin: str, findings: list[Finding]
) -> list[tuple[Any, T]]:
    """(entry, what it reads as) for those that can be read, each name once."""
    found: dict[str, tuple[Any, T]] = {}
    if not isinstance(entries, list):
        findings.append(_finding(Malformed("a list is expected"), key, origin, 0))
        return []
    for number, raw in enumerate(entries):
        named = raw.get("name") if isinstance(raw, Mapping) else None
        what = f"{_SINGULAR[key]} '{named}'" if named else f"{key}[{number}]"
        path, line = place(raw)
        try:
            item = reader(Entry(raw))
            name = item.name
            json.dumps(raw, default=str)  # a YAML alias may make it hold itself
            if name in found:
                raise Malformed("the name is taken already", line=line)
        except (ValueError, RecursionError):
            findings.append(_finding(Malformed("it holds itself"), what, path or origin, line))
        except Malformed as error:
            findings.append(_finding(error, what, path or origin, line))
        else:
            found[name] = (raw, item)
    return list(found.values())


_SINGULAR = {"semantic_models": "semantic model", "metrics": "metric", "saved_queries": "saved query"}


def _finding(error: Malformed, what: str, path: str, line: int) -> Finding:
    at = error.line or line
    where = f"{path}:{at}" if at else path
    return Finding("semantic.malformed", Severity.ERROR, where, f"{what}: {error.message}")


# --- the parts of a document ---------------------------------------------------------------------------


def _semantic_model(entry: Entry) -> SemanticModel:
    relation = _relation(entry.entry("node_relation"))
    time_dimension = entry.entry("defaults").text("agg_time_dimension").lower()
    return SemanticModel(
        name=entry.folded_name(),
        relation=relation,
        model=entry.text("model") or relation.name,
        entities=tuple(_entity(item) for item in entry.entries("entities")),
        dimensions=tuple(_dimension(item) for item in entry.entries("dimensions")),
        measures=tuple(_measure(item) for item in entry.entries("measures")),
        time_dimension=time_dimension,
        primary_entity=entry.text("primary_entity").lower(),
        description=entry.text("description"),
        label=entry.text("label"),
        meta=entry.meta(),
        path=entry.path,
        line=entry.line,
    )


def _relation(entry: Entry) -> SemanticRelation:
    name, schema = entry.text("alias"), entry.text("schema_name")
    if not name or not schema:
        raise entry.wrong("its relation is unknown: 'alias' and 'schema_name' are needed")
    return SemanticRelation(schema, name, entry.text("database"), entry.text("relation_name"))


def _entity(entry: Entry) -> Entity:
    name = entry.folded_name()
    return Entity(
        name=name,
        type=cast(EntityType, entry.choice("type", ENTITY_TYPES)),
        expr=entry.text("expr") or name,
        description=entry.text("description"),
        label=entry.text("label"),
        meta=entry.meta(),
    )


def _dimension(entry: Entry) -> Dimension:
    name = entry.folded_name()
    kind = entry.choice("type", DIMENSION_TYPES)
    params = entry.entry("type_params")
    is_time = kind == "time"
    return Dimension(
        name=name,
        type=cast(DimensionType, kind),
        expr=entry.text("expr") or name,
        grain=params.choice("time_granularity", GRAINS, "day") if is_time else "",
        is_partition=entry.flag("is_partition"),
        validity=_validity(params.entry("validity_params")),
        description=entry.text("description"),
        label=entry.text("label"),
        meta=entry.meta(),
    )


def _validity(entry: Entry) -> Validity | None:
    if entry.flag("is_start"):
        return "start"
    return "end" if entry.flag("is_end") else None


def _measure(entry: Entry) -> Measure:
    return _aggregate(entry, entry.folded_name(), entry)


def _aggregate(entry: Entry, name: str, named: Entry) -> Measure:
    """The aggregation that an entry describes; its name and words stand in `named`."""
    params = entry.entry("agg_params")
    return Measure(
        name=name,
        agg=cast(Aggregation, entry.choice("agg", AGGREGATIONS)),
        expr=named.text("expr") or named.entry("type_params").text("expr") or name,
        time_dimension=entry.text("agg_time_dimension").lower(),
        non_additive=_non_additive(entry.entry("non_additive_dimension")),
        percentile=params.number("percentile"),
        is_discrete=params.flag("use_discrete_percentile"),
        is_approximate=params.flag("use_approximate_percentile"),
        description=named.text("description"),
        label=named.text("label"),
        meta=named.meta(),
    )


def _non_additive(entry: Entry) -> NonAdditive | None:
    if not entry.raw:
        return None
    window_choice = cast(Aggregation, entry.choice("window_choice", AGGREGATIONS, "min"))
    return NonAdditive(entry.folded_name(), window_choice, entry.texts("window_groupings"))


def _metric(entry: Entry) -> Metric:
    name = entry.name()
    params = entry.entry("type_params")
    kind = cast(MetricType, entry.choice("type", METRIC_TYPES))
    cumulative = params.entry("cumulative_type_params")
    aggregation = params.entry("metric_aggregation_params")
    metric = Metric(
        name=name,
        type=kind,
        label=entry.text("label"),
        description=entry.text("description"),
        filters=entry.filters("filter"),
        measure=_measure_input(params, "measure"),
        aggregate=_aggregate(aggregation, name, entry) if aggregation.raw else None,
        semantic_model=aggregation.text("semantic_model"),
        inputs=_inputs(kind, params),
        expr=params.text("expr"),
        window=cumulative.window("window") or params.window("window"),
        grain_to_date=(cumulative.text("grain_to_date") or params.text("grain_to_date")).lower(),
        period_agg=cast(PeriodAggregation, cumulative.choice("period_agg", PERIOD_AGGREGATIONS, "first")),
        conversion=_conversion(params.entry("conversion_type_params")),
        fill_nulls_with=params.whole("fill_nulls_with"),
        joins_time_spine=params.flag("join_to_timespine"),
        time_grain=entry.text("time_granularity").lower(),
        is_private=params.flag("is_private"),
        meta=entry.meta(),
        path=entry.path,
        line=entry.line,
    )
    _require_parts(metric, entry)
    return metric


def _require_parts(metric: Metric, entry: Entry) -> None:
    """Refuse a metric that lacks what its type is made of."""
    has_measure = metric.measure is not None or metric.aggregate is not None
    if metric.type == "simple" and not has_measure:
        raise entry.wrong("a simple metric needs a 'measure', or an 'agg' under a model's metrics")
    if metric.type == "cumulative" and not (metric.inputs or metric.measure):
        raise entry.wrong("a cumulative metric needs a 'measure' or an 'input_metric'")
    if metric.type == "ratio" and len(metric.inputs) != 2:
        raise entry.wrong("a ratio needs a 'numerator' and a 'denominator'")
    if metric.type == "derived" and not (metric.inputs and metric.expr):
        raise entry.wrong("a derived metric needs an 'expr' and the metrics that it is made of")
    if metric.type == "conversion":
        conversion = metric.conversion
        if conversion is None or not conversion.entity:
            raise entry.wrong("a conversion metric needs an 'entity'")
        if len(metric.inputs) + len(metric.measure_inputs) != 2:
            raise entry.wrong("a conversion metric needs what it starts from and what it leads to")


def _measure_input(entry: Entry, key: str) -> MeasureInput | None:
    value = entry.raw.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        return MeasureInput(value)
    item = entry.entry(key)
    return MeasureInput(
        item.name(),
        item.text("alias"),
        item.filters("filter"),
        item.whole("fill_nulls_with"),
        item.flag("join_to_timespine"),
    )


def _inputs(kind: MetricType, params: Entry) -> tuple[MetricInput, ...]:
    """The metrics that a metric of this type is made of, in the order that its formula has them."""
    if kind == "ratio":
        found = [_metric_input(params, key) for key in ("numerator", "denominator")]
    elif kind == "cumulative":
        found = [_metric_input(params.entry("cumulative_type_params"), "metric")]
    elif kind == "conversion":
        conversion = params.entry("conversion_type_params")
        found = [_metric_input(conversion, key) for key in ("base_metric", "conversion_metric")]
    elif kind == "derived":
        listed = params.raw.get("metrics") or []
        if not isinstance(listed, list):
            raise params.wrong(f"'metrics' has to be a list, not {shown(listed)}")
        found = [_metric_input(Entry({"metric": item}), "metric") for item in listed]
    else:
        found = []
    return tuple(item for item in found if item is not None)


def _metric_input(entry: Entry, key: str) -> MetricInput | None:
    value = entry.raw.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        return MetricInput(value)
    item = entry.entry(key)
    return MetricInput(
        item.name(),
        item.text("alias"),
        item.filters("filter"),
        item.window("offset_window"),
        item.text("offset_to_grain").lower(),
    )


def _conversion(entry: Entry) -> Conversion | None:
    if not entry.raw:
        return None
    pairs = [
        (item.text("base_property"), item.text("conversion_property"))
        for item in entry.entries("constant_properties")
    ]
    return Conversion(
        entity=entry.text("entity").lower(),
        calculation=entry.choice("calculation", ("conversions", "conversion_rate"), "conversion_rate"),
        window=entry.window("window"),
        base_measure=_measure_input(entry, "base_measure"),
        conversion_measure=_measure_input(entry, "conversion_measure"),
        constant_properties=tuple(pairs),
    )


def _saved_query(entry: Entry) -> SavedQuery:
    params = entry.entry("query_params")
    return SavedQuery(
        name=entry.name(),
        metrics=params.texts("metrics"),
        group_by=params.texts("group_by"),
        filters=params.filters("where"),
        order_by=params.texts("order_by"),
        limit=params.whole("limit"),
        label=entry.text("label"),
        description=entry.text("description"),
        path=entry.path,
        line=entry.line,
    )


def _time_spines(entry: Entry) -> tuple[TimeSpine, ...]:
    """The time spines; those of the legacy table configurations only where no other has their grain."""
    found = [_time_spine(item) for item in entry.entries("time_spines")]
    for item in entry.entries("time_spine_table_configurations"):
        spine = _legacy_spine(item)
        if spine.grain not in {known.grain for known in found}:
            found.append(spine)
    return tuple(found)


def _time_spine(entry: Entry) -> TimeSpine:
    primary = entry.entry("primary_column")
    custom = tuple(
        CustomGrain(item.name(), item.text("column_name") or item.name())
        for item in entry.entries("custom_granularities")
    )
    return TimeSpine(
        _relation(entry.entry("node_relation")),
        primary.text("name"),
        primary.choice("time_granularity", GRAINS),
        custom,
    )


def _legacy_spine(entry: Entry) -> TimeSpine:
    location = entry.text("location")
    *before, name = [part.strip('"`[]') for part in location.split(".")]
    schema, database = (before[-1], before[0] if len(before) > 1 else "") if before else ("", "")
    relation = SemanticRelation(schema, name, database, location)
    return TimeSpine(relation, entry.text("column_name"), entry.choice("grain", GRAINS))


def require_no_errors(findings: Iterable[Finding]) -> None:
    """Check that none of the findings is an error.

    Raises:
        AidbtError: one is; all are listed.
    """
    errors = [item for item in findings if item.severity is Severity.ERROR]
    if errors:
        lines = "\n".join(f"{item.where}: {item.message}" for item in errors)
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise AidbtError(f"the semantic layer has {count}:\n{lines}", hint="mend these places and try again")
