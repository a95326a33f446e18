"""A semantic manifest read: dbt's `target/semantic_manifest.json`, or a document of the same form.

The document is dbt's JSON (1.10 to 1.12 write the same one), and a little more: a semantic model may name its
dbt model under `model`, and what stands for MetricFlow's parsers in YAML may stand here too (a filter as text
or a list, a measure by its name, a window as "7 days").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from aidbt.core.errors import AidbtError, ArtifactError, nearest
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
    Window,
)

ARTIFACT = "semantic_manifest.json"

_WINDOW = re.compile(r"(?P<count>\d+)\s+(?P<grain>[A-Za-z_][A-Za-z0-9_]*)")
_LISTS = ("semantic_models", "metrics", "saved_queries")

T = TypeVar("T", SemanticModel, Metric, SavedQuery)


class Malformed(Exception):
    """An entry of a document is not what it has to be; becomes a finding or an `ArtifactError`."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


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
    readers: dict[str, Callable[[_Entry], Any]] = {
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
        spines = _time_spines(_Entry(configuration, "project_configuration"))
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
    entries: Any, key: str, reader: Callable[[_Entry], T], origin: str, findings: list[Finding]
) -> list[tuple[Any, T]]:
    """(entry, what it reads as) for those that can be read, each name once."""
    found: dict[str, tuple[Any, T]] = {}
    if not isinstance(entries, list):
        findings.append(_finding(Malformed("a list is expected"), key, origin, 0))
        return []
    for number, raw in enumerate(entries):
        named = raw.get("name") if isinstance(raw, Mapping) else None
        what = f"{_SINGULAR[key]} '{named}'" if named else f"{key}[{number}]"
        path, line = _place(raw)
        try:
            item = reader(_Entry(raw, what))
            name = item.name
            if name in found:
                raise Malformed("the name is taken already", line=line)
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


def _place(raw: Any) -> tuple[str, int]:
    """The file and line that an entry's metadata names; "" and 0 where it has none."""
    metadata = raw.get("metadata") if isinstance(raw, Mapping) else None
    if not isinstance(metadata, Mapping):
        return "", 0
    piece = metadata.get("file_slice")
    line = piece.get("start_line_number") if isinstance(piece, Mapping) else 0
    return str(metadata.get("repo_file_path") or ""), line if isinstance(line, int) else 0


class _Entry:
    """One mapping of a document, read field by field.

    Every reader raises `Malformed` with the name of the field when its value is not of the kind asked for.
    """

    def __init__(self, raw: Any, what: str) -> None:
        self.what = what
        self.path, self.line = _place(raw)
        if not isinstance(raw, Mapping):
            raise Malformed(f"a mapping is expected, not {_shown(raw)}")
        self.raw = raw

    def wrong(self, message: str) -> Malformed:
        return Malformed(message, line=self.line)

    def name(self) -> str:
        value = self.raw.get("name")
        if not isinstance(value, str) or not value:
            raise self.wrong("it has no name")
        return value

    def folded_name(self) -> str:
        """Its name in small letters, as MetricFlow has those of semantic models and of what is in them."""
        return self.name().lower()

    def text(self, key: str) -> str:
        """A text, or a number or truth as SQL writes it; "" where there is none."""
        value = self.raw.get(key)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise self.wrong(f"'{key}' has to be a text, not {_shown(value)}")

    def flag(self, key: str) -> bool:
        value = self.raw.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.wrong(f"'{key}' has to be true or false, not {_shown(value)}")

    def whole(self, key: str) -> int | None:
        value = self.raw.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self.wrong(f"'{key}' has to be a whole number, not {_shown(value)}")

    def number(self, key: str) -> float | None:
        value = self.raw.get(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.wrong(f"'{key}' has to be a number, not {_shown(value)}")

    def choice(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """One of the words known, in small letters."""
        known = tuple(known)
        text = self.text(key).lower()
        if not text and default is not None:
            return default
        if text not in known:
            close = nearest(text, known)
            meant = f"; did you mean '{close}'?" if close else f"; known: {', '.join(known)}"
            raise self.wrong(
                f"'{key}' is {text!r}, which is unknown{meant}" if text else f"'{key}' is missing"
            )
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.wrong(f"'{key}' has to be a list of texts, not {_shown(value)}")
        return tuple(items)

    def entry(self, key: str) -> _Entry:
        """The mapping under a key, empty where there is none."""
        value = self.raw.get(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.wrong(f"'{key}' has to be a mapping, not {_shown(value)}")
        found = _Entry(value or {}, key)
        found.line = found.line or self.line
        return found

    def entries(self, key: str) -> list[_Entry]:
        """The mappings listed under a key."""
        value = self.raw.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(f"'{key}' has to be a list, not {_shown(value)}")
        found = []
        for item in value:
            if not isinstance(item, Mapping):
                raise self.wrong(f"'{key}' has to list mappings, not {_shown(item)}")
            entry = _Entry(item, key)
            entry.line = entry.line or self.line
            found.append(entry)
        return found

    def meta(self) -> Mapping[str, Any]:
        return self.entry("config").entry("meta").raw

    def filters(self, key: str) -> tuple[str, ...]:
        """Filters as templates: given as text, a list, or as dbt's artifact nests them."""
        value = self.raw.get(key)
        if isinstance(value, Mapping):
            listed = value.get("where_filters", [value])
            value = [item.get("where_sql_template") if isinstance(item, Mapping) else item for item in listed]
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.wrong(f"'{key}' has to be a text or a list of texts, not {_shown(self.raw[key])}")
        return tuple(items)

    def window(self, key: str) -> Window | None:
        """A length of time: "7 days", or as dbt's artifact writes it."""
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, Mapping):
            count, grain = value.get("count"), value.get("granularity")
            if isinstance(count, int) and isinstance(grain, str):
                return Window(count, _singular(grain))
        elif isinstance(value, str) and (match := _WINDOW.fullmatch(value.strip())):
            return Window(int(match["count"]), _singular(match["grain"]))
        raise self.wrong(f"'{key}' has to be a length of time like '7 days', not {_shown(value)}")


def _singular(grain: str) -> str:
    grain = grain.lower()
    return grain.removesuffix("s") if grain.removesuffix("s") in GRAINS else grain


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


# --- the parts of a document ---------------------------------------------------------------------------


def _semantic_model(entry: _Entry) -> SemanticModel:
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


def _relation(entry: _Entry) -> SemanticRelation:
    name, schema = entry.text("alias"), entry.text("schema_name")
    if not name or not schema:
        raise entry.wrong("its relation is unknown: 'alias' and 'schema_name' are needed")
    return SemanticRelation(schema, name, entry.text("database"), entry.text("relation_name"))


def _entity(entry: _Entry) -> Entity:
    name = entry.folded_name()
    return Entity(
        name=name,
        type=cast(EntityType, entry.choice("type", ENTITY_TYPES)),
        expr=entry.text("expr") or name,
        description=entry.text("description"),
        label=entry.text("label"),
        meta=entry.meta(),
    )


def _dimension(entry: _Entry) -> Dimension:
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


def _validity(entry: _Entry) -> Validity | None:
    if entry.flag("is_start"):
        return "start"
    return "end" if entry.flag("is_end") else None


def _measure(entry: _Entry) -> Measure:
    return _aggregate(entry, entry.folded_name(), entry)


def _aggregate(entry: _Entry, name: str, named: _Entry) -> Measure:
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


def _non_additive(entry: _Entry) -> NonAdditive | None:
    if not entry.raw:
        return None
    window_choice = cast(Aggregation, entry.choice("window_choice", AGGREGATIONS, "min"))
    return NonAdditive(entry.folded_name(), window_choice, entry.texts("window_groupings"))


def _metric(entry: _Entry) -> Metric:
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


def _require_parts(metric: Metric, entry: _Entry) -> None:
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


def _measure_input(entry: _Entry, key: str) -> MeasureInput | None:
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


def _inputs(kind: MetricType, params: _Entry) -> tuple[MetricInput, ...]:
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
            raise params.wrong(f"'metrics' has to be a list, not {_shown(listed)}")
        found = [_metric_input(_Entry({"metric": item}, "metrics"), "metric") for item in listed]
    else:
        found = []
    return tuple(item for item in found if item is not None)


def _metric_input(entry: _Entry, key: str) -> MetricInput | None:
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


def _conversion(entry: _Entry) -> Conversion | None:
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


def _saved_query(entry: _Entry) -> SavedQuery:
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


def _time_spines(entry: _Entry) -> tuple[TimeSpine, ...]:
    """The time spines, those of the legacy table configurations last and only where theirs is the only grain."""
    found = [_time_spine(item) for item in entry.entries("time_spines")]
    for item in entry.entries("time_spine_table_configurations"):
        spine = _legacy_spine(item)
        if spine.grain not in {known.grain for known in found}:
            found.append(spine)
    return tuple(found)


def _time_spine(entry: _Entry) -> TimeSpine:
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


def _legacy_spine(entry: _Entry) -> TimeSpine:
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
