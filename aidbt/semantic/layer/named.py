"""The names that a semantic layer gives: what people may call its metrics by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aidbt.semantic.definitions import MeasureOf, Metric, MetricType, SemanticManifest

_ADDITIVE = {"sum", "count", "sum_boolean"}


@dataclass(frozen=True, slots=True)
class NamedMetric:
    """A metric that can be asked for, with all that it may be called by.

    Attributes:
        label: as the project writes it for people; "" for none.
        synonyms: other names, from `config.meta.synonyms`.
        models: the dbt models whose rows it is over.
        time: (dbt model, column) of the time it is counted at, where that is one column; None otherwise.
        is_additive: whether its values of all groups add up to that of the whole.
    """

    name: str
    type: MetricType
    label: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    time: tuple[str, str] | None = None
    is_additive: bool = False


def named_metrics(manifest: SemanticManifest) -> tuple[NamedMetric, ...]:
    """The metrics that can be asked for, in the manifest's order; private ones are left out.

    Raises:
        AidbtError: a metric names something that is not there.
    """
    return tuple(_metric(metric, manifest) for metric in manifest.metrics if not metric.is_private)


def is_additive(metric: Metric, manifest: SemanticManifest) -> bool:
    """Whether a metric's values of all groups add up to that of the whole.

    Raises:
        UnknownName: it names a measure that does not exist.
    """
    if metric.type != "simple":
        return False
    return all(
        found.measure.agg in _ADDITIVE and found.measure.non_additive is None
        for found in manifest.measures_of(metric.name)
    )


def _metric(metric: Metric, manifest: SemanticManifest) -> NamedMetric:
    over = manifest.measures_of(metric.name)
    return NamedMetric(
        metric.name,
        metric.type,
        metric.label,
        metric.description,
        synonyms_of(metric.meta),
        tuple(dict.fromkeys(found.model.model for found in over)),
        _time(over),
        is_additive(metric, manifest),
    )


def _time(over: Sequence[MeasureOf]) -> tuple[str, str] | None:
    times = {
        (found.model.model, dimension.expr)
        for found in over
        for dimension in found.model.dimensions
        if dimension.name == found.time_dimension
    }
    return times.pop() if len(times) == 1 else None


def synonyms_of(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """The other names that a `meta` lists under `synonyms`; a single text counts as one."""
    said = meta.get("synonyms")
    if isinstance(said, str):
        return (said,)
    return tuple(item for item in said if isinstance(item, str)) if isinstance(said, list | tuple) else ()
