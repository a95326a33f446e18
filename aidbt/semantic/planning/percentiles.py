"""Approximate percentiles in a form that a dialect has.

MetricFlow refuses a percentile that a warehouse has no function for. One that may be approximate has another
form nearly everywhere: the approximate continuous one, else the exact one. An exact percentile is never made
approximate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from aidbt.core.errors import UsageError
from aidbt.semantic.definitions import Measure, SemanticManifest


@dataclass(frozen=True, slots=True)
class PercentileForm:
    """How a percentile is taken."""

    is_discrete: bool
    is_approximate: bool

    def __str__(self) -> str:
        kind = "discrete" if self.is_discrete else "continuous"
        return f"{'approximate' if self.is_approximate else 'exact'} {kind}"


CanRender = Callable[[PercentileForm], bool]


def substitute(form: PercentileForm, can_render: CanRender) -> PercentileForm:
    """The form to use instead: the same where it can be rendered, or where nothing better can."""
    others = (form, replace(form, is_discrete=False), replace(form, is_approximate=False))
    if form.is_approximate:
        return next((other for other in others if can_render(other)), form)
    return form


def renderable(manifest: SemanticManifest, can_render: CanRender) -> SemanticManifest:
    """The manifest with its approximate percentiles in forms that can be rendered; the same when they are."""
    document = json.loads(manifest.document)
    changed = False
    for params in _aggregation_params(document):
        asked = PercentileForm(
            bool(params.get("use_discrete_percentile")), bool(params.get("use_approximate_percentile"))
        )
        used = substitute(asked, can_render)
        if used != asked:
            params["use_discrete_percentile"] = used.is_discrete
            params["use_approximate_percentile"] = used.is_approximate
            changed = True
    if not changed:
        return manifest
    return replace(manifest, document=json.dumps(document, separators=(",", ":")))


def percentile_note(measure: Measure, can_render: CanRender, dialect: str) -> str:
    """What is said of a measure whose percentile takes another form; "" when it keeps its own.

    Raises:
        UsageError: the dialect has neither its form nor one that may stand for it.
    """
    if measure.agg not in ("percentile", "median"):
        return ""
    asked = PercentileForm(measure.is_discrete, measure.is_approximate)
    used = substitute(asked, can_render)
    if not can_render(used):
        raise UsageError(
            f"{dialect} has no {asked} percentile, which '{measure.name}' is",
            hint="allow it to be approximate: `use_approximate_percentile: true`",
        )
    return f"'{measure.name}' is taken as an {used} percentile, not {asked}" if used != asked else ""


def _aggregation_params(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    measures = [item for model in document["semantic_models"] for item in model.get("measures") or ()]
    newer = [(item.get("type_params") or {}).get("metric_aggregation_params") for item in document["metrics"]]
    for item in (*measures, *newer):
        params = (item or {}).get("agg_params")
        if params and params.get("percentile") is not None:
            yield params
