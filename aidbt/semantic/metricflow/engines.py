"""MetricFlow's engines, one per manifest and dialect, built once and kept.

MetricFlow writes no file and sends nothing; what it calls telemetry goes to Python's log, as do its warnings,
and both are switched off here.

Threads: MetricFlow's caches and numbering are not meant for several threads, so whoever builds an engine or
uses one holds `LOCK`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from aidbt.core.errors import AidbtError, UsageError
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.metricflow.errors import parser_of, translated
from aidbt.semantic.planning.percentiles import PercentileForm, renderable

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

# dbt's and sqlglot's names → MetricFlow's engine, and where its renderer stands.
_RENDERERS = {
    "athena": ("ATHENA", "athena:AthenaSqlPlanRenderer"),
    "bigquery": ("BIGQUERY", "big_query:BigQuerySqlPlanRenderer"),
    "databricks": ("DATABRICKS", "databricks:DatabricksSqlPlanRenderer"),
    "duckdb": ("DUCKDB", "duckdb_renderer:DuckDbSqlPlanRenderer"),
    "postgres": ("POSTGRES", "postgres:PostgresSQLSqlPlanRenderer"),
    "redshift": ("REDSHIFT", "redshift:RedshiftSqlPlanRenderer"),
    "snowflake": ("SNOWFLAKE", "snowflake:SnowflakeSqlPlanRenderer"),
    "trino": ("TRINO", "trino:TrinoSqlPlanRenderer"),
    "vertica": ("VERTICA", "vertica:VerticaSqlPlanRenderer"),
}
DIALECTS = tuple(_RENDERERS)

_MOST_KEPT = 4

# Words that some dialect does not take for the name of a column when they stand alone.
_RESERVED = frozenset(
    """
    ALL ANALYZE AND ANY ARRAY AS ASC BETWEEN BOTH BY CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE CROSS
    CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEFAULT DELETE DESC DISTINCT DROP ELSE
    END EXCEPT EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FOREIGN FROM FULL GRANT GROUP GROUPING HAVING ILIKE IN
    INNER INSERT INTERSECT INTERVAL INTO IS JOIN LATERAL LEADING LEFT LIKE LIMIT LOCALTIME LOCALTIMESTAMP
    MERGE NATURAL NOT NULL OFFSET ON ONLY OR ORDER OUTER OVER OVERLAPS PARTITION PRECEDING PRIMARY QUALIFY
    RANGE REFERENCES RIGHT ROW ROWS SELECT SESSION_USER SET SIMILAR SOME TABLE THEN TO TRAILING TRIGGER TRUE
    UNBOUNDED UNION UNIQUE UNNEST UPDATE USER USING VALUES WHEN WHERE WINDOW WITH
    """.split()
)


def is_reserved(name: str) -> bool:
    """Whether a column of that name has to stand in quotes, as MetricFlow's SQL has it here."""
    return name.upper() in _RESERVED


class DialectNotRendered(UsageError):
    """MetricFlow writes no SQL for this dialect: a planner that does has to answer."""

    def __init__(self, dialect: str) -> None:
        super().__init__(
            f"MetricFlow writes no SQL for '{dialect}'", hint=f"it writes it for {', '.join(DIALECTS)}"
        )
        self.dialect = dialect


LOCK = threading.RLock()
_engines: OrderedDict[tuple[str, str], MetricFlowEngine] = OrderedDict()
_lookups: OrderedDict[str, SemanticManifestLookup] = OrderedDict()


class _Renderer:
    """What MetricFlow takes for a connection to a warehouse; only the form of the SQL is asked of it."""

    def __init__(self, dialect: str) -> None:
        from metricflow.protocols.sql_client import SqlEngine

        engine, place = _RENDERERS[dialect]
        module, name = place.split(":")
        self.sql_engine_type = SqlEngine[engine]
        self.sql_plan_renderer = getattr(import_module(f"metricflow.sql.render.{module}"), name)()

    def can_render(self, form: PercentileForm) -> bool:
        """Whether the dialect has a percentile of this form."""
        from metricflow_semantics.sql.sql_exprs import SqlPercentileFunctionType

        exactness = "APPROXIMATE_" if form.is_approximate else ""
        kind = SqlPercentileFunctionType[f"{exactness}{'DISCRETE' if form.is_discrete else 'CONTINUOUS'}"]
        return bool(self.sql_plan_renderer.expr_renderer.can_render_percentile_function(kind))


def _column_names(dialect: str) -> Any:
    """How MetricFlow names columns: as ever, but in quotes where the bare name means something else in SQL.

    MetricFlow quotes nothing, so an entity called "order" would not parse, and one called "user" would be
    whoever is logged in.
    """
    from metricflow_semantics.specs.dunder_column_association_resolver import DunderColumnAssociationResolver

    quote = "`" if dialect in ("bigquery", "databricks") else '"'

    class Names(DunderColumnAssociationResolver):
        def resolve_spec(self, spec: Any) -> Any:
            found = super().resolve_spec(spec)
            if not is_reserved(found.column_name):
                return found
            return replace(found, column_name=f"{quote}{found.column_name}{quote}")

        def with_options(self, dunder_prefix_simple_metric_inputs: bool) -> Names:
            return Names(dunder_prefix_simple_metric_inputs)

    return Names()


@cache
def renderer_of(dialect: str) -> Any:
    return _Renderer(dialect)


def engine_of(manifest: SemanticManifest, dialect: str) -> MetricFlowEngine:
    """The engine of a manifest, built when it is not kept.

    Raises:
        MissingExtra, DialectNotRendered, AidbtError: as `compile_query`.
    """
    if dialect not in _RENDERERS:
        raise DialectNotRendered(dialect)
    key = (manifest.fingerprint, dialect)
    if key not in _engines:
        _silence()
        with translated(manifest):
            from metricflow.engine.metricflow_engine import MetricFlowEngine

            renderer = renderer_of(dialect)
            lookup = lookup_of(renderable(manifest, renderer.can_render))
            _engines[key] = MetricFlowEngine(
                lookup,
                renderer,
                query_parser=parser_of(lookup),
                column_association_resolver=_column_names(dialect),
            )
    return _latest(_engines, key)


def lookup_of(manifest: SemanticManifest) -> SemanticManifestLookup:
    """MetricFlow's index of a manifest, made when it is not kept."""
    key = manifest.fingerprint
    if key not in _lookups:
        with translated(manifest):
            parsed = transformed(manifest)
            from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

            _lookups[key] = SemanticManifestLookup(parsed)
    return _latest(_lookups, key)


_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")


def _latest(kept: OrderedDict[_Key, _Kept], key: _Key) -> _Kept:
    """The one of that key, which is the last one now; the oldest go."""
    kept.move_to_end(key)
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    return kept[key]


def _silence() -> None:
    """Keep MetricFlow's log to itself: warnings of its own workings, and what it calls telemetry."""
    for name in ("metricflow", "metricflow_semantics", "metricflow_semantic_interfaces"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def transformed(manifest: SemanticManifest) -> PydanticSemanticManifest:
    """MetricFlow's own form of a manifest, with everything filled in that its engine needs.

    Raises:
        AidbtError: MetricFlow cannot read an entry (file and line).
    """
    _silence()
    from metricflow_semantic_interfaces.implementations.metric import PydanticMetric
    from metricflow_semantic_interfaces.implementations.project_configuration import (
        PydanticProjectConfiguration,
    )
    from metricflow_semantic_interfaces.implementations.saved_query import PydanticSavedQuery
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantic_interfaces.implementations.semantic_model import PydanticSemanticModel
    from metricflow_semantics.model.dbt_manifest_parser import transform_dbt_generated_manifest

    document = json.loads(manifest.document)
    for metric in document["metrics"]:
        _tell_inputs_apart(metric)
    return transform_dbt_generated_manifest(
        PydanticSemanticManifest(
            semantic_models=[_parsed(PydanticSemanticModel, raw) for raw in document["semantic_models"]],
            metrics=[_parsed(PydanticMetric, raw) for raw in document["metrics"]],
            saved_queries=[_parsed(PydanticSavedQuery, raw) for raw in document["saved_queries"]],
            project_configuration=_parsed(PydanticProjectConfiguration, document["project_configuration"]),
        )
    )


def _tell_inputs_apart(metric: dict[str, Any]) -> None:
    """Give the numerator of a ratio a name of its own where both parts are the same metric.

    MetricFlow names their columns alike and then divides the denominator by itself, whatever the numerator's
    filter says.
    """
    params = metric.get("type_params") or {}
    upper, lower = params.get("numerator"), params.get("denominator")
    if not isinstance(upper, dict) or not isinstance(lower, dict):
        return
    named = [part.get("alias") or part.get("name") for part in (upper, lower)]
    if named[0] == named[1]:
        params["numerator"] = {**upper, "alias": f"{metric['name']}_numerator"}


def _parsed(kind: Any, raw: dict[str, Any]) -> Any:
    """An entry in MetricFlow's form.

    Raises:
        AidbtError: MetricFlow cannot read it (file and line).
    """
    try:
        return kind.parse_obj(raw)
    except (ValueError, TypeError, AttributeError) as error:  # pydantic's errors are ValueErrors
        metadata = raw.get("metadata") or {}
        line = (metadata.get("file_slice") or {}).get("start_line_number")
        where = f"{metadata['repo_file_path']}:{line}: " if metadata else ""
        reason = " ".join(str(error).split())
        raise AidbtError(f"{where}'{raw.get('name', 'the configuration')}': {reason}") from error
