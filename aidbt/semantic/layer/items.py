"""Columns of a question as items of the semantic layer: the dimensions and entities that metrics group by."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.errors import UsageError, require_known
from aidbt.semantic.definitions import METRIC_TIME, SemanticManifest, SemanticModel
from aidbt.semantic.metricflow.errors import AmbiguousItem, GroupByItem
from aidbt.semantic.query import Attribute, DatePart, Grain

_MOST_LISTED = 8


def metric_time(*, grain: Grain | None = None, part: DatePart | None = None) -> Attribute:
    """The time that each metric is counted at, for metrics whose times are different columns."""
    return Attribute("", METRIC_TIME, grain=grain, part=part)


def item_of(
    attribute: Attribute, items: Sequence[GroupByItem], manifest: SemanticManifest, metrics: Sequence[str]
) -> GroupByItem:
    """The item that a column of a question is, for metrics.

    The time that all metrics are counted at is `metric_time`. Of several items that are the column the one
    with the shortest way is taken.

    Args:
        attribute: its table is a dbt model, by its name or its relation's; `via` names relationships, as
            "model.column". Without a table it is an item by its name.
        items: what the metrics can be grouped by.

    Raises:
        UnknownName: no item has that name.
        UsageError: none of the items is that column.
        AmbiguousItem: several are, as near as each other.
    """
    by_name = {item.name: item for item in items}
    if not attribute.table and attribute.column != METRIC_TIME:
        require_known([attribute.column], by_name, "dimension or entity")
        return by_name[attribute.column]
    if METRIC_TIME in by_name and _is_metric_time(attribute, manifest, metrics):
        return by_name[METRIC_TIME]
    found = [item for item in items if _is_column(item, attribute, manifest)]
    if not found:
        raise _no_item(attribute, items)
    shortest = min(_links(item, manifest, metrics) for item in found)
    nearest = [item for item in found if _links(item, manifest, metrics) == shortest]
    if len(nearest) > 1 and shortest > 0:
        names = [item.name for item in nearest]
        said = f"{attribute.table}.{attribute.column}"
        raise AmbiguousItem(said, names, hint=f"say which: {', '.join(names)}")
    return nearest[0]


def _is_metric_time(attribute: Attribute, manifest: SemanticManifest, metrics: Sequence[str]) -> bool:
    if not attribute.table:
        return True
    if attribute.via:
        return False
    measures = [found for metric in metrics for found in manifest.measures_of(metric)]
    return all(
        attribute.table in (found.model.model, found.model.relation.name)
        and any(
            dimension.name == found.time_dimension and dimension.expr.lower() == attribute.column.lower()
            for dimension in found.model.dimensions
        )
        for found in measures
    )


def _is_column(item: GroupByItem, attribute: Attribute, manifest: SemanticManifest) -> bool:
    *links, element = item.name.split("__")
    models = [model for model in manifest.semantic_models if model.name in item.semantic_models]
    if not all(_takes(links, relationship, manifest) for relationship in attribute.via):
        return False
    return any(
        attribute.table in (model.model, model.relation.name)
        and _expr(model, item, element) == attribute.column.lower()
        for model in models
    )


def _expr(model: SemanticModel, item: GroupByItem, element: str) -> str:
    found = model.entities if item.kind == "entity" else model.dimensions
    return next((each.expr.lower() for each in found if each.name == element), "")


def _takes(links: Sequence[str], relationship: str, manifest: SemanticManifest) -> bool:
    """Whether the way to an item goes over the entity that a relationship "model.column" is."""
    model, _, column = relationship.rpartition(".")
    return any(
        entity.name in links and entity.expr.lower() == column.lower()
        for each in manifest.semantic_models
        if model in (each.model, each.relation.name)
        for entity in each.entities
    )


def _links(item: GroupByItem, manifest: SemanticManifest, metrics: Sequence[str]) -> int:
    """How many joins lie between the metrics' own rows and an item; 0 where it is a column of them."""
    own = {found.model.name for metric in metrics for found in manifest.measures_of(metric)}
    return 0 if own & set(item.semantic_models) else item.name.count("__")


def _no_item(attribute: Attribute, items: Sequence[GroupByItem]) -> UsageError:
    if attribute.table:
        said = f"{attribute.table}.{attribute.column} is no dimension of the metrics asked for"
    else:
        said = "the metrics asked for have no time in common"
    names = [item.name for item in items]
    shown = [*names[:_MOST_LISTED], *(["…"] if len(names) > _MOST_LISTED else [])]
    return UsageError(said, hint=f"they have {', '.join(shown)}" if names else "")
