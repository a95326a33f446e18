"""The form of dbt 1.12: a semantic model under its model, its entities and dimensions beside the columns.

Each function gives what stands in the form of dbt's artifact, and follows dbt's own translation, so that a
metric has the same number with and without a parse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aidbt.semantic.layer.yaml_documents import Located


def semantic_model(
    model: Located,
    settings: Mapping[Any, Any],
    columns: Sequence[Located],
    *,
    entities: Sequence[Located] = (),
    dimensions: Sequence[Located] = (),
) -> dict[str, Any]:
    """The semantic model that a model declares, without its relation.

    Args:
        settings: what stands under the model's `semantic_model`; empty where that is only true.
        entities, dimensions: those of `derived_semantics`, which are expressions over columns.
    """
    of_columns = [(column, _column_entity(column), _column_dimension(column)) for column in columns]
    return model.placed(
        {
            "name": settings.get("name") or model.get("name"),
            "description": model.get("description"),
            "defaults": {"agg_time_dimension": model.get("agg_time_dimension")},
            "primary_entity": model.get("primary_entity"),
            "config": settings.get("config"),
            "entities": [
                *(column.placed(entity) for column, entity, _ in of_columns if entity),
                *(item.placed(item) for item in entities),
            ],
            "dimensions": [
                *(column.placed(dimension) for column, _, dimension in of_columns if dimension),
                *(_derived_dimension(item) for item in dimensions),
            ],
            "measures": [],
        }
    )


def metric(entry: Located, *, model: str = "", time_dimension: str | None = None) -> dict[str, Any]:
    """A metric whose parameters stand beside its name.

    Args:
        model: the semantic model under which it stands, which a simple one aggregates; "" for none.
        time_dimension: that model's own.
    """
    kind = str(entry.get("type") or "simple").lower()
    shared = {key: entry.get(key) for key in ("name", "description", "filter", "time_granularity", "config")}
    params: dict[str, Any] = {
        "expr": entry.get("expr"),
        "fill_nulls_with": entry.get("fill_nulls_with"),
        "join_to_timespine": entry.get("join_to_timespine") or False,
        "is_private": entry.get("hidden") or False,
        **_parts(kind, entry, model, time_dimension),
    }
    label = entry.get("label") or entry.get("name")
    return entry.placed({**shared, "label": label, "type": kind, "type_params": params})


def _parts(kind: str, entry: Located, model: str, time_dimension: str | None) -> dict[str, Any]:
    """The parameters that only metrics of one type have."""
    if kind == "simple":
        return {"metric_aggregation_params": _aggregation(entry, model, time_dimension)}
    if kind == "ratio":
        return {key: _input(entry.get(key)) for key in ("numerator", "denominator")}
    if kind == "derived":
        listed = entry.get("input_metrics")
        return {"metrics": [_input(item) for item in listed] if isinstance(listed, list) else listed}
    if kind == "cumulative":
        cumulative = {
            "window": entry.get("window"),
            "grain_to_date": entry.get("grain_to_date"),
            "period_agg": entry.get("period_agg") or "first",
            "metric": _input(entry.get("input_metric")),
        }
        return {"cumulative_type_params": cumulative}
    if kind == "conversion":
        conversion = {
            "entity": entry.get("entity"),
            "calculation": entry.get("calculation") or "conversion_rate",
            "window": entry.get("window"),
            "constant_properties": entry.get("constant_properties"),
            "base_metric": _input(entry.get("base_metric")),
            "conversion_metric": _input(entry.get("conversion_metric")),
        }
        return {"conversion_type_params": conversion}
    return {}  # the type is unknown, which the reader of the document says


def _column_entity(column: Located) -> dict[str, Any] | None:
    """The entity that a column is; where the entity is called otherwise, the column is its expression."""
    said = column.get("entity")
    if said is None:
        return None
    return _of_column(column, said if isinstance(said, Mapping) else {"type": said}, ("type", "label"))


def _column_dimension(column: Located) -> dict[str, Any] | None:
    """The dimension that a column is."""
    said = column.get("dimension")
    if said is None:
        return None
    settings = said if isinstance(said, Mapping) else {"type": said}
    found = _of_column(column, settings, ("type", "label", "is_partition", "datatype"))
    found["type_params"] = _time_params(column.get("granularity"), settings.get("validity_params"))
    return found


def _derived_dimension(entry: Located) -> dict[str, Any]:
    found = {key: value for key, value in entry.items() if key not in ("granularity", "validity_params")}
    found["type_params"] = _time_params(entry.get("granularity"), entry.get("validity_params"))
    return entry.placed(found)


def _of_column(column: Located, settings: Mapping[Any, Any], kept: Iterable[str]) -> dict[str, Any]:
    """What a column and its settings say together: the settings', else the column's."""
    name = settings.get("name") or column.get("name")
    return {
        **{key: settings[key] for key in kept if key in settings},
        "name": name,
        "expr": column.get("name") if name != column.get("name") else None,
        "description": settings.get("description") or column.get("description"),
        "config": settings.get("config") or column.get("config"),
    }


def _time_params(grain: Any, validity: Any) -> dict[str, Any] | None:
    return {"time_granularity": grain, "validity_params": validity} if grain is not None else None


def _aggregation(entry: Located, model: str, time_dimension: str | None) -> dict[str, Any] | None:
    """The aggregation of a metric, which says itself what the legacy form says of a measure."""
    if entry.get("agg") is None:
        return None
    said = entry.get("agg_time_dimension") or time_dimension
    percentile_type = str(entry.get("percentile_type") or "").lower()
    non_additive = entry.get("non_additive_dimension")
    if isinstance(non_additive, Mapping):
        non_additive = {
            "name": non_additive.get("name"),
            "window_choice": non_additive.get("window_agg") or "min",
            "window_groupings": non_additive.get("group_by") or [],
        }
    return {
        "semantic_model": model,
        "agg": entry.get("agg"),
        "agg_params": {
            "percentile": entry.get("percentile"),
            "use_discrete_percentile": percentile_type == "discrete",
            "use_approximate_percentile": percentile_type == "continuous",  # as dbt 1.12 reads it
        },
        "agg_time_dimension": str(said).lower() if said else None,
        "non_additive_dimension": non_additive,
    }


def _input(value: Any) -> Any:
    """A metric that another one is made of, which may be given by its name alone."""
    return {"name": value} if isinstance(value, str) else value
