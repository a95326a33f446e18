"""Drafted semantic models and metrics as values of dbt's YAML, in the form of the project's dbt."""

from __future__ import annotations

from typing import Any

from aidbt.generate.files import one_line
from aidbt.patching import AddItem, Change, SetKey
from aidbt.patching.yaml_style import Flow
from aidbt.semantic.definitions import Dimension, Entity, Measure, Metric, MetricInput, SemanticModel
from aidbt.semantic.drafting.models import Drafted

# dbt's order of a model's keys, as far as a new key follows one of them.
_MODEL_KEYS = ("name", "description", "config", "data_tests", "tests", "columns")
_COLUMN_KEYS = ("name", "description", "data_type", "entity", "granularity")


def legacy_document(drafted: Drafted) -> dict[str, Any]:
    """A property file of dbt 1.11 and older that defines a semantic model and its metrics."""
    model = drafted.model
    found: dict[str, Any] = {"name": model.name}
    if model.description:
        found["description"] = one_line(model.description)
    found["model"] = f"ref('{model.model}')"
    if model.time_dimension:
        found["defaults"] = Flow({"agg_time_dimension": model.time_dimension})
    if model.primary_entity:
        found["primary_entity"] = model.primary_entity
    found["entities"] = [_legacy_entity(entity) for entity in model.entities]
    found["dimensions"] = [_legacy_dimension(dimension) for dimension in model.dimensions]
    found["measures"] = [_legacy_measure(measure) for measure in model.measures]
    content = {key: value for key, value in found.items() if value not in ([], "")}
    metrics = [_legacy_metric(metric) for metric in drafted.metrics]
    return {"semantic_models": [content], **({"metrics": metrics} if metrics else {})}


def _legacy_entity(entity: Entity) -> dict[str, Any]:
    return _described({"name": entity.name, "type": entity.type, **_expr(entity)}, entity.description)


def _legacy_dimension(dimension: Dimension) -> dict[str, Any]:
    found: dict[str, Any] = {"name": dimension.name, "type": dimension.type, **_expr(dimension)}
    if dimension.grain:
        found["type_params"] = Flow({"time_granularity": dimension.grain})
    return _described(found, dimension.description)


def _legacy_measure(measure: Measure) -> dict[str, Any]:
    found: dict[str, Any] = {"name": measure.name, "agg": measure.agg}
    if measure.expr != measure.name:
        # A bare 1 would be read as a number, which dbt refuses.
        found["expr"] = measure.expr
    return _described(found, measure.description)


def _legacy_metric(metric: Metric) -> dict[str, Any]:
    found = _metric_head(metric)
    if metric.measure is not None:
        return {**found, "type_params": Flow({"measure": metric.measure.name})}
    upper, lower = metric.inputs
    return {**found, "type_params": {"numerator": _input(upper), "denominator": _input(lower)}}


def _input(part: MetricInput) -> dict[str, Any]:
    alias = {"alias": part.alias} if part.alias else {}
    return {"name": part.name, **alias, **({"filter": part.filters[0]} if part.filters else {})}


def _metric_head(metric: Metric) -> dict[str, Any]:
    found = _described({"name": metric.name}, metric.description)
    return {**found, "label": metric.label, "type": metric.type}


def _described(found: dict[str, Any], description: str) -> dict[str, Any]:
    """The entry with its description behind its name, as dbt's documentation orders them."""
    if not description:
        return found
    return {"name": found["name"], "description": one_line(description)} | found


def _expr(item: Entity | Dimension) -> dict[str, str]:
    return {"expr": item.expr} if item.expr != item.name else {}


# --- the form of dbt 1.12 --------------------------------------------------------------------------------


def newer_document(drafted: Drafted) -> dict[str, Any]:
    """A property file of dbt 1.12 and newer that defines a semantic model and its metrics."""
    head = _described({"name": drafted.model.model}, drafted.model.description)
    columns = [{"name": name, **said} for name, said in newer_columns(drafted.model).items()]
    model = {**head, **newer_keys(drafted), "columns": columns}
    ratios = newer_ratios(drafted)
    return {"models": [model], **({"metrics": ratios} if ratios else {})}


def newer_keys(drafted: Drafted) -> dict[str, Any]:
    """What stands beside a model's name and columns: all but the metrics over other metrics."""
    model = drafted.model
    more = _more_entities(model)
    found: dict[str, Any] = {"semantic_model": True}
    if model.time_dimension:
        found["agg_time_dimension"] = model.time_dimension
    if model.primary_entity:
        found["primary_entity"] = model.primary_entity
    if more:
        found["derived_semantics"] = {"entities": [_legacy_entity(entity) for entity in more]}
    measures = {measure.name: measure for measure in model.measures}
    simple = [
        {**_metric_head(metric), "agg": measure.agg, "expr": measure.expr}
        for metric in drafted.metrics
        if metric.measure is not None and (measure := measures[metric.measure.name])
    ]
    return {**found, **({"metrics": simple} if simple else {})}


def _more_entities(model: SemanticModel) -> list[Entity]:
    """The entities whose column is another one already: a column can say one."""
    first = {entity.expr: entity.name for entity in reversed(model.entities)}
    return [entity for entity in model.entities if first[entity.expr] != entity.name]


def newer_columns(model: SemanticModel) -> dict[str, dict[str, Any]]:
    """What is said of each column, by its name."""
    found: dict[str, dict[str, Any]] = {}
    more = _more_entities(model)
    for entity in model.entities:
        if entity not in more:
            said = {"type": entity.type} if entity.expr == entity.name else _named(entity)
            found.setdefault(entity.expr, {})["entity"] = Flow(said)
    for dimension in model.dimensions:
        column = found.setdefault(dimension.expr, {})
        if dimension.grain:
            column["granularity"] = dimension.grain
        column["dimension"] = Flow(_named(dimension)) if _expr(dimension) else Flow({"type": dimension.type})
    return found


def _named(item: Entity | Dimension) -> dict[str, str]:
    return {"name": item.name, "type": item.type}


def newer_ratios(drafted: Drafted) -> list[dict[str, Any]]:
    """The metrics over other metrics, which stand beside the models."""
    found = []
    for metric in drafted.metrics:
        if metric.inputs:
            upper, lower = metric.inputs
            found.append({**_metric_head(metric), "numerator": _input(upper), "denominator": _input(lower)})
    return found


def newer_changes(drafted: Drafted, entry: dict[str, Any], content: dict[str, Any]) -> list[Change]:
    """What makes a model's entry in somebody's property file a semantic model; nothing of it goes.

    Args:
        entry: the model's entry as it stands.
        content: the whole file.
    """
    at: tuple[Any, ...] = ("models", {"name": drafted.model.model})
    keys = newer_keys(drafted)
    changes: list[Change] = [
        SetKey(at, key, value, after=_MODEL_KEYS if key != "metrics" else (*_MODEL_KEYS, *keys))
        for key, value in keys.items()
    ]
    changes += _column_changes(at, newer_columns(drafted.model), entry.get("columns"))
    ratios = newer_ratios(drafted)
    if isinstance(content.get("metrics"), list):
        changes += [AddItem(("metrics",), ratio) for ratio in ratios]
    elif ratios:
        changes.append(SetKey((), "metrics", ratios))
    return changes


def _column_changes(at: tuple[Any, ...], wanted: dict[str, dict[str, Any]], columns: Any) -> list[Change]:
    if not isinstance(columns, list):
        return [SetKey(at, "columns", [{"name": name, **said} for name, said in wanted.items()])]
    known = {str(column.get("name")).lower(): column for column in columns if isinstance(column, dict)}
    changes: list[Change] = []
    for name, said in wanted.items():
        column = known.get(name.lower())
        if column is None:
            changes.append(AddItem((*at, "columns"), {"name": name, **said}))
            continue
        here = (*at, "columns", {"name": str(column["name"])})
        changes += [SetKey(here, key, value, after=_COLUMN_KEYS) for key, value in said.items()]
    return changes
