"""Models that work out only their last period and later ones anew: when that is right."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aidbt.core.errors import UsageError
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Compared,
    Exists,
    Extreme,
    Missing,
    SemanticQuery,
    TimePoint,
    both,
    measures,
    parts,
)

# Where dbt's adapter can take out whole periods and put them in anew in one statement or transaction.
_DELETES_AND_INSERTS = frozenset({"duckdb", "postgres", "redshift", "snowflake", "trino"})


@dataclass(frozen=True, slots=True)
class Incremental:
    """How a model grows: by periods of one time.

    Attributes:
        period: the column of the model that holds the period.
        table, column: the time it is cut from, in the graph.
        data_type: "date" or "timestamp".
    """

    period: str
    table: str
    column: str
    data_type: str = "timestamp"


def incremental_of(query: SemanticQuery, graph: Graph, dialect: str) -> Incremental:
    """How a model's rows can be worked out period by period.

    They can where each row is of one period of the one table that is measured, and looks at no other rows.

    Raises:
        UsageError: they cannot, or not in this warehouse.
    """
    found = _period(query, graph)
    why = _obstacle(query, found)
    if why:
        raise UsageError(
            f"the model cannot be incremental: {why}", hint="leave --materialized out, or ask for a table"
        )
    if dialect not in _DELETES_AND_INSERTS:
        raise UsageError(
            f"aidbt writes no incremental models for {dialect}, whose rows are not replaced by period",
            hint="ask for a table",
        )
    assert found is not None
    return found


def last_period_only(query: SemanticQuery, incremental: Incremental) -> SemanticQuery:
    """What a run gives on the model as it is there already."""
    term = next(output.term for output in query.outputs if output.name == incremental.period)
    assert isinstance(term, Attribute)
    # Rows without a time are in neither: only an older period is to make the difference.
    last = AnyOf((Extreme(term, "max", query.where), Missing(replace(term, grain=None))))
    return replace(query, where=both(query.where, last))


def _period(query: SemanticQuery, graph: Graph) -> Incremental | None:
    for output in query.outputs:
        term = output.term
        if isinstance(term, Attribute) and term.grain is not None and term in query.group_by:
            kind = graph.table(term.table).column(term.column).kind
            data_type = "date" if kind == "date" else "timestamp"
            return Incremental(output.name, term.table, term.column, data_type) if output.is_shown else None
    return None


def _obstacle(query: SemanticQuery, found: Incremental | None) -> str:
    """Why rows of a period that is over may change, or be missed; "" where they cannot."""
    everything = list(parts(query))
    tables = {measure.table for measure in measures(query.outputs)}
    if query.source is not None or query.base or query.distinct:
        return "it does not only group the rows of one table"
    if found is None or tables != {found.table}:
        return f"it is not grouped by a time of {', '.join(sorted(tables)) or 'what it measures'}"
    if query.limit is not None or any(isinstance(part, Compared | Extreme | Exists) for part in everything):
        return "its rows depend on each other, or on rows of other periods"
    if any(isinstance(part, TimePoint) and part.at is None for part in everything):
        return "its times are seen from the day of the build"
    return ""


def config_of(incremental: Incremental) -> list[str]:
    """The settings of the model."""
    return [
        "incremental_strategy='delete+insert'",
        f"unique_key='{incremental.period}'",
        "on_schema_change='sync_all_columns'",
    ]
